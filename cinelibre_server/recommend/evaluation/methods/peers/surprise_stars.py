"""scikit-surprise: the configurations of its published benchmark, on its folds.

Published for MovieLens 100K: SVD .934/.737, SVD++ .919/.721, KNNBaseline .931/.733 (RMSE/MAE).
Source: https://github.com/NicolasHug/Surprise, README.md and examples/benchmark.py.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import numpy as np
import surprise

from cinelibre_server.progress import Progress, Step
from cinelibre_server.recommend.evaluation.arrays import FloatArray, IntArray, Ratings
from cinelibre_server.recommend.evaluation.methods.method import StarPredictor

_Algorithm: TypeAlias = Any

_ALGORITHMS: Mapping[str, Callable[[], _Algorithm]] = {
    "Surprise SVD": lambda: surprise.SVD(random_state=0),
    "Surprise SVD++": lambda: surprise.SVDpp(random_state=0, cache_ratings=True),
    "Surprise KNNBaseline": lambda: surprise.KNNBaseline(verbose=False),
    # Not in the published table; the library's documentation recommends this similarity.
    "Surprise KNNBaseline (items, pearson_baseline)": lambda: surprise.KNNBaseline(
        sim_options={"name": "pearson_baseline", "user_based": False}, bsl_options={"method": "als"}, verbose=False
    ),
}


class SurpriseStars:
    """One trained algorithm of Surprise."""

    def __init__(self, name: str, algorithm: _Algorithm) -> None:
        self.name = name
        self._algorithm = algorithm

    async def predict_stars(self, users: IntArray, items: IntArray, step: Step) -> FloatArray:
        """See StarPredictor."""
        pairs = [(user, item, 0.0) for user, item in zip(users.tolist(), items.tolist(), strict=True)]
        predictions = self._algorithm.test(pairs)
        step.advance(len(pairs))
        return np.array([prediction.est for prediction in predictions])


class SurprisePeers:
    """Trains them; stars are cut off at the data's least and greatest."""

    def __init__(self, stars: FloatArray, progress: Progress) -> None:
        self._scale = (float(stars.min()), float(stars.max()))
        self._progress = progress

    @asynccontextmanager
    async def predictors(self, training: Ratings, label: str) -> AsyncIterator[Sequence[StarPredictor]]:
        """A PredictorTrainer."""
        columns = (training.users.tolist(), training.items.tolist(), training.stars.tolist())
        rows = [(user, item, stars, None) for user, item, stars in zip(*columns, strict=True)]
        trainset = surprise.Dataset(surprise.Reader(rating_scale=self._scale)).construct_trainset(rows)
        trained = []
        with self._progress(f"Training Surprise, {label}", len(_ALGORITHMS), "algorithms") as step:
            for name, make in _ALGORITHMS.items():
                trained.append(SurpriseStars(name, make().fit(trainset)))
                step.advance(1)
        yield trained
