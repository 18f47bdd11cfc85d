"""Ratings and interactions of one user at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

import asyncpg

from cinelibre_server.store.batch_loader import BatchLoader
from cinelibre_server.store.database import Pool
from cinelibre_server.store.items import ItemKind
from cinelibre_server.store.queries import load_queries

_SQL = load_queries("ratings")

# Under load a rating waits so long for others to be written with: that costs half of what writing each alone does.
_GATHER_SECONDS = 0.03

InteractionKind = Literal["view", "click", "search"]
ImportOutcome = Literal["new", "changed", "kept"]


@dataclass(frozen=True, slots=True)
class StoredRating:
    """A rating in half stars, 1 to 10."""

    item_id: int
    half_stars: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class DatedRating:
    """A rating of elsewhere in half stars, 1 to 10; `rated_at` is None where nobody knows."""

    item_id: int
    half_stars: int
    rated_at: datetime | None


class _NewRating(NamedTuple):
    user_id: int
    item_id: int
    half_stars: int


class RatingStore:
    """Every method takes the user whose rows it may touch."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._writer: BatchLoader[_NewRating, StoredRating | asyncpg.PostgresError] = BatchLoader(
            self._write, gather_seconds=_GATHER_SECONDS
        )

    async def upsert(self, user_id: int, item_id: int, half_stars: int) -> StoredRating | None:
        """Stores or changes a rating; None if there is no such item. Ratings that arrive together share a statement."""
        stored = await self._writer.load(_NewRating(user_id, item_id, half_stars))
        if isinstance(stored, asyncpg.PostgresError):
            raise stored
        return stored

    async def import_many(
        self, user_id: int, ratings: Sequence[DatedRating], *, preview: bool
    ) -> Mapping[int, ImportOutcome]:
        """Stores ratings of elsewhere, at most one an item, and tells what became of each; a `preview` only tells.

        A rating that the user has here is kept unless the other has different stars and is not older.
        """
        columns = [list(column) for column in zip(*map(_fields, ratings), strict=True)] or [[], [], []]
        rows = await self._pool.fetch(_SQL["compare_ratings" if preview else "import_ratings"], user_id, *columns)
        kept: dict[int, ImportOutcome] = {rating.item_id: "kept" for rating in ratings}
        return kept | {row["item_id"]: row["outcome"] for row in rows}

    async def delete(self, user_id: int, item_id: int) -> bool:
        """Takes a rating back; False if there was none."""
        return await self._pool.fetchval(_SQL["delete_rating"], user_id, item_id) is not None

    async def list_page(
        self, user_id: int, item_type: ItemKind | None, limit: int, after: tuple[datetime, int] | None
    ) -> list[StoredRating]:
        """The latest ratings first, after the (updated_at, item_id) of the page before."""
        rows = await self._pool.fetch(_SQL["list_ratings"], user_id, item_type, *(after or (None, None)), limit)
        return [StoredRating(*row) for row in rows]

    async def insert_interaction(
        self,
        user_id: int,
        kind: InteractionKind,
        item_id: int | None,
        query: str | None,
        position: int | None,
    ) -> datetime | None:
        """When it was recorded; None if there is no such item."""
        created_at: datetime | None = await self._pool.fetchval(
            _SQL["insert_interaction"], user_id, kind, item_id, query, position
        )
        return created_at

    async def _write(self, ratings: Sequence[_NewRating]) -> Mapping[_NewRating, StoredRating | asyncpg.PostgresError]:
        """What became of each, in the order in which they came; unknown items are left out."""
        written: dict[_NewRating, StoredRating | asyncpg.PostgresError] = {}
        rest = list(ratings)
        while rest:
            # Who rates an item twice at once: one after the other.
            first = {(rating.user_id, rating.item_id): rating for rating in reversed(rest)}
            rest = [rating for rating in rest if first[rating.user_id, rating.item_id] is not rating]
            try:
                written.update(await self._write_together(list(first.values())))
            except asyncpg.PostgresError:
                # One of them may be at fault: the others are not to suffer from it.
                for rating in first.values():
                    try:
                        written.update(await self._write_together([rating]))
                    except asyncpg.PostgresError as error:
                        written[rating] = error
        return written

    async def _write_together(self, ratings: Sequence[_NewRating]) -> dict[_NewRating, StoredRating]:
        rows = await self._pool.fetch(_SQL["upsert_ratings"], *map(list, zip(*ratings, strict=True)))
        return {
            _NewRating(row["user_id"], row["item_id"], row["half_stars"]): StoredRating(
                row["item_id"], row["half_stars"], row["created_at"], row["updated_at"]
            )
            for row in rows
        }


def _fields(rating: DatedRating) -> tuple[int, int, datetime | None]:
    return rating.item_id, rating.half_stars, rating.rated_at
