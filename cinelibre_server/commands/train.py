"""`cinelibre train`: learns from the ratings and serves what was learned."""

from enum import Enum

from cinelibre_server.errors import StartupError
from cinelibre_server.progress import progress
from cinelibre_server.recommend.training.comparison import LEAST_QUESTIONS
from cinelibre_server.recommend.training.incremental import NoModelToUpdate, update_model
from cinelibre_server.recommend.training.pipeline import LEAST_RATINGS, TrainingResult, train_model
from cinelibre_server.store import models
from cinelibre_server.store.rating_parts import count_rated

# With so many more or fewer ratings than the last full training had, in parts of these, the next is a full one.
_FULL_AFTER = 0.1


class _Due(Enum):
    NOTHING, UPDATE, FULL = range(3)


async def run_train(
    url: str, *, force: bool, if_changed: bool, incremental: bool | None = None, spark: str | None = None
) -> str:
    """Trains and returns a line that says what came of it.

    `incremental` brings the serving model up to date; without it the training is full, but with `if_changed` and
    neither wanted (None) what is due. `spark` is the master of a Spark cluster to train on, always fully.

    Raises:
        StartupError: too few ratings, another training runs, the new model is worse than the serving one, there is none
            to update, or the cluster failed.
    """
    if incremental and spark is not None:
        raise StartupError("--incremental and --spark exclude each other: on a cluster every training is a full one")
    if if_changed:
        due, changed = await _due(url)
        if due == _Due.NOTHING:
            return f"Nothing to do: {changed:,} ratings changed since the last training."
        if incremental is None and spark is None and due == _Due.UPDATE:
            try:
                return _said(await update_model(url, progress, force=force))
            except NoModelToUpdate:
                incremental = False
    return _said(await (update_model(url, progress, force=force) if incremental else _train(url, force, spark)))


async def _due(url: str) -> tuple[_Due, int]:
    """What to do next, and how many ratings changed since the serving model was trained or updated."""
    connection = await models.connect_for_training(url)
    try:
        changed = await models.count_changed_ratings(connection)
        rating_count, _ = await count_rated(connection)
        serving = await models.get_serving_model(connection)
    finally:
        await connection.close()
    if serving is None:
        return (_Due.FULL if changed >= LEAST_RATINGS else _Due.NOTHING), changed
    # Imported ratings keep the times at which they were made.
    changed = max(changed, abs(rating_count - serving.rating_count))
    if changed < LEAST_RATINGS:
        return _Due.NOTHING, changed
    is_far = abs(rating_count - serving.full_rating_count) > _FULL_AFTER * serving.full_rating_count
    return (_Due.FULL if is_far else _Due.UPDATE), changed


async def _train(url: str, force: bool, spark: str | None) -> TrainingResult:
    if spark is None:
        return await train_model(url, progress, force=force)
    from cinelibre_server.recommend.training.spark import spark_learner

    async with spark_learner(spark, url) as learner:
        return await train_model(url, progress, force=force, learner=learner)


def _said(result: TrainingResult) -> str:
    learned = (
        f"model {result.model_id}, of {result.rating_count:,} ratings by {result.user_count:,} users"
        f" of {result.item_count:,} items ({_measures(result)})"
    )
    if result.promoted:
        return f"Serving {learned}."
    raise StartupError(
        f"not promoted: {learned} is worse than the serving one, which stays;"
        " look at the ratings that came in, or serve it all the same with --force"
    )


def _measures(result: TrainingResult) -> str:
    if result.question_count == 0:
        return (
            "updated; too few ratings were made since the last training to compare it with the one before:"
            f" fewer than {LEAST_QUESTIONS} users like one of those held back, and imported ratings keep their times"
        )
    found = ", ".join(
        f"{name} {value:.4f}" + (f", before {before:.4f}" if (before := result.serving_measures.get(name)) else "")
        for name, value in result.measures.items()
    )
    return (
        found
        if result.question_count is None
        else f"updated; for {result.question_count:,} users with new ratings {found}"
    )
