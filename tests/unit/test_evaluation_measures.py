"""The measures of an evaluation, against values worked out by hand."""

import math

import numpy as np
import pytest

from cinelibre_server.recommend.evaluation import measures
from cinelibre_server.recommend.evaluation.arrays import NOTHING

# Three users: hits at places 1 and 3; a hit at place 2 of a short list; none.
RANKED = np.array([[4, 0, 2, 1], [3, 1, NOTHING, NOTHING], [0, 1, 2, 3]])
USERS = np.array([5, 7, 8])
RELEVANT_USERS = np.array([5, 5, 5, 7, 8, 6])
RELEVANT_ITEMS = np.array([4, 2, 9, 1, 4, 0])
COUNTS = np.array([3, 1, 1])
HITS = np.array([[True, False, True, False], [False, True, False, False], [False] * 4])


def test_errors_are_in_stars() -> None:
    predicted, actual = np.array([3.0, 4.0, 5.0]), np.array([3.0, 2.0, 4.0])
    assert measures.rmse(predicted, actual) == pytest.approx(math.sqrt(5 / 3))
    assert measures.mae(predicted, actual) == pytest.approx(1.0)


def test_a_hit_is_what_this_user_wants_and_never_the_end_of_a_short_list() -> None:
    np.testing.assert_array_equal(measures.find_hits(RANKED, USERS, RELEVANT_USERS, RELEVANT_ITEMS), HITS)
    # Without care, user 8's place of nothing would be the last item of user 7.
    nothing = np.array([[NOTHING, NOTHING]])
    assert not measures.find_hits(nothing, np.array([8]), np.array([7]), np.array([9])).any()


def test_ndcg_rewards_early_hits_and_knows_the_best_that_was_possible() -> None:
    ideal_of_three = 1 + 1 / math.log2(3) + 1 / math.log2(4)
    expected = [(1 + 1 / math.log2(4)) / ideal_of_three, 1 / math.log2(3), 0.0]
    np.testing.assert_allclose(measures.ndcg(HITS, COUNTS, 10), expected)


def test_ndcg_looks_at_the_first_only_and_asks_for_no_more() -> None:
    ideal_of_two = 1 + 1 / math.log2(3)
    np.testing.assert_allclose(measures.ndcg(HITS, COUNTS, 2), [1 / ideal_of_two, 1 / math.log2(3), 0.0])


def test_recall_is_the_share_found() -> None:
    np.testing.assert_allclose(measures.recall(HITS, COUNTS, 2), [1 / 3, 1.0, 0.0])
    np.testing.assert_allclose(measures.recall(HITS, COUNTS, 4), [2 / 3, 1.0, 0.0])


def test_reciprocal_rank_is_that_of_the_first_hit() -> None:
    np.testing.assert_allclose(measures.reciprocal_rank(HITS), [1.0, 0.5, 0.0])


def test_coverage_counts_each_item_once() -> None:
    assert measures.catalogue_coverage(RANKED[:2, :2], 10) == 0.4
    assert measures.catalogue_coverage(np.full((2, 3), NOTHING), 10) == 0.0


def test_popularity_ranks_share_the_mean_of_equals() -> None:
    ratings_of = np.array([0, 0, 0, 1, 2, 1, 2, 4])
    ranks = measures.popularity_ranks(ratings_of, 6)
    np.testing.assert_allclose(ranks, [1, 2.5, 2.5, 5.5, 4, 5.5])
    assert measures.mean_popularity_rank(np.array([[0, 4], [1, NOTHING]]), ranks) == pytest.approx(2.5)


def test_diversity_is_the_mean_distance_of_all_pairs_in_a_list() -> None:
    vectors = np.array([[1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32)
    lists = np.array([[0, 1, 2], [1, 2, NOTHING], [0, NOTHING, NOTHING]])
    three = ((1 - 0) + (1 - 0.6) + (1 - 0.8)) / 3
    assert measures.intra_list_diversity(lists, vectors) == pytest.approx((three + 0.2) / 2)


def test_genre_diversity_is_the_mean_jaccard_distance() -> None:
    genres = np.array([[True, True, False], [True, False, False], [False, False, True], [False] * 3, [False] * 3])
    lists = np.array([[0, 1, 2], [3, 4, NOTHING], [0, NOTHING, NOTHING]])
    three = (0.5 + 1 + 1) / 3
    assert measures.genre_diversity(lists, genres) == pytest.approx((three + 0.0) / 2)
