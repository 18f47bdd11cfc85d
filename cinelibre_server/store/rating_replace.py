"""Loads a first rating history: fills a new table out of everybody's sight and puts it in the place of `ratings`.

Rating by rating, most of the work would be to look up foreign keys and to find places in four indexes. A new
table gets its indexes when it is full, its foreign keys are checked in one go, and where `wal_level` is minimal
nothing of it is written twice. Whoever rates meanwhile is held up only while the tables are swapped, and loses
nothing. After a crash at any time the old table is in place, and what is left of the new one goes with the next
import.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

import asyncpg

from cinelibre_server.concurrency import together
from cinelibre_server.errors import StartupError
from cinelibre_server.store.database import Connection
from cinelibre_server.store.queries import load_queries
from cinelibre_server.store.rating_batch import COPY_HEADER, COPY_TRAILER, RatingBatch

T = TypeVar("T")

_QUERIES = load_queries("rating_replace")

# The swap moves these over while others wait.
_MOST_RATINGS = 20_000
_ATTEMPTS = 20
_PAUSE_SECONDS = 1.0
_DROP_SECONDS = 10.0


async def begin_replacing(connection: Connection, source: str) -> bool:
    """Takes the right to replace `ratings` until the session ends; False if it has to be merged into instead."""
    if not await connection.fetchval(_QUERIES["lock_replacing"]):
        return False
    if await connection.fetchval(_QUERIES["can_replace"], source, _MOST_RATINGS):
        return True
    await connection.execute(_QUERIES["unlock_replacing"])
    return False


async def begin_merging(connection: Connection) -> None:
    """Waits until no import replaces `ratings`, and lets none do it until the session ends."""
    await connection.execute(_QUERIES["lock_merging"])


@contextlib.asynccontextmanager
async def imported_table(connection: Connection) -> AsyncIterator[None]:
    """Whatever happens in the block, no table is left beside `ratings`."""
    await connection.execute(_QUERIES["drop_imported"])
    try:
        yield
    except BaseException:
        # The first error counts; a server that is gone drops nothing.
        with contextlib.suppress(Exception):
            await connection.execute(_QUERIES["drop_imported"], timeout=_DROP_SECONDS)
        raise


async def fill(connection: Connection, batches: AsyncGenerator[RatingBatch], is_in_order: Callable[[], bool]) -> int:
    """Writes the batches into the new table, and returns how many ratings were repeated in them.

    If they were not ordered by user and item without repetition, which `is_in_order` tells at the end, they are
    sorted then.
    """
    copied = 0

    async def encoded() -> AsyncGenerator[bytes]:
        nonlocal copied
        async with contextlib.aclosing(batches):
            yield COPY_HEADER
            async for batch in batches:
                copied += len(batch)
                yield batch.as_ratings()
            yield COPY_TRAILER

    async with connection.transaction():
        definition = await connection.fetchval(_QUERIES["imported_definition"])
        await connection.execute(definition)
        columns = ["user_id", "item_id", "half_stars", "created_at", "updated_at"]
        # Frozen, so that no vacuum has to visit the rows later. Nobody can see the table before they are there.
        async with contextlib.aclosing(encoded()) as source:
            await connection.copy_to_table(
                "imported_ratings", schema_name="public", source=source, columns=columns, format="binary", freeze=True
            )
        if is_in_order():
            return 0
        await connection.execute(_QUERIES["use_more_memory"])
        await connection.execute(_QUERIES["set_unsorted_aside"])
        await connection.execute(definition)
        status = await connection.execute(_QUERIES["sort_unsorted"])
        await connection.execute(_QUERIES["drop_unsorted"])
        return copied - int(status.split()[-1])


async def add_indexes(connections: Sequence[Connection], advance: Callable[[float], None]) -> None:
    """Gives the new table its foreign keys, not checked yet, and its indexes, one at a time on each connection.

    `advance` gets 1 for all together.
    """
    for command in await _commands(connections[0], "foreign_key_definitions"):
        await _persist(connections[0], partial(connections[0].execute, command))
    commands = deque(await _commands(connections[0], "index_definitions"))
    share = 1 / len(commands)

    async def work(connection: Connection) -> None:
        await connection.execute(_QUERIES["use_more_memory"])
        while commands:
            await connection.execute(commands.popleft())
            advance(share)

    await together(work(connection) for connection in connections)


async def replace_ratings(connections: Sequence[Connection], source: str) -> int:
    """Checks the foreign keys, swaps the tables and brings the totals up to date; returns how many are imported.

    Raises:
        StartupError: another session uses the old table for longer than is waited for.
    """
    first, *others = connections

    async def check(connection: Connection) -> None:
        try:
            for command in await _commands(connection, "foreign_key_checks"):
                await connection.execute(command)
        except asyncpg.ForeignKeyViolationError:
            raise StartupError("users or items were deleted during the import: import again") from None

    async def swap() -> int:
        await first.execute(_QUERIES["hold_items"])
        await first.execute(_QUERIES["hold_users"], source)
        await first.execute(_QUERIES["sum_by_item"])
        await first.execute(_QUERIES["add_user_totals"])
        await checked
        return int(await first.fetchval(_QUERIES["replace"]))

    checked = asyncio.create_task(check(others[0]))
    try:
        return await _persist(first, swap)
    finally:
        checked.cancel()
        await asyncio.gather(checked, return_exceptions=True)


async def _commands(connection: Connection, query: str) -> list[str]:
    return [row[0] for row in await connection.fetch(_QUERIES[query])]


async def _persist(connection: Connection, work: Callable[[], Awaitable[T]]) -> T:
    """Does the work in a transaction, again and again while others hold its locks: they come first."""
    for _ in range(_ATTEMPTS):
        with contextlib.suppress(asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            async with connection.transaction():
                await connection.execute(_QUERIES["wait_briefly"])
                return await work()
        await asyncio.sleep(_PAUSE_SECONDS)
    raise StartupError("a long transaction (a backup?) uses the ratings or what they refer to: import again after it")
