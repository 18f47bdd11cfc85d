"""Ratings and interactions of one user at a time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cinelibre_server.store.database import Pool
from cinelibre_server.store.items import ItemKind
from cinelibre_server.store.queries import load_queries

_SQL = load_queries("ratings")

InteractionKind = Literal["view", "click", "search"]


@dataclass(frozen=True, slots=True)
class StoredRating:
    """A rating in half stars, 1 to 10."""

    item_id: int
    half_stars: int
    created_at: datetime
    updated_at: datetime


class RatingStore:
    """Every method takes the user whose rows it may touch."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def upsert(self, user_id: int, item_id: int, half_stars: int) -> StoredRating | None:
        """Stores or changes a rating; None if there is no such item."""
        row = await self._pool.fetchrow(_SQL["upsert_rating"], user_id, item_id, half_stars)
        return StoredRating(*row) if row else None

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
