"""The splits that lists are measured on: u1 to u5 of MovieLens 100K, else five folds of all ratings."""

from cinelibre_server.recommend.evaluation.arrays import Split
from cinelibre_server.recommend.evaluation.dataset import Dataset
from cinelibre_server.recommend.evaluation.protocols.surprise_folds import surprise_folds


def ranking_splits(dataset: Dataset) -> list[Split]:
    """Five times 80 % known and 20 % to be found out, every rating once among the latter."""
    return list(dataset.official) or surprise_folds(len(dataset.ratings))


def ranking_splits_name(dataset: Dataset) -> str:
    """What they are called in a report."""
    return "u1 to u5" if dataset.official else "five random folds"
