"""Runs of a sync against a fake service, and what they leave in the database."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import asyncpg

from cinelibre_server.ingest.sync.client import ServiceClient
from cinelibre_server.ingest.sync.pace import Patience
from cinelibre_server.ingest.sync.report import SyncReport
from cinelibre_server.ingest.sync.runner import Options, sync_source
from cinelibre_server.ingest.sync.source import Source
from cinelibre_server.ingest.sync.tmdb import TmdbSource, tmdb_service
from tests.fakes.service import FakeService, Fault, Request
from tests.fakes.tmdb import TOKEN

# Impatient, so that faults cost no time.
QUICK = Patience(attempts=6, first_pause_seconds=0.001, longest_pause_seconds=0.01)
FAST = 100_000.0
# The day of every run, so that none goes past midnight.
TODAY = date(2026, 3, 1)

MakeSource = Callable[[FakeService], Source]

# All that a sync leaves behind, by the sources' ids: our own are in the order of arrival, and times differ.
STATE = """
with named as (
    select item_id, string_agg(source || ':' || external_id, ' ' order by source, external_id) as name
    from item_external_ids group by item_id
)
select 'item', name, array[item_type::text, title, original_title, year::text, language, genres::text, keywords::text,
    synopsis, directors::text, cast_names::text, runtime_minutes::text, imdb_id, authors::text, page_count::text,
    isbn13]::text
from item_details join named using (item_id)
union all select 'field', name, array[field, source, encode(value_hash, 'hex')]::text
from item_field_sources join named using (item_id)
union all select 'alias', name, array[alias, language, source]::text from item_aliases join named using (item_id)
union all select 'record', source || ':' || external_id,
    array[encode(content_hash, 'hex'), failure, (vanished_at is not null)::text]::text
from sync_records
union all select 'checkpoint', source, array[cursor::text, bookmark::text]::text from sync_checkpoints
order by 1, 2, 3
"""


def tmdb(fake: FakeService, *, token: str = TOKEN, **changes: Any) -> Source:
    """TMDB as a source, at the fake; `changes` are to the service."""
    service = tmdb_service(fake.url, token, FAST, "tests")
    return TmdbSource(ServiceClient(replace(service, **{"patience": QUICK, **changes})))


async def sync(url: str, source: Source, *, full: bool = False, limit: int | None = None) -> SyncReport:
    """One run, to its end or its fault."""
    report = SyncReport(source.title, source.unit)
    try:
        await sync_source(url, source, Options(full, limit, TODAY), report)
    finally:
        await source.close()
    return report


async def sync_killed_at(url: str, fake: FakeService, make: MakeSource, number: int) -> bool:
    """A run that ends when the service gets its call `number` from now; False if it was through before."""
    before, faulty = len(fake.requests), fake.fault
    task = asyncio.create_task(sync(url, make(fake)))

    def kill(request: Request) -> Fault | None:
        if request.number - before == number:
            task.cancel()
        return faulty(request)

    fake.fault = kill
    await asyncio.gather(task, return_exceptions=True)
    fake.fault = faulty
    if not task.cancelled() and (error := task.exception()):
        raise error
    return task.cancelled()


async def state(url: str) -> list[tuple[Any, ...]]:
    """What is in the database."""
    return await rows(url, STATE)


async def row_versions(url: str) -> list[tuple[Any, ...]]:
    """Which rows of the catalogue were written, and where they lie."""
    tables = ("items", "movies", "books", "item_external_ids", "item_field_sources", "item_aliases")
    return await rows(
        url, " union all ".join(f"select '{table}', ctid::text, xmin::text from {table}" for table in tables)
    )


async def one(url: str, query: str, *arguments: object) -> Any:
    """A query's one value."""
    connection = await asyncpg.connect(url, server_settings={"search_path": "public, cinelibre"})
    try:
        return await connection.fetchval(query, *arguments)
    finally:
        await connection.close()


async def rows(url: str, query: str, *arguments: object) -> list[tuple[Any, ...]]:
    """A query's rows."""
    connection = await asyncpg.connect(url, server_settings={"search_path": "public, cinelibre"})
    try:
        return [tuple(row) for row in await connection.fetch(query, *arguments)]
    finally:
        await connection.close()
