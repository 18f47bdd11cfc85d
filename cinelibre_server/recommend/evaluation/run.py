"""Runs an evaluation: reads the data, trains every method on every split, and measures."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cinelibre_server import __version__
from cinelibre_server.embedding.runtime import Embedder
from cinelibre_server.progress import Progress
from cinelibre_server.recommend.evaluation.dataset import Dataset, read_dataset
from cinelibre_server.recommend.evaluation.methods.baselines import Baselines
from cinelibre_server.recommend.evaluation.methods.method import FoldInTrainer, PredictorTrainer, RankerTrainer
from cinelibre_server.recommend.evaluation.methods.peers.requirements import peer_versions
from cinelibre_server.recommend.evaluation.methods.product import Product, open_product
from cinelibre_server.recommend.evaluation.notes import describe
from cinelibre_server.recommend.evaluation.protocols.ranking_splits import ranking_splits, ranking_splits_name
from cinelibre_server.recommend.evaluation.protocols.time_split import time_split
from cinelibre_server.recommend.evaluation.score import Evaluation, Part, Score, Tuning
from cinelibre_server.recommend.evaluation.tasks.cold_start import evaluate_cold_start
from cinelibre_server.recommend.evaluation.tasks.lists import Items
from cinelibre_server.recommend.evaluation.tasks.ranking import evaluate_ranking
from cinelibre_server.recommend.evaluation.tasks.stars import evaluate_stars

TIME_TASK = "ranking, last tenth in time"


@dataclass(frozen=True, slots=True)
class Options:
    """Which `parts`, for at most `max_users` users a split where lists are measured, and whether with `peers`."""

    parts: Collection[Part]
    max_users: int
    peers: bool


@dataclass(frozen=True, slots=True)
class _Contest:
    """All methods by what they can do; `tunings` fills up when they are trained."""

    predictors: Sequence[PredictorTrainer]
    rankers: Sequence[RankerTrainer]
    new_user_rankers: Sequence[FoldInTrainer]
    tunings: Mapping[str, Tuning]


async def evaluate(data: Path, options: Options, embedder: Embedder | None, progress: Progress) -> Evaluation:
    """Measures on the data set in the folder. Without an embedder films have no vectors.

    Raises:
        StartupError: no data set there, or one that can't be imported; a library of the peers is not installed.
    """
    versions = {"cinelibre": __version__, **(peer_versions() if options.peers else {})}
    dataset = read_dataset(data, progress)
    async with open_product(dataset, embedder, progress) as product:
        items = Items.of(dataset, await product.item_vectors())
        contest = _contest(product, dataset, options, progress)
        scores = await _measure(dataset, options, contest, items, progress)
    facts = {
        "data": dataset.name,
        "ratings": len(dataset.ratings),
        "users": dataset.user_count,
        "films": dataset.item_count,
        **versions,
    }
    notes = describe(dataset, options.max_users, embedded=items.vectors is not None, tuned=bool(contest.tunings))
    return Evaluation(facts, scores, tuple(contest.tunings.values()), notes)


def _contest(product: Product, dataset: Dataset, options: Options, progress: Progress) -> _Contest:
    shape = (dataset.user_count, dataset.item_count)
    baselines = Baselines(shape)
    predictors = [product.predictors, baselines.predictors]
    rankers = [product.rankers, baselines.rankers]
    if not options.peers:
        return _Contest(predictors, rankers, rankers, {})
    from cinelibre_server.recommend.evaluation.methods.peers.contest import RankingPeers
    from cinelibre_server.recommend.evaluation.methods.peers.surprise_stars import SurprisePeers

    peers = RankingPeers(shape, options.max_users, progress)
    return _Contest(
        predictors=[*predictors, SurprisePeers(dataset.ratings.stars, progress).predictors],
        rankers=[*rankers, peers.rankers],
        new_user_rankers=[*rankers, peers.new_user_rankers],
        tunings=peers.tunings,
    )


async def _measure(
    dataset: Dataset, options: Options, contest: _Contest, items: Items, progress: Progress
) -> list[Score]:
    scores = []
    if "stars" in options.parts:
        scores += await evaluate_stars(dataset, contest.predictors, progress)
    if "ranking" in options.parts:
        tasks = {f"ranking, {ranking_splits_name(dataset)}": ranking_splits(dataset)}
        if dataset.has_times:
            tasks[TIME_TASK] = [time_split(dataset.ratings.times)]
        for task, splits in tasks.items():
            scores += await evaluate_ranking(task, dataset, splits, contest.rankers, items, options.max_users, progress)
    if "cold-start" in options.parts:
        trainers = contest.new_user_rankers
        scores += await evaluate_cold_start(dataset, trainers, items, options.max_users, progress)
    return scores
