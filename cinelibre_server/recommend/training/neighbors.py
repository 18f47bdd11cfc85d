"""Items beside items: how often they are rated together, and for each the few others that say most."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.recommend.training.rating_sides import Floats, Ints
from cinelibre_server.store.rating_matrix import RatingMatrix

MAX_ITEMS = 6_000
"""Only the most rated items have neighbours: square matrices of them are held in memory, 144 MB each."""
MOST_USERS = 40_000
"""Of more users than that, so many are counted, and stand for all: a hundred times as many users tell hardly more."""
NEIGHBORS = 100
NEWEST_RATINGS = 300
"""The newest ratings of a user that are read, in SQL too."""

_DENSE_NUMBERS = 16_000_000


@dataclass(frozen=True)
class ItemNeighbors:
    """For each of I items up to K others: as places in the item list, int32[I, K] (-1: none), and float32[I, K]."""

    neighbors: Ints
    weights: Floats

    def scores(self, rated_items: Ints, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """float64[I]: the sum over the rated items of value * weight, as SQL computes it; rated items newest first."""
        newest, given = rated_items[:NEWEST_RATINGS], values[:NEWEST_RATINGS]
        neighbors = self.neighbors[newest]
        known = neighbors >= 0
        parts = (self.weights[newest] * given[:, None])[known]
        return np.bincount(neighbors[known], parts, minlength=len(self.neighbors)).astype(np.float64)


def most_rated(matrix: RatingMatrix) -> NDArray[np.int64]:
    """The places of the MAX_ITEMS most rated items, ascending."""
    return most_counted(np.bincount(matrix.item_index, minlength=len(matrix.item_ids)))


def most_counted(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The places of the MAX_ITEMS greatest counts (int64[I]), ascending."""
    return np.sort(np.argsort(-counts, kind="stable")[:MAX_ITEMS])


def count_together(matrix: RatingMatrix, chosen: NDArray[np.int64], values: Floats) -> Floats:
    """X'X of the chosen items, float32[M, M], with X the users' ratings as `values` (float32[n], by rating)."""
    place = np.full(len(matrix.item_ids), -1, np.int64)
    place[chosen] = np.arange(len(chosen))
    users = _counted_users(matrix)
    starts = matrix.user_starts
    together = np.zeros((len(chosen), len(chosen)), np.float32)
    users_a_block = max(1, _DENSE_NUMBERS // max(len(chosen), 1))
    for first in range(0, len(users), users_a_block):
        block = users[first : first + users_a_block]
        dense = np.zeros((len(block), len(chosen)), np.float32)
        for row, user in enumerate(block.tolist()):
            own = slice(starts[user], starts[user + 1])
            columns = place[matrix.item_index[own]]
            known = columns >= 0
            dense[row, columns[known]] = values[own][known]
        together += dense.T @ dense
    return together * np.float32(max(1.0, len(matrix.user_ids) / max(len(users), 1)))


def strongest(weights: Floats, chosen: NDArray[np.int64], item_count: int) -> ItemNeighbors:
    """The NEIGHBORS greatest by absolute value of each row (float32[M, M], of the chosen items), but not the item."""
    np.fill_diagonal(weights, 0)
    size = min(NEIGHBORS, len(chosen) - 1)
    neighbors = np.full((item_count, NEIGHBORS), -1, np.int32)
    kept = np.zeros((item_count, NEIGHBORS), np.float32)
    if size > 0:
        best = np.argpartition(-np.abs(weights), size - 1, axis=1)[:, :size]
        neighbors[chosen, :size] = chosen[best]
        kept[chosen, :size] = np.take_along_axis(weights, best, axis=1)
    return ItemNeighbors(neighbors, kept)


def _counted_users(matrix: RatingMatrix) -> NDArray[np.int64]:
    count = len(matrix.user_ids)
    return np.unique(np.linspace(0, count - 1, min(count, MOST_USERS)).astype(np.int64))
