"""A trained peer as a ranker."""

import numpy as np

from cinelibre_server.progress import Step
from cinelibre_server.recommend.evaluation.arrays import NOTHING, IntArray, Ratings
from cinelibre_server.recommend.evaluation.methods.history import History
from cinelibre_server.recommend.evaluation.methods.peers.scorer import Scorer

_USERS_AT_ONCE = 200


class PeerRanker:
    """Orders unseen items by a model's score; what it has no opinion on comes last, by popularity."""

    def __init__(self, name: str, scorer: Scorer, training: Ratings, history: History) -> None:
        self.name = name
        self._scorer = scorer
        self._history = history
        self._counts = np.bincount(training.items, minlength=history.shape[1])

    async def reveal(self, ratings: Ratings) -> None:
        """See FoldInRanker."""
        self._history.add(ratings)

    async def rank(self, users: IntArray, count: int, step: Step) -> IntArray:
        """See Ranker."""
        ranked = self.rank_now(users, count)
        step.advance(len(users))
        return ranked

    def rank_now(self, users: IntArray, count: int) -> IntArray:
        """The same without a step."""
        parts = [
            self._rank_some(users[start : start + _USERS_AT_ONCE], count)
            for start in range(0, len(users), _USERS_AT_ONCE)
        ]
        return np.concatenate(parts)

    def _rank_some(self, users: IntArray, count: int) -> IntArray:
        scores = self._scorer.scores(users, self._history)
        scores = np.where(np.isfinite(scores), scores, -np.inf)
        ranked = np.full((len(users), count), NOTHING, dtype=np.int64)
        for row, user in enumerate(users.tolist()):
            order = np.lexsort((-self._counts, -scores[row])).astype(np.int64)
            ranked[row] = self._history.unseen(user, order, count)
        return ranked
