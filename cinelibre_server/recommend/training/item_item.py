"""The item-item model: for each item the items that go with it, by a ridge regression of every item on all.

A denoising linear autoencoder (Steck: Autoencoders that don't overfit towards the Identity, NeurIPS 2020; out of EASE,
WWW 2019): with X the users' ratings as values and R = ridge + dropout * diag(X'X), the weights are
(X'X + R)^-1 X'X. A user's score of item i is the sum over rated items j of value(stars of j) * weight[j, i], so that a
new rating counts without any training. Rated items are never scored, so the diagonal is left out.
"""

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.recommend.training.neighbors import ItemNeighbors, count_together, most_rated, strongest
from cinelibre_server.recommend.training.rating_sides import Floats
from cinelibre_server.store.rating_matrix import RatingMatrix

RIDGE = 300.0
DROPOUT = 0.5
"""Tuned on inner hold-outs of MovieLens 100K. The ridge is a number of ratings, so it fades as data grow."""

SOURCES = 256
"""For each item so many others have a say."""

_VALUES_AT_STARS = ((1.0, 0.0), (2.0, 0.1), (3.0, 0.4), (4.0, 1.0), (5.0, 1.2))


def rating_values() -> NDArray[np.float64]:
    """float64[10]: what a rating of 1 to 10 half stars gives to the items beside it."""
    stars, values = zip(*_VALUES_AT_STARS, strict=True)
    return np.interp(np.arange(1, 11) / 2, stars, values)


def train_item_item(matrix: RatingMatrix) -> ItemNeighbors:
    """Learns from all ratings; takes 3 * M^2 * 4 bytes for the M most rated items."""
    chosen = most_rated(matrix)
    values = rating_values().astype(np.float32)[(matrix.stars * 2).astype(np.int64) - 1]
    weights = regress(count_together(matrix, chosen, values))
    return strongest(weights, chosen, len(matrix.item_ids), SOURCES)


def regress(together: Floats) -> Floats:
    """The weights from rated item (row) to scored item (column) from X'X, which is overwritten."""
    ridge = RIDGE + DROPOUT * np.diag(together)
    together[np.diag_indices_from(together)] += ridge
    # (G + R)^-1 G = I - (G + R)^-1 R, of which only what is off the diagonal counts.
    return np.asarray(-np.linalg.inv(together) * ridge, np.float32)
