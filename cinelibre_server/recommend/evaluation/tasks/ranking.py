"""Whether the first recommendations are films that the user liked, among all that the user had not rated."""

from collections.abc import Sequence

from cinelibre_server.progress import Progress
from cinelibre_server.recommend.evaluation import measures
from cinelibre_server.recommend.evaluation.arrays import Split
from cinelibre_server.recommend.evaluation.dataset import Dataset
from cinelibre_server.recommend.evaluation.methods.method import RankerTrainer
from cinelibre_server.recommend.evaluation.score import Score
from cinelibre_server.recommend.evaluation.tasks.lists import LIST_LENGTH, Items, find_wanted, measure_lists


async def evaluate_ranking(
    task: str,
    dataset: Dataset,
    splits: Sequence[Split],
    trainers: Sequence[RankerTrainer],
    items: Items,
    max_users: int,
    progress: Progress,
) -> list[Score]:
    """Every method's measures on every split that has something to find."""
    scores = []
    for split in splits:
        training, test = dataset.ratings.take(split.training), dataset.ratings.take(split.test)
        wanted = find_wanted(test, max_users)
        if not len(training) or not len(wanted.users):
            continue
        popularity = measures.popularity_ranks(training.items, items.count)
        for trainer in trainers:
            async with trainer(training, split.name) as rankers:
                with progress(f"Recommending, {split.name}", len(wanted.users) * len(rankers), "lists") as step:
                    for ranker in rankers:
                        ranked = await ranker.rank(wanted.users, LIST_LENGTH, step)
                        values = measure_lists(ranked, wanted, items, popularity)
                        scores.append(Score(task, split.name, ranker.name, values))
    return scores
