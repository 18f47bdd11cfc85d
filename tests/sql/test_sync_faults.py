"""A TMDB that throttles, fails, hangs and goes away: what is read all the same, and what is said."""

from collections.abc import AsyncIterator
from itertools import pairwise

import asyncpg
import pytest

from cinelibre_server.errors import StartupError
from cinelibre_server.ingest.sync.pace import Patience
from tests.fakes.service import HANG, RESET, TRUNCATED_BODY, TRUNCATED_JSON, Fault, Request, status
from tests.fakes.tmdb import FakeTmdb, film
from tests.sql.sync_runs import one, sync, tmdb


@pytest.fixture
async def fake() -> AsyncIterator[FakeTmdb]:
    """Forty films on pages of eight."""
    fake = FakeTmdb([film(number) for number in range(1, 41)], page_size=8)
    async with fake.running():
        yield fake


@pytest.mark.parametrize(
    "fault",
    [status(500), status(503), status(429), RESET, TRUNCATED_JSON, TRUNCATED_BODY, HANG],
    ids=["500", "503", "429", "reset", "half the JSON", "half the body", "no answer"],
)
async def test_calls_that_fail_are_tried_again(database_url: str, fake: FakeTmdb, fault: Fault) -> None:
    seen: set[str] = set()

    def every_third_path_once(request: Request) -> Fault | None:
        address = f"{request.path}{request.query}"
        if address in seen or len(seen) % 3:
            seen.add(address)
            return None
        seen.add(address)
        return fault

    fake.fault = every_third_path_once
    report = await sync(database_url, tmdb(fake, timeout_seconds=0.5))
    assert (report.items.added, report.failed_count) == (40, 0)


async def test_a_pause_that_is_asked_for_is_kept_by_all_calls(database_url: str, fake: FakeTmdb) -> None:
    throttled: list[float] = []

    def throttle_once(request: Request) -> Fault | None:
        if request.path == "/movie/9" and not throttled:
            throttled.append(request.at)
            return status(429, retry_after="1")
        return None

    fake.fault = throttle_once
    assert (await sync(database_url, tmdb(fake))).items.added == 40
    times = [request.at for request in fake.requests if request.at >= throttled[0]]
    # What was on its way still came; then nothing for the second that was asked for.
    assert max(later - earlier for earlier, later in pairwise(times)) > 0.7


async def test_a_film_that_fails_is_named_and_tried_again_next_time(database_url: str, fake: FakeTmdb) -> None:
    fake.fault = lambda request: status(500) if request.path in ("/movie/3", "/movie/33") else None
    report = await sync(database_url, tmdb(fake))
    assert (report.items.added, report.finished) == (38, True)
    assert [(row.reason, sorted(row.places)) for row in report.failures.rows()] == [("HTTP 500", ["3", "33"])]
    assert "failed:   2 films, HTTP 500: 3, 33" in report.lines()
    fake.fault = lambda request: None
    report = await sync(database_url, tmdb(fake))
    assert (report.items.added, report.failed_count) == (2, 0)


@pytest.mark.parametrize("path", ["/discover/movie", "/movie/"])
async def test_a_service_that_is_down_is_said_in_a_line_and_what_was_read_is_kept(database_url: str, path: str) -> None:
    fake = FakeTmdb([film(number) for number in range(1, 301)], page_size=8)
    async with fake.running():
        fake.fault = lambda request: RESET if request.number > 200 and request.path.startswith(path) else None
        with pytest.raises(
            StartupError, match=r"^TMDB (can't be reached|keeps failing) \(the connection broke off\).*kept$"
        ):
            await sync(database_url, tmdb(fake))
        kept = await one(database_url, "select count(*) from movies")
        assert 0 < kept < 300
        fake.fault = lambda request: None
        report = await sync(database_url, tmdb(fake))
        assert await one(database_url, "select count(*) from movies") == 300
        assert report.items.added == 300 - kept


async def test_a_pause_too_long_to_wait_ends_the_run(database_url: str, fake: FakeTmdb) -> None:
    fake.fault = lambda request: status(429, retry_after="3600") if request.path == "/movie/9" else None
    with pytest.raises(StartupError, match=r"^TMDB asks for a pause of 3,\d00 s: run the same command after that"):
        await sync(database_url, tmdb(fake, patience=Patience()))


async def test_a_limit_ends_a_run_that_the_next_goes_on_with(database_url: str, fake: FakeTmdb) -> None:
    first = await sync(database_url, tmdb(fake), limit=11)
    assert (first.items.added, first.finished) == (11, False)
    second = await sync(database_url, tmdb(fake), limit=11)
    assert (second.items.added, second.finished) == (11, False)
    last = await sync(database_url, tmdb(fake))
    assert (last.items.added, last.finished) == (18, True)
    # The same with one that goes through all again.
    await sync(database_url, tmdb(fake), full=True, limit=15)
    fake.paths()
    assert (await sync(database_url, tmdb(fake), full=True)).finished
    assert sum(path.startswith("/movie/") for path in fake.paths()) == 25


async def test_one_sync_of_a_source_at_a_time(database_url: str, fake: FakeTmdb) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("select pg_advisory_lock(72436, hashtext('tmdb'))")
    with pytest.raises(StartupError, match=r"^another sync of TMDB is running: wait for its end$"):
        await sync(database_url, tmdb(fake))
    await connection.close()
