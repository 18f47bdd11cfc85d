"""What the tuned ranking methods of other libraries have in common."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np

from cinelibre_server.recommend.evaluation.arrays import FloatArray, IntArray, Ratings
from cinelibre_server.recommend.evaluation.methods.history import History

Shape: TypeAlias = tuple[int, int]
"""How many users and items there are."""

Parameters: TypeAlias = Mapping[str, Any]

Input: TypeAlias = Literal["all ratings", "4 stars or more", "stars as weights"]

_LIKED_STARS = 4.0


class Scorer(Protocol):
    """A trained model."""

    def scores(self, users: IntArray, history: History) -> FloatArray:
        """float64[len(users), items] by what the users have rated so far; NaN where the model has no opinion."""


@dataclass(frozen=True, slots=True)
class PeerMethod:
    """A method with the values that are tried for each of its parameters; `input` is one of them.

    `folds_in` says whether it takes a user's new ratings in without training.
    """

    name: str
    grid: Mapping[str, Sequence[Any]]
    train: Callable[[Ratings, Shape, Parameters], Scorer]
    folds_in: bool


def select_input(ratings: Ratings, chosen: Input) -> Ratings:
    """The ratings that a method learns from."""
    if chosen == "4 stars or more":
        return ratings.take(np.flatnonzero(ratings.stars >= _LIKED_STARS))
    return ratings


def select_history(history: History, user: int, chosen: Input) -> tuple[IntArray, FloatArray]:
    """The items and stars of the user that a method looks at."""
    items, stars = history.items(user), history.stars(user)
    if chosen == "4 stars or more":
        liked = stars >= _LIKED_STARS
        return items[liked], stars[liked]
    return items, stars
