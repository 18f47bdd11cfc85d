"""Recommendations: thin calls of the SQL functions, which do the work beside the data."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cinelibre_server.store.database import Pool
from cinelibre_server.store.fresh_cache import FreshCache
from cinelibre_server.store.items import ItemFilter
from cinelibre_server.store.queries import load_queries

_SQL = load_queries("recommend")
_MAX_KEPT = 500

PersonalAlgorithm = Literal["hybrid", "collaborative", "content", "popular_for_user", "item_item", "factors"]


@dataclass(frozen=True, slots=True)
class ScoreKey:
    """Where a page of a ranked list ended."""

    score: float
    item_id: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A recommended item.

    `source` and `strategy` are item_item, factors, collaborative, content, popular or catalogue; `because_item_ids` are
    liked items of the user that led to it, the strongest first, where the source tells.
    """

    item_id: int
    score: float
    source: str
    predicted_stars: float | None
    neighbor_count: int | None
    strategy: str
    because_item_ids: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class PopularItem:
    """`score` is the damped mean in stars, `mean_stars` the plain one."""

    item_id: int
    score: float
    rating_count: int
    mean_stars: float


@dataclass(frozen=True, slots=True)
class ScoredItem:
    """`score` is a cosine similarity, -1 to 1."""

    item_id: int
    score: float


class RecommendStore:
    """Reads ranked lists."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._popular: FreshCache[Hashable, list[PopularItem]] = FreshCache(_MAX_KEPT)
        self._similar: FreshCache[Hashable, list[ScoredItem]] = FreshCache(_MAX_KEPT)

    async def personalized(
        self,
        algorithm: PersonalAlgorithm,
        user_id: int,
        wanted: ItemFilter,
        limit: int,
        after: ScoreKey | None,
    ) -> list[Candidate]:
        """Items the user has not rated, the best first."""
        rows = await self._pool.fetch(_SQL[algorithm], user_id, limit, *wanted.parameters, *_key(after))
        return [Candidate(*row) for row in rows]

    async def popular(
        self, wanted: ItemFilter, since: datetime | None, limit: int, after: ScoreKey | None
    ) -> list[PopularItem]:
        """The best by damped mean, of ratings since then or of all; the list may be FRESH_SECONDS old."""

        async def fetch() -> list[PopularItem]:
            rows = await self._pool.fetch(_SQL["popular"], limit, *wanted.parameters, since, *_key(after))
            return [PopularItem(*row) for row in rows]

        key = (wanted, since and since.replace(microsecond=0), limit, after)
        return await self._popular.find_or_fetch(key, fetch)

    async def catalogue(self, wanted: ItemFilter, limit: int, after_id: int) -> list[int]:
        """Ids of catalogue entries in order, for a list that has no ratings to go by."""
        rows = await self._pool.fetch(_SQL["catalogue"], limit, *wanted.parameters, after_id)
        return [row["item_id"] for row in rows]

    async def similar(self, item_id: int, wanted: ItemFilter, limit: int, after: ScoreKey | None) -> list[ScoredItem]:
        """The nearest items; the list may be FRESH_SECONDS old."""

        async def fetch() -> list[ScoredItem]:
            rows = await self._pool.fetch(_SQL["similar"], item_id, limit, *wanted.parameters, *_key(after))
            return [ScoredItem(*row) for row in rows]

        return await self._similar.find_or_fetch((item_id, wanted, limit, after), fetch)

    def forget_lists(self) -> None:
        """The catalogue was changed: the next look at any list reads it anew."""
        self._popular.clear()
        self._similar.clear()

    async def predicted_stars(self, user_id: int, item_ids: Sequence[int]) -> Mapping[int, float]:
        """The stars the user would give to each item, 0.5 to 5; empty without a model or without ratings."""
        rows = await self._pool.fetch(_SQL["predicted_stars"], user_id, item_ids)
        return {row["item_id"]: row["predicted_stars"] for row in rows}

    async def because(self, user_id: int, item_ids: Sequence[int]) -> Mapping[int, Sequence[int]]:
        """For each item the user's liked items nearest to it, the nearest first."""
        rows = await self._pool.fetch(_SQL["because"], user_id, item_ids)
        return {row["item_id"]: row["because_item_ids"] for row in rows}


def _key(after: ScoreKey | None) -> tuple[float | None, int | None]:
    return (after.score, after.item_id) if after else (None, None)
