"""Books from Open Library, and their descriptions from Google Books."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from cinelibre_server.errors import StartupError
from cinelibre_server.ingest.sync.client import ServiceClient
from cinelibre_server.ingest.sync.googlebooks import GoogleBooksSource, googlebooks_service
from cinelibre_server.ingest.sync.openlibrary import OpenLibrarySource, openlibrary_service
from cinelibre_server.ingest.sync.source import Source
from cinelibre_server.store.catalog_load import LoadCounts
from tests.conftest import EMPTY_TEMPLATE, cloned_database
from tests.fakes.googlebooks import KEY, FakeGoogleBooks, volume
from tests.fakes.openlibrary import FakeOpenLibrary, isbn, work
from tests.fakes.service import RESET, FakeService, status
from tests.sql.sync_runs import FAST, QUICK, one, row_versions, rows, state, sync, sync_killed_at

BOOK = """select title, year, language, genres, keywords, synopsis, authors, page_count, isbn13
    from item_details join item_external_ids as known using (item_id)
    where known.source = 'openlibrary' and known.external_id = $1"""


def openlibrary(fake: FakeService) -> Source:
    """Open Library as a source, at the fake."""
    service = openlibrary_service(fake.url, FAST, "CineLibre/tests (me@example.org)", identified=True)
    return OpenLibrarySource(ServiceClient(replace(service, patience=QUICK)))


def googlebooks(fake: FakeService, key: str = "") -> Source:
    """Google Books as a source, at the fake."""
    service = googlebooks_service(fake.url, key, FAST, "tests")
    return GoogleBooksSource(ServiceClient(replace(service, patience=QUICK)))


@pytest.fixture
async def fake() -> AsyncIterator[FakeOpenLibrary]:
    """A hundred and twenty works in Hindi, of which two have an ISBN in common."""
    works = [work(number) for number in range(1, 121)]
    works[8]["search"] = {**works[8]["search"], "isbn": [isbn(8)]}
    fake = FakeOpenLibrary(works)
    async with fake.running():
        yield fake


async def test_books_come_with_descriptions_and_subjects(database_url: str, fake: FakeOpenLibrary) -> None:
    fake.works["OL3W"]["description"] = "As plain text.\n([source][1])"
    report = await sync(database_url, openlibrary(fake))
    # Works 8 and 9 are one book.
    assert (report.items.added, report.items.added + report.items.changed + report.items.unchanged) == (119, 120)
    assert await rows(database_url, BOOK, "OL3W") == [
        (
            "Work 3",
            1936,
            "hi",
            ["Fiction"],
            ["hindi fiction", "village life"],
            "As plain text.",
            ["Premchand"],
            300,
            isbn(3),
        )
    ]
    assert (await rows(database_url, BOOK, "OL4W"))[0][5] == "The story of work 4."
    assert {request.headers["user-agent"] for request in fake.requests} == {"CineLibre/tests (me@example.org)"}


async def test_a_later_run_reads_what_was_edited(database_url: str, fake: FakeOpenLibrary) -> None:
    await sync(database_url, openlibrary(fake))
    versions = await row_versions(database_url)
    fake.paths()
    assert (await sync(database_url, openlibrary(fake))).items == LoadCounts(0, 0, 0)
    assert set(fake.paths()) == {"/search.json"}
    fake.works["OL3W"]["description"] = "Told anew."
    fake.edited["OL3W"] = int(time.time())
    assert (await sync(database_url, openlibrary(fake))).items == LoadCounts(0, 1, 0)
    assert fake.paths().count("/works/OL3W.json") == 1
    assert len(set(await row_versions(database_url)) - set(versions)) <= 4


async def test_works_that_are_gone_are_marked_by_a_full_run(database_url: str, fake: FakeOpenLibrary) -> None:
    await sync(database_url, openlibrary(fake))
    del fake.works["OL3W"]
    fake.works["OL4W"] = {"key": "/works/OL4W", "type": {"key": "/type/delete"}, "title": ""}
    fake.works["OL5W"] = {
        "key": "/works/OL5W",
        "type": {"key": "/type/redirect"},
        "title": "",
        "location": "/works/OL6W",
    }
    report = await sync(database_url, openlibrary(fake), full=True)
    assert report.vanished == 2
    assert [(row.reason, row.places) for row in report.left_out.rows()] == [("merged into another work", ("OL5W",))]
    assert await one(database_url, "select count(*) from books") == 119


SURPRISES: list[dict[str, Any]] = [
    {"description": None, "subjects": None, "search": {"language": ["hin"], "isbn": None, "author_name": None}},
    {"description": 5, "subjects": "Fiction", "search": {"language": ["hin"], "isbn": ["x"], "author_name": "Me"}},
    {"description": {"value": None}, "search": {"language": ["hin"], "first_publish_year": 0}},
    {"search": {"language": ["hin", "eng"], "number_of_pages_median": -4, "first_publish_year": "16th"}},
]


async def test_surprising_values_are_blank(database_url: str, fake: FakeOpenLibrary) -> None:
    for number, changes in enumerate(SURPRISES, 201):
        fake.works[f"OL{number}W"] = work(number, **changes)
    fake.works["OL300W"] = work(300, title=None)
    fake.surprises = [None, {}, {"key": "/works/x"}, {"key": "/works/OL999W", "title": "Listed, but gone"}]
    report = await sync(database_url, openlibrary(fake))
    assert report.items.added == 119 + len(SURPRISES)
    assert {row.reason: row.count for row in report.failures.rows()} == {
        "it has no title": 1,
        "an entry of the list names no id": 3,
    }
    assert (await rows(database_url, BOOK, "OL201W"))[0][3:] == ([], [], "", [], None, None)
    assert (await rows(database_url, BOOK, "OL204W"))[0][1:3] == (None, None)


async def test_google_books_describes_the_books_that_we_have(database_url: str, fake: FakeOpenLibrary) -> None:
    for number in (1, 2):
        fake.works[f"OL{number}W"]["description"] = ""
    await sync(database_url, openlibrary(fake))
    google = FakeGoogleBooks({isbn(1): volume(isbn(1)), isbn(3): volume(isbn(3), description=None, title=7)})
    async with google.running():
        report = await sync(database_url, googlebooks(google, KEY))
        assert (report.items.changed, report.items.added) == (1, 0)
        assert (await rows(database_url, BOOK, "OL1W"))[0][4:8] == (
            ["hindi fiction", "village life"],
            "A farmer wants a cow.",
            ["Premchand"],
            400,
        )
        assert {request.headers["x-goog-api-key"] for request in google.requests} == {KEY}
        assert not any(KEY in str(request.query) for request in google.requests)
        asked = len(google.paths())
        # A book is asked about once.
        await sync(database_url, googlebooks(google))
        assert google.paths() == []
        await sync(database_url, googlebooks(google), full=True)
        assert len(google.paths()) == asked


async def test_the_end_of_the_days_calls_ends_the_run_and_the_next_goes_on(
    database_url: str, fake: FakeOpenLibrary
) -> None:
    await sync(database_url, openlibrary(fake))
    books = await one(database_url, "select count(*) from books where isbn13 is not null")
    google = FakeGoogleBooks({})
    async with google.running():
        google.fault = lambda request: setattr(google, "used_up", request.number > 60)
        with pytest.raises(StartupError, match=r"^Google Books refuses us \(HTTP 403\): .*go on tomorrow"):
            await sync(database_url, googlebooks(google))
        google.used_up, google.fault = False, lambda request: None
        first = await one(database_url, "select count(*) from sync_records where source = 'googlebooks'")
        assert first
        google.paths()
        await sync(database_url, googlebooks(google))
        assert len(google.paths()) == books - first


@pytest.mark.parametrize("seed", range(3))
async def test_a_sync_killed_anywhere_ends_in_the_same_state(
    cluster_url: str, fake: FakeOpenLibrary, seed: int
) -> None:
    google = FakeGoogleBooks({isbn(number): volume(isbn(number)) for number in range(1, 60, 2)})
    async with google.running():
        async with cloned_database(cluster_url, EMPTY_TEMPLATE) as url:
            await sync(url, openlibrary(fake))
            await sync(url, googlebooks(google))
            undisturbed = await state(url)
        fake.fault = lambda request: RESET if request.number % (7 + seed) == 0 else None
        google.fault = lambda request: status(503) if request.number % (5 + seed) == 0 else None
        async with cloned_database(cluster_url, EMPTY_TEMPLATE) as url:
            kills = 0
            while await sync_killed_at(url, fake, openlibrary, 20 + 23 * kills + seed):
                kills += 1
            while await sync_killed_at(url, google, googlebooks, 11 * kills + seed):
                kills += 1
            assert kills > 2
            # A cursor that was never looked at again says how far the last run asked.
            assert await state(url) == undisturbed
