"""Semantic search over the stored embeddings."""

from collections.abc import Hashable

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.store.database import Pool
from cinelibre_server.store.fresh_cache import FreshCache
from cinelibre_server.store.items import ItemFilter
from cinelibre_server.store.queries import load_queries
from cinelibre_server.store.recommend import ScoredItem, ScoreKey

_SQL = load_queries("search")
_MAX_KEPT = 500


class SearchStore:
    """Reads the vector indexes."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._kept: FreshCache[Hashable, list[ScoredItem]] = FreshCache(_MAX_KEPT)

    async def semantic(
        self, embedding: NDArray[np.float32], wanted: ItemFilter, limit: int, after: ScoreKey | None
    ) -> list[ScoredItem]:
        """The items nearest to a normalised vector of the model's dimensions; the list may be FRESH_SECONDS old."""

        async def fetch() -> list[ScoredItem]:
            rows = await self._pool.fetch(
                _SQL["semantic"],
                embedding,
                limit,
                *wanted.parameters,
                after.score if after else None,
                after.item_id if after else None,
            )
            return [ScoredItem(*row) for row in rows]

        return await self._kept.find_or_fetch((embedding.tobytes(), wanted, limit, after), fetch)

    def forget_lists(self) -> None:
        """The catalogue was changed: the next search reads it anew."""
        self._kept.clear()
