"""What a model is asked to find when it is validated, and what it may know."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.recommend.training.companions import LIKED_STARS
from cinelibre_server.store.rating_matrix import RatingMatrix

_MOST_USERS, _MOST_NEWCOMERS = 1_000, 300


@dataclass(frozen=True)
class Question:
    """A user (place in the matrix) to be served: the known ratings, newest first, and the held-back relevant items."""

    user: int
    items: NDArray[np.int32]
    stars: NDArray[np.float32]
    relevant: NDArray[np.int32]


def whole_questions(known: RatingMatrix, held_back: RatingMatrix, seed: int) -> list[Question]:
    """Of at most 1,000 users who like something held back, all that is known of them."""
    starts, held_starts = known.user_starts, held_back.user_starts
    questions = []
    for user in _some(np.unique(held_back.user_index[held_back.stars >= LIKED_STARS]), _MOST_USERS, seed):
        own = slice(starts[user], starts[user + 1])
        if own.start < own.stop:
            held = slice(held_starts[user], held_starts[user + 1])
            relevant = held_back.item_index[held][held_back.stars[held] >= LIKED_STARS]
            questions.append(Question(user, known.item_index[own][::-1], known.stars[own][::-1], relevant))
    return questions


def first_questions(newcomers: RatingMatrix, counts: tuple[int, ...], seed: int) -> list[Question]:
    """Of at most 300 users their first ratings, as many as each of `counts`, and everything that they liked later."""
    starts = newcomers.user_starts
    questions = []
    for user in _some(np.unique(newcomers.user_index), _MOST_NEWCOMERS, seed):
        own = slice(starts[user], starts[user + 1])
        items, stars = newcomers.item_index[own], newcomers.stars[own]
        for count in counts:
            relevant = items[count:][stars[count:] >= LIKED_STARS]
            if len(relevant):
                questions.append(Question(user, items[:count][::-1], stars[:count][::-1], relevant))
    return questions


def _some(users: NDArray[np.int32], most: int, seed: int) -> list[int]:
    chosen: list[int] = np.random.default_rng(seed).permutation(users)[:most].tolist()
    return chosen
