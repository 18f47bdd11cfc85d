"""`cinelibre train --incremental`: goes on from the serving model instead of beginning anew."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from math import floor

from cinelibre_server.errors import StartupError
from cinelibre_server.progress import Progress
from cinelibre_server.recommend.training.comparison import LEAST_QUESTIONS, Comparison, compare
from cinelibre_server.recommend.training.fit import Advance, FittedModels
from cinelibre_server.recommend.training.learner import LocalLearner
from cinelibre_server.recommend.training.pipeline import (
    SEED,
    TrainingResult,
    in_thread,
    read_ratings,
    serve,
    training_connection,
)
from cinelibre_server.recommend.training.questions import whole_questions
from cinelibre_server.recommend.training.serving import ServedModels, has_this_form, served_models
from cinelibre_server.recommend.training.update import update_models
from cinelibre_server.recommend.training.validation import part_new
from cinelibre_server.store import models as model_store
from cinelibre_server.store.database import Connection
from cinelibre_server.store.model_tables import ModelTables, read_model_tables
from cinelibre_server.store.rating_matrix import RatingMatrix

# From the serving model, and from one that was trained on all but the ratings that were held back.
_SWEEPS, _SWEEPS_MORE = 2, 1


class NoModelToUpdate(StartupError):
    """Only a full training can be next."""


@dataclass(frozen=True, slots=True)
class _Updated:
    """What came of it: no models if they are worse and not wanted then, no comparison with too few new ratings."""

    fitted: FittedModels | None
    comparison: Comparison | None


async def update_model(url: str, progress: Progress, *, force: bool = False) -> TrainingResult:
    """Brings the serving model up to date with all ratings, and serves the result.

    A fifth of the ratings made since its training began is held back first, from users who like something of it, and
    both are asked for these: an update that does worse is not promoted, unless `force`. With less than LEAST_QUESTIONS
    such users nothing is compared. The next full training compares with the last one.

    Raises:
        NoModelToUpdate: none serves, or one that another version of this program trained.
        StartupError: as train_model does.
    """
    async with training_connection(url) as connection:
        serving, tables = await _serving(connection)
        ratings = await read_ratings(connection, progress, LocalLearner())
        matrix = ratings.matrix
        sizes = ratings.rating_count, ratings.user_count, len(matrix.item_ids)
        model_id = await model_store.start_model(connection, *sizes)
        served = served_models(tables, matrix.item_ids)
        with progress("Updating the serving model", 100, "%") as step:
            work = partial(_update, matrix, floor(serving.started_at.timestamp()), served, force)
            updated = await in_thread(work, step)
        compared = updated.comparison
        measures: Mapping[str, float] = compared.measures if compared else {}
        before: Mapping[str, float] = compared.serving_measures if compared else {}
        if updated.fitted is None:
            await model_store.reject_model(connection, model_id, measures)
        else:
            kept = {**serving.measures, "ratings": serving.full_rating_count}
            await serve(connection, progress, model_id, ratings, updated.fitted, served.blend, kept)
        count = compared.question_count if compared else 0
        return TrainingResult(model_id, *sizes, updated.fitted is not None, measures, before, count)


async def _serving(connection: Connection) -> tuple[model_store.ServingModel, ModelTables]:
    serving, tables = await model_store.get_serving_model(connection), await read_model_tables(connection)
    if serving is None or tables is None:
        raise NoModelToUpdate("no model serves yet that could be updated: run `cinelibre train` first")
    if not has_this_form(tables):
        raise NoModelToUpdate(
            "the serving model has another form than this version's, and cannot be updated: run `cinelibre train`"
        )
    return serving, tables


def _update(matrix: RatingMatrix, since: float, served: ServedModels, force: bool, advance: Advance) -> _Updated:
    known, held_back = part_new(matrix, since)
    questions = whole_questions(known, held_back, SEED)
    factors = served.models.factors
    if len(questions) < LEAST_QUESTIONS:
        return _Updated(update_models(matrix, since, served, factors, _SWEEPS, advance), None)
    checked = update_models(known, since, served, factors, _SWEEPS, lambda share: advance(0.5 * share))
    compared = compare(checked, served.models, served.blend, questions, known, held_back)
    advance(0.1)
    if compared.is_worse and not force:
        return _Updated(None, compared)
    fitted = update_models(matrix, since, served, checked.factors, _SWEEPS_MORE, lambda share: advance(0.4 * share))
    return _Updated(fitted, compared)
