"""Films and books from Wikidata, and one film from several sources."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from cinelibre_server.errors import StartupError
from cinelibre_server.ingest.sync.client import ServiceClient
from cinelibre_server.ingest.sync.source import Source
from cinelibre_server.ingest.sync.wikidata import WikidataSource, wikidata_service
from cinelibre_server.store.catalog_load import LoadCounts
from tests.conftest import EMPTY_TEMPLATE, cloned_database
from tests.fakes.service import FakeService, Request, status
from tests.fakes.tmdb import FakeTmdb, film
from tests.fakes.wikidata import FakeWikidata, Item, bengali_book, bengali_film
from tests.sql.sync_runs import FAST, QUICK, TODAY, one, row_versions, rows, state, sync, sync_killed_at, tmdb


def wikidata(fake: FakeService) -> Source:
    """Wikidata as a source, at the fake."""
    return WikidataSource(ServiceClient(replace(wikidata_service(fake.url, FAST, "tests"), patience=QUICK)))


@pytest.fixture
async def fake() -> AsyncIterator[FakeWikidata]:
    """Sixty films and a book in Bengali, and a film in Tamil without a label in English."""
    tamil = Item(900, language="ta", texts=[("label", "ta", "பராசக்தி")], facts=[("imdb", "tt0000900")])
    fake = FakeWikidata([*map(bengali_film, range(1, 61)), bengali_book(500), tamil])
    async with fake.running():
        yield fake


async def test_films_and_books_come_with_their_native_titles(database_url: str, fake: FakeWikidata) -> None:
    assert (await sync(database_url, wikidata(fake))).items == LoadCounts(added=62, changed=0, unchanged=0)
    films = """select title, original_title, year, language, directors, genres, runtime_minutes, imdb_id
        from item_details where imdb_id = any ($1) order by imdb_id"""
    assert await rows(database_url, films, ["tt0000007", "tt0000900"]) == [
        ("Film 7", "ছবি 7", 1955, "bn", ["Satyajit Ray"], ["Drama"], 125, "tt0000007"),
        ("பராசக்தி", "பராசக்தி", None, "ta", [], [], None, "tt0000900"),
    ]
    books = "select title, original_title, year, authors, page_count, isbn13 from item_details where item_type = 'book'"
    assert await rows(database_url, books) == [
        ("Book 500", "বই 500", 1929, ["Bibhutibhushan Bandyopadhyay"], 320, "9780143039648")
    ]
    aliases = (
        "select alias, a.language from item_aliases a join items using (item_id) where title = 'Film 7' order by 2, 1"
    )
    assert await rows(database_url, aliases) == [("The Other Name 7", "en"), ("படம் 7", "ta")]
    ids = "select source, external_id from item_external_ids join items using (item_id) where title = $1 order by 1"
    assert await rows(database_url, ids, "Film 7") == [("imdb", "tt0000007"), ("tmdb", "7"), ("wikidata", "Q7")]
    assert await rows(database_url, ids, "Book 500") == [
        ("isbn13", "9780143039648"),
        ("openlibrary", "OL500W"),
        ("wikidata", "Q500"),
    ]


async def test_a_later_run_reads_what_was_edited_and_marks_what_is_gone(database_url: str, fake: FakeWikidata) -> None:
    await sync(database_url, wikidata(fake))
    assert fake.described()[:3] == [1, 2, 3]
    versions = await row_versions(database_url)
    assert (await sync(database_url, wikidata(fake))).items == LoadCounts(0, 0, 0)
    assert fake.described() == []
    assert await row_versions(database_url) == versions
    fake.items[3].modified = TODAY.isoformat()
    fake.items[3].texts[1] = ("label", "bn", "পথের পাঁচালী")
    del fake.items[4]
    report = await sync(database_url, wikidata(fake))
    assert (report.items, report.vanished) == (LoadCounts(added=0, changed=1, unchanged=0), 1)
    assert fake.described() == [3, 4]
    assert (
        await one(
            database_url,
            "select original_title from items join movies on movie_id = item_id where imdb_id = 'tt0000003'",
        )
        == "পথের পাঁচালী"
    )
    assert await one(database_url, "select count(*) from movies") == 61


async def test_surprising_rows_are_left_aside(database_url: str, fake: FakeWikidata) -> None:
    entity = {"type": "uri", "value": "http://www.wikidata.org/entity/Q7"}
    fake.surprises = [
        {},
        {"item": {"type": "bnode", "value": "t284055162"}, "field": {"value": "label"}, "value": {"value": "x"}},
        {"item": entity, "field": {"value": "imdb"}, "value": {"type": "bnode", "value": "t1"}},
        {"item": entity, "field": {"value": "date"}, "value": {"type": "literal", "value": "0000-00-00T00:00:00Z"}},
        {"item": entity, "field": {"value": "minutes"}, "value": {"type": "literal", "value": "-3.5"}},
        {"item": entity, "field": {"value": None}, "value": {"type": "literal", "value": 5}},
        {"item": entity, "field": {"value": "cast"}, "value": None},
    ]
    fake.items[901] = Item(901, facts=[("imdb", "tt0000901")])
    report = await sync(database_url, wikidata(fake))
    assert report.items.added == 62
    assert [(row.reason, row.places) for row in report.failures.rows()] == [("it has no title", ("Q901",))]
    film_7 = "select array[year::text, runtime_minutes::text, imdb_id] from item_details where title = 'Film 7'"
    assert await one(database_url, film_7) == ["1955", "125", "tt0000007"]


@pytest.mark.parametrize("order", ["tmdb first", "wikidata first"])
async def test_one_film_from_two_sources_is_one_item_whoever_comes_first(
    database_url: str, fake: FakeWikidata, order: str
) -> None:
    films = [film(number, original_language="bn", title=f"Title {number}") for number in range(1, 21)]
    # Known to each other by one id only, or by none of the film's.
    films[0] = {**films[0], "imdb_id": None, "external_ids": {"wikidata_id": "Q1"}, "keywords": None, "runtime": None}
    films[1] = {**films[1], "external_ids": None}
    fake.items[3].facts = [("imdb", "tt0000003")]
    other = FakeTmdb(films)
    async with other.running():
        for source in (tmdb(other), wikidata(fake)) if order == "tmdb first" else (wikidata(fake), tmdb(other)):
            await sync(database_url, source)
    assert await one(database_url, "select count(*) from movies") == 61
    merged = await rows(
        database_url,
        """select title, original_title, year, directors, runtime_minutes, imdb_id
        from item_details join item_external_ids using (item_id)
        where source = 'tmdb' and external_id in ('1', '2') order by external_id""",
    )
    assert merged == [
        ("Title 1", "ছবি 1", 1951, ["Director 1"], 125, "tt0000001"),
        ("Title 2", "ছবি 2", 1952, ["Director 2"], 92, "tt0000002"),
    ]
    origins = await rows(
        database_url,
        """select field, origin.source from item_field_sources as origin join item_external_ids using (item_id)
        where item_external_ids.source = 'tmdb' and external_id = '1' order by field""",
    )
    assert dict(origins) == {
        **dict.fromkeys(["title", "year", "language", "genres", "synopsis", "directors", "cast_names"], "tmdb"),
        **dict.fromkeys(["original_title", "runtime_minutes", "imdb_id"], "wikidata"),
    }
    named_by = "select distinct source from item_aliases join items using (item_id) where title = 'Title 1' order by 1"
    assert await rows(database_url, named_by) == [("tmdb",), ("wikidata",)]


async def test_two_items_that_turn_out_to_be_one_are_united(database_url: str, fake: FakeWikidata) -> None:
    for number in (1, 2, 3):
        fake.items[number].facts = [("minutes", "125")]
    apart = film(1, original_language="bn", imdb_id=None, external_ids=None, runtime=None)
    other = FakeTmdb([apart, film(3, original_language="bn", imdb_id=None, external_ids={"wikidata_id": "Q2"})])
    async with other.running():
        await sync(database_url, tmdb(other))
        await sync(database_url, wikidata(fake))
        # TMDB's 1 and Wikidata's Q1 don't know each other; TMDB's 3 says that it is Q2.
        assert await one(database_url, "select count(*) from movies") == 62
        await one(database_url, "insert into users (name) values ('Asha'), ('Ravi')")
        for user, source, ref, half_stars in ((1, "tmdb", "1", 8), (2, "tmdb", "1", 3), (2, "wikidata", "Q1", 9)):
            await one(
                database_url,
                """insert into ratings (user_id, item_id, half_stars)
                select $1, item_id, $4 from item_external_ids where source = $2 and external_id = $3""",
                *(user, source, ref, half_stars),
            )
        # Now they do.
        fake.items[1].facts += [("tmdb", "1")]
        fake.items[1].modified = TODAY.isoformat()
        await sync(database_url, wikidata(fake))
        assert await one(database_url, "select count(*) from movies") == 61
        mine = """select user_id, half_stars from ratings join item_external_ids using (item_id)
            where source = 'wikidata' and external_id = 'Q1' order by user_id"""
        assert await rows(database_url, mine) == [(1, 8), (2, 9)]
        # What TMDB said is merged with it by TMDB's next run.
        assert (await sync(database_url, tmdb(other))).failed_count == 0
    merged = "select original_title, runtime_minutes, synopsis from item_details where title = 'Film 1'"
    assert await rows(database_url, merged) == [("ছবি 1", 125, "The story of film 1.")]
    totals = "select sum(rating_count) from item_rating_totals"
    assert await one(database_url, totals) == 3 - 1


@pytest.mark.parametrize("seed", range(3))
async def test_a_sync_killed_anywhere_ends_in_the_same_state(cluster_url: str, fake: FakeWikidata, seed: int) -> None:
    async with cloned_database(cluster_url, EMPTY_TEMPLATE) as url:
        await sync(url, wikidata(fake))
        undisturbed = await state(url)

    def fault(request: Request) -> object:
        return status(500) if request.number % (5 + seed) == 0 else None

    fake.fault = fault  # type: ignore[assignment]
    async with cloned_database(cluster_url, EMPTY_TEMPLATE) as url:
        kills = 0
        while await sync_killed_at(url, fake, wikidata, 3 + 7 * kills + seed):
            kills += 1
        assert kills
        assert await state(url) == undisturbed


async def test_a_service_that_is_down_is_said_in_a_line(database_url: str, fake: FakeWikidata) -> None:
    fake.fault = lambda request: status(502)
    with pytest.raises(
        StartupError, match=r"^Wikidata can't be reached \(HTTP 502\): run the same command again later"
    ):
        await sync(database_url, wikidata(fake))
