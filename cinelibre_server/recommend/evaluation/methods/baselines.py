"""The simple methods that everything else has to beat."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import numpy as np

from cinelibre_server.progress import Step
from cinelibre_server.recommend.evaluation.arrays import FloatArray, IntArray, Ratings
from cinelibre_server.recommend.evaluation.methods.history import History
from cinelibre_server.recommend.evaluation.methods.method import FoldInRanker, StarPredictor

MOST_POPULAR = "most popular (by count)"

# Koren: Factor in the Neighbors (TKDD 2010), section 2.1.
_ITEM_DAMPING = 25
_USER_DAMPING = 10


@dataclass(frozen=True, slots=True)
class Biases:
    """stars = mean + what the item usually adds + what the user does, each shrunk to 0 where little is known."""

    name: str
    mean: float
    items: FloatArray
    users: FloatArray

    @classmethod
    def fit(
        cls, name: str, ratings: Ratings, shape: tuple[int, int], item_damping: float, user_damping: float
    ) -> "Biases":
        """Fits them one after the other, for `shape` users and items; an infinite damping leaves a bias out."""
        user_count, item_count = shape
        mean = float(ratings.stars.mean())
        items = _damped(ratings.items, ratings.stars - mean, item_count, item_damping)
        rest = ratings.stars - mean - items[ratings.items]
        return cls(name, mean, items, _damped(ratings.users, rest, user_count, user_damping))

    async def predict_stars(self, users: IntArray, items: IntArray, step: Step) -> FloatArray:
        """See StarPredictor."""
        step.advance(len(users))
        return self.mean + self.items[items] + self.users[users]


def _damped(keys: IntArray, deviations: FloatArray, count: int, damping: float) -> FloatArray:
    sums = np.bincount(keys, weights=deviations, minlength=count)
    result: FloatArray = sums / np.maximum(np.bincount(keys, minlength=count) + damping, 1)
    return result


class MostPopular:
    """The items with the most ratings that the user has not rated; what others rate later does not count."""

    name = MOST_POPULAR

    def __init__(self, ratings: Ratings, shape: tuple[int, int]) -> None:
        self._history = History(ratings, shape)
        self.order: IntArray = np.argsort(-np.bincount(ratings.items, minlength=shape[1]), kind="stable")

    async def reveal(self, ratings: Ratings) -> None:
        """See FoldInRanker."""
        self._history.add(ratings)

    async def rank(self, users: IntArray, count: int, step: Step) -> IntArray:
        """See Ranker."""
        step.advance(len(users))
        return np.array([self._history.unseen(user, self.order, count) for user in users.tolist()], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Baselines:
    """Trains them for `shape` users and items."""

    shape: tuple[int, int]

    @asynccontextmanager
    async def predictors(self, training: Ratings, _label: str) -> AsyncIterator[Sequence[StarPredictor]]:
        """A PredictorTrainer."""
        yield [
            Biases.fit("everybody's mean", training, self.shape, np.inf, np.inf),
            Biases.fit("user's mean", training, self.shape, np.inf, 0),
            Biases.fit("damped biases of user and item", training, self.shape, _ITEM_DAMPING, _USER_DAMPING),
        ]

    @asynccontextmanager
    async def rankers(self, training: Ratings, _label: str) -> AsyncIterator[Sequence[FoldInRanker]]:
        """A RankerTrainer and FoldInTrainer."""
        yield [MostPopular(training, self.shape)]
