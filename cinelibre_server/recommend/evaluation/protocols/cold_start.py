"""New users: of a fifth of the users only the first few ratings are known, of the others everything; five times."""

from dataclasses import dataclass

import numpy as np

from cinelibre_server.recommend.evaluation.arrays import IntArray, Ratings

REVEALED = (1, 2, 3, 5, 10)
FOLDS = 5

_SEED = 0


@dataclass(frozen=True, slots=True)
class ColdStart:
    """Rows of the warm users (`training`) and of the cold ones (`rows`); the latter's `places` in their user's history.

    Places count from 0 in time; of one second those earlier in the file come first.
    """

    training: IntArray
    rows: IntArray
    places: IntArray

    def revealed(self, count: int, after: int = 0) -> IntArray:
        """The rows of the cold users' ratings number `after` + 1 to `count`."""
        return self.rows[(self.places >= after) & (self.places < count)]

    def hidden(self, count: int) -> IntArray:
        """The rows of their ratings after the first `count`."""
        return self.rows[self.places >= count]


def cold_start_folds(ratings: Ratings, user_count: int) -> list[ColdStart]:
    """Every user is once among the new ones; always the same folds of the same data."""
    shuffled = np.random.RandomState(_SEED).permutation(user_count)
    return [_cold_start(ratings, chosen, user_count) for chosen in np.array_split(shuffled, FOLDS) if len(chosen)]


def _cold_start(ratings: Ratings, chosen: IntArray, user_count: int) -> ColdStart:
    is_cold = np.zeros(user_count, dtype=np.bool_)
    is_cold[chosen] = True
    mask = is_cold[ratings.users]
    order = np.lexsort((ratings.times, ratings.users)).astype(np.int64)
    rows = order[mask[order]]
    users = ratings.users[rows]
    places = np.arange(len(rows)) - np.searchsorted(users, users)
    return ColdStart(np.flatnonzero(~mask).astype(np.int64), rows, places.astype(np.int64))
