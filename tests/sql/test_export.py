"""`cinelibre export`: an empty database that imports what was exported has the same items and ratings."""

import csv
import gzip
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cinelibre_server.errors import StartupError
from cinelibre_server.export.export import export
from cinelibre_server.ingest.items.item_import import ItemOptions, import_items
from cinelibre_server.ingest.rating_file import import_rating_file
from cinelibre_server.ingest.starter import load_starter
from cinelibre_server.store.catalog_load import BookEntry, LoadCounts, MovieEntry, load_items
from cinelibre_server.store.database import Pool, open_pool
from cinelibre_server.store.rating_load import RatingCounts
from cinelibre_server.store.ratings import RatingStore
from tests.conftest import EMPTY_TEMPLATE, cloned_database

# What is read wrongly by whoever is careless.
AWKWARD = (
    MovieEntry(external_id="1", title='He said "no", twice', original_title="நான் | அவன்", genres=("A|B", "C"),
               keywords=("one, two",), synopsis="First.\n\nSecond, \\ and \\n.", directors=("Robert Downey, Jr.",),
               cast=("[sic]", "Ö; P"), runtime_minutes=32767),
    MovieEntry(external_id="2", title="1:1 🙂", original_title="unknown", year=1896, language="hi"),
    BookEntry(external_id="3:4|5", title="None", original_title="None", authors=("A, B", "C"), page_count=1,
              external_ids=(("goodreads", "5"), ("isbn13", "9780143039648")), is_hidden=True),
)  # fmt: skip
_ITEMS = """
select items.item_type, title, original_title, year, language, genres, keywords, synopsis,
    directors, cast_names, runtime_minutes, imdb_id, authors, page_count, isbn13, hidden_at is not null as hidden,
    array(select source || ':' || external_id from item_external_ids x where x.item_id = items.item_id order by 1)
from items left join movies on movie_id = item_id left join books on book_id = item_id order by item_id
"""
_RATINGS = """
select coalesce(lower(email), source || ':' || users.external_id), title, original_title, half_stars,
    date_trunc('second', updated_at)
from ratings join users using (user_id) join items using (item_id) order by 1, 2, 3
"""


@pytest.fixture
async def filled(pool: Pool) -> Pool:
    """The starter catalogue, items that are hard to write, and ratings of two kinds of users."""
    await load_starter(pool)
    async with pool.acquire() as connection:
        await load_items(connection, "test", AWKWARD, overwrite=True)
    users = await pool.fetch(
        "insert into users (email, password_hash, source, external_id) values ('Anna@example.com', 'x', null, null),"
        " (null, null, 'movielens', '7:8'), (null, null, 'shelf', '9') returning user_id"
    )
    items = await pool.fetch("select item_id from items order by item_id desc limit 40")
    for place, user in enumerate(users):
        for number, item in enumerate(items[place:]):
            await RatingStore(pool).upsert(user["user_id"], item["item_id"], number % 10 + 1)
    return pool


@pytest.fixture
async def empty_url(cluster_url: str) -> AsyncIterator[str]:
    """Another database, with nothing in it."""
    async with cloned_database(cluster_url, EMPTY_TEMPLATE) as url:
        yield url


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.csv.gz", "a.jsonl.gz"])
async def test_an_empty_database_gets_the_same(
    database_url: str, filled: Pool, empty_url: str, tmp_path: Path, name: str
) -> None:
    items, ratings = tmp_path / f"items-{name}", tmp_path / f"ratings-{name}"
    item_count = await export(database_url, "items", str(items), None)
    rating_count = await export(database_url, "ratings", str(ratings), None)
    assert (item_count, rating_count) == (
        await filled.fetchval("select count(*) from items"),
        await filled.fetchval("select count(*) from ratings"),
    )
    assert sorted(path.name for path in (items, ratings)) == sorted([items.name, ratings.name])
    report = await import_items(empty_url, items, ItemOptions())
    assert (report.items.added, report.rejected) == (item_count, 0)
    imported = await import_rating_file(empty_url, ratings)
    assert (imported.ratings, imported.bad_rows) == (RatingCounts(added=rating_count), ())
    assert imported.users_added == 3
    other = await open_pool(empty_url, size=1, statement_timeout_seconds=60)
    try:
        assert await other.fetch(_ITEMS) == await filled.fetch(_ITEMS)
        mine, theirs = await filled.fetch(_RATINGS), await other.fetch(_RATINGS)
    finally:
        await other.close()
    # The account has no password there, so it is a user by its email only.
    assert [tuple(row) for row in mine] == [(row[0].removeprefix("account:"), *row[1:]) for row in theirs]
    again = tmp_path / f"again-{name}"
    await export(empty_url, "ratings", str(again), "csv")
    if name == "a.csv":
        assert again.read_bytes().lower() == ratings.read_bytes().lower()


