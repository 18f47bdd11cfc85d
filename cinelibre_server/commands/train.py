"""`cinelibre train`: learns from the ratings and serves what was learned."""

from cinelibre_server.errors import StartupError
from cinelibre_server.progress import progress
from cinelibre_server.recommend.training.pipeline import LEAST_RATINGS, TrainingResult, train_model
from cinelibre_server.store import models


async def run_train(url: str, *, force: bool, if_changed: bool, spark: str | None = None) -> str:
    """Trains, on the Spark cluster with the master `spark` if there is one; returns a line that says what came of it.

    Raises:
        StartupError: too few ratings, another training runs, the new model is worse than the serving one, or the
            cluster failed.
    """
    if if_changed:
        connection = await models.connect_for_training(url)
        try:
            changed = await models.count_changed_ratings(connection)
        finally:
            await connection.close()
        if changed < LEAST_RATINGS:
            return f"Nothing to do: {changed:,} ratings changed since the last training."
    result = await _train(url, force, spark)
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


async def _train(url: str, force: bool, spark: str | None) -> TrainingResult:
    if spark is None:
        return await train_model(url, progress, force=force)
    from cinelibre_server.recommend.training.spark import spark_learner

    async with spark_learner(spark, url) as learner:
        return await train_model(url, progress, force=force, learner=learner)


def _measures(result: TrainingResult) -> str:
    before = result.serving_measures
    return ", ".join(
        f"{name} {value:.4f}" + (f", before {before[name]:.4f}" if name in before else "")
        for name, value in result.measures.items()
    )
