"""How an evaluation parts ratings into what is known and what is to be found out."""

import numpy as np
import pytest

from cinelibre_server.recommend.evaluation.arrays import Ratings
from cinelibre_server.recommend.evaluation.protocols.cold_start import cold_start_folds
from cinelibre_server.recommend.evaluation.protocols.surprise_folds import surprise_folds
from cinelibre_server.recommend.evaluation.protocols.time_split import time_split

# What scikit-surprise 1.1.5 gives for KFold(n_splits=5, random_state=0) of twelve ratings.
TESTED_OF_TWELVE = [[6, 11, 4], [10, 2, 8], [1, 7], [9, 3], [0, 5]]
TRAINED_OF_TWELVE_IN_FOLD_2 = [6, 11, 4, 1, 7, 9, 3, 0, 5]


def test_folds_are_those_of_the_published_benchmark() -> None:
    folds = surprise_folds(12)
    assert [fold.test.tolist() for fold in folds] == TESTED_OF_TWELVE
    assert folds[1].training.tolist() == TRAINED_OF_TWELVE_IN_FOLD_2


def test_folds_are_those_of_surprise_itself() -> None:
    surprise = pytest.importorskip("surprise", reason="scikit-surprise is an extra")
    selection = pytest.importorskip("surprise.model_selection", reason="scikit-surprise is an extra")
    data = surprise.Dataset(surprise.Reader())
    data.raw_ratings = [(f"u{row}", f"i{row}", 3.0, None) for row in range(1003)]
    theirs = list(selection.KFold(n_splits=5, random_state=0).split(data))
    for ours, (trained, tested) in zip(surprise_folds(1003), theirs, strict=True):
        assert [f"u{row}" for row in ours.test] == [user for user, _, _ in tested]
        assert [f"u{row}" for row in ours.training] == [trained.to_raw_uid(user) for user in range(trained.n_users)]


def test_every_rating_is_found_out_once() -> None:
    folds = surprise_folds(1003)
    assert sorted(row for fold in folds for row in fold.test.tolist()) == list(range(1003))
    for fold in folds:
        assert sorted([*fold.training.tolist(), *fold.test.tolist()]) == list(range(1003))


def test_the_last_tenth_in_time_is_found_out() -> None:
    times = np.array([50, 10, 10, 90, 20, 30, 40, 60, 70, 90, *range(10)])
    split = time_split(times)
    assert split.test.tolist() == [3, 9]
    assert split.training.tolist() == [row for row in range(20) if row not in (3, 9)]


def test_of_new_users_only_the_first_ratings_are_known() -> None:
    ratings = _ratings(users=100, each=12)
    folds = cold_start_folds(ratings, 100)
    assert sorted(user for fold in folds for user in set(ratings.users[fold.rows].tolist())) == list(range(100))
    protocol = folds[0]
    cold = set(ratings.users[protocol.rows].tolist())
    assert len(cold) == 20
    assert cold.isdisjoint(ratings.users[protocol.training].tolist())
    assert len(protocol.training) == 80 * 12
    for user in cold:
        of_user = [row for row in protocol.rows.tolist() if ratings.users[row] == user]
        earliest = sorted(of_user, key=lambda row: (ratings.times[row], row))
        revealed = [row for row in protocol.revealed(3).tolist() if ratings.users[row] == user]
        assert revealed == earliest[:3]
        later = [row for row in protocol.revealed(5, after=3).tolist() if ratings.users[row] == user]
        assert later == earliest[3:5]
        assert set(earliest[5:]) == {row for row in protocol.hidden(5).tolist() if ratings.users[row] == user}


def test_the_same_users_are_new_every_time() -> None:
    ratings = _ratings(users=30, each=4)
    for fold, again in zip(cold_start_folds(ratings, 30), cold_start_folds(ratings, 30), strict=True):
        np.testing.assert_array_equal(fold.rows, again.rows)


def _ratings(users: int, each: int) -> Ratings:
    """Of everybody, out of order, with many at the same second."""
    random = np.random.RandomState(1)
    count = users * each
    rows = random.permutation(count)
    return Ratings(
        users=np.repeat(np.arange(users), each)[rows],
        items=np.tile(np.arange(each), users)[rows],
        stars=random.randint(1, 11, count) / 2,
        times=random.randint(0, 6, count),
    )