async def test_importing_an_export_where_it_is_from_changes_nothing(
    database_url: str, filled: Pool, tmp_path: Path
) -> None:
    items, ratings = tmp_path / "items.jsonl", tmp_path / "ratings.csv"
    count = await export(database_url, "items", str(items), None)
    rated = await export(database_url, "ratings", str(ratings), None)
    report = await import_items(database_url, items, ItemOptions(overwrite=True))
    assert report.items == LoadCounts(added=0, changed=0, unchanged=count)
    imported = await import_rating_file(database_url, ratings)
    assert (imported.ratings, imported.users_added) == (RatingCounts(unchanged=rated), 0)
    assert await filled.fetchval("select count(*) from users") == 3


async def test_what_the_files_look_like(
    database_url: str, filled: Pool, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    await export(database_url, "items", str(tmp_path / "items.jsonl"), None)
    first = json.loads((tmp_path / "items.jsonl").read_text().splitlines()[0])
    assert (first["type"], first["title"]) == ("movie", await filled.fetchval("select title from items limit 1"))
    assert "authors" not in first
    await export(database_url, "ratings", "-", "csv")
    rows = list(csv.DictReader(capfdbinary.readouterr().out.decode().splitlines()))
    assert list(rows[0]) == ["user", "item", "stars", "rated_at"]
    assert rows[0]["user"] == "account:Anna@example.com"
    assert {row["stars"] for row in rows} == {f"{half / 2:.1f}" for half in range(1, 11)}
    await export(database_url, "ratings", str(tmp_path / "a.gz"), "jsonl")
    with gzip.open(tmp_path / "a.gz", "rt") as lines:
        assert [json.loads(line)["item"] for line in lines] == [row["item"] for row in rows]


async def test_rows_of_ratings_that_cant_be_used(database_url: str, filled: Pool, tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    good = "user,item,stars,rated_at\nshelf:1,test:1,4.5,2020-01-01T00:00:00Z\n"
    path.write_text(
        good + "shelf,test:1,4,2020-01-01\nshelf:1,test:99,4,2020-01-01\nshelf:1,test:1,4.2,2020-01-01\n"
        "shelf:1,test:1,4,yesterday\nshelf:1,test:1,4,2999-01-01\nshelf:1,test:1\nshelf:1,test:1,1,2019-01-01\n"
    )
    report = await import_rating_file(database_url, path)
    assert report.ratings == RatingCounts(added=1, duplicates=1)
    assert {(bad.reason, bad.places) for bad in report.bad_rows} == {
        ("user is not source:id", ("ratings.csv:3",)),
        ("unknown item", ("ratings.csv:4",)),
        ("stars are not 0.5 to 5.0 in halves", ("ratings.csv:5",)),
        ("stars or rated_at can't be read", ("ratings.csv:6",)),
        ("rated_at is not between 1970 and now", ("ratings.csv:7",)),
        ("wrong number of fields", ("ratings.csv:8",)),
    }
    assert "skipped: 1 rows, unknown item: ratings.csv:4" in report.lines()
    path.write_text("Date,Name\n")
    with pytest.raises(StartupError, match="or --user EMAIL for a person's ratings"):
        await import_rating_file(database_url, path)


async def test_a_file_that_cant_be_written(database_url: str, tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="can't be written"):
        await export(database_url, "items", str(tmp_path / "nowhere" / "items.csv"), None)
    with pytest.raises(StartupError, match="--format xml: must be csv or jsonl"):
        await export(database_url, "items", str(tmp_path / "items"), "xml")
    assert os.listdir(tmp_path) == []
