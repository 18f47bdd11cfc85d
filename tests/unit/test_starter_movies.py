"""The starter film catalogue: one JSON object a line, true facts, synopses in our own words."""

import json
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Final

import pytest

REPOSITORY: Final = Path(__file__).resolve().parents[2]
CATALOGUE: Final = REPOSITORY / "cinelibre_server" / "ingest" / "starter" / "movies.jsonl"
REFERENCE_FOLDER: Final = Path(os.environ.get("CINELIBRE_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
REFERENCE_FILMS: Final = REFERENCE_FOLDER / "indian" / "films.jsonl"

KEYS: Final = [
    "key",
    "title",
    "original_title",
    "year",
    "language",
    "genres",
    "directors",
    "cast",
    "keywords",
    "synopsis",
    "runtime_minutes",
    "imdb_id",
]

# ISO 639-1 code to the Unicode name that starts each letter of the language's script.
SCRIPTS: Final = {
    "as": "BENGALI",
    "bn": "BENGALI",
    "gu": "GUJARATI",
    "hi": "DEVANAGARI",
    "kn": "KANNADA",
    "ml": "MALAYALAM",
    "mr": "DEVANAGARI",
    "or": "ORIYA",
    "pa": "GURMUKHI",
    "sa": "DEVANAGARI",
    "ta": "TAMIL",
    "te": "TELUGU",
    "ur": "ARABIC",
}

GENRES: Final = frozenset(
    {
        "Action",
        "Adventure",
        "Animation",
        "Biography",
        "Comedy",
        "Crime",
        "Drama",
        "Family",
        "Fantasy",
        "History",
        "Horror",
        "Music",
        "Musical",
        "Mystery",
        "Romance",
        "Science Fiction",
        "Sport",
        "Thriller",
        "War",
        "Western",
    }
)

FIRST_INDIAN_FEATURE: Final = 1913
SHARED_RUN_WORDS: Final = 8
AGREEMENT: Final = 0.97

Film = dict[str, Any]


def read_lines(path: Path) -> Iterator[Film]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


@pytest.fixture(scope="module")
def films() -> list[Film]:
    return list(read_lines(CATALOGUE))


@pytest.fixture(scope="module")
def reference_films() -> list[Film]:
    if not REFERENCE_FILMS.is_file():
        pytest.skip(f"no reference data at {REFERENCE_FILMS}; set CINELIBRE_TEST_DATA to its folder")
    return list(read_lines(REFERENCE_FILMS))


def repeated(values: list[Any]) -> list[Any]:
    return [value for value, count in Counter(values).items() if count > 1]


def is_text(value: object) -> bool:
    return isinstance(value, str) and value == value.strip() != "" and unicodedata.is_normalized("NFC", value)


def is_text_list(value: object, at_least: int, at_most: int) -> bool:
    return (
        isinstance(value, list)
        and at_least <= len(value) <= at_most
        and all(map(is_text, value))
        and not repeated(value)
    )


def letters(text: str) -> list[str]:
    return [character for character in text if unicodedata.category(character)[0] in "LM"]


def runs_of_words(text: str, length: int = SHARED_RUN_WORDS) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[start : start + length]) for start in range(len(words) - length + 1)}


def same_person(name: str, other: str) -> bool:
    """Whether two spellings mean one person: initials, middle names and romanisation differ."""
    left, right = (re.findall(r"\w+", text.lower()) for text in (name, other))
    if len(left[-1]) > 2 and left[-1] == right[-1]:
        return True
    return SequenceMatcher(None, "".join(left), "".join(right)).ratio() >= 0.8


