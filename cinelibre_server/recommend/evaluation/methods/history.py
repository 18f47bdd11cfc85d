"""What each user has rated, to fold in and to leave out."""

from collections import defaultdict

import numpy as np

from cinelibre_server.recommend.evaluation.arrays import NOTHING, FloatArray, IntArray, Ratings, rows_by_key


class History:
    """The ratings of each of `shape[0]` users of `shape[1]` items; more may be added."""

    def __init__(self, ratings: Ratings, shape: tuple[int, int]) -> None:
        self.shape = shape
        self._items: defaultdict[int, list[IntArray]] = defaultdict(list)
        self._stars: defaultdict[int, list[FloatArray]] = defaultdict(list)
        self.add(ratings)

    def add(self, ratings: Ratings) -> None:
        """Adds ratings of other items than before."""
        for user, rows in rows_by_key(ratings.users):
            self._items[user].append(ratings.items[rows])
            self._stars[user].append(ratings.stars[rows])

    def items(self, user: int) -> IntArray:
        """What the user has rated."""
        return np.concatenate(self._items[user]) if user in self._items else np.empty(0, dtype=np.int64)

    def stars(self, user: int) -> FloatArray:
        """The stars of `items`, in the same order."""
        return np.concatenate(self._stars[user]) if user in self._stars else np.empty(0)

    def unseen(self, user: int, ranked: IntArray, count: int) -> IntArray:
        """int64[count]: the first of the `ranked` items that the user has not rated."""
        seen = self.items(user)
        found = np.full(count, NOTHING, dtype=np.int64)
        head = ranked[: count + len(seen)]
        new = head[~np.isin(head, seen)][:count]
        found[: len(new)] = new
        return found
