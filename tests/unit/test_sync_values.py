"""What upstream sends: read where it can be right, blank where it can't, waited for as it asks."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cinelibre_server.ingest.sync import values
from cinelibre_server.ingest.sync.openlibrary_books import read_book
from cinelibre_server.ingest.sync.pace import Pace, Patience, retry_after_seconds
from cinelibre_server.ingest.sync.precedence import PRECEDENCE, stronger_sources
from cinelibre_server.ingest.sync.source import Failed, Found, LeftOut
from cinelibre_server.ingest.sync.sources import SOURCES
from cinelibre_server.ingest.sync.tmdb_films import read_film
from cinelibre_server.ingest.sync.wikidata_items import read_items

ANY_VALUE: st.SearchStrategy[object] = st.sampled_from(
    [None, True, -1, 0, 7, 1e300, "", "x", "0000-00-00", "7", [], {}]
)
# Lists and objects of what may be anything, under names that are looked for.
NAMES = ("name", "job", "order", "cast", "crew", "keywords", "translations", "iso_639_1", "data", "title", "value")
ANY_JSON = st.recursive(
    ANY_VALUE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=8,
)
SOME = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
FILM_FIELDS = (
    *("original_title", "overview", "release_date", "runtime", "genres", "credits"),
    *("keywords", "external_ids", "translations", "imdb_id", "adult"),
)
BOOK_FIELDS = (
    *("title", "description", "subjects", "first_publish_date", "author_name", "language", "isbn", "subject"),
    *("first_publish_year", "number_of_pages_median"),
)


@pytest.mark.parametrize(
    ("value", "year"),
    [
        ("1999-10-12", 1999),
        ("July 16, 2019", 2019),
        (1936, 1936),
        ("1808", 1808),
        ("0000-00-00", None),
        ("", None),
        (None, None),
        (["1999"], None),
        ("16th century", None),
        ("19999", None),
    ],
)
def test_years(value: object, year: int | None) -> None:
    assert values.year(value) == year


@pytest.mark.parametrize(
    ("value", "isbn"),
    [
        ("978-0-14-303964-8", "9780143039648"),
        ("0143039644", "9780143039648"),
        ("080442957X", "9780804429573"),
        ("9780143039647", None),
        ("0000000000", None),
        ("OL1W", None),
        (9780143039648, None),
        (None, None),
    ],
)
def test_isbns(value: object, isbn: str | None) -> None:
    assert values.isbn13(value) == isbn


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (142, 142),
        ("142", 142),
        (142.0, 142),
        (0, None),
        (-1, None),
        (32_768, None),
        (True, None),
        (1.5, None),
        ("x", None),
    ],
)
def test_small_numbers(value: object, number: int | None) -> None:
    assert values.small_number(value) == number


def test_texts_are_such_as_the_database_takes() -> None:
    assert values.text("  a\0b \n c \ud800 ") == "a b c"
    assert values.text(5) == ""
    assert values.text("x" * 600) == "x" * 500
    assert values.names(["b", None, " a", "a ", "", 7], 2) == ("b", "a")


FILM = st.fixed_dictionaries(
    {"title": st.just("Film"), "original_language": st.just("hi")}, optional=dict.fromkeys(FILM_FIELDS, ANY_JSON)
)


@SOME
@given(FILM)
def test_whatever_tmdb_sends_is_a_film_or_said_to_be_none(details: object) -> None:
    assert isinstance(read_film("7", details), Found | LeftOut)


@SOME
@given(
    st.fixed_dictionaries({}, optional=dict.fromkeys(BOOK_FIELDS, ANY_JSON)),
    st.fixed_dictionaries({}, optional=dict.fromkeys(BOOK_FIELDS, ANY_JSON)),
)
def test_whatever_open_library_sends_is_a_book_or_said_to_be_none(
    document: dict[str, object], work: dict[str, object]
) -> None:
    assert isinstance(read_book("OL7W", document, work), Found | Failed)


@SOME
@given(ANY_JSON)
def test_whatever_wikidata_sends_has_an_outcome_for_each_item(answer: object) -> None:
    assert [each.external_id for each in read_items(["Q1", "Q2"], answer)] == ["Q1", "Q2"]


def test_each_source_has_its_place_in_each_field() -> None:
    assert {source for order in PRECEDENCE.values() for source in order} == set(SOURCES)
    assert all(len(set(order)) == len(order) for order in PRECEDENCE.values())
    assert stronger_sources("tmdb")["title"] == ()
    assert stronger_sources("wikidata")["synopsis"] == ("tmdb", "openlibrary", "googlebooks")
    assert stronger_sources("tmdb")["authors"] == PRECEDENCE["authors"]


def test_a_pause_is_asked_for_in_seconds_or_until_a_time() -> None:
    assert retry_after_seconds("7") == 7
    assert retry_after_seconds(None) is None
    assert retry_after_seconds("soon") is None
    in_a_minute = retry_after_seconds(format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True))
    assert in_a_minute is not None
    assert 50 < in_a_minute <= 60
    assert retry_after_seconds(format_datetime(datetime.now(UTC) - timedelta(seconds=60), usegmt=True)) == 0


def test_pauses_grow_up_to_a_bound_and_differ() -> None:
    patience = Patience(first_pause_seconds=1, longest_pause_seconds=10)
    for attempt, most in enumerate([1, 2, 4, 8, 10, 10]):
        pauses = {patience.pause_seconds(attempt) for _ in range(20)}
        assert len(pauses) > 1
        assert all(most / 2 <= pause <= most for pause in pauses)


async def test_calls_come_one_after_the_other_and_wait_for_a_pause() -> None:
    loop, pace, turns = asyncio.get_running_loop(), Pace(per_second=100), []

    async def call() -> None:
        await pace.turn()
        turns.append(loop.time())

    started = loop.time()
    await asyncio.gather(*(call() for _ in range(5)))
    assert turns[-1] - started >= 0.04
    pace.hold(0.1)
    held = loop.time()
    await call()
    assert turns[-1] - held >= 0.1
