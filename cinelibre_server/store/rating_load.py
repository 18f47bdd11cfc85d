"""Merges the rating history of a file into the ratings there are: by COPY into temporary tables, then set-based.

The functions work on a session of their own (not a pool's), because temporary tables live in it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO

import asyncpg

from cinelibre_server.store.database import Connection
from cinelibre_server.store.queries import load_queries
from cinelibre_server.store.rating_batch import COPY_HEADER, COPY_TRAILER, RatingBatch

_QUERIES = load_queries("rating_load")

# The server keeps the foreign-key checks of a statement in memory, some 50 bytes a row, and what is written
# shows only when its batch commits, after some seconds.
_BATCH_RATINGS = 250_000


@dataclass(frozen=True, slots=True)
class RatingCounts:
    """What became of staged ratings; `duplicates` had a later one of the same user and item beside them."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    duplicates: int = 0

    def __add__(self, other: "RatingCounts") -> "RatingCounts":
        return RatingCounts(
            self.added + other.added,
            self.changed + other.changed,
            self.unchanged + other.unchanged,
            self.duplicates + other.duplicates,
        )


@dataclass(frozen=True, slots=True)
class UserRange:
    """Users from `first` to `last` (their ids), who have `rating_count` staged ratings together."""

    first: int
    last: int
    rating_count: int


async def lock_import(connection: Connection, source: str) -> bool:
    """Takes the source's import lock until the session ends; False if another import has it."""
    return bool(await connection.fetchval(_QUERIES["lock_import"], source))


async def create_staged_ratings(connection: Connection) -> None:
    """Makes the session's empty staging table, and gives the session the memory to work on it."""
    await connection.execute(_QUERIES["use_more_memory"])
    await connection.execute(_QUERIES["create_staged_ratings"])


async def stage_ratings(connection: Connection, ratings: RatingBatch) -> None:
    """Appends `ratings` to the session's staging table."""
    data = BytesIO(COPY_HEADER + ratings.as_staged() + COPY_TRAILER)
    await connection.copy_to_table("staged_ratings", source=data, format="binary")


async def staged_user_ranges(connection: Connection) -> list[UserRange]:
    """Splits what the session has staged into whole users with up to 250,000 ratings together."""
    await connection.execute(_QUERIES["index_staged_ratings"])
    await connection.execute(_QUERIES["analyze_staged_ratings"])
    ranges: list[UserRange] = []
    for user_id, rating_count in await connection.fetch(_QUERIES["list_staged_users"]):
        if ranges and ranges[-1].rating_count + rating_count <= _BATCH_RATINGS:
            ranges[-1] = UserRange(ranges[-1].first, user_id, ranges[-1].rating_count + rating_count)
        else:
            ranges.append(UserRange(user_id, user_id, rating_count))
    return ranges


async def items_of_source(connection: Connection, source: str) -> dict[str, int]:
    """The item id of each external id of the source."""
    return _pairs(await connection.fetch(_QUERIES["list_items"], source))


async def users_of_source(connection: Connection, source: str) -> dict[str, int]:
    """The user id of each external id of the source."""
    return _pairs(await connection.fetch(_QUERIES["list_users"], source))


async def add_users(connection: Connection, source: str, external_ids: Sequence[str]) -> dict[str, int]:
    """Adds new users of the source, who can't log in; returns their user ids, ascending as given."""
    return _pairs(await connection.fetch(_QUERIES["add_users"], source, external_ids))


async def write_ratings(connection: Connection, users: UserRange) -> RatingCounts:
    """Merges the staged ratings of a range of users into `ratings`, in one transaction."""
    row = await connection.fetchrow(_QUERIES["write_ratings"], users.first, users.last)
    assert row is not None
    return RatingCounts(row["added"], row["changed"], row["unchanged"], row["duplicates"])


async def top_tags(connection: Connection, tags: Iterator[tuple[int, str]], limit: int) -> dict[int, tuple[str, ...]]:
    """The `limit` most frequent tags of each movie id, out of any number of (movie id, tag) pairs."""
    await connection.execute(_QUERIES["create_staged_tags"])
    await connection.copy_records_to_table("staged_tags", records=tags)
    rows = await connection.fetch(_QUERIES["list_top_tags"], limit)
    await connection.execute(_QUERIES["drop_staged_tags"])
    return {row["movie_ref"]: tuple(row["tags"]) for row in rows}


async def analyze_imported(connection: Connection) -> None:
    """Refreshes the statistics and the visibility map of all that an import writes; not in a transaction."""
    await connection.execute(_QUERIES["analyze_imported"])


def _pairs(rows: list[asyncpg.Record]) -> dict[str, int]:
    return {row[0]: row[1] for row in rows}
