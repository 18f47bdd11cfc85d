"""Many vectors at once: their indexes are built afterwards, in memory, which takes a tenth of the time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cinelibre_server.store.database import Connection

_INDEXES = "select indexname, indexdef from pg_indexes where schemaname = 'public' and indexname = any($1)"


@asynccontextmanager
async def indexed_afterwards(connection: Connection, *names: str) -> AsyncIterator[None]:
    """Without these indexes inside; with them, and with the planner's statistics, after it."""
    indexes = await connection.fetch(_INDEXES, names)
    for index in indexes:
        await connection.execute(f"drop index {index['indexname']}")
    yield
    await connection.execute("set maintenance_work_mem = '512MB'")
    for index in indexes:
        await connection.execute(index["indexdef"])
    await connection.execute("analyze")
