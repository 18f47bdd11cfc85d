"""How good recommendations are after a new user's first ratings."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cinelibre_server.progress import Progress, Step
from cinelibre_server.recommend.evaluation import measures
from cinelibre_server.recommend.evaluation.arrays import FloatArray, Ratings
from cinelibre_server.recommend.evaluation.dataset import Dataset
from cinelibre_server.recommend.evaluation.methods.method import FoldInRanker, FoldInTrainer
from cinelibre_server.recommend.evaluation.protocols.cold_start import FOLDS, REVEALED, ColdStart, cold_start_folds
from cinelibre_server.recommend.evaluation.score import Score, mean_score
from cinelibre_server.recommend.evaluation.tasks.lists import LIST_LENGTH, Items, Wanted, find_wanted, measure_lists

TASK = "cold start"


@dataclass(frozen=True, slots=True)
class _Point:
    """`news` are the ratings revealed since the point before."""

    name: str
    news: Ratings
    wanted: Wanted
    popularity: FloatArray


async def evaluate_cold_start(
    dataset: Dataset, trainers: Sequence[FoldInTrainer], items: Items, max_users: int, progress: Progress
) -> list[Score]:
    """Every method's measures at each number of ratings, the means of the folds.

    All ratings of new users but the first come after the training.
    """
    scores: dict[tuple[str, str], list[Score]] = {}
    for number, protocol in enumerate(cold_start_folds(dataset.ratings, dataset.user_count), start=1):
        label = f"new users {number} of {FOLDS}"
        training = dataset.ratings.take(np.concatenate((protocol.training, protocol.revealed(REVEALED[0]))))
        points = list(_points(dataset, protocol, max_users))
        for trainer in trainers:
            async with trainer(training, label) as rankers:
                total = len(rankers) * sum(len(point.wanted.users) for point in points)
                with progress(f"Recommending, {label}", total, "lists") as step:
                    for point in points:
                        for score in await _measure(point, rankers, items, step):
                            scores.setdefault((score.split, score.method), []).append(score)
    return [mean_score(found) for found in scores.values()]


def _points(dataset: Dataset, protocol: ColdStart, max_users: int) -> Iterator[_Point]:
    after = REVEALED[0]
    for revealed in REVEALED:
        wanted = find_wanted(dataset.ratings.take(protocol.hidden(revealed)), max_users)
        known = np.concatenate((protocol.training, protocol.revealed(revealed)))
        popularity = measures.popularity_ranks(dataset.ratings.items[known], dataset.item_count)
        name = f"{revealed} rating{'s' if revealed > 1 else ''}"
        yield _Point(name, dataset.ratings.take(protocol.revealed(revealed, after)), wanted, popularity)
        after = revealed


async def _measure(point: _Point, rankers: Sequence[FoldInRanker], items: Items, step: Step) -> list[Score]:
    for ranker in rankers:
        await ranker.reveal(point.news)
    if not len(point.wanted.users):
        return []
    scores = []
    for ranker in rankers:
        ranked = await ranker.rank(point.wanted.users, LIST_LENGTH, step)
        values = measure_lists(ranked, point.wanted, items, point.popularity)
        scores.append(Score(TASK, point.name, ranker.name, values))
    return scores
