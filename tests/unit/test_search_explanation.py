"""Why an item was found: reasons, snippets, and which words of them are highlighted."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinelibre_server.search.explanation import highlights, reason, snippet
from cinelibre_server.search.reading import read_query
from cinelibre_server.store.items import ItemDetails
from cinelibre_server.store.search import FoundItem

SYNOPSIS = "Two crooks are hired. They hunt a bandit. दो चोर एक डाकू को पकड़ते हैं।"
FILM = ItemDetails(
    item_id=7, item_type="movie", title="Sholay", original_title="शोले", year=1975, language="hi",
    genres=("Action", "Thriller"), keywords=(), synopsis=SYNOPSIS, directors=("Ramesh Sippy",), cast_names=(),
    runtime_minutes=None, imdb_id=None, authors=None, page_count=None, isbn13=None, rating_count=0, mean_stars=None,
    is_hidden=False,
)  # fmt: skip


def hit(matched: str = "synopsis", first: int = 0, count: int = 21, name: str | None = None) -> FoundItem:
    return FoundItem(7, 0.5, matched, first, count, name, 0.9 if name else 0, ())


def highlighted(query: str, text: str) -> list[str]:
    return [text[start:end] for start, end in highlights(read_query(query), text)]


def test_a_snippet_is_the_passage_that_fits() -> None:
    assert snippet(hit(first=22, count=19), FILM) == "They hunt a bandit."
    start = SYNOPSIS.index("दो")
    assert snippet(hit(first=start, count=len(SYNOPSIS) - start), FILM) == "दो चोर एक डाकू को पकड़ते हैं।"


@pytest.mark.parametrize("matched", ["name", "credits"])
def test_where_something_else_fits_there_is_no_snippet(matched: str) -> None:
    assert snippet(hit(matched), FILM) == ""


@pytest.mark.parametrize(
    ("query", "text", "words"),
    [
        ("her mother's house", "Ram's mother's", ["mother"]),
        ("bandits hunting", "They hunt a bandit.", ["hunt", "bandit"]),
        ("BANDIT", "Bandit, bandits; BANDIT'S bandit-king", ["Bandit", "bandits", "BANDIT", "bandit"]),
        ("the a of", "The bandit of a village", []),
        ("डाकू", "दो चोर एक डाकू को पकड़ते हैं।", ["डाकू"]),
        ("daku", "दो चोर एक डाकू को पकड़ते हैं।", ["डाकू"]),
        ("शोले", "The Sholay remake", ["Sholay"]),
        ("Sholay", "फ़िल्म शोले।", ["शोले"]),
        ("ज़िन्दगी", "ज़िंदगी एक सफ़र", ["ज़िंदगी"]),
        ("மோகன்", "அவன் மோகன், மோகன்.", ["மோகன்", "மோகன்"]),
        ("മോഹൻലാൽ", "നായകൻ മോഹന്\u200dലാല്\u200d ആണ്", ["മോഹന്\u200dലാല്\u200d"]),
        ("దృశ్యం", "దృశ్యం సినిమా", ["దృశ్యం"]),
        ("ভারত", "আমার ভারত।", ["ভারত"]),
        ("train", "", []),
        ("😀", "😀 bandit", []),
        ("bandit", "😀👨\u200d👩\u200d👧 bandit", ["bandit"]),
    ],
)
def test_highlights_are_words_of_the_query(query: str, text: str, words: list[str]) -> None:
    assert highlighted(query, text) == words


def test_highlights_count_characters_not_bytes() -> None:
    text = "😀 शोले bandit"
    assert highlights(read_query("bandit Sholay"), text) == [(2, 6), (7, 13)]


@given(st.text(max_size=100), st.text(max_size=200))
def test_highlights_are_in_the_text_and_in_order(query: str, text: str) -> None:
    end = 0
    for start, after in highlights(read_query(query), text):
        assert end <= start < after <= len(text)
        end = after


@given(st.lists(st.sampled_from(("bandit", "डाकू", "மோகன்", "village", "Sholay")), min_size=1, max_size=8))
def test_a_text_asked_for_is_highlighted_whole(words: list[str]) -> None:
    text = " ".join(words)
    assert highlighted(text, text) == words


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (hit("name", name="शोले"), "Its title, शोले, is like your words."),
        (hit("synopsis"), "This part of its story is close to what you describe."),
        (hit("synopsis", name="शोले"), "This part of its story is close to what you describe."),
        (hit("credits"), "Its title, people, year or genres are close to your words."),
    ],
)
def test_reasons_tell_what_fits(found: FoundItem, said: str) -> None:
    assert reason(read_query("sholey"), found, FILM) == said


@pytest.mark.parametrize(
    ("query", "parts"),
    [
        ("Hindi thrillers of the 70s", "its language, its genre, its year"),
        ("Hindi or Tamil bandit", "its language"),
        ("Tamil thrillers", "its genre"),
        ("bandit film before 1980", "its year"),
        ("bandit film since 1975", "its year"),
        ("bandit film until 1975", "its year"),
        ("bandit 1975", "its year"),
    ],
)
def test_reasons_name_fulfilled_wishes(query: str, parts: str) -> None:
    assert reason(read_query(query), hit(), FILM).endswith(f" As you wished: {parts}.")


@pytest.mark.parametrize(
    "query", ["bandit", "Tamil comedy", "bandit film after 1975", "bandit film before 1975", "books like Sholay"]
)
def test_reasons_do_not_name_what_was_not_fulfilled(query: str) -> None:
    assert "wished" not in reason(read_query(query), hit(), FILM)


def test_an_item_that_says_little_fulfils_little() -> None:
    bare = replace(FILM, year=None, language=None, genres=())
    assert "wished" not in reason(read_query("Hindi thrillers of the 70s"), hit(), bare)
