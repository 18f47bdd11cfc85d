"""The weights of AUTO, and what they are learned on."""

import numpy as np
import pytest

from cinelibre_server.recommend.training.blend import Blend
from cinelibre_server.recommend.training.questions import first_questions, whole_questions
from cinelibre_server.recommend.training.validation import is_worse, part
from cinelibre_server.store.rating_matrix import RatingMatrix, rating_matrix


@pytest.fixture
def matrix() -> RatingMatrix:
    source = np.random.default_rng(4)
    users, items = np.nonzero(source.random((400, 60)) < 0.5)
    return rating_matrix(
        (users + 7).astype(np.int32),
        (items + 3).astype(np.int32),
        (source.integers(1, 11, len(users)) / 2).astype(np.float32),
        source.permutation(len(users)),
    )


def pairs(matrix: RatingMatrix) -> set[tuple[int, int]]:
    return set(
        zip(matrix.user_ids[matrix.user_index].tolist(), matrix.item_ids[matrix.item_index].tolist(), strict=True)
    )


def test_between_two_levels_the_weights_change_with_the_logarithm() -> None:
    blend = Blend((1, 4, 16), ((1.0, 0, 0, 0, 0), (0, 1.0, 0, 0, 0), (0, 0, 1.0, 0, 0)))
    assert blend.of(1).tolist() == [1, 0, 0, 0, 0]
    assert blend.of(2) == pytest.approx(np.array([0.5, 0.5, 0, 0, 0]))
    assert blend.of(8) == pytest.approx(np.array([0, 0.5, 0.5, 0, 0]))
    assert blend.of(1000).tolist() == [0, 0, 1, 0, 0]


def test_a_fifth_is_held_back_and_some_users_whole(matrix: RatingMatrix) -> None:
    parted = part(matrix)
    known, held_back, newcomers = (pairs(piece) for piece in (parted.known, parted.held_back, parted.newcomers))
    assert known | held_back | newcomers == pairs(matrix)
    assert not known & held_back
    new_users = {user for user, _ in newcomers}
    assert not new_users & {user for user, _ in known | held_back}
    assert len(new_users) / 400 == pytest.approx(0.1, abs=0.05)
    assert len(held_back) / len(known | held_back) == pytest.approx(0.2, abs=0.02)


def test_each_trial_holds_back_others(matrix: RatingMatrix) -> None:
    parts = [part(matrix, trial) for trial in range(3)]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert not pairs(parts[one].held_back) & pairs(parts[other].held_back)
        assert not pairs(parts[one].newcomers) & pairs(parts[other].newcomers)
    assert {len(parted.held_back.stars) > 1000 for parted in parts} == {True}


def test_what_is_held_back_stays_so_when_data_grow(matrix: RatingMatrix) -> None:
    before = part(matrix.select(matrix.item_index < 40))
    after = part(matrix)
    assert pairs(before.held_back) <= pairs(after.held_back)
    assert pairs(before.newcomers) <= pairs(after.newcomers)


def test_questions_ask_for_what_was_liked_and_know_the_rest(matrix: RatingMatrix) -> None:
    parted = part(matrix)
    stars = {
        (user, item): given
        for user, item, given in zip(
            matrix.user_index.tolist(), matrix.item_index.tolist(), matrix.stars.tolist(), strict=True
        )
    }
    for question in whole_questions(parted.known, parted.held_back, 1):
        assert len(question.items) == len(question.stars)
        assert len(question.relevant)
        assert not set(question.items.tolist()) & set(question.relevant.tolist())
    first = first_questions(parted.newcomers, (1, 5), 1)
    assert {len(question.items) for question in first} == {1, 5}
    user = parted.newcomers.user_index[0]
    own = parted.newcomers.item_index[parted.newcomers.user_index == user].tolist()
    mine = [question for question in first if question.items.tolist() in (own[:1], own[:5][::-1])]
    assert len(mine) == 2
    for question in mine:
        later = own[len(question.items) :]
        assert sorted(question.relevant.tolist()) == sorted(item for item in later if stars[user, item] >= 4)


@pytest.mark.parametrize(
    ("ndcg", "rmse", "worse"), [(0.30, 0.9, False), (0.295, 0.9, False), (0.29, 0.9, True), (0.31, 0.92, True)]
)
def test_worse_is_worse_by_more_than_chance(ndcg: float, rmse: float, worse: bool) -> None:
    assert is_worse({"nDCG@10": ndcg, "RMSE": rmse}, {"nDCG@10": 0.30, "RMSE": 0.9}) is worse
