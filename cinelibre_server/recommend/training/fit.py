"""Fits all models on a set of ratings."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.recommend.training.companions import LIKED_STARS, train_companions
from cinelibre_server.recommend.training.factors import train_factors
from cinelibre_server.recommend.training.item_item import train_item_item
from cinelibre_server.recommend.training.neighbors import ItemNeighbors
from cinelibre_server.recommend.training.rating_sides import Floats
from cinelibre_server.recommend.training.stars import StarsModel, train_stars
from cinelibre_server.store.rating_matrix import RatingMatrix


@dataclass(frozen=True)
class FittedModels:
    """All that was learned of I items. popularity: float64[I], how often each is liked, in parts of the most liked."""

    stars: StarsModel
    factors: Floats
    item_item: ItemNeighbors
    companions: ItemNeighbors
    popularity: NDArray[np.float64]


def fit_models(matrix: RatingMatrix, seed: int, advance: Callable[[float], None]) -> FittedModels:
    """Fits them one after the other; `advance` gets the share done since the last call, 1 in all."""
    stars = train_stars(matrix, seed, lambda share: advance(0.45 * share))
    factors = train_factors(matrix, seed, lambda share: advance(0.45 * share))
    item_item = train_item_item(matrix)
    advance(0.05)
    companions = train_companions(matrix)
    advance(0.05)
    likes = np.bincount(matrix.item_index[matrix.stars >= LIKED_STARS], minlength=len(matrix.item_ids))
    return FittedModels(stars, factors, item_item, companions, likes / max(1, int(likes.max(initial=0))))
