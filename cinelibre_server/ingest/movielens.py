"""Imports a MovieLens rating history: films, users and ratings, as often as you like.

The formats are those of https://files.grouplens.org/datasets/movielens/ ml-100k and ml-latest.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Self, TypeVar

import asyncpg

from cinelibre_server.errors import StartupError
from cinelibre_server.ingest import movielens_rows as rows
from cinelibre_server.ingest.import_report import BadRowLog, ImportReport
from cinelibre_server.ingest.movielens_files import MovieLensFiles, open_movielens
from cinelibre_server.ingest.movielens_films import load_films
from cinelibre_server.ingest.movielens_rows import FileRating, RowReader
from cinelibre_server.progress import Progress, Step, silent
from cinelibre_server.store import rating_load
from cinelibre_server.store.database import Connection, connect
from cinelibre_server.store.migrate import check_schema
from cinelibre_server.store.rating_load import RatingCounts, StagedRating

T = TypeVar("T")

# PostgreSQL works on one core a session; four indexes and two foreign keys to serve are most of the work.
_SESSIONS = 2
_COPY_ROWS = 20_000
_USER_BLOCK = 32

# The last is raised when the connection was lost between two statements.
_LOST_DATABASE = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    OSError,
    asyncpg.InterfaceError,
)


async def import_movielens(url: str, path: Path, progress: Progress = silent) -> ImportReport:
    """Imports the data set at `path` (a folder or zip, ml-100k or ml-latest) into the database at `url`.

    Users and items are filed under the source `movielens-100k` or `movielens`; imported users can't log in.
    A film whose IMDb id (links.csv) is in the catalogue is that film; what the catalogue says of it stays,
    and only its gaps are filled. Running it again changes nothing; an interrupted import is completed by the
    next. New films have no embedding yet.

    Raises:
        StartupError: no such data set, a damaged one, or no database; one line that says what to do.
    """
    started = time.monotonic()
    log = BadRowLog()
    with open_movielens(path) as files:
        async with _sessions(url, files.format) as sessions:
            with progress("Reading MovieLens", files.total_bytes, "bytes") as step:
                reader = RowReader(files, log, step.advance)
                movies, items = await load_films(sessions[0], files, reader)
                users = await _Users.of(sessions[0], files.format)
                await users.add(_listed_users(files, reader))
                layout = rows.U_DATA if files.format == "movielens-100k" else rows.RATINGS_CSV
                staged = await _stage(sessions, reader.ratings(layout, items), users)
            with progress("Writing ratings", staged, "ratings") as step:
                ratings = await _write(sessions, step)
            await rating_load.analyze_imported(sessions[0])
    return ImportReport(
        source=files.format,
        movies=movies,
        users_added=users.added,
        users_unchanged=len(users.seen) - users.added,
        user_ids=users.id_range,
        ratings=ratings,
        bad_rows=log.rows(),
        seconds=time.monotonic() - started,
    )


class _Users:
    """The users of the source: `ids` by the file's id, those `seen` in it, and how many were `added`."""

    def __init__(self, connection: Connection, source: str, ids: dict[int, int]) -> None:
        self._connection = connection
        self._source = source
        self.ids = ids
        self.seen: set[int] = set()
        self.added = 0

    @classmethod
    async def of(cls, connection: Connection, source: str) -> Self:
        known = await rating_load.users_of_source(connection, source)
        return cls(connection, source, {int(external_id): user_id for external_id, user_id in known.items()})

    @property
    def id_range(self) -> tuple[int, int] | None:
        """The least and the greatest of our ids of the users in the file."""
        ids = [self.ids[user_ref] for user_ref in self.seen]
        return (min(ids), max(ids)) if ids else None

    async def add(self, user_refs: set[int]) -> None:
        """Makes sure that all these have an id."""
        self.seen |= user_refs
        if missing := sorted(user_refs - self.ids.keys()):
            added = await rating_load.add_users(self._connection, self._source, [str(ref) for ref in missing])
            self.ids.update((int(external_id), user_id) for external_id, user_id in added.items())
            self.added += len(added)


@asynccontextmanager
async def _sessions(url: str, source: str) -> AsyncIterator[list[Connection]]:
    try:
        async with AsyncExitStack() as stack:
            sessions: list[Connection] = []
            for _ in range(_SESSIONS):
                connection = await connect(url)
                stack.push_async_callback(connection.close)
                sessions.append(connection)
            await check_schema(sessions[0])
            if not await rating_load.lock_import(sessions[0], source):
                raise StartupError(f"another import of {source} is running: wait for it to end")
            yield sessions
    except _LOST_DATABASE as error:
        raise StartupError(f"the database went away during the import ({error}): import again") from None


def _listed_users(files: MovieLensFiles, reader: RowReader) -> set[int]:
    users: set[int] = set()
    if files.format == "movielens-100k" and files.has(rows.U_USER.file):
        for line, fields in reader.texts(rows.U_USER):
            user_ref = rows.parse_id(fields[0])
            if user_ref is None:
                reader.reject(rows.U_USER, line, rows.NOT_A_NUMBER)
            else:
                users.add(user_ref)
    return users


async def _stage(sessions: Sequence[Connection], ratings: Iterator[FileRating], users: _Users) -> int:
    """Spreads the ratings over the sessions by user; returns how many there are."""
    for session in sessions:
        await rating_load.create_staged_ratings(session)
    count = 0
    while chunk := list(islice(ratings, _COPY_ROWS)):
        count += len(chunk)
        await users.add({user_ref for _, user_ref, *_ in chunk})
        shares: list[list[StagedRating]] = [[] for _ in sessions]
        for line, user_ref, item_id, half_stars, rated_at in chunk:
            user_id = users.ids[user_ref]
            # Blocks of users, so that the sessions seldom meet on one page of an index.
            shares[user_id // _USER_BLOCK % len(shares)].append((line, user_id, item_id, half_stars, rated_at))
        await _together(
            rating_load.stage_ratings(session, share) for session, share in zip(sessions, shares, strict=True)
        )
    return count


async def _write(sessions: Sequence[Connection], step: Step) -> RatingCounts:
    counts = await _together(_write_session(session, step) for session in sessions)
    return sum(counts, start=RatingCounts())


async def _write_session(session: Connection, step: Step) -> RatingCounts:
    counts = RatingCounts()
    for users in await rating_load.staged_user_ranges(session):
        counts += await rating_load.write_ratings(session, users)
        step.advance(users.rating_count)
    return counts


async def _together(works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Runs all at once; the first error ends them all and is raised by itself, out of its group."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work) for work in works]
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]
