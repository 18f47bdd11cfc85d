"""Imports a MovieLens rating history: films, users and ratings, as often as you like.

The formats are those of https://files.grouplens.org/datasets/movielens/: ml-100k, ml-1m, ml-10m and ml-latest.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from cinelibre_server.ingest import movielens_rows as rows
from cinelibre_server.ingest.import_report import BadRowLog, ImportReport
from cinelibre_server.ingest.items.repairs import FindingCount
from cinelibre_server.ingest.movielens_files import MovieLensFiles, open_movielens
from cinelibre_server.ingest.movielens_films import load_films
from cinelibre_server.ingest.movielens_ratings import FileRatings, read_ratings
from cinelibre_server.ingest.movielens_rows import RowReader
from cinelibre_server.ingest.movielens_users import Users, listed_users
from cinelibre_server.ingest.rating_writers import rating_writer
from cinelibre_server.ingest.sessions import import_sessions
from cinelibre_server.progress import Progress, silent
from cinelibre_server.store import rating_load
from cinelibre_server.store.catalog_load import LoadCounts
from cinelibre_server.store.database import Connection
from cinelibre_server.store.items import ItemKind
from cinelibre_server.store.rating_batch import RatingBatch


@dataclass(frozen=True, slots=True)
class LoadedItems:
    """What became of the items of a data set, and the item id of each id in its files."""

    kind: ItemKind
    counts: LoadCounts
    ids: Mapping[int, int]
    repairs: tuple[FindingCount, ...] = ()


LoadItems: TypeAlias = Callable[[Connection, MovieLensFiles, RowReader], Awaitable[LoadedItems]]


async def import_movielens(url: str, path: Path, progress: Progress = silent) -> ImportReport:
    """Imports the data set at `path` (a folder or zip, in any MovieLens format) into the database at `url`.

    Users and items are filed under the source `movielens`, or `movielens-100k` and the like, after the format;
    imported users can't log in. A film whose IMDb id (links.csv) is in the catalogue is that film; what the
    catalogue says of it stays, and only its gaps are filled. Running it again changes nothing; an interrupted
    import is completed by the next. New films have no embedding yet.

    Raises:
        StartupError: no such data set, a damaged one, or no database; one line that says what to do.
    """
    with open_movielens(path) as files:
        return await import_data_set(url, files, _load_films, progress)


async def import_data_set(url: str, files: MovieLensFiles, load: LoadItems, progress: Progress) -> ImportReport:
    """Imports the items that `load` reads, the users and their ratings; see import_movielens."""
    started = time.monotonic()
    log = BadRowLog()
    async with import_sessions(url, files.format) as sessions, rating_writer(sessions, files.format) as writer:
        with progress("Reading the data set", files.total_bytes, "bytes") as step:
            reader = RowReader(files, log, step.advance)
            loaded = await load(sessions[0], files, reader)
            users = await Users.of(sessions[1], files.format)
            await users.add(listed_users(files, reader))
            blocks = read_ratings(reader, rows.RATINGS[files.format], loaded.ids)
            taken = await writer.take(_identified(blocks, users))
        with progress("Writing ratings", taken, "ratings") as step:
            ratings = await writer.write(step)
        await rating_load.analyze_imported(sessions[0])
    return ImportReport(
        source=files.format,
        item_kind=loaded.kind,
        items=loaded.counts,
        users_added=users.added,
        users_unchanged=len(users.seen) - users.added,
        user_ids=users.id_range,
        ratings=ratings,
        bad_rows=log.rows(),
        repairs=loaded.repairs,
        seconds=time.monotonic() - started,
    )


async def _load_films(connection: Connection, files: MovieLensFiles, reader: RowReader) -> LoadedItems:
    counts, ids = await load_films(connection, files, reader)
    return LoadedItems("movie", counts, ids)


async def _identified(blocks: Iterator[FileRatings], users: Users) -> AsyncGenerator[RatingBatch]:
    """The ratings with our user ids. A thread reads the next block while the last one is on its way."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1, "read-ratings") as reading:
        following = loop.run_in_executor(reading, next, blocks, None)
        while (ratings := await following) is not None:
            following = loop.run_in_executor(reading, next, blocks, None)
            if len(ratings):
                yield await users.identify(ratings)
