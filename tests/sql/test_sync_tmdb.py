"""Films from TMDB: what is kept of them, later runs, surprising values."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from cinelibre_server.errors import StartupError
from cinelibre_server.ingest.starter import load_starter
from cinelibre_server.store.catalog_load import LoadCounts
from cinelibre_server.store.database import Pool
from tests.fakes.tmdb import KEY, FakeTmdb, film
from tests.sql.sync_runs import TODAY, one, row_versions, state, sync, tmdb


@pytest.fixture
async def fake() -> AsyncIterator[FakeTmdb]:
    """Thirty films in Hindi and ten in Tamil, on pages of eight."""
    films = [film(number, original_language="hi" if number <= 30 else "ta") for number in range(1, 41)]
    fake = FakeTmdb(films, page_size=8)
    async with fake.running():
        yield fake


async def _field(url: str, number: int, column: str) -> Any:
    query = f"""select {column} from item_details join item_external_ids as known using (item_id)
        where known.source = 'tmdb' and known.external_id = $1"""
    return await one(url, query, str(number))


async def test_a_first_run_brings_all_films_with_all_that_is_said_of_them(database_url: str, fake: FakeTmdb) -> None:
    report = await sync(database_url, tmdb(fake))
    assert report.items == LoadCounts(added=40, changed=0, unchanged=0)
    assert report.finished
    # As many calls at once as TMDB takes.
    assert 2 <= fake.most_at_once <= 20
    connection = await asyncpg.connect(database_url, server_settings={"search_path": "public, cinelibre"})
    found = await connection.fetchrow("select * from item_details where title = 'Film 7'")
    assert found
    assert (found["original_title"], found["year"], found["language"]) == ("फ़िल्म 7", 1957, "hi")
    assert (found["genres"], found["keywords"]) == (["Drama", "Comedy"], ["village", "keyword 7"])
    assert (found["directors"], found["cast_names"]) == (["Director 7"], ["First Actor 7", "Second Actor 7"])
    assert (found["synopsis"], found["runtime_minutes"], found["imdb_id"]) == ("The story of film 7.", 97, "tt0000007")
    ids = await connection.fetch(
        "select source, external_id from item_external_ids where item_id = $1", found["item_id"]
    )
    assert {tuple(row) for row in ids} == {("tmdb", "7"), ("imdb", "tt0000007"), ("wikidata", "Q7")}
    aliases = await connection.fetch("select alias, language from item_aliases where item_id = $1", found["item_id"])
    assert [tuple(row) for row in aliases] == [("திரைப்படம் 7", "ta")]
    fields = await connection.fetch(
        "select field from item_field_sources where source = 'tmdb' and item_id = $1", found["item_id"]
    )
    assert len(fields) == 11
    await connection.close()


async def test_a_key_works_like_a_token_and_shows_nowhere(
    database_url: str, fake: FakeTmdb, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "cinelibre_server")
    assert (await sync(database_url, tmdb(fake, token=KEY))).items.added == 40
    with pytest.raises(StartupError) as caught:
        await sync(database_url, tmdb(fake, token="f" * 32), full=True)
    assert str(caught.value) == "TMDB refuses us (HTTP 401): check the token or key in CINELIBRE_TMDB_TOKEN"
    assert KEY not in "".join(capfd.readouterr())
    assert KEY not in repr(tmdb(fake, token=KEY).__dict__)
    assert "f" * 32 not in str(await state(database_url))


async def test_a_second_run_reads_what_changed_and_writes_what_differs(database_url: str, fake: FakeTmdb) -> None:
    await sync(database_url, tmdb(fake))
    await one(database_url, "update movies set embedded_text_hash = 'x'")
    fake.paths()
    fake.change(TODAY, 3, overview="Told anew.")
    fake.change(TODAY, 4)
    fake.change(TODAY, 5, runtime=200)
    fake.change(TODAY, 41)
    fake.change(TODAY, 42, original_language="en")
    report = await sync(database_url, tmdb(fake))
    assert report.items == LoadCounts(added=1, changed=2, unchanged=1)
    assert [(row.reason, row.places) for row in report.left_out.rows()] == [("not in an Indian language", ("42",))]
    assert sorted(fake.paths()) == ["/movie/3", "/movie/4", "/movie/41", "/movie/42", "/movie/5", "/movie/changes"]
    assert await _field(database_url, 3, "synopsis") == "Told anew."
    # Only where the text changed is the embedding made again.
    waiting = "select array_agg(imdb_id order by movie_id) from movies where embedded_text_hash is null"
    assert await one(database_url, waiting) == ["tt0000003", "tt0000041"]


async def test_runs_without_changes_upstream_write_nothing(database_url: str, fake: FakeTmdb) -> None:
    await sync(database_url, tmdb(fake))
    before, versions = await state(database_url), await row_versions(database_url)
    report = await sync(database_url, tmdb(fake), full=True)
    assert report.items == LoadCounts(added=0, changed=0, unchanged=40)
    assert (await sync(database_url, tmdb(fake))).items == LoadCounts(0, 0, 0)
    assert await state(database_url) == before
    assert await row_versions(database_url) == versions


async def test_a_film_that_vanishes_is_marked_and_keeps_its_ratings(database_url: str, fake: FakeTmdb) -> None:
    await sync(database_url, tmdb(fake))
    await one(database_url, "insert into users (name) values ('Asha')")
    await one(database_url, "insert into ratings (user_id, item_id, half_stars) select 1, item_id, 9 from items")
    fake.delete(TODAY, 3)
    del fake.films[4]  # nobody tells of this one
    assert (await sync(database_url, tmdb(fake))).vanished == 1
    report = await sync(database_url, tmdb(fake), full=True)
    assert (report.vanished, report.items.unchanged) == (1, 38)
    marked = "select array_agg(external_id order by external_id) from sync_records where vanished_at is not null"
    assert await one(database_url, marked) == ["3", "4"]
    assert await one(database_url, "select count(*) from ratings") == 40
    fake.change(TODAY, 3)
    await sync(database_url, tmdb(fake))
    assert await one(database_url, marked) == ["4"]


async def test_a_break_of_weeks_is_gone_through_two_weeks_at_a_time(database_url: str, fake: FakeTmdb) -> None:
    await sync(database_url, tmdb(fake))
    bookmark = {"since": str(TODAY - timedelta(days=40)), "all_since": str(TODAY - timedelta(days=100))}
    await one(database_url, "update sync_checkpoints set bookmark = $1", json.dumps(bookmark))
    for days in (40, 30, 13, 0):
        fake.change(TODAY - timedelta(days=days), 1 + days, overview=f"{days} days ago")
    fake.paths()
    assert (await sync(database_url, tmdb(fake))).items.changed + 1 == 4
    assert fake.paths().count("/movie/changes") == 3
    # After half a year all is read again, as TMDB's terms ask.
    bookmark = {"since": str(TODAY), "all_since": str(TODAY - timedelta(days=160))}
    await one(database_url, "update sync_checkpoints set bookmark = $1", json.dumps(bookmark))
    assert (await sync(database_url, tmdb(fake))).items.unchanged == len(fake.films)


SURPRISES: list[dict[str, Any]] = [
    {"release_date": "0000-00-00", "runtime": 0, "imdb_id": "", "overview": None},
    {"release_date": None, "runtime": None, "genres": None, "keywords": None, "credits": None, "translations": None},
    {"release_date": 1999, "runtime": "142", "genres": "Drama", "keywords": [], "credits": [], "external_ids": 7},
    {"runtime": 1e9, "imdb_id": "nm0000001", "genres": [None, {"name": None}, {"name": 5}, {"name": " Drama "}]},
    {"title": "A\0B \ud800 C", "overview": "x" * 100_000, "credits": {"cast": [{"name": "A", "order": "first"}]}},
    {"title": "", "original_title": "केवल मूल"},
    {"translations": {"translations": [{"iso_639_1": "hi", "data": {"title": None, "overview": 5}}, "no"]}},
    {"external_ids": {"imdb_id": None, "wikidata_id": "https://www.wikidata.org/Q1"}},
]


async def test_surprising_values_are_blank_and_stop_nothing(database_url: str, fake: FakeTmdb) -> None:
    for number, changes in enumerate(SURPRISES, 101):
        fake.films[number] = film(number, **changes)
    fake.films[110] = film(110, title=None, original_title=None)
    fake.films[111] = film(111, adult=True)
    fake.listed = [{"id": bad, "original_language": "hi"} for bad in (None, "x", True, -5, 999, 7, 7)]
    report = await sync(database_url, tmdb(fake))
    assert report.items.added == 40 + len(SURPRISES)
    assert {row.reason: row.count for row in report.failures.rows()} == {
        "it has no title": 1,
        "an entry of the list names no id": 4,
    }
    assert await _field(database_url, 101, "array[year::text, runtime_minutes::text, synopsis]") == [None, None, ""]
    assert await _field(database_url, 103, "array[year::text, runtime_minutes::text]") == ["1999", "142"]
    assert await _field(database_url, 104, "genres") == ["Drama"]
    assert await _field(database_url, 105, "title") == "A B C"
    assert await _field(database_url, 105, "char_length(synopsis)") == 10_000
    assert await _field(database_url, 106, "title") == "केवल मूल"


async def test_upstream_goes_before_the_starter_catalogue_and_stays_there(pool: Pool, database_url: str) -> None:
    await load_starter(pool)
    sholay = film(1, title="Sholay!", imdb_id="tt0073707", overview="", external_ids=None)
    fake = FakeTmdb([sholay])
    async with fake.running():
        assert (await sync(database_url, tmdb(fake))).items == LoadCounts(added=0, changed=1, unchanged=0)
    ours = await one(database_url, "select synopsis from items where item_id = 1")
    assert ours.startswith("A retired police officer")
    assert await one(database_url, "select title from items where item_id = 1") == "Sholay!"
    # The next start loads the starter catalogue again.
    assert (await load_starter(pool)).changed == 0
    assert await one(database_url, "select title from items where item_id = 1") == "Sholay!"


async def test_two_ids_of_one_film_are_one_item(database_url: str, fake: FakeTmdb) -> None:
    fake.films[201] = film(201, imdb_id="tt0000001", external_ids={})
    fake.films[202] = film(202, imdb_id="tt9999999", external_ids={})
    fake.films[203] = film(203, imdb_id="tt9999999", external_ids={})
    await sync(database_url, tmdb(fake))
    assert await one(database_url, "select count(*) from movies") == 41
    assert await _field(database_url, 201, "imdb_id") == "tt0000001"
    assert await _field(database_url, 202, "item_id") == await _field(database_url, 203, "item_id")


async def test_a_list_longer_than_its_last_page_is_split_by_date(database_url: str) -> None:
    films = [film(number) for number in range(1, 521)] + [film(1000, release_date="")]
    fake = FakeTmdb(films, page_size=1)
    async with fake.running():
        report = await sync(database_url, tmdb(fake))
        # Without a date it is in no window.
        assert report.items.added == 520
        bounds = {
            (r.query["primary_release_date.gte"], r.query["primary_release_date.lte"])
            for r in fake.requests
            if "primary_release_date.gte" in r.query
        }
    assert len(bounds) == 2
    assert all(first[4:] == "-01-01" for first, _ in bounds)
