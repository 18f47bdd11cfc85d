"""Brings the catalogue to what a source says: list, read, write, with a checkpoint at every step.

A batch is written in one short transaction with the cursor behind it. A run that is cut off anywhere therefore goes
on where its data ends, and ends in the state of one that was not.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from typing import TypeAlias

import asyncpg

from cinelibre_server.errors import StartupError
from cinelibre_server.ingest.sync.precedence import stronger_sources
from cinelibre_server.ingest.sync.report import SyncReport
from cinelibre_server.ingest.sync.source import Batch, Failed, Json, LeftOut, Outcome, Source
from cinelibre_server.progress import Progress, Step, silent
from cinelibre_server.store import sync as store
from cinelibre_server.store.database import Connection, connect
from cinelibre_server.store.sync import Checkpoint

# Batches that are read while one is written: enough to keep all of a source's connections busy, and no more.
_AHEAD = 4
_STORED_BATCH = 100
# So many in a row are no bad records: the service is down.
_MOST_FAILURES_IN_A_ROW = 50

_DATABASE_FAULTS = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.TransactionRollbackError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InterfaceError,
    ConnectionError,
)

_Find: TypeAlias = Callable[[str, int], Awaitable[list[str]]]


@dataclass(frozen=True, slots=True)
class Options:
    """`full` goes through all of the source again; `limit` ends the run after so many ids.

    `today` is the day, in UTC, that a new run begins on; None asks the clock.
    """

    full: bool = False
    limit: int | None = None
    today: date | None = None


async def sync_source(
    url: str, source: Source, options: Options, report: SyncReport, progress: Progress = silent
) -> None:
    """Goes on with the source's run, or begins a new one; fills `report` as it goes.

    Raises:
        StartupError: another sync of the source runs, the source can't be read, or the database gave up.
    """
    started = time.monotonic()
    connection = await connect(url)
    try:
        if not await store.lock_source(connection, source.name):
            raise StartupError(f"another sync of {source.title} is running: wait for its end")
        run = await _Run.begin(connection, source, options, report)
        with progress(f"Syncing {source.title}", await run.count(), source.unit) as step:
            await run.go(step)
    except _DATABASE_FAULTS as error:
        raise StartupError(
            f"the database gave up ({type(error).__name__}): run the same command again, which goes on from here"
        ) from None
    finally:
        report.seconds = time.monotonic() - started
        await connection.close()


@dataclass(frozen=True, slots=True)
class _Known:
    """What the source may ask of the database."""

    connection: Connection
    source: str

    async def books_to_describe(self, after: str, limit: int, *, again: bool) -> list[str]:
        return await store.list_books_to_describe(self.connection, self.source, after=after, limit=limit, again=again)


class _Run:
    """A run under way. Its cursor in the database is {begun_at, at, full}.

    `at` is None when the list is through, and `full` tells whether all of the source is gone through.
    """

    def __init__(
        self, connection: Connection, source: Source, options: Options, report: SyncReport, checkpoint: Checkpoint
    ) -> None:
        self._connection = connection
        self._source = source
        self._report = report
        self._checkpoint = checkpoint
        self._left = options.limit
        self._failures_in_a_row = 0
        self._stronger = stronger_sources(source.name)

    @classmethod
    async def begin(cls, connection: Connection, source: Source, options: Options, report: SyncReport) -> "_Run":
        """The run that was cut off, or a new one; with `full` only one that goes through all is gone on with."""
        last = await store.get_checkpoint(connection, source.name)
        if last and last.cursor and (last.cursor["full"] or not options.full):
            return cls(connection, source, options, report, last)
        bookmark = last.bookmark if last else None
        full = options.full or bookmark is None
        first = source.first_cursor(bookmark, options.today or datetime.now(UTC).date(), full=full)
        checkpoint = Checkpoint(last.run + 1 if last else 1, {"begun_at": first, "at": first, "full": full}, bookmark)
        await store.save_checkpoint(connection, source.name, checkpoint)
        return cls(connection, source, options, report, checkpoint)

    async def count(self) -> int | None:
        """About how many ids there are to come; None if nobody knows."""
        count = await self._source.count(self._cursor["at"]) if self._cursor["at"] is not None else None
        return count if self._left is None else min(self._left, self._left if count is None else count)

    async def go(self, step: Step) -> None:
        """Reads what failed before, then the list, then whatever a complete list does not name."""
        for part in (self._due, self._listed, self._unlisted):
            async with aclosing(_read_ahead(self._source, self._limited(part()))) as pairs:
                async for batch, outcomes in pairs:
                    await self._write(batch, outcomes)
                    step.advance(len(batch.refs))
            if self._left == 0:
                return
        bookmark = self._source.bookmark(self._cursor["begun_at"])
        self._checkpoint = replace(self._checkpoint, cursor=None, bookmark=bookmark)
        await store.save_checkpoint(self._connection, self._source.name, self._checkpoint)
        self._report.finished = True

    @property
    def _cursor(self) -> Json:
        assert self._checkpoint.cursor is not None
        return self._checkpoint.cursor

    async def _due(self) -> AsyncGenerator[Batch, None]:
        find = partial(store.list_due, self._connection, self._source.name)
        async for batch in self._stored(find):
            yield batch

    async def _listed(self) -> AsyncGenerator[Batch, None]:
        at = self._cursor["at"]
        if at is None:
            return
        async for batch in self._source.batches(at, _Known(self._connection, self._source.name)):
            refs = await store.list_unseen(self._connection, self._source.name, self._checkpoint.run, batch.refs)
            yield replace(batch, refs=tuple(refs))

    async def _unlisted(self) -> AsyncGenerator[Batch, None]:
        if self._source.lists_all(self._cursor["begun_at"]):
            find = partial(store.list_unlisted, self._connection, self._source.name, self._checkpoint.run)
            async for batch in self._stored(find):
                yield batch

    async def _stored(self, find: _Find) -> AsyncGenerator[Batch, None]:
        """The ids that `find` finds after an id."""
        after = ""
        while refs := await find(after, _STORED_BATCH):
            yield Batch(tuple(refs), self._cursor["at"])
            after = refs[-1]

    async def _limited(self, batches: AsyncGenerator[Batch, None]) -> AsyncGenerator[Batch, None]:
        """The batches up to the limit; a batch that is only begun leaves the cursor before it."""
        at = self._cursor["at"]
        async with aclosing(batches):
            async for batch in batches:
                if self._left is None:
                    yield batch
                    continue
                refs = batch.refs[: self._left]
                self._left -= len(refs)
                whole = len(refs) == len(batch.refs)
                yield batch if whole else Batch(refs, at)
                if not self._left:
                    return
                at = batch.after

    async def _write(self, batch: Batch, outcomes: Sequence[Outcome]) -> None:
        self._count_failures(outcomes)
        name, run = self._source.name, self._checkpoint.run
        checkpoint = replace(self._checkpoint, cursor={**self._cursor, "at": batch.after})
        async with self._connection.transaction():
            saved = await store.save_outcomes(self._connection, name, run, outcomes, self._stronger)
            await store.mark_listed(self._connection, name, run, batch.listed)
            await store.save_checkpoint(self._connection, name, checkpoint)
        self._checkpoint = checkpoint
        report = self._report
        report.items += saved.items
        report.vanished += saved.vanished
        for outcome in (*outcomes, *saved.refused):
            if isinstance(outcome, Failed):
                report.failures.add_place(outcome.external_id, outcome.reason)
            elif isinstance(outcome, LeftOut):
                report.left_out.add_place(outcome.external_id, outcome.reason)
        for _ in range(batch.unreadable):
            report.failures.add_place("(no id)", "an entry of the list names no id")

    def _count_failures(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            if not isinstance(outcome, Failed):
                self._failures_in_a_row = 0
                continue
            self._failures_in_a_row += 1
            if self._failures_in_a_row >= _MOST_FAILURES_IN_A_ROW:
                raise StartupError(
                    f"{self._source.title} keeps failing ({outcome.reason}): run the same command again later;"
                    " what was read so far is kept"
                )


async def _read_ahead(
    source: Source, batches: AsyncGenerator[Batch, None]
) -> AsyncGenerator[tuple[Batch, list[Outcome]], None]:
    """The batches in order, each with what the source says, while the next ones are being read."""
    waiting: deque[tuple[Batch, asyncio.Task[list[Outcome]]]] = deque()
    fault: StartupError | None = None
    try:
        try:
            async with aclosing(batches):
                async for batch in batches:
                    waiting.append((batch, asyncio.create_task(source.fetch(batch.refs))))
                    if len(waiting) > _AHEAD:
                        ready, task = waiting.popleft()
                        yield ready, await task
        except StartupError as error:
            # What was listed before is worth to be kept.
            fault = error
        while waiting:
            ready, task = waiting.popleft()
            yield ready, await task
        if fault:
            raise fault
    finally:
        for _, task in waiting:
            task.cancel()
        await asyncio.gather(*(task for _, task in waiting), return_exceptions=True)
