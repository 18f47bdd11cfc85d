"""Going on from a model: its factors in another basis and back, and the levels of predicted stars."""

import numpy as np
import pytest

from cinelibre_server.recommend.training.factors import (
    FACTORS,
    fold_in_basis,
    from_fold_in_basis,
    train_factors,
    update_factors,
)
from cinelibre_server.recommend.training.stars import StarsModel
from cinelibre_server.recommend.training.update import move_stars
from cinelibre_server.recommend.training.validation import is_worse, part, part_new
from cinelibre_server.store.rating_matrix import RatingMatrix, rating_matrix


@pytest.fixture
def matrix() -> RatingMatrix:
    """Two tastes; the last of the items was not rated before second 1000."""
    source = np.random.default_rng(4)
    users, items = np.nonzero(source.random((300, 60)) < 0.4)
    liked = users % 2 == items % 2
    return rating_matrix(
        users.astype(np.int32),
        items.astype(np.int32),
        np.clip(np.round(source.normal(np.where(liked, 8.5, 4), 1)), 1, 10).astype(np.float32) / np.float32(2),
        np.where(items == 59, 1000, 1) + source.permutation(len(users)) // 100,
    )


@pytest.mark.parametrize("ridge", [30.0, 500.0])
@pytest.mark.parametrize("size", [0.01, 1.0, 10.0])
def test_factors_come_back_but_for_a_rotation(ridge: float, size: float) -> None:
    items = np.random.default_rng(1).normal(0, size, (300, FACTORS)).astype(np.float32)
    items[17] = 0
    found = from_fold_in_basis(fold_in_basis(items, ridge), ridge).astype(np.float64)
    exact = items.astype(np.float64)
    assert np.abs(found @ found.T - exact @ exact.T).max() < 2e-4 * np.abs(exact @ exact.T).max()
    assert not found[17].any()


def test_what_is_in_no_such_basis_is_refused() -> None:
    with pytest.raises(np.linalg.LinAlgError):
        from_fold_in_basis(np.ones((3, FACTORS), np.float32), 30.0)


def test_factors_go_on_where_they_were(matrix: RatingMatrix) -> None:
    whole = train_factors(matrix, 1, lambda _: None)
    begun = train_factors(matrix.select(matrix.item_index < 59), 1, lambda _: None)
    assert not begun[59].any()
    told: list[float] = []
    updated = update_factors(matrix, begun, 2, told.append)
    assert sum(told) == pytest.approx(1)
    # As many sweeps from next to nothing are far from the whole training's eight, these near.
    anew = update_factors(matrix, begun * 1e-3, 2, lambda _: None)
    scores, found = whole @ whole.T, updated @ updated.T
    assert np.linalg.norm(found - scores) < 0.1 * np.linalg.norm(scores)
    assert np.linalg.norm(anew @ anew.T - scores) > 0.5 * np.linalg.norm(scores)
    # The new item goes with those of its taste.
    assert found[59, 1:59:2].mean() == pytest.approx(scores[59, 1:59:2].mean(), rel=0.3)
    assert found[59, 1:59:2].mean() > 5 * abs(found[59, 0:59:2].mean())


def test_levels_move_by_what_new_ratings_say() -> None:
    model = StarsModel(
        base=np.array([3, 4, 3.5], np.float32),
        reading=np.zeros((3, 2), np.float32),
        implied=np.zeros((3, 2), np.float32),
        noise=np.full(3, 0.75, np.float32),
        offset=np.array([3, 4, 3.5], np.float32),
        output=np.zeros((3, 2), np.float32),
    )
    users = np.arange(24, dtype=np.int32)
    items = np.array([0] * 10 + [1] * 5 + [2] * 9, np.int32)
    stars = np.array([3.0] * 10 + [4.0] * 4 + [1.0] + [5.0] * 9, np.float32)
    rated_at = np.array([1] * 14 + [1000] + [1] * 9)
    known = np.array([True, True, False])
    moved = move_stars(rating_matrix(users, items, stars, rated_at), 1000, model, known)
    # The levels of known items have the variance 1/4, so that k is 3; all ratings of an unknown item are new.
    expected = [0, (1 - 4) / (5 + 3), 9 * (5 - 3.5) / (9 + 3)]
    assert (moved.offset - model.offset) == pytest.approx(expected)
    assert (moved.base - model.base) == pytest.approx(expected)
    assert moved.noise is model.noise


def test_only_new_ratings_are_held_back(matrix: RatingMatrix) -> None:
    known, held_back = part_new(matrix, 1000)
    assert len(known.stars) + len(held_back.stars) == len(matrix.stars)
    assert (held_back.rated_at >= 1000).all()
    assert len(held_back.stars) == pytest.approx((matrix.rated_at >= 1000).sum() / 5, rel=0.5)
    everything, _ = part_new(matrix, 1e9)
    assert len(everything.stars) == len(matrix.stars)
    of_all = part_new(matrix, 0)[1]
    assert set(part(matrix).held_back.rated_at.tolist()) <= set(of_all.rated_at.tolist())


def test_a_difference_within_chance_is_none() -> None:
    before, found = {"nDCG@10": 0.30, "RMSE": 0.9}, {"nDCG@10": 0.28, "RMSE": 0.9}
    assert is_worse(found, before)
    assert is_worse(found, before, {"nDCG@10": 0.009, "RMSE": 0.001})
    assert not is_worse(found, before, {"nDCG@10": 0.011, "RMSE": 0.001})
    assert is_worse({"nDCG@10": 0.30, "RMSE": 0.93}, before, {"nDCG@10": 0.011, "RMSE": 0.001})
