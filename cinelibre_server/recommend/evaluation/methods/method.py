"""What an evaluation asks of a method."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeAlias

from cinelibre_server.progress import Step
from cinelibre_server.recommend.evaluation.arrays import FloatArray, IntArray, Ratings


class StarPredictor(Protocol):
    """Says how many stars users would give."""

    @property
    def name(self) -> str:
        """What reports call it."""

    async def predict_stars(self, users: IntArray, items: IntArray, step: Step) -> FloatArray:
        """The stars of each pair users[k], items[k]; `step` is advanced by one a pair."""


class Ranker(Protocol):
    """Recommends."""

    @property
    def name(self) -> str:
        """What reports call it."""

    async def rank(self, users: IntArray, count: int, step: Step) -> IntArray:
        """int64[len(users), count]: items that each user has not rated, the best first; one step a user."""


class FoldInRanker(Ranker, Protocol):
    """A ranker that takes new ratings in without being trained again."""

    async def reveal(self, ratings: Ratings) -> None:
        """Adds ratings; those of one user go on in time where the last ones ended."""


# Trains on some ratings, under a name to show meanwhile, and gives what was trained for the time of the block.
PredictorTrainer: TypeAlias = Callable[[Ratings, str], AbstractAsyncContextManager[Sequence[StarPredictor]]]
RankerTrainer: TypeAlias = Callable[[Ratings, str], AbstractAsyncContextManager[Sequence[Ranker]]]
FoldInTrainer: TypeAlias = Callable[[Ratings, str], AbstractAsyncContextManager[Sequence[FoldInRanker]]]
