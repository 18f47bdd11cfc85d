"""`cinelibre train`: reads all ratings, learns, compares with the serving model, and puts the new one in its place."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from threadpoolctl import threadpool_limits

from cinelibre_server.errors import StartupError
from cinelibre_server.progress import Progress, Step
from cinelibre_server.recommend.training.learner import Learner, LocalLearner
from cinelibre_server.recommend.training.tables import write_tables
from cinelibre_server.recommend.training.validation import is_worse, validate
from cinelibre_server.store import models as model_store
from cinelibre_server.store.database import Connection
from cinelibre_server.store.rating_matrix import RatingMatrix

Result = TypeVar("Result")

LEAST_RATINGS = 200
LEAST_USERS = 10
SEED = 1


class TooFewRatings(StartupError):
    """There is not enough to learn from yet."""


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What came of a training. `promoted` is False when the validation was worse than the serving model's."""

    model_id: int
    rating_count: int
    user_count: int
    item_count: int
    promoted: bool
    measures: Mapping[str, float]
    serving_measures: Mapping[str, float]


async def train_model(
    url: str, progress: Progress, *, force: bool = False, seed: int = SEED, learner: Learner | None = None
) -> TrainingResult:
    """Trains on all ratings and serves the result, unless it measures worse than the serving model and not `force`.

    Serving goes on meanwhile. A training that is broken off leaves the serving model as it is. `learner` tells on which
    machines it is done: by default, on this one.

    Raises:
        TooFewRatings: nothing was changed.
        StartupError: no database with this version's schema, or another training runs.
    """
    connection = await model_store.connect_for_training(url)
    try:
        if not await model_store.lock_training(connection):
            raise StartupError("another training of this database runs: wait until it ends")
        return await _train(connection, progress, force, seed, learner or LocalLearner())
    finally:
        await connection.close()


async def _train(
    connection: Connection, progress: Progress, force: bool, seed: int, learner: Learner
) -> TrainingResult:
    with progress("Reading the ratings", None, ""):
        ratings = await learner.read(connection)
    if ratings.rating_count < LEAST_RATINGS or ratings.user_count < LEAST_USERS:
        raise TooFewRatings(
            f"{ratings.rating_count:,} ratings of {ratings.user_count:,} users are too few to learn from:"
            f" training needs {LEAST_RATINGS} ratings of {LEAST_USERS} users"
        )
    matrix = ratings.matrix
    sizes = ratings.rating_count, ratings.user_count, len(matrix.item_ids)
    model_id = await model_store.start_model(connection, *sizes)
    serving = await model_store.get_serving_model(connection)
    with progress("Learning the blend on held-back ratings", 100, "%") as step:
        blend, measures = await _in_thread(partial(validate, fit=learner.fit), matrix, seed, step)
    if serving and not force and is_worse(measures, serving.measures):
        await model_store.reject_model(connection, model_id, measures)
        return TrainingResult(model_id, *sizes, False, measures, serving.measures)
    with progress("Training on all ratings", 100, "%") as step:
        fitted = await _in_thread(learner.fit, matrix, seed, step)
    with progress("Writing the model", None, ""):
        await model_store.create_next_tables(connection)
        await write_tables(connection, model_id, matrix, fitted, blend, ratings.changed_xids)
        await model_store.index_next_tables(connection)
        await model_store.serve_next_tables(connection, model_id, measures)
    return TrainingResult(model_id, *sizes, True, measures, serving.measures if serving else {})


async def _in_thread(
    work: Callable[[RatingMatrix, int, Callable[[float], None]], Result], matrix: RatingMatrix, seed: int, step: Step
) -> Result:
    def run() -> Result:
        # Millions of small systems: threads that share one of them only wait for each other.
        with threadpool_limits(1):
            return work(matrix, seed, lambda share: step.advance(share * 100))

    return await asyncio.to_thread(run)
