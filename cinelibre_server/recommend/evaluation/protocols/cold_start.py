"""New users: of a fifth of the users only the first few ratings are known, of the others everything."""

from dataclasses import dataclass

import numpy as np

from cinelibre_server.recommend.evaluation.arrays import IntArray, Ratings

REVEALED = (1, 2, 3, 5, 10)

_COLD_SHARE = 0.2
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


def cold_start(ratings: Ratings, user_count: int) -> ColdStart:
    """Chooses the cold users, always the same ones of the same data."""
    chosen = np.random.RandomState(_SEED).permutation(user_count)[: max(1, round(user_count * _COLD_SHARE))]
    is_cold = np.zeros(user_count, dtype=np.bool_)
    is_cold[chosen] = True
    mask = is_cold[ratings.users]
    order = np.lexsort((ratings.times, ratings.users)).astype(np.int64)
    rows = order[mask[order]]
    users = ratings.users[rows]
    places = np.arange(len(rows)) - np.searchsorted(users, users)
    return ColdStart(np.flatnonzero(~mask).astype(np.int64), rows, places.astype(np.int64))
