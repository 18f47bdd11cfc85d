"""Models of items beside items, against their formulas computed the long way."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from cinelibre_server.recommend.training import neighbors
from cinelibre_server.recommend.training.companions import train_companions
from cinelibre_server.recommend.training.item_item import DROPOUT, RIDGE, rating_values, train_item_item
from cinelibre_server.recommend.training.neighbors import ItemNeighbors, count_together, most_rated, strongest
from cinelibre_server.store.rating_matrix import RatingMatrix, rating_matrix

USERS, ITEMS = 40, 12


@pytest.fixture
def matrix() -> RatingMatrix:
    """About a third of all pairs, so that each item is rated."""
    source = np.random.default_rng(2)
    users, items = np.nonzero(source.random((USERS, ITEMS)) < 0.35)
    stars = source.integers(1, 11, len(users)) / 2
    return rating_matrix(
        users.astype(np.int32), items.astype(np.int32), stars.astype(np.float32), np.arange(len(users))
    )


def dense(matrix: RatingMatrix, value: Callable[[float], float]) -> NDArray[np.float64]:
    """float64[U, I]: each rating's value."""
    values = np.zeros((len(matrix.user_ids), len(matrix.item_ids)))
    for user, item, stars in zip(matrix.user_index, matrix.item_index, matrix.stars.tolist(), strict=True):
        values[user, item] = value(stars)
    return values


def as_dense(model: ItemNeighbors) -> NDArray[np.float64]:
    """float64[I, I]: the weight from each source (row) for each item (column)."""
    weights = np.zeros((len(model.sources), len(model.sources)))
    for item, (sources, kept) in enumerate(zip(model.sources, model.source_weights, strict=True)):
        weights[sources[sources >= 0], item] = kept[sources >= 0]
    return weights


def test_item_item_weights_are_those_of_the_regression(matrix: RatingMatrix) -> None:
    values = dense(matrix, lambda stars: rating_values()[int(stars * 2) - 1])
    gram = values.T @ values
    expected = np.linalg.solve(gram + np.diag(RIDGE + DROPOUT * np.diag(gram)), gram)
    np.fill_diagonal(expected, 0)
    assert as_dense(train_item_item(matrix)) == pytest.approx(expected, abs=1e-6)


def test_companions_are_what_those_who_like_an_item_like_more_often(matrix: RatingMatrix) -> None:
    liked = dense(matrix, lambda stars: float(stars >= 4))
    chance = liked.sum(axis=0) / len(liked)
    expected = (liked.T @ liked + 20 * chance) / (liked.sum(axis=0) + 20)[:, None] - chance
    np.fill_diagonal(expected, 0)
    assert as_dense(train_companions(matrix)) == pytest.approx(expected, abs=1e-6)


def test_counting_in_blocks_and_of_some_users_scales_up(matrix: RatingMatrix, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = count_together(matrix, most_rated(matrix), np.ones(len(matrix.stars), np.float32))
    seen = dense(matrix, lambda _: 1.0)
    assert everything == pytest.approx(seen.T @ seen)
    monkeypatch.setattr(neighbors, "_DENSE_NUMBERS", 5 * ITEMS)
    assert count_together(matrix, most_rated(matrix), np.ones(len(matrix.stars), np.float32)) == pytest.approx(
        everything
    )
    monkeypatch.setattr(neighbors, "MOST_USERS", 20)
    some = count_together(matrix, most_rated(matrix), np.ones(len(matrix.stars), np.float32))
    assert some.sum() == pytest.approx(everything.sum(), rel=0.25)


def test_only_the_strongest_are_kept_and_sorted() -> None:
    weights = np.array([[9, 1, -5, 2], [4, 9, 3, 0], [0.5, -6, 9, 1], [2, 2.5, 1, 9]], np.float32)
    kept = strongest(weights.copy(), np.array([0, 2, 3, 5]), 6, 2)
    # Columns, by absolute value; item 1 and 4 are not among the chosen.
    assert [set(row[row >= 0].tolist()) for row in kept.sources] == [{2, 5}, set(), {3, 5}, {0, 2}, set(), {0, 3}]
    assert kept.targets[0].tolist() == [5, 2, -1, -1]
    assert kept.target_weights[0].tolist() == [2, 1, 0, 0]
    assert kept.targets[5].tolist() == [2, 0, 3, -1]
    rated, values = np.array([5, 0], np.int32), np.array([1.0, 0.5])
    assert kept.scores(rated, values, np.array([2, 3, 1])).tolist() == [2.5, -2.5, 0]
    beside = kept.beside(rated, values)
    assert beside.tolist() == [2, -np.inf, 2.5 + 0.5, 1, -np.inf, 1]


def test_who_rated_much_looks_at_less_beside_each(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = np.arange(1.0, 37).reshape(6, 6).astype(np.float32)
    kept = strongest(weights, np.arange(6), 6, 6)
    monkeypatch.setattr(neighbors, "LOOKED_AT", 4)
    monkeypatch.setattr(neighbors, "POINTING_RATINGS", 2)
    # The third rating points nowhere, the first gives nothing.
    found = kept.beside(np.array([3, 0, 1, 2], np.int32), np.array([0.0, 1, 1, 1]))
    assert np.flatnonzero(np.isfinite(found)).tolist() == [4, 5]
