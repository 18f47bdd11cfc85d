"""Fits all models on a set of ratings."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.recommend.training.factors import train_factors
from cinelibre_server.recommend.training.item_item import ItemItemModel, train_item_item
from cinelibre_server.recommend.training.rating_sides import Floats
from cinelibre_server.recommend.training.stars import StarsModel, train_stars
from cinelibre_server.store.rating_matrix import RatingMatrix

LIKED_STARS = 4.0
"""From so many stars on a rating says that somebody likes an item."""


@dataclass(frozen=True)
class FittedModels:
    """All that was learned of I items. popularity: float64[I], log(1 + how often it was rated 4 stars or more)."""

    stars: StarsModel
    factors: Floats
    item_item: ItemItemModel
    popularity: NDArray[np.float64]


def fit_models(matrix: RatingMatrix, seed: int, advance: Callable[[float], None]) -> FittedModels:
    """Fits them one after the other; `advance` gets the share done since the last call, 1 in all."""
    stars = train_stars(matrix, seed, lambda share: advance(0.45 * share))
    factors = train_factors(matrix, seed, lambda share: advance(0.45 * share))
    item_item = train_item_item(matrix)
    advance(0.1)
    liked = matrix.item_index[matrix.stars >= LIKED_STARS]
    popularity = np.log1p(np.bincount(liked, minlength=len(matrix.item_ids)).astype(np.float64))
    return FittedModels(stars, factors, item_item, popularity)
