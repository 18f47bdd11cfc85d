"""Imports a MovieLens rating history: films, users and ratings, as often as you like.

The formats are those of https://files.grouplens.org/datasets/movielens/: ml-100k, ml-1m, ml-10m and ml-latest.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import asyncpg

from cinelibre_server.errors import StartupError
from cinelibre_server.ingest import movielens_rows as rows
from cinelibre_server.ingest.import_report import BadRowLog, ImportReport
from cinelibre_server.ingest.movielens_files import open_movielens
from cinelibre_server.ingest.movielens_films import load_films
from cinelibre_server.ingest.movielens_ratings import FileRatings, read_ratings
from cinelibre_server.ingest.movielens_rows import RowReader
from cinelibre_server.ingest.movielens_users import Users, listed_users
from cinelibre_server.ingest.rating_writers import rating_writer
from cinelibre_server.progress import Progress, silent
from cinelibre_server.store import rating_load
from cinelibre_server.store.database import Connection, connect
from cinelibre_server.store.migrate import check_schema
from cinelibre_server.store.rating_batch import RatingBatch

# PostgreSQL works on one core a session.
_SESSIONS = 2

# The last is raised when the connection was lost between two statements.
_LOST_DATABASE = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    OSError,
    asyncpg.InterfaceError,
)


async def import_movielens(url: str, path: Path, progress: Progress = silent) -> ImportReport:
    """Imports the data set at `path` (a folder or zip, in any MovieLens format) into the database at `url`.

    Users and items are filed under the source `movielens`, or `movielens-100k` and the like, after the format;
    imported users can't log in. A film whose IMDb id (links.csv) is in the catalogue is that film; what the
    catalogue says of it stays, and only its gaps are filled. Running it again changes nothing; an interrupted
    import is completed by the next. New films have no embedding yet.

    Raises:
        StartupError: no such data set, a damaged one, or no database; one line that says what to do.
    """
    started = time.monotonic()
    log = BadRowLog()
    with open_movielens(path) as files:
        async with _sessions(url, files.format) as sessions, rating_writer(sessions, files.format) as writer:
            with progress("Reading MovieLens", files.total_bytes, "bytes") as step:
                reader = RowReader(files, log, step.advance)
                movies, items = await load_films(sessions[0], files, reader)
                users = await Users.of(sessions[1], files.format)
                await users.add(listed_users(files, reader))
                blocks = read_ratings(reader, rows.RATINGS[files.format], items)
                taken = await writer.take(_identified(blocks, users))
            with progress("Writing ratings", taken, "ratings") as step:
                ratings = await writer.write(step)
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


async def _identified(blocks: Iterator[FileRatings], users: Users) -> AsyncGenerator[RatingBatch]:
    """The ratings with our user ids. A thread reads the next block while the last one is on its way."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1, "read-ratings") as reading:
        following = loop.run_in_executor(reading, next, blocks, None)
        while (ratings := await following) is not None:
            following = loop.run_in_executor(reading, next, blocks, None)
            if len(ratings):
                yield await users.identify(ratings)
