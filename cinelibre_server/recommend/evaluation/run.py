"""Runs an evaluation: reads the data, trains every method on every split, and measures."""

from collections.abc import Collection, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from cinelibre_server import __version__
from cinelibre_server.embedding.runtime import Embedder
from cinelibre_server.progress import Progress
from cinelibre_server.recommend.evaluation.dataset import Dataset, read_dataset
from cinelibre_server.recommend.evaluation.methods.baselines import Baselines
from cinelibre_server.recommend.evaluation.methods.method import FoldInTrainer, PredictorTrainer, RankerTrainer
from cinelibre_server.recommend.evaluation.methods.product import open_product
from cinelibre_server.recommend.evaluation.protocols.ranking_splits import ranking_splits, ranking_splits_name
from cinelibre_server.recommend.evaluation.protocols.time_split import time_split
from cinelibre_server.recommend.evaluation.score import Evaluation, Part, Score
from cinelibre_server.recommend.evaluation.tasks.cold_start import evaluate_cold_start
from cinelibre_server.recommend.evaluation.tasks.lists import Items
from cinelibre_server.recommend.evaluation.tasks.ranking import evaluate_ranking
from cinelibre_server.recommend.evaluation.tasks.stars import evaluate_stars

TIME_TASK = "ranking, last tenth in time"


@dataclass(frozen=True, slots=True)
class _Contest:
    """All methods by what they can do."""

    predictors: Sequence[PredictorTrainer]
    rankers: Sequence[RankerTrainer]
    new_user_rankers: Sequence[FoldInTrainer]


async def evaluate(
    data: Path, parts: Collection[Part], embedder: Embedder | None, max_users: int, progress: Progress
) -> Evaluation:
    """Measures the `parts` on the data set in the folder.

    Lists are measured for at most `max_users` users a split. Without an embedder films have no vectors.

    Raises:
        StartupError: no data set there, or one that can't be imported.
    """
    dataset = read_dataset(data, progress)
    baselines = Baselines((dataset.user_count, dataset.item_count))
    async with AsyncExitStack() as stack:
        product = await stack.enter_async_context(open_product(dataset, embedder, progress))
        items = Items.of(dataset, await product.item_vectors())
        contest = _Contest(
            predictors=[product.predictors, baselines.predictors],
            rankers=[product.rankers, baselines.rankers],
            new_user_rankers=[product.rankers, baselines.rankers],
        )
        scores = await _measure(dataset, parts, contest, items, max_users, progress)
    return Evaluation(_facts(dataset), scores, (), _notes(dataset, items, max_users))


async def _measure(
    dataset: Dataset, parts: Collection[Part], contest: _Contest, items: Items, max_users: int, progress: Progress
) -> list[Score]:
    scores = []
    if "stars" in parts:
        scores += await evaluate_stars(dataset, contest.predictors, progress)
    if "ranking" in parts:
        task = f"ranking, {ranking_splits_name(dataset)}"
        splits = ranking_splits(dataset)
        scores += await evaluate_ranking(task, dataset, splits, contest.rankers, items, max_users, progress)
        if dataset.has_times:
            last = [time_split(dataset.ratings.times)]
            scores += await evaluate_ranking(TIME_TASK, dataset, last, contest.rankers, items, max_users, progress)
    if "cold-start" in parts:
        scores += await evaluate_cold_start(dataset, contest.new_user_rankers, items, max_users, progress)
    return scores


def _facts(dataset: Dataset) -> dict[str, object]:
    return {
        "data": dataset.name,
        "ratings": len(dataset.ratings),
        "users": dataset.user_count,
        "films": dataset.item_count,
        "cinelibre": __version__,
    }


def _notes(dataset: Dataset, items: Items, max_users: int) -> list[str]:
    notes = [
        "Rating prediction: the five folds of Surprise's published benchmark, all of its test ratings.",
        "Ranking and cold start: a film is relevant if the user gave it 4 stars or more in the test part; candidates"
        " are all films that the user had not rated. Means over users with a relevant film.",
        "popularity rank: of what is in the first ten, 1 is the film with the most training ratings.",
        "diversity@10: 1 - mean cosine of the films' embeddings in a list."
        if items.vectors is not None
        else "diversity@10: mean Jaccard distance of the films' genres in a list.",
        "Cold start: a fifth of the users are new; of them only the first ratings in time are known. Ratings after the"
        " first are added to the trained model as they are when people rate; nothing is trained again.",
        f"Lists of at most {max_users:,} users a split are measured, always the same ones.",
    ]
    if dataset.skipped:
        notes.append(f"{dataset.skipped:,} lines were left out: unreadable, or rated again later.")
    if not dataset.has_times:
        notes.append("The data has no times: no split in time, and 'first' means earlier in the file.")
    return notes
