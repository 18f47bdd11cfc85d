"""The two ways in which an import writes ratings: a new table for a first one, merging for the others."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Protocol

from cinelibre_server.concurrency import together
from cinelibre_server.ingest.rating_order import RatingOrder
from cinelibre_server.progress import Step
from cinelibre_server.store import rating_load, rating_replace
from cinelibre_server.store.database import Connection
from cinelibre_server.store.rating_batch import RatingBatch
from cinelibre_server.store.rating_load import RatingCounts

_USER_BLOCK = 32


class RatingWriter(Protocol):
    """Takes all ratings of a source, then writes them."""

    async def take(self, batches: AsyncGenerator[RatingBatch]) -> int:
        """Takes the ratings in, out of everybody's sight; returns how many there are."""

    async def write(self, step: Step) -> RatingCounts:
        """Makes them ratings like others; `step` is told how many are done."""


@asynccontextmanager
async def rating_writer(sessions: Sequence[Connection], source: str) -> AsyncIterator[RatingWriter]:
    """The fastest way there is: the second of the `sessions` is free while it takes."""
    if await rating_replace.begin_replacing(sessions[0], source):
        async with rating_replace.imported_table(sessions[0]):
            yield _ReplacingWriter(sessions, source)
    else:
        async with merging_writer(sessions) as writer:
            yield writer


@asynccontextmanager
async def merging_writer(sessions: Sequence[Connection]) -> AsyncIterator[RatingWriter]:
    """The way that goes for the ratings of any users."""
    await rating_replace.begin_merging(sessions[0])
    yield _MergingWriter(sessions)


class _ReplacingWriter:
    def __init__(self, sessions: Sequence[Connection], source: str) -> None:
        self._sessions = sessions
        self._source = source
        self._taken = 0
        self._repeated = 0

    async def take(self, batches: AsyncGenerator[RatingBatch]) -> int:
        order = RatingOrder()

        async def ordered() -> AsyncGenerator[RatingBatch]:
            async with aclosing(batches):
                async for batch in batches:
                    self._taken += len(batch)
                    yield order.add(batch)
            yield order.rest()

        repeated = await rating_replace.fill(self._sessions[0], ordered(), lambda: order.complete)
        self._repeated = order.repeated + repeated
        return self._taken

    async def write(self, step: Step) -> RatingCounts:
        await rating_replace.add_indexes(self._sessions, lambda share: step.advance(share * self._taken))
        added = await rating_replace.replace_ratings(self._sessions, self._source)
        return RatingCounts(added=added, duplicates=self._repeated)


class _MergingWriter:
    def __init__(self, sessions: Sequence[Connection]) -> None:
        self._sessions = sessions

    async def take(self, batches: AsyncGenerator[RatingBatch]) -> int:
        for session in self._sessions:
            await rating_load.create_staged_ratings(session)
        count = 0
        async with aclosing(batches):
            async for batch in batches:
                count += len(batch)
                # Blocks of users, so that the sessions seldom meet on one page of an index.
                shares = batch.user_ids // _USER_BLOCK % len(self._sessions)
                await together(
                    rating_load.stage_ratings(session, batch[shares == share])
                    for share, session in enumerate(self._sessions)
                )
        return count

    async def write(self, step: Step) -> RatingCounts:
        counts = await together(_merge(session, step) for session in self._sessions)
        return sum(counts, start=RatingCounts())


async def _merge(session: Connection, step: Step) -> RatingCounts:
    counts = RatingCounts()
    for users in await rating_load.staged_user_ranges(session):
        counts += await rating_load.write_ratings(session, users)
        step.advance(users.rating_count)
    return counts
