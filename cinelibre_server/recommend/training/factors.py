"""Matrix factorisation of who rated what, and how well: weighted alternating least squares for implicit feedback.

The loss is that of Hu, Koren & Volinsky (ICDM 2008): sum over rated w (t - p.q)^2 + sum over the rest (p.q)^2 +
ridge (|p|^2 + |q|^2), with w and t by the stars. The items' factors are stored in a basis in which the user's step is
(I + sum over rated (w - 1) v v')^-1 * sum over rated w t v: what fold_in computes in SQL, from the ratings alone.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.recommend.training.rating_sides import Floats, Ints, Offsets
from cinelibre_server.store.rating_matrix import RatingMatrix

FACTORS = 64
NEWEST_RATINGS = 300
"""The newest ratings of a user that are folded in, in SQL too."""

_RIDGE_TO_NOISE = 0.42
"""The ridge in parts of sqrt(users) + sqrt(items): so grows what chance alone puts into the largest factor. Tuned on
inner hold-outs of MovieLens 100K, where the ridge is 30."""
SWEEPS = 8
_SMALLEST = np.float32(1e-15)
# By stars: the weight of a rating, and what it says (1: liked).
_WEIGHTS_AT_STARS = ((1.0, 1.0), (2.0, 1.0), (3.0, 2.0), (4.0, 4.0), (5.0, 5.0))
_TARGETS_AT_STARS = ((2.9, 0.0), (3.0, 1.0))


def taste_weights() -> NDArray[np.float64]:
    """float64[10]: by half stars, how much more a rating weighs than none; the weights of fold_in."""
    return _by_half_stars(_WEIGHTS_AT_STARS) - 1


def taste_targets() -> NDArray[np.float64]:
    """float64[10]: by half stars, the targets of fold_in, so that weight times target is w t."""
    weights, extra = _by_half_stars(_WEIGHTS_AT_STARS), taste_weights()
    pull = weights * _by_half_stars(_TARGETS_AT_STARS)
    return np.asarray(np.where(extra > 0, pull / np.maximum(extra, 1e-9), 0.0), np.float64)


def train_factors(matrix: RatingMatrix, seed: int, advance: Callable[[float], None]) -> Floats:
    """float32[I, 64]: the items' factors in the basis of fold_in. `advance` gets the share done since the last call."""
    items = np.random.default_rng(seed).normal(0, 0.1, (len(matrix.item_ids), FACTORS)).astype(np.float32)
    return _alternate(matrix, items, _ridge_of(matrix), SWEEPS, advance)


def update_factors(matrix: RatingMatrix, factors: Floats, sweeps: int, advance: Callable[[float], None]) -> Floats:
    """float32[I, 64]: as train_factors, beginning with factors learned before, which are 0 for items not seen then.

    Raises:
        LinAlgError: as from_fold_in_basis does.
    """
    ridge = _ridge_of(matrix)
    return _alternate(matrix, from_fold_in_basis(factors, ridge), ridge, sweeps, advance)


def _alternate(
    matrix: RatingMatrix, items: Floats, ridge: float, sweeps: int, advance: Callable[[float], None]
) -> Floats:
    half_stars = (matrix.stars * 2).astype(np.int64) - 1
    weight = _by_half_stars(_WEIGHTS_AT_STARS).astype(np.float32)[half_stars]
    pull = weight * _by_half_stars(_TARGETS_AT_STARS).astype(np.float32)[half_stars]
    by_item = np.argsort(matrix.item_index, kind="stable")
    item_starts = np.searchsorted(matrix.item_index[by_item], np.arange(len(matrix.item_ids) + 1))
    by_user = (matrix.user_starts, matrix.item_index, weight, pull)
    of_items = (item_starts, matrix.user_index[by_item], weight[by_item], pull[by_item])
    for _ in range(sweeps):
        users = _solve(items, ridge, *by_user)
        advance(0.5 / sweeps)
        items = _solve(users, ridge, *of_items)
        # The ridge shrinks some factors to nothing, and the last numbers before nothing are slow to compute with.
        items[np.abs(items) < _SMALLEST] = 0
        advance(0.5 / sweeps)
    return fold_in_basis(items, ridge)


def taste_ridge(user_count: int, item_count: int) -> float:
    """The ridge for the ratings of so many users and items."""
    return float(_RIDGE_TO_NOISE * (user_count**0.5 + item_count**0.5))


def fold_in_basis(items: Floats, ridge: float) -> Floats:
    """float32[I, 64]: items' factors, learned with this ridge on the users', in the basis of fold_in."""
    gram = (items.T @ items).astype(np.float64) + ridge * np.eye(FACTORS)
    return np.asarray(np.linalg.solve(np.linalg.cholesky(gram), items.T.astype(np.float64)).T, np.float32)


def from_fold_in_basis(factors: Floats, ridge: float) -> Floats:
    """float32[I, 64]: fold_in_basis undone, but for a rotation, which changes no product.

    With L L' = Q'Q + ridge I and V = Q L'^-1 is V'V = I - ridge (L'L)^-1. So V B has the products of Q,
    V B B' V' = Q Q', if B B' = ridge (I - V'V)^-1.

    Raises:
        LinAlgError: V'V < I does not hold: these are no such factors.
    """
    exact = factors.astype(np.float64)
    root = np.linalg.cholesky(np.eye(FACTORS) - exact.T @ exact)
    return np.asarray(np.sqrt(ridge) * np.linalg.solve(root, exact.T).T, np.float32)


def fold_in_taste(factors: Floats, rated_items: Ints, half_stars: NDArray[np.int64]) -> NDArray[np.float64]:
    """float64[64]: a user's vector, as get_user_profile computes it; rated items newest first, half stars 1 to 10."""
    vectors = factors[rated_items[:NEWEST_RATINGS]].astype(np.float64)
    stars = half_stars[:NEWEST_RATINGS] - 1
    weights = taste_weights()[stars]
    right = vectors.T @ (weights * taste_targets()[stars])
    return np.asarray(np.linalg.solve(np.eye(FACTORS) + (vectors.T * weights) @ vectors, right), np.float64)


def _ridge_of(matrix: RatingMatrix) -> float:
    return taste_ridge(len(np.unique(matrix.user_index)), len(np.unique(matrix.item_index)))


def _solve(
    others: Floats, ridge: float, starts: Offsets | NDArray[np.intp], index: Ints, weight: Floats, pull: Floats
) -> Floats:
    """One half of a sweep: the factors of one side, given the other's; those without ratings are 0."""
    gram = (others.T @ others + ridge * np.eye(FACTORS)).astype(np.float32)
    solved = np.zeros((len(starts) - 1, FACTORS), np.float32)
    bounds = starts.tolist()
    for place in range(len(solved)):
        first, last = bounds[place], bounds[place + 1]
        if first == last:
            continue
        vectors = others[index[first:last]]
        system = gram + (vectors.T * (weight[first:last] - 1)) @ vectors
        solved[place] = np.linalg.solve(system, vectors.T @ pull[first:last])
    return solved


def _by_half_stars(at_stars: tuple[tuple[float, float], ...]) -> NDArray[np.float64]:
    stars, values = zip(*at_stars, strict=True)
    return np.asarray(np.interp(np.arange(1, 11) / 2, stars, values), np.float64)
