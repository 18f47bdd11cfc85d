"""How queries are read: wishes, terms, names, and the way of writing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinelibre_server.search.reading import Writing, read_query, writing_of
from cinelibre_server.search.romanization import name_key
from cinelibre_server.search.terms import count_terms, impacts
from cinelibre_server.search.wishes import Wishes, read_wishes
from cinelibre_server.store.items import ItemKind

STORY = "a thriller writer from Madras travels to Bengal in 1990 and finds that her films were stolen by a Tamil singer"

TYPES: dict[str, ItemKind] = {"film": "movie", "movie": "movie", "book": "book"}
WISHES = (
    ("Tamil thrillers from the 90s", Wishes(("ta",), ("thriller",), None, 1990, 1999)),
    ("Malayalam movies", Wishes(("ml",), (), "movie")),
    ("book by Premchand", Wishes((), (), "book", rest="book by Premchand")),
    ("Bengali or Hindi films", Wishes(("bn", "hi"), (), "movie")),
    ("Kollywood and Tollywood", Wishes(("ta", "te"))),
    ("தமிழ் films", Wishes(("ta",), (), "movie")),
    ("हिन्दी comedy", Wishes(("hi",), ("comedy",))),
    ("कॉमेडी हिन्दी।", Wishes(("hi",), ("comedy",))),
    ("तमिल थ्रिलर फ़िल्में", Wishes(("ta",), ("thriller",), "movie")),
    ("தெலுங்கு திரைப்படங்கள்", Wishes(("te",), (), "movie")),
    ("nineties Tamil thrillers", Wishes(("ta",), ("thriller",), None, 1990, 1999)),
    ("war", Wishes((), ("war",))),
    ("a Tamil family drama about a farmer", Wishes(("ta",), ("family", "drama"))),
    ("a family hides a murder", Wishes()),
    ("an action hero", Wishes()),
    ("ਪੰਜਾਬੀ comedies", Wishes(("pa",), ("comedy",))),
    ("TAMIL THRILLER", Wishes(("ta",), ("thriller",))),
    ("romantic sci-fi novels", Wishes((), ("romance", "science fiction"), "book")),
    ("Marathi biopic, 2010", Wishes(("mr",), ("biography",), None, 2010, 2010)),
    ("horror films of the 1970s", Wishes((), ("horror",), "movie", 1970, 1979)),
    ("films of the '60s", Wishes((), (), "movie", 1960, 1969)),
    ("films of the 20s", Wishes((), (), "movie", 2020, 2029)),
    ("2000s dramas", Wishes((), ("drama",), None, 2000, 2009)),
    ("films before 1960", Wishes((), (), "movie", None, 1959)),
    ("films until 1960", Wishes((), (), "movie", None, 1960)),
    ("films after 1999", Wishes((), (), "movie", 2000, None)),
    ("films since 1999", Wishes((), (), "movie", 1999, None)),
    ("films 1950-1960", Wishes((), (), "movie", 1950, 1960)),
    ("films between 1950 and 1960", Wishes((), (), "movie", 1950, 1960)),
    ("films from 1950 to 1960", Wishes((), (), "movie", 1950, 1960)),
)  # fmt: skip


def wished(wishes: Wishes) -> tuple[object, ...]:
    return wishes.languages, wishes.genres, wishes.item_type, wishes.year_from, wishes.year_to


@pytest.mark.parametrize(("query", "expected"), WISHES)
def test_wishes(query: str, expected: Wishes) -> None:
    read = read_wishes(query)
    assert wished(read) == wished(expected)
    assert read.like is None


@pytest.mark.parametrize(
    ("query", "rest"),
    [
        ("Tamil thrillers from the 90s", ""),
        ("the best Malayalam films", ""),
        ("Tamil film Roja", "Roja"),
        ("Devdas 1955", "Devdas"),
        ("Mughal-e-Azam", "Mughal-e-Azam"),
        ("दृश्यम film", "दृश्यम"),
        ("മണിച്ചിത്രത്താഴ് movie", "മണിച്ചിത്രത്താഴ്"),
        ("The Lunchbox", "The Lunchbox"),
        ("nineties", "nineties"),
    ],
)
def test_what_is_left_is_a_name_or_a_story(query: str, rest: str) -> None:
    assert read_wishes(query).rest == rest


@pytest.mark.parametrize(
    "query", ["1983", "96", "'96", "2018", "1947", "  1920  ", "83", "", "Sholay", "24", "the", "ninety", "1999s"]
)
def test_numbers_and_names_are_no_wishes(query: str) -> None:
    assert wished(read_wishes(query)) == wished(Wishes())


@pytest.mark.parametrize("query", ["1983", "96", "2018", "1920"])
def test_a_title_that_is_a_number_is_a_name(query: str) -> None:
    reading = read_query(query)
    assert [name.key for name in reading.names] == [query]
    assert query in reading.terms


@pytest.mark.parametrize(
    "query",
    [
        "films like Sholay", "Films Like Sholay", "movies like Sholay", "something like Sholay", "like Sholay",
        "similar to Sholay", "show me films like Sholay", "find me movies similar to Sholay", "more like Sholay",
        "  films like   Sholay ", "as good as Sholay", "books like Sholay",
    ],
)  # fmt: skip
def test_what_is_like_a_title(query: str) -> None:
    reading = read_query(query)
    assert (reading.wishes.like, reading.wishes.rest) == ("Sholay", "Sholay")
    kind = next((kind for word, kind in TYPES.items() if word in query.lower()), None)
    assert wished(reading.wishes) == wished(Wishes(item_type=kind))
    assert reading.names[-1].key == read_query("Sholay").names[0].key
    assert reading.names[-1].sound == read_query("शोले").names[0].sound


def test_what_is_like_a_title_in_other_words() -> None:
    for query in ("शोले जैसी फिल्में", "शोले जैसी फ़िल्में", "शोले जैसी"):
        assert read_wishes(query).like == "शोले"
    for query in ("Sholay jaisi filmein", "I want something like Sholay", "suggest me movies like Sholay"):
        assert read_wishes(query).like == "Sholay"
    wishes = read_wishes("Tamil films like Drishyam")
    assert (wishes.like, wishes.languages, wishes.item_type) == ("Drishyam", ("ta",), "movie")


def test_initials_belong_to_names() -> None:
    assert "a r murugdos" in read_query("A. R. Murugadoss").people
    assert "n t rama rao jr" in read_query("films with N. T. Rama Rao Jr.").people


@pytest.mark.parametrize(
    "query", ["a boy like his father", "films like", "like", "she does not like rain", "I like Roja"]
)
def test_what_only_has_the_word_like(query: str) -> None:
    assert read_wishes(query).like is None


def test_wishes_are_not_read_from_a_long_story() -> None:
    assert read_wishes(STORY) == Wishes(rest=STORY)
    reading = read_query(STORY)
    assert reading.names == ()
    assert {"bengal", "1990"} <= reading.terms.keys()
    assert len(reading.terms) >= 10


def test_wishes_end_with_eight_words() -> None:
    eight = "Tamil film of a boy in a train"
    assert len(eight.split()) == 8
    assert read_wishes(eight).languages == ("ta",)
    assert read_wishes(eight + " again").languages == ("ta",)
    assert wished(read_wishes("a Tamil boy who runs away from a film in 1990")) == wished(Wishes())


@pytest.mark.parametrize(
    ("query", "languages", "kind"),
    [
        ("a Malayalam film in which a father hides a murder from the police", ("ml",), "movie"),
        ("the old Bengali comedy film where everybody lives in one boarding house", ("bn",), "movie"),
        ("a Hindi novel about a poor farmer who wants nothing but a cow", ("hi",), "book"),
        ("a Bengali and a Tamil film about people who lost their homes", ("ta",), "movie"),
        ("a Tamil who makes a film about his village and his old school", (), None),
    ],
)
def test_in_a_story_only_what_stands_before_film_or_book_is_wished(
    query: str, languages: tuple[str, ...], kind: ItemKind | None
) -> None:
    assert read_wishes(query) == Wishes(languages=languages, item_type=kind, rest=query)


@pytest.mark.parametrize(
    ("query", "person"),
    [
        ("Satyajit Ray", "Satyajit Ray"), ("films by Satyajit Ray", "satyajit rai"), ("सत्यजित राय", "Satyajit Ray"),
        ("books by R. K. Narayan", "R. K. Narayan"), ("Mohanlal", "മോഹൻലാൽ"),
        ("a film with Shah Rukh Khan", "Shahrukh  Khan"),
        ("the one by Satyajit Ray about a boy who sees a train with his sister", "Satyajit Ray"),
    ],
)  # fmt: skip
def test_who_a_query_may_name(query: str, person: str) -> None:
    runs = read_query(query).people
    assert name_key(person) in runs or name_key(person).replace(" ", "") in {run.replace(" ", "") for run in runs}


def test_a_single_word_of_many_is_nobody() -> None:
    assert not {"kamal", "rekha"} & set(read_query("a kamal for rekha in the village by a river").people)
    assert len(read_query("word " * 5000).people) <= 5
    assert len(read_query(" ".join(f"w{n}" for n in range(2000))).people) < 250


def test_a_name_is_one_of_eight_words_at_most() -> None:
    assert read_query("one two three four five six seven eight").names
    assert not read_query("one two three four five six seven eight nine").names
    for blank in ("!!!", "😀", "\u200d", ""):
        reading = read_query(blank)
        assert (reading.names, dict(reading.terms)) == ((), {})


def test_a_year_or_a_language_may_belong_to_a_title() -> None:
    assert [name.key for name in read_query("Vidhi 1984").names] == ["vidi 1984", "vidi"]
    assert [name.text for name in read_query("Hindi Medium").names] == ["hindi medium", "medium"]


@pytest.mark.parametrize(
    ("text", "writing"),
    [
        ("two crooks hunt a bandit", Writing.LATIN),
        ("एक पिता अपनी बेटियों को पहलवान बनाता है", Writing.INDIC),
        ("குடும்பம்", Writing.INDIC),
        ("ek ladka aur ladki jo gaon se bhaag jaate hai", Writing.ROMANIZED),
        ("oru paiyan oda kadhal, amma ku theriyathu illa", Writing.ROMANIZED),
        ("Sholay", Writing.LATIN),
        ("ek film", Writing.LATIN),
        ("मोबाइल चोर phone", Writing.INDIC),
        ("the film मोबाइल", Writing.LATIN),
        ("شعلے", Writing.LATIN),
        ("", Writing.LATIN),
        ("123 😀", Writing.LATIN),
    ],
)
def test_the_way_of_writing(text: str, writing: Writing) -> None:
    assert writing_of(text) is writing
    assert read_query(text).writing is writing


def test_terms_are_stems_without_stop_words_counted() -> None:
    terms = count_terms("The trains and the train, a station between the stations: TRAIN!")
    assert sorted(terms.values()) == [2, 3]
    assert count_terms("the of and a by with") == {}
    assert count_terms("") == count_terms("?! … 😀") == {}
    assert count_terms("wrestler").keys() == count_terms("wrestlers").keys()
    assert count_terms("marrying").keys() == count_terms("marries").keys()


def test_names_in_two_scripts_share_a_term() -> None:
    for latin, indic in (("Mohanlal", "മോഹൻലാൽ"), ("Sholay", "शोले"), ("Drishyam", "ദൃശ്യം"), ("Charulata", "चारुलता")):
        assert count_terms(latin).keys() == count_terms(indic).keys() != set()
    assert count_terms("a film with Mohanlal").keys() & count_terms("മോഹൻലാൽ നായകൻ").keys()


def test_a_query_has_at_most_200_terms_the_most_frequent() -> None:
    reading = read_query(" ".join([*(f"w{number}" for number in range(1, 400)), "last last"]))
    assert len(reading.terms) == 200
    assert reading.terms[next(iter(count_terms("last")))] == 2


def test_impacts_grow_with_counts_and_weights_and_fall_with_length() -> None:
    short, heavy, long = (
        impacts([(weight, text)])["bandit"]
        for weight, text in (
            (1.0, "bandit"),
            (3.0, "bandit"),
            (1.0, "bandit " + " ".join(f"w{n}x" for n in range(300))),
        )
    )
    assert long < short < heavy < 2.2
    tf, length = 3.0, 5.0
    expected = tf * 2.2 / (tf + 1.2 * (0.5 + 0.5 * length / 80))
    assert impacts([(2.0, "bandit"), (1.0, "bandit village river")])["bandit"] == pytest.approx(expected)
    assert impacts([]) == impacts([(3.0, "the")]) == {}


@given(st.text(max_size=200))
def test_every_query_is_read(query: str) -> None:
    reading = read_query(query)
    assert reading.text == query
    assert all(count > 0 and 0 < len(term) <= 40 for term, count in reading.terms.items())
    assert all(name.key for name in reading.names)
    first, last = reading.wishes.year_from, reading.wishes.year_to
    assert not (reading.wishes.like and (first or last))
    assert first is None or 1800 <= first <= 2100
    assert last is None or 1799 <= last <= 2109


@pytest.mark.parametrize("unit", ["क", "like ", "1990s ", "a", "train ", "-", "1950-", "films like ", "\u200d", "! "])
def test_the_longest_queries_are_read_at_once(unit: str) -> None:
    query = (unit * 10_000)[:10_000]
    assert read_query(query).text == query
