"""Items beside items: how often they are rated together, and for each the few others that say most."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.recommend.training.rating_sides import Floats, Ints
from cinelibre_server.store.rating_matrix import RatingMatrix

MAX_ITEMS = 6_000
"""Only the most rated items have neighbours: square matrices of them are held in memory, 144 MB each."""
MOST_USERS = 40_000
"""Of more users than that, so many are counted, and stand for all: a hundred times as many users tell hardly more."""
NEWEST_RATINGS = 300
"""The newest ratings of a user that are read, in SQL too."""
POINTING_RATINGS = 50
"""Of these, the newest that say anything are asked which items to look at, each for its strongest neighbours."""
LOOKED_AT = 250
"""So many neighbours are looked at in all."""

_POINTED_AT = 100
_DENSE_NUMBERS = 16_000_000
_ROWS_A_BLOCK = 500


@dataclass(frozen=True)
class ItemNeighbors:
    """For each of I items what others say for it, and which others it points to, as places in the item list; -1: none.

    sources: int32[I, K] and source_weights: float32[I, K], in no order. targets: int32[I, 100] and target_weights:
    float32[I, 100], the strongest first.
    """

    sources: Ints
    source_weights: Floats
    targets: Ints
    target_weights: Floats

    def scores(self, rated_items: Ints, values: NDArray[np.float64], items: NDArray[np.intp]) -> NDArray[np.float64]:
        """float64[n]: for each of `items` the sum over the rated of value * weight; rated items newest first."""
        given = np.zeros(len(self.sources) + 1, np.float32)  # the last is what -1 stands for
        given[rated_items[:NEWEST_RATINGS]] = values[:NEWEST_RATINGS]
        parts = given[self.sources[items]] * self.source_weights[items]
        return np.asarray(parts.sum(axis=1, dtype=np.float64))

    def beside(self, rated_items: Ints, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """float64[I]: for the items to look at the sum of value * weight of what was looked at; -inf for all others."""
        rated, given = rated_items[:NEWEST_RATINGS], values[:NEWEST_RATINGS]
        pointing = np.flatnonzero(given > 0)[:POINTING_RATINGS]
        found = np.full(len(self.targets), -np.inf)
        if len(pointing):
            reach = LOOKED_AT // len(pointing)
            targets, weights = self.targets[rated[pointing], :reach], self.target_weights[rated[pointing], :reach]
            known = targets >= 0
            places, parts = targets[known], (weights * given[pointing, None])[known]
            found[np.unique(places)] = 0
            found += np.bincount(places, parts, minlength=len(found))
        return found


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


def strongest(weights: Floats, chosen: NDArray[np.int64], item_count: int, size: int) -> ItemNeighbors:
    """Of the weights from item (row) to item (column), float32[M, M] of the chosen items, what is kept.

    For each item the `size` sources with the greatest weights by absolute value, and the 100 targets with the greatest
    above 0; an item is no neighbour of its own.
    """
    np.fill_diagonal(weights, 0)
    sources, source_weights = _best(np.ascontiguousarray(weights.T), np.abs, size)
    targets, target_weights = _best(weights, np.positive, _POINTED_AT)
    order = np.argsort(-target_weights, axis=1, kind="stable")
    targets, target_weights = np.take_along_axis(targets, order, 1), np.take_along_axis(target_weights, order, 1)
    return ItemNeighbors(
        *_among_all(item_count, chosen, sources, source_weights, source_weights != 0),
        *_among_all(item_count, chosen, targets, target_weights, target_weights > 0),
    )


def _among_all(
    item_count: int,
    chosen: NDArray[np.int64],
    places: NDArray[np.intp],
    weights: Floats,
    kept: NDArray[np.bool_],
) -> tuple[Ints, Floats]:
    """Lists of the chosen items, with places among these, as lists of all items with places among all."""
    shape = (item_count, places.shape[1])
    all_places, all_weights = np.full(shape, -1, np.int32), np.zeros(shape, np.float32)
    all_places[chosen], all_weights[chosen] = np.where(kept, chosen[places], -1), np.where(kept, weights, 0)
    return all_places, all_weights


def _best(rows: Floats, strength: Callable[[Floats], Floats], size: int) -> tuple[NDArray[np.intp], Floats]:
    """The places and values of each row's `size` strongest, intp[M, size] and float32[M, size]."""
    size = min(size, rows.shape[1])
    best = np.empty((len(rows), size), np.intp)
    for first in range(0, len(rows), _ROWS_A_BLOCK):
        block = strength(rows[first : first + _ROWS_A_BLOCK])
        best[first : first + _ROWS_A_BLOCK] = np.argpartition(-block, size - 1, axis=1)[:, :size]
    return best, np.take_along_axis(rows, best, axis=1)


def _counted_users(matrix: RatingMatrix) -> NDArray[np.int64]:
    count = len(matrix.user_ids)
    return np.unique(np.linspace(0, count - 1, min(count, MOST_USERS)).astype(np.int64))