def test_catalogue_is_broad(films: list[Film]) -> None:
    assert len(films) >= 150
    languages = {film["language"] for film in films}
    assert len(languages) >= 8
    assert languages <= SCRIPTS.keys()
    by_decade = Counter(film["year"] // 10 * 10 for film in films)
    assert all(by_decade[decade] >= 100 for decade in range(1950, 2030, 10))
    assert len(films) >= 2000
    by_language = Counter(film["language"] for film in films)
    assert all(by_language[language] >= 100 for language in ("hi", "ta", "te", "ml", "kn", "bn", "mr", "pa"))


def test_lines_are_compact_readable_json() -> None:
    text = CATALOGUE.read_text(encoding="utf-8")
    assert text.endswith("}\n")
    for line in text.splitlines():
        assert line == json.dumps(json.loads(line), ensure_ascii=False)


def test_every_film_has_exactly_the_keys_in_order(films: list[Film]) -> None:
    assert [film for film in films if list(film) != KEYS] == []


def test_fields_have_their_types(films: list[Film]) -> None:
    for film in films:
        assert all(is_text(film[name]) for name in ("key", "title", "original_title", "synopsis")), film
        assert is_text_list(film["genres"], 1, 4), film
        assert is_text_list(film["directors"], 1, 3), film
        assert is_text_list(film["cast"], 1, 5), film
        assert is_text_list(film["keywords"], 3, 8), film
        assert all(keyword == keyword.lower() for keyword in film["keywords"]), film
        minutes = film["runtime_minutes"]
        assert minutes is None or (type(minutes) is int and 60 <= minutes <= 360), film


def test_years_are_possible(films: list[Film]) -> None:
    this_year = datetime.now(UTC).year
    wrong = [film for film in films if type(film["year"]) is not int]
    wrong += [film for film in films if not FIRST_INDIAN_FEATURE <= film["year"] <= this_year]
    assert wrong == []


def test_keys_are_ascii_slugs_that_end_in_the_year(films: list[Film]) -> None:
    assert repeated([film["key"] for film in films]) == []
    for film in films:
        assert re.fullmatch(rf"[a-z0-9]+(-[a-z0-9]+)*-{film['year']}", film["key"]), film["key"]


def test_no_film_is_listed_twice(films: list[Film]) -> None:
    assert repeated([(film["title"].casefold(), film["year"], film["language"]) for film in films]) == []
    assert repeated([film["imdb_id"] for film in films if film["imdb_id"] is not None]) == []


def test_imdb_ids_are_well_formed(films: list[Film]) -> None:
    imdb_ids = [film["imdb_id"] for film in films if film["imdb_id"] is not None]
    assert [imdb_id for imdb_id in imdb_ids if not re.fullmatch(r"tt\d{7,8}", imdb_id)] == []


def test_genres_come_from_the_fixed_set(films: list[Film]) -> None:
    assert {genre for film in films for genre in film["genres"]} <= GENRES


def test_titles_are_latin_and_original_titles_in_the_native_script(films: list[Film]) -> None:
    for film in films:
        assert film["title"].isascii(), film["title"]
        native = letters(film["original_title"])
        assert native, film["key"]
        foreign = [x for x in native if not unicodedata.name(x).startswith(SCRIPTS[film["language"]])]
        assert foreign == [], film["key"]


def test_synopses_are_short_and_each_its_own(films: list[Film]) -> None:
    assert repeated([film["synopsis"] for film in films]) == []
    lengths = {film["key"]: len(film["synopsis"].split()) for film in films}
    assert {key: words for key, words in lengths.items() if not 15 <= words <= 45} == {}


def test_synopses_share_no_run_of_words_with_published_plots(films: list[Film], reference_films: list[Film]) -> None:
    ours = {run: film["key"] for film in films for run in runs_of_words(film["synopsis"])}
    assert ours
    shared = {
        (ours[run], " ".join(run))
        for reference in reference_films
        for run in runs_of_words(reference["plot"] or "") & ours.keys()
    }
    assert shared == set()


def test_facts_agree_with_the_reference(films: list[Film], reference_films: list[Film]) -> None:
    """A few reference rows are wrong themselves (shifted directors, labels), hence the margin."""
    by_imdb_id = {film["imdb_id"]: film for film in reference_films if film["imdb_id"]}
    pairs = [(film, by_imdb_id[film["imdb_id"]]) for film in films if film["imdb_id"] in by_imdb_id]
    assert len(pairs) >= 100
    differing = [film["key"] for film, reference in pairs if not facts_agree(film, reference)]
    assert len(differing) <= (1 - AGREEMENT) * len(pairs), differing


def facts_agree(film: Film, reference: Film) -> bool:
    """Same year (festival or cinema release: within 1), language and, where given, a director."""
    credited = (reference.get("director") or "").split(",")
    directors_agree = credited == [""] or any(
        same_person(ours, theirs.strip()) for ours in film["directors"] for theirs in credited
    )
    return (
        abs(film["year"] - int(reference["year"])) <= 1
        and film["language"] in (reference["language"], *reference["languages"])
        and directors_agree
    )
