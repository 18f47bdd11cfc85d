"""The folds of Surprise's published benchmark: `KFold(n_splits=5, random_state=0)` over the ratings in file order.

Source: https://github.com/NicolasHug/Surprise, surprise/model_selection/split.py and examples/benchmark.py.
"""

import numpy as np

from cinelibre_server.recommend.evaluation.arrays import Split

FOLDS = 5


def surprise_folds(rating_count: int, seed: int = 0) -> list[Split]:
    """Five folds; the training rows keep the shuffled order, which matters to methods that learn row by row."""
    rows = np.arange(rating_count, dtype=np.int64)
    np.random.RandomState(seed).shuffle(rows)
    folds = []
    stop = 0
    for fold in range(FOLDS):
        start = stop
        stop += rating_count // FOLDS + (fold < rating_count % FOLDS)
        folds.append(Split(f"fold {fold + 1}", np.concatenate((rows[:start], rows[stop:])), rows[start:stop]))
    return folds
