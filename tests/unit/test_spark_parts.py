"""What executors do with their parts of the ratings adds up to what is done with all of them at once."""

from types import SimpleNamespace

import numpy as np
import pytest

from cinelibre_server.recommend.training.item_item import rating_values
from cinelibre_server.recommend.training.neighbors import count_together, most_counted
from cinelibre_server.recommend.training.spark import (
    count_by_item,
    count_users,
    known_ratings,
    rating_keys,
    sum_together,
    taste_rows,
)
from cinelibre_server.recommend.training.stars import predict, train_stars
from cinelibre_server.store.rating_matrix import RatingMatrix, rating_matrix

USERS, ITEMS, RATINGS = 30, 12, 150


@pytest.fixture
def everything() -> RatingMatrix:
    source = np.random.default_rng(2)
    pairs = source.choice(USERS * ITEMS, RATINGS, replace=False)
    stars = (source.integers(1, 11, RATINGS) / 2).astype(np.float32)
    return rating_matrix(
        (pairs // ITEMS + 100).astype(np.int32), (pairs % ITEMS * 3 + 7).astype(np.int32), stars, pairs.astype(np.int64)
    )


def _parts(matrix: RatingMatrix, removed: RatingMatrix) -> list[RatingMatrix]:
    """As the executors have them: each with its own users and items, then with places among all."""
    shared = SimpleNamespace(value=(matrix.item_ids, rating_keys(removed)))
    users, items = matrix.user_ids[matrix.user_index], matrix.item_ids[matrix.item_index]
    parts = [
        rating_matrix(users[own], items[own], matrix.stars[own], matrix.rated_at[own])
        for own in (
            matrix.user_index < 11,
            (matrix.user_index >= 11) & (matrix.user_index < 20),
            matrix.user_index >= 20,
        )
    ]
    return [known_ratings(shared, part) for part in parts]


def test_parts_are_without_what_is_held_back(everything: RatingMatrix) -> None:
    held_back = np.random.default_rng(3).random(RATINGS) < 0.2
    parts = _parts(everything, everything.select(held_back))
    assert [part.item_ids.tolist() for part in parts] == [everything.item_ids.tolist()] * 3
    kept = np.concatenate([rating_keys(part) for part in parts])
    assert kept.tolist() == rating_keys(everything.select(~held_back)).tolist()


def test_a_part_read_again_drops_items_that_are_new(everything: RatingMatrix) -> None:
    without_last = everything.item_ids[:-1]
    part = known_ratings(SimpleNamespace(value=(without_last, np.zeros(0, np.int64))), everything)
    assert len(part.stars) == np.count_nonzero(everything.item_index < len(without_last))
    assert part.item_index.max() < len(without_last)


def test_counts_and_grams_add_up(everything: RatingMatrix) -> None:
    parts = _parts(everything, everything.select(np.zeros(RATINGS, bool)))
    counts, liked, _ = np.sum([count_by_item(part) for part in parts], axis=0)
    assert counts.tolist() == np.bincount(everything.item_index).tolist()
    assert liked.sum() == np.count_nonzero(everything.stars >= 4)
    chosen = most_counted(counts)[:10]
    values = rating_values().astype(np.float32)[(everything.stars * 2).astype(np.int64) - 1]
    whole, summed = count_together(everything, chosen, values), np.zeros((10, 10), np.float32)
    for first, rows in sum_together(SimpleNamespace(value=(chosen, rating_values())), iter(parts)):
        summed[first : first + len(rows)] = rows
    assert summed == pytest.approx(whole, abs=1e-4)


def test_mllib_gets_confidence_and_preference_in_one_number() -> None:
    halves = np.arange(1, 11)
    matrix = rating_matrix(
        np.full(10, 5, np.int32), halves.astype(np.int32), (halves / 2).astype(np.float32), halves.astype(np.int64)
    )
    # Up to 2 stars a rating weighs as much as none; from 3 on it is liking.
    assert list(taste_rows(matrix)) == [(5, 4, -0.5), (5, 5, 1.0), (5, 6, 2.0), (5, 7, 3.0), (5, 8, 3.5), (5, 9, 4.0)]
    assert count_users(matrix).tolist() == [1, 25]


def test_items_that_nobody_in_the_sample_rated_are_predicted_sensibly(everything: RatingMatrix) -> None:
    more = np.sort(np.append(everything.item_ids, 1_000)).astype(np.int32)
    model = train_stars(everything.among(more), 1, lambda _: None)
    stars = predict(model, everything.item_index[:3], everything.stars[:3], np.array([len(more) - 1], np.int32))
    assert 1.5 < stars[0] < 4
