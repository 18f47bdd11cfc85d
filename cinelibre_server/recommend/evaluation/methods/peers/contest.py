"""All peers that rank, tuned when they are trained for the first time."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from cinelibre_server.progress import Progress
from cinelibre_server.recommend.evaluation.arrays import Ratings
from cinelibre_server.recommend.evaluation.methods.history import History
from cinelibre_server.recommend.evaluation.methods.method import FoldInRanker
from cinelibre_server.recommend.evaluation.methods.peers import implicit_ranking, lenskit_ranking
from cinelibre_server.recommend.evaluation.methods.peers.ranker import PeerRanker
from cinelibre_server.recommend.evaluation.methods.peers.scorer import PeerMethod, Shape
from cinelibre_server.recommend.evaluation.methods.peers.tuning import grid_points, tune
from cinelibre_server.recommend.evaluation.score import Tuning

_SECONDS_A_METHOD = 150.0
# EASE inverts a matrix of items by items, which takes 1.6 GB for so many.
_MOST_ITEMS_OF_EASE = 20_000


class RankingPeers:
    """Each method's parameters are chosen once, on the first training ratings, and kept."""

    def __init__(self, shape: Shape, max_users: int, progress: Progress) -> None:
        self._shape = shape
        self._max_users = max_users
        self._progress = progress
        self._methods = [
            method
            for method in (*implicit_ranking.METHODS, *lenskit_ranking.METHODS)
            if "EASE" not in method.name or shape[1] <= _MOST_ITEMS_OF_EASE
        ]
        self.tunings: dict[str, Tuning] = {}

    @asynccontextmanager
    async def rankers(self, training: Ratings, label: str) -> AsyncIterator[Sequence[FoldInRanker]]:
        """A RankerTrainer."""
        yield self._train(self._methods, training, label)

    @asynccontextmanager
    async def new_user_rankers(self, training: Ratings, label: str) -> AsyncIterator[Sequence[FoldInRanker]]:
        """A FoldInTrainer."""
        yield self._train([method for method in self._methods if method.folds_in], training, label)

    def _train(self, methods: Sequence[PeerMethod], training: Ratings, label: str) -> list[FoldInRanker]:
        for method in methods:
            if method.name not in self.tunings:
                with self._progress(f"Tuning {method.name}", len(grid_points(method)), "points") as step:
                    self.tunings[method.name] = tune(
                        method, training, self._shape, _SECONDS_A_METHOD, self._max_users, step
                    )
        trained: list[FoldInRanker] = []
        with self._progress(f"Training peers, {label}", len(methods), "methods") as step:
            for method in methods:
                scorer = method.train(training, self._shape, self.tunings[method.name].chosen)
                trained.append(PeerRanker(method.name, scorer, training, History(training, self._shape)))
                step.advance(1)
        return trained
