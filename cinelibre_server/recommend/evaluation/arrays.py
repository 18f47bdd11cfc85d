"""Ratings as parallel arrays, with users and items numbered from 0."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

IntArray: TypeAlias = NDArray[np.int64]
FloatArray: TypeAlias = NDArray[np.float64]
BoolArray: TypeAlias = NDArray[np.bool_]

NOTHING = -1
"""Fills the end of a list that is shorter than asked for."""


@dataclass(frozen=True, slots=True)
class Ratings:
    """Rating k is users[k]'s of items[k]: stars[k] from 0.5 to 5.0, given at times[k] (seconds since 1970)."""

    users: IntArray
    items: IntArray
    stars: FloatArray
    times: IntArray

    def __len__(self) -> int:
        return len(self.users)

    def take(self, rows: IntArray) -> "Ratings":
        """Those at `rows`, in that order."""
        return Ratings(self.users[rows], self.items[rows], self.stars[rows], self.times[rows])


@dataclass(frozen=True, slots=True)
class Split:
    """What the recommender learns from, and what it should find out: rows of the data set's ratings."""

    name: str
    training: IntArray
    test: IntArray


def rows_by_key(keys: IntArray) -> Iterator[tuple[int, IntArray]]:
    """Each key, ascending, with the rows it stands in, in order."""
    order = np.argsort(keys, kind="stable").astype(np.int64)
    found, starts = np.unique(keys[order], return_index=True)
    if len(found):
        yield from zip(found.tolist(), np.split(order, starts[1:]), strict=True)
