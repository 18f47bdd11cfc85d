"""What a training asks of the machines it runs on: the ratings, and models fitted on them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from cinelibre_server.recommend.training.fit import Advance, FittedModels, fit_models
from cinelibre_server.store import models as model_store
from cinelibre_server.store.database import Connection
from cinelibre_server.store.rating_matrix import RatingMatrix, read_rating_matrix


@dataclass(frozen=True, slots=True)
class TrainingRatings:
    """`rating_count` ratings of `user_count` users, and of all or some of these users what fits in memory.

    `matrix` lists all items with ratings. For its users `changed_xids` has the transaction that had last changed their
    ratings before they were read.
    """

    matrix: RatingMatrix
    changed_xids: Mapping[int, int]
    rating_count: int
    user_count: int


class Learner(Protocol):
    """Reads the ratings, then fits models on them."""

    async def read(self, connection: Connection) -> TrainingRatings:
        """All ratings, or a sample of users where there are more than one machine takes."""

    def fit(self, matrix: RatingMatrix, seed: int, advance: Advance) -> FittedModels:
        """Models of all ratings but those that `read` gave and `matrix` is without; `advance` gets shares of 1."""


class LocalLearner:
    """Everything in this process."""

    async def read(self, connection: Connection) -> TrainingRatings:
        """All ratings."""
        # Before the ratings: a user whose ratings change in between has a profile that counts as out of date.
        changed_xids = await model_store.changed_xids(connection)
        matrix = await read_rating_matrix(connection)
        return TrainingRatings(matrix, changed_xids, len(matrix.stars), len(matrix.user_ids))

    def fit(self, matrix: RatingMatrix, seed: int, advance: Advance) -> FittedModels:
        """As fit_models does."""
        return fit_models(matrix, seed, advance)
