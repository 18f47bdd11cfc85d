"""Semantic search over the stored embeddings."""

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.store.database import Pool
from cinelibre_server.store.items import ItemFilter
from cinelibre_server.store.queries import load_queries
from cinelibre_server.store.recommend import ScoredItem, ScoreKey

_SQL = load_queries("search")


class SearchStore:
    """Reads the vector indexes."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def semantic(
        self, embedding: NDArray[np.float32], wanted: ItemFilter, limit: int, after: ScoreKey | None
    ) -> list[ScoredItem]:
        """The items nearest to a normalised vector of the model's dimensions, the nearest first."""
        rows = await self._pool.fetch(
            _SQL["semantic"],
            embedding,
            limit,
            *wanted.parameters,
            after.score if after else None,
            after.item_id if after else None,
        )
        return [ScoredItem(*row) for row in rows]
