"""`cinelibre train`: reads all ratings, learns, compares with the serving model, and puts the new one in its place."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from threading import Thread
from typing import TypeVar

from threadpoolctl import threadpool_limits

from cinelibre_server.errors import StartupError
from cinelibre_server.progress import Progress, Step
from cinelibre_server.recommend.training.blend import Blend
from cinelibre_server.recommend.training.fit import Advance, FittedModels
from cinelibre_server.recommend.training.learner import Learner, LocalLearner, TrainingRatings
from cinelibre_server.recommend.training.tables import write_tables
from cinelibre_server.recommend.training.validation import is_worse, validate
from cinelibre_server.store import models as model_store
from cinelibre_server.store.database import Connection

Result = TypeVar("Result")

LEAST_RATINGS = 200
LEAST_USERS = 10
SEED = 1


class TooFewRatings(StartupError):
    """There is not enough to learn from yet."""


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What came of a training. `promoted` is False when it measured worse than the serving model.

    For an incremental training, measures are of `question_count` users with new ratings, and empty if they are too few.
    """

    model_id: int
    rating_count: int
    user_count: int
    item_count: int
    promoted: bool
    measures: Mapping[str, float]
    serving_measures: Mapping[str, float]
    question_count: int | None = None


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
    async with training_connection(url) as connection:
        return await _train(connection, progress, force, seed, learner or LocalLearner())


@asynccontextmanager
async def training_connection(url: str) -> AsyncIterator[Connection]:
    """A connection with the training lock.

    Raises:
        StartupError: no database with this version's schema, or another training runs.
    """
    connection = await model_store.connect_for_training(url)
    try:
        if not await model_store.lock_training(connection):
            raise StartupError("another training of this database runs: wait until it ends")
        yield connection
    finally:
        await connection.close()


async def _train(
    connection: Connection, progress: Progress, force: bool, seed: int, learner: Learner
) -> TrainingResult:
    ratings = await read_ratings(connection, progress, learner)
    matrix = ratings.matrix
    sizes = ratings.rating_count, ratings.user_count, len(matrix.item_ids)
    model_id = await model_store.start_model(connection, *sizes)
    serving = await model_store.get_serving_model(connection)
    serving_items = await model_store.list_items(connection) if serving else None
    with progress("Learning the blend on held-back ratings", 100, "%") as step:
        work = partial(validate, matrix, seed, fit=learner.fit, serving_items=serving_items)
        validated = await in_thread(work, step)
    measures, comparable = validated.measures, validated.comparable
    # Others than before have rated other items: what is found for all says nothing of which model is better.
    if serving and comparable and not force and is_worse(comparable, serving.measures):
        await model_store.reject_model(connection, model_id, measures)
        return TrainingResult(model_id, *sizes, False, comparable, serving.measures)
    with progress("Training on all ratings", 100, "%") as step:
        fitted = await in_thread(partial(learner.fit, matrix, seed), step)
    await serve(connection, progress, model_id, ratings, fitted, validated.blend, measures)
    return TrainingResult(model_id, *sizes, True, measures, serving.measures if serving else {})


async def read_ratings(connection: Connection, progress: Progress, learner: Learner) -> TrainingRatings:
    """What the learner reads.

    Raises:
        TooFewRatings: there are fewer than LEAST_RATINGS, or of fewer than LEAST_USERS.
    """
    with progress("Reading the ratings", None, ""):
        ratings = await learner.read(connection)
    if ratings.rating_count < LEAST_RATINGS or ratings.user_count < LEAST_USERS:
        raise TooFewRatings(
            f"{ratings.rating_count:,} ratings of {ratings.user_count:,} users are too few to learn from:"
            f" training needs {LEAST_RATINGS} ratings of {LEAST_USERS} users"
        )
    return ratings


async def serve(
    connection: Connection,
    progress: Progress,
    model_id: int,
    ratings: TrainingRatings,
    fitted: FittedModels,
    blend: Blend,
    measures: Mapping[str, float],
) -> None:
    """Writes the model and puts it in the place of the serving one."""
    with progress("Writing the model", None, ""):
        await model_store.create_next_tables(connection)
        await write_tables(connection, model_id, ratings.matrix, fitted, blend, ratings.changed_xids)
        await model_store.index_next_tables(connection)
        await model_store.serve_next_tables(connection, model_id, measures)


async def in_thread(work: Callable[[Advance], Result], step: Step) -> Result:
    """Computes beside the event loop; the step gets what `work` tells of its way, shares of 1.

    In a thread that nobody waits for when the process is to end: it has nothing to put away.
    """
    result: Future[Result] = Future()
    result.set_running_or_notify_cancel()

    def run() -> None:
        try:
            # Millions of small systems: threads that share one of them only wait for each other.
            with threadpool_limits(1):
                result.set_result(work(lambda share: step.advance(share * 100)))
        except BaseException as error:
            result.set_exception(error)

    Thread(target=run, name="training", daemon=True).start()
    return await asyncio.wrap_future(result)
