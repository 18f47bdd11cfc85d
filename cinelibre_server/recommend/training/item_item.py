"""The item-item model: for each item the items that go with it, by a ridge regression of every item on all.

A denoising linear autoencoder (Steck: Autoencoders that don't overfit towards the Identity, NeurIPS 2020; out of EASE,
WWW 2019): with X the users' ratings as values and R = ridge + dropout * diag(X'X), the weights are
(X'X + R)^-1 X'X. A user's score of item i is the sum over rated items j of value(stars of j) * weight[j, i], so that a
new rating counts without any training. Rated items are never scored, so the diagonal is left out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.recommend.training.rating_sides import Floats, Ints
from cinelibre_server.store.rating_matrix import RatingMatrix

RIDGE = 300.0
DROPOUT = 0.5
"""Tuned on inner hold-outs of MovieLens 100K. The ridge is a number of ratings, so it fades as data grow."""
MAX_ITEMS = 8_000
"""Only the most rated items have neighbours: the regression holds a square matrix of them in memory, 256 MB."""
NEIGHBORS = 100
NEWEST_RATINGS = 300
"""The newest ratings of a user that are read, in SQL too."""

_VALUES_AT_STARS = ((1.0, 0.0), (2.0, 0.1), (3.0, 0.4), (4.0, 1.0), (5.0, 1.2))
_DENSE_NUMBERS = 16_000_000


@dataclass(frozen=True)
class ItemItemModel:
    """For each of I items up to K others: ids as places in the item list, int32[I, K] (-1: none), float32[I, K]."""

    neighbors: Ints
    weights: Floats


def rating_values() -> NDArray[np.float64]:
    """float64[10]: what a rating of 1 to 10 half stars gives to the items beside it."""
    stars, values = zip(*_VALUES_AT_STARS, strict=True)
    return np.interp(np.arange(1, 11) / 2, stars, values)


def train_item_item(matrix: RatingMatrix) -> ItemItemModel:
    """Learns from all ratings; takes 3 * M^2 * 4 bytes for the M most rated items."""
    item_count = len(matrix.item_ids)
    counts = np.bincount(matrix.item_index, minlength=item_count)
    chosen = np.sort(np.argsort(-counts, kind="stable")[:MAX_ITEMS])
    weights = _regress(_gram(matrix, chosen))
    size = min(NEIGHBORS, len(chosen) - 1)
    neighbors = np.full((item_count, NEIGHBORS), -1, np.int32)
    kept = np.zeros((item_count, NEIGHBORS), np.float32)
    if size > 0:
        best = np.argpartition(-np.abs(weights), size - 1, axis=1)[:, :size]
        neighbors[chosen, :size] = chosen[best]
        kept[chosen, :size] = np.take_along_axis(weights, best, axis=1)
    return ItemItemModel(neighbors, kept)


def item_item_scores(model: ItemItemModel, rated_items: Ints, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """float64[I]: the score of every item for a user, as get_item_item_scores computes it; rated items newest first."""
    newest, given = rated_items[:NEWEST_RATINGS], values[:NEWEST_RATINGS]
    neighbors = model.neighbors[newest]
    known = neighbors >= 0
    parts = (model.weights[newest] * given[:, None])[known]
    return np.bincount(neighbors[known], parts, minlength=len(model.neighbors)).astype(np.float64)


def _gram(matrix: RatingMatrix, chosen: NDArray[np.int64]) -> Floats:
    """X'X of the chosen items, float32[M, M], from dense blocks of users."""
    place = np.full(len(matrix.item_ids), -1, np.int64)
    place[chosen] = np.arange(len(chosen))
    values = rating_values().astype(np.float32)[(matrix.stars * 2).astype(np.int64) - 1]
    starts = matrix.user_starts
    gram = np.zeros((len(chosen), len(chosen)), np.float32)
    users_a_block = max(1, _DENSE_NUMBERS // max(len(chosen), 1))
    for first in range(0, len(matrix.user_ids), users_a_block):
        last = min(first + users_a_block, len(matrix.user_ids))
        rows = slice(starts[first], starts[last])
        columns = place[matrix.item_index[rows]]
        known = columns >= 0
        dense = np.zeros((last - first, len(chosen)), np.float32)
        dense[matrix.user_index[rows][known] - first, columns[known]] = values[rows][known]
        gram += dense.T @ dense
    return gram


def _regress(gram: Floats) -> Floats:
    """The weights from rated item (row) to scored item (column), the diagonal 0."""
    ridge = RIDGE + DROPOUT * np.diag(gram)
    gram[np.diag_indices_from(gram)] += ridge
    # (G + R)^-1 G = I - (G + R)^-1 R, of which only what is off the diagonal counts.
    weights = -np.linalg.inv(gram) * ridge
    np.fill_diagonal(weights, 0)
    return np.asarray(weights, np.float32)
