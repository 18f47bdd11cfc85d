"""The methods of other libraries, where the extra `peers` is installed."""

# ruff: noqa: E402 - what is imported below needs the libraries

import warnings

import numpy as np
import pytest

for _library in ("surprise", "implicit", "lenskit"):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip(_library, reason="needs the extra `peers`")

from cinelibre_server.progress import silent
from cinelibre_server.recommend.evaluation.arrays import Ratings
from cinelibre_server.recommend.evaluation.methods.history import History
from cinelibre_server.recommend.evaluation.methods.peers import implicit_ranking, lenskit_ranking
from cinelibre_server.recommend.evaluation.methods.peers.ranker import PeerRanker
from cinelibre_server.recommend.evaluation.methods.peers.scorer import PeerMethod
from cinelibre_server.recommend.evaluation.methods.peers.surprise_stars import SurprisePeers
from cinelibre_server.recommend.evaluation.methods.peers.tuning import grid_points, tune

USERS, ITEMS = 40, 20
SHAPE = (USERS + 1, ITEMS + 1)
METHODS = (*implicit_ranking.METHODS, *lenskit_ranking.METHODS)


class _NoStep:
    def advance(self, amount: float) -> None:
        pass


@pytest.fixture
def two_tastes() -> Ratings:
    """Even users love the first half of the items, odd ones the second; the last user and item have no rating."""
    random = np.random.RandomState(0)
    users = np.repeat(np.arange(USERS), 12)
    items = np.concatenate([random.permutation(ITEMS)[:12] for _ in range(USERS)])
    loved = (items < ITEMS // 2) == (users % 2 == 0)
    return Ratings(users, items, np.where(loved, 4.5, 1.5) + random.choice([-0.5, 0, 0.5], len(users)), users * 0)


def _smallest(method: PeerMethod) -> dict[str, object]:
    return {name: values[0] for name, values in method.grid.items()} | {"input": "4 stars or more"}


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
async def test_taste_is_learnt_and_what_was_rated_left_out(method: PeerMethod, two_tastes: Ratings) -> None:
    point = _smallest(method) | ({"learning_rate": 0.05} if "BPR" in method.name else {})
    history = History(two_tastes, SHAPE)
    ranker = PeerRanker(method.name, method.train(two_tastes, SHAPE, point), two_tastes, history)
    ranked = await ranker.rank(np.arange(USERS), 3, _NoStep())
    for user in range(USERS):
        assert not set(ranked[user].tolist()) & set(history.items(user).tolist())
    loved = (ranked < ITEMS // 2) == (np.arange(USERS) % 2 == 0)[:, np.newaxis]
    assert loved[:, 0].mean() > 0.9


@pytest.mark.parametrize("method", [method for method in METHODS if method.folds_in], ids=lambda method: method.name)
async def test_new_ratings_are_folded_in(method: PeerMethod, two_tastes: Ratings) -> None:
    history = History(two_tastes, SHAPE)
    ranker = PeerRanker(method.name, method.train(two_tastes, SHAPE, _smallest(method)), two_tastes, history)
    stranger = np.array([USERS])
    popular = await ranker.rank(stranger, ITEMS, _NoStep())
    counts = np.bincount(two_tastes.items, minlength=ITEMS)
    assert counts[popular[0]].tolist() == sorted(counts.tolist(), reverse=True)
    news = Ratings(np.repeat(stranger, 2), np.array([0, 1]), np.array([5.0, 5.0]), np.array([0, 1]))
    await ranker.reveal(news)
    ranked = await ranker.rank(stranger, 5, _NoStep())
    assert set(ranked[0].tolist()) <= set(range(2, ITEMS // 2))


def test_tuning_tries_the_grid_and_stops_in_time(two_tastes: Ratings) -> None:
    ease = METHODS[-1]
    found = tune(ease, two_tastes, SHAPE, 60.0, 100, _NoStep())
    assert found.tried == found.points == len(grid_points(ease)) == 14
    assert found.chosen in grid_points(ease)
    assert found.ndcg > 0.5
    assert tune(ease, two_tastes, SHAPE, 0.0, 100, _NoStep()).tried == 1


async def test_surprise_predicts_stars(two_tastes: Ratings) -> None:
    async with SurprisePeers(two_tastes.stars, silent).predictors(two_tastes, "all") as predictors:
        for predictor in predictors:
            stars = await predictor.predict_stars(two_tastes.users, two_tastes.items, _NoStep())
            assert stars.shape == (len(two_tastes),)
            assert 1.0 <= stars.min() < stars.max() <= 5.0
            assert np.corrcoef(stars, two_tastes.stars)[0, 1] > 0.5
