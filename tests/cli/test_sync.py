"""`cinelibre sync` as users run it: a process that is killed, stopped, refused, and told to stay."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cinelibre_server.commands.sync import next_midnight
from tests.conftest import EMPTY_TEMPLATE, cloned_database
from tests.fakes.service import RESET, Request, status
from tests.fakes.tmdb import KEY, TOKEN, FakeTmdb, film
from tests.fakes.wikidata import FakeWikidata, bengali_film
from tests.sql.sync_runs import one, state, sync, tmdb

ATTRIBUTION = "This product uses the TMDB API but is not endorsed or certified by TMDB."


@dataclass(frozen=True, slots=True)
class Done:
    """How the command ended."""

    code: int
    out: str
    err: str

    @property
    def fault(self) -> str:
        """The last line of standard error."""
        return self.err.splitlines()[-1].removeprefix("cinelibre: ")


@pytest.fixture
async def fake() -> AsyncIterator[FakeTmdb]:
    """Sixty films."""
    fake = FakeTmdb([film(number, imdb_id=f"tt{number:07d}") for number in range(1, 61)], page_size=4)
    async with fake.running():
        yield fake


async def _start(url: str, *arguments: str, **environment: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cinelibre_server", "sync", *arguments, "--database-url", url),
        env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def _end(process: asyncio.subprocess.Process) -> Done:
    out, err = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode is not None
    return Done(process.returncode, out.decode(), err.decode())


async def _run(url: str, *arguments: str, **environment: str) -> Done:
    return await _end(await _start(url, *arguments, **environment))


def _at(fake: FakeTmdb, token: str = TOKEN) -> dict[str, str]:
    return {"CINELIBRE_TMDB_URL": fake.url, "CINELIBRE_TMDB_TOKEN": token}


async def test_what_is_new_is_embedded_and_summed_up(database_url: str, model_cache: Path, fake: FakeTmdb) -> None:
    settings = {**_at(fake, KEY), "CINELIBRE_CACHE_DIR": str(model_cache)}
    fake.fault = lambda request: status(500) if request.path == "/movie/7" else None
    done = await _run(database_url, "tmdb", "--requests-per-second", "500", **settings)
    assert done.code == 0, done.err
    assert done.out.startswith(
        "TMDB: 59 films added, 0 changed, 0 unchanged, 0 vanished upstream, 0 left out, 1 failed;"
    )
    assert "failed:   1 films, HTTP 500: 7\n" in done.out
    assert done.out.endswith(f"{ATTRIBUTION}\n")
    assert "Syncing TMDB" in done.err
    assert KEY not in done.out + done.err
    assert await one(database_url, "select count(*) from movies where embedding is not null") == 59
    fake.fault = lambda request: None
    fake.change(datetime.now(UTC).date(), 3, overview="Told anew.")
    others = (
        "select array_agg(xmin::text order by movie_id) from movies where imdb_id not in ('tt0000003', 'tt0000007')"
    )
    before = await one(database_url, others)
    done = await _run(database_url, "tmdb", **settings)
    assert done.out.startswith("TMDB: 1 films added, 1 changed,"), done.err
    assert await one(database_url, "select count(*) from movies where embedded_text_hash is null") == 0
    assert await one(database_url, others) == before


async def test_a_process_killed_at_any_point_is_gone_on_with(
    database_url: str, cluster_url: str, fake: FakeTmdb
) -> None:
    killed = 0
    for calls in (1, 25, 40, 70):
        before = len(fake.requests)
        process = await _start(database_url, "tmdb", "--no-embed", "--requests-per-second", "500", **_at(fake))

        def kill(request: Request, process: asyncio.subprocess.Process = process, at: int = before + calls) -> None:
            if request.number == at:
                process.kill()

        fake.fault = kill
        killed += (await _end(process)).code == -signal.SIGKILL
    assert killed >= 3
    fake.fault = lambda request: None
    done = await _run(database_url, "tmdb", "--no-embed", "--requests-per-second", "500", **_at(fake))
    assert done.code == 0, done.err
    async with cloned_database(cluster_url, EMPTY_TEMPLATE) as url:
        await sync(url, tmdb(fake))
        assert _without_days(await state(database_url)) == _without_days(await state(url))


def _without_days(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The process began on the clock's day, which the checkpoint tells."""
    return [(*row[:2], re.sub(r"\d{4}-\d\d-\d\d", "day", row[2])) if row[0] == "checkpoint" else row for row in rows]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_stop_keeps_what_was_read(database_url: str, fake: FakeTmdb, number: signal.Signals) -> None:
    process = await _start(database_url, "tmdb", "--no-embed", "--requests-per-second", "60", **_at(fake))
    fake.fault = lambda request: process.send_signal(number) if request.number == 80 else None
    done = await _end(process)
    assert done.code == 1
    assert done.fault == "stopped; what was read is kept: run the same command again to go on"
    assert "Traceback" not in done.err
    assert "Not at the end yet: the same command goes on from here." in done.out
    kept = await one(database_url, "select count(*) from movies")
    fake.fault = lambda request: None
    done = await _run(database_url, "tmdb", "--no-embed", "--requests-per-second", "500", **_at(fake))
    assert done.out.startswith(f"TMDB: {60 - kept} films added, 0 changed, ")


async def test_without_a_token_it_says_where_to_get_one(database_url: str) -> None:
    done = await _run(database_url, "tmdb")
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        "cinelibre: TMDB wants a token: make an account and get an API read access token (or key) at"
        " https://www.themoviedb.org/settings/api, and put it into CINELIBRE_TMDB_TOKEN\n"
    )


async def test_a_source_that_is_not_there(database_url: str) -> None:
    done = await _run(database_url, "imdb")
    assert done.code == 1
    assert done.fault == "there is no source 'imdb': choose tmdb, wikidata, openlibrary, googlebooks"


async def test_a_service_that_cannot_be_reached_fails_and_the_others_are_synced(
    database_url: str, fake: FakeTmdb
) -> None:
    wikidata = FakeWikidata([bengali_film(number) for number in range(1, 11)])
    async with wikidata.running():
        fake.fault = lambda request: RESET
        settings = {**_at(fake), "CINELIBRE_WIKIDATA_URL": wikidata.url}
        done = await _run(database_url, "tmdb", "wikidata", "--no-embed", "--requests-per-second", "500", **settings)
    assert done.code == 1
    assert done.fault == (
        "TMDB can't be reached (the connection broke off): run the same command again later;"
        " what was read so far is kept"
    )
    assert "Wikidata: 10 films and books added" in done.out


async def test_a_daemon_syncs_at_once_says_when_next_and_stops_when_told(database_url: str, fake: FakeTmdb) -> None:
    process = await _start(database_url, "tmdb", "--daemon", "--no-embed", "--requests-per-second", "500", **_at(fake))
    assert process.stdout
    lines: list[str] = []
    while not lines or not lines[-1].startswith("The next sync is at "):
        lines.append((await asyncio.wait_for(process.stdout.readline(), 60)).decode())
    assert lines[0].startswith("TMDB: 60 films added")
    assert lines[-1].endswith(" 00:00 UTC.\n")
    process.terminate()
    done = await _end(process)
    assert (done.code, done.out) == (0, "Stopped; the next sync goes on from here.\n")


def test_the_next_midnight_is_after_now() -> None:
    assert next_midnight(datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC)) == datetime(2026, 3, 1, tzinfo=UTC)
    assert next_midnight(datetime(2026, 3, 1, tzinfo=UTC)) == datetime(2026, 3, 2, tzinfo=UTC)
