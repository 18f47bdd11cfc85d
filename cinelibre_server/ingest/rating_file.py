"""Imports the ratings of many users from a file that `cinelibre export ratings` wrote."""

import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

import numpy as np

from cinelibre_server.errors import StartupError
from cinelibre_server.ingest.import_report import BadRowLog, BadRows
from cinelibre_server.ingest.items.row_files import Row, RowFile, UnreadableRow, file_size, open_rows
from cinelibre_server.ingest.rating_writers import merging_writer
from cinelibre_server.ingest.sessions import import_sessions
from cinelibre_server.progress import Progress, silent
from cinelibre_server.store import rating_load
from cinelibre_server.store.database import Connection
from cinelibre_server.store.rating_batch import RatingBatch
from cinelibre_server.store.rating_load import RatingCounts
from cinelibre_server.store.rating_references import item_references, user_references

COLUMNS = ("user", "item", "stars", "rated_at")

_CHUNK_ROWS = 100_000
_ACCOUNT = "account"
_LOCK_NAME = "ratings"
_MOST_CHARACTERS = 300

_Rating = tuple[int, str, int, int, int]
"""Line, name of the user, item id, half stars, seconds since 1970."""


@dataclass(frozen=True, slots=True)
class RatingFileReport:
    """The outcome of an import."""

    users_added: int
    ratings: RatingCounts
    bad_rows: tuple[BadRows, ...]
    seconds: float

    def lines(self) -> list[str]:
        """The report for people, a line a fact."""
        ratings = self.ratings
        return [
            f"users:   {self.users_added:,} new",
            f"ratings: {ratings.added:,} new, {ratings.changed:,} changed, {ratings.unchanged:,} unchanged,"
            f" {ratings.duplicates:,} repeated",
            f"time:    {self.seconds:.1f} s",
            *(f"skipped: {bad.line()}" for bad in self.bad_rows),
        ]


async def import_rating_file(url: str, path: Path, progress: Progress = silent) -> RatingFileReport:
    """Imports ratings from CSV or JSON lines with user, item, stars and rated_at, plain or gzipped.

    `item` is source:id, as in imdb:tt0048473; rows of items that the catalogue lacks are left out and counted. `user`
    is source:id too; account:EMAIL is the account with that email. Who is not known becomes a user of that source,
    who can't log in. Of two ratings of a user and item the later counts, so importing again changes nothing.

    Raises:
        StartupError: the file can't be read or has other columns, or there is no database.
    """
    started = time.monotonic()
    log = BadRowLog()
    async with import_sessions(url, _LOCK_NAME) as sessions, merging_writer(sessions) as writer:
        with (
            progress("Reading ratings", file_size(path), "bytes") as step,
            open_rows(path, step.advance) as file,
        ):
            if file.columns is not None and not set(COLUMNS) <= set(file.columns):
                raise StartupError(
                    f"{path} lacks some of the columns {', '.join(COLUMNS)}: give an export of CineLibre,"
                    " or --user EMAIL for a person's ratings of another service"
                )
            items = await item_references(sessions[0])
            reader = _RatingReader(path.name, file, items, log)
            users = _Users(sessions[1], await user_references(sessions[1]))
            taken = await writer.take(_identified(reader.ratings(), users))
        with progress("Writing ratings", taken, "ratings") as step:
            counts = await writer.write(step)
        await rating_load.analyze_imported(sessions[0])
    return RatingFileReport(users.added, counts, log.rows(), time.monotonic() - started)


class _RatingReader:
    """Makes ratings of rows; what is none goes to the log."""

    def __init__(self, name: str, file: RowFile, items: dict[str, int], log: BadRowLog) -> None:
        self._name = name
        self._file = file
        self._items = items
        self._log = log

    def ratings(self) -> Iterator[_Rating]:
        for row in self._file.rows:
            rating = row.reason if isinstance(row, UnreadableRow) else self._examine(row)
            if isinstance(rating, str):
                self._log.add(self._name, row.line, rating)
            else:
                yield rating

    def _examine(self, row: Row) -> _Rating | str:
        """The rating, or what is wrong with the row."""
        user, item, stars, rated_at = (row.values.get(column) for column in COLUMNS)
        if not _is_reference(user):
            return "user is not source:id"
        item_id = self._items.get(str(item))
        if item_id is None:
            return "unknown item"
        try:
            half_stars = float(stars) * 2  # type: ignore[arg-type]
            seconds = int(datetime.fromisoformat(str(rated_at)).timestamp())
        except (TypeError, ValueError, OverflowError):
            return "stars or rated_at can't be read"
        if half_stars not in range(1, 11):
            return "stars are not 0.5 to 5.0 in halves"
        if not 0 <= seconds <= time.time():
            return "rated_at is not between 1970 and now"
        return row.line, str(user), item_id, int(half_stars), seconds


class _Users:
    """Our ids of users by their names in the file; those that are new are `added`."""

    def __init__(self, connection: Connection, ids: dict[str, int]) -> None:
        self._connection = connection
        self._ids = ids
        self.added = 0

    async def identify(self, names: list[str]) -> list[int]:
        plain = [name.lower() if name.startswith(f"{_ACCOUNT}:") else name for name in names]
        missing: dict[str, list[str]] = defaultdict(list)
        for name in dict.fromkeys(plain):
            if name not in self._ids:
                source, _, external_id = name.partition(":")
                missing[source].append(external_id)
        for source, external_ids in missing.items():
            added = await rating_load.add_users(self._connection, source, external_ids)
            self._ids.update((f"{source}:{external_id}", user_id) for external_id, user_id in added.items())
            self.added += len(added)
        return [self._ids[name] for name in plain]


async def _identified(ratings: Iterator[_Rating], users: _Users) -> AsyncGenerator[RatingBatch]:
    while chunk := list(islice(ratings, _CHUNK_ROWS)):
        lines, names, item_ids, half_stars, rated_at = map(list, zip(*chunk, strict=True))
        ids = await users.identify(names)
        yield RatingBatch(
            *(np.array(column, dtype=np.int64) for column in (lines, ids, item_ids, half_stars, rated_at))
        )


def _is_reference(text: object) -> bool:
    if not isinstance(text, str) or len(text) > _MOST_CHARACTERS or "\0" in text:
        return False
    source, _, external_id = text.partition(":")
    return bool(source.strip() and external_id.strip())
