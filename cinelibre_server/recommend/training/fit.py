"""Fits all models on a set of ratings."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from cinelibre_server.recommend.training.companions import LIKED_STARS, train_companions
from cinelibre_server.recommend.training.factors import train_factors
from cinelibre_server.recommend.training.item_item import train_item_item
from cinelibre_server.recommend.training.neighbors import ItemNeighbors
from cinelibre_server.recommend.training.rating_sides import Floats
from cinelibre_server.recommend.training.stars import StarsModel, train_stars
from cinelibre_server.store.rating_matrix import RatingMatrix

Advance: TypeAlias = Callable[[float], None]
RankingModels: TypeAlias = tuple[Floats, ItemNeighbors, ItemNeighbors]

# A process of its own takes a second to start.
_SIDE_BY_SIDE_RATINGS = 500_000
_STARS_SHARE = 0.45
_TELL_SECONDS = 0.5
_done: Any = None


@dataclass(frozen=True)
class FittedModels:
    """All that was learned of I items. popularity: float64[I], how often each is liked, in parts of the most liked."""

    stars: StarsModel
    factors: Floats
    item_item: ItemNeighbors
    companions: ItemNeighbors
    popularity: NDArray[np.float64]


Fit: TypeAlias = Callable[[RatingMatrix, int, Advance], FittedModels]


def fit_models(matrix: RatingMatrix, seed: int, advance: Advance) -> FittedModels:
    """Fits them one after the other, or two at a time where there is much to do.

    `advance` gets the share done since the last call, 1 in all.
    """
    fit = _fit_side_by_side if len(matrix.stars) > _SIDE_BY_SIDE_RATINGS else _fit_in_turn
    stars, (factors, item_item, companions) = fit(matrix, seed, advance)
    return FittedModels(stars, factors, item_item, companions, count_likes(matrix))


def count_likes(matrix: RatingMatrix) -> NDArray[np.float64]:
    """float64[I]: how often each item is liked, in parts of the most liked."""
    likes = np.bincount(matrix.item_index[matrix.stars >= LIKED_STARS], minlength=len(matrix.item_ids))
    return np.asarray(likes / max(1, int(likes.max(initial=0))), np.float64)


def _fit_in_turn(matrix: RatingMatrix, seed: int, advance: Advance) -> tuple[StarsModel, RankingModels]:
    stars = train_stars(matrix, seed, lambda share: advance(_STARS_SHARE * share))
    return stars, _fit_ranking(matrix, seed, lambda share: advance((1 - _STARS_SHARE) * share))


def _fit_side_by_side(matrix: RatingMatrix, seed: int, advance: Advance) -> tuple[StarsModel, RankingModels]:
    """The predicted stars here, the rest in a process of its own: Python runs one thread at a time."""
    context = get_context("spawn")
    done = context.Value("d", 0.0)
    told = 0.0

    def tell_of_ranking() -> None:
        nonlocal told
        share = done.value
        advance((1 - _STARS_SHARE) * (share - told))
        told = share

    def tell(share: float) -> None:
        advance(_STARS_SHARE * share)
        tell_of_ranking()

    with ProcessPoolExecutor(1, context, _start_worker, (done,)) as pool:
        ranking = pool.submit(_fit_ranking_in_worker, matrix, seed)
        stars = train_stars(matrix, seed, tell)
        while not wait([ranking], _TELL_SECONDS).done:
            tell_of_ranking()
        return stars, ranking.result()


def _fit_ranking(matrix: RatingMatrix, seed: int, advance: Advance) -> RankingModels:
    factors = train_factors(matrix, seed, lambda share: advance(0.8 * share))
    item_item = train_item_item(matrix)
    advance(0.1)
    companions = train_companions(matrix)
    advance(0.1)
    return factors, item_item, companions


def _start_worker(done: Any) -> None:
    """In the worker: where its progress goes, a shared number from 0 to 1."""
    global _done
    _done = done


def _fit_ranking_in_worker(matrix: RatingMatrix, seed: int) -> RankingModels:
    def advance(share: float) -> None:
        _done.value += share

    with threadpool_limits(1):
        return _fit_ranking(matrix, seed, advance)
