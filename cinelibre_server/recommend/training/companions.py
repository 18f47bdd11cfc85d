"""Companions: for each item the items that those who like it like more often than everybody does.

    lift[j, i] = P(i liked | j liked) - P(i liked)
    P(i liked | j liked) = (both + prior * P(i liked)) / (likes_j + prior)

A user's score of item i is the sum over the liked items j of lift[j, i]. It knows nothing of what else a user rated,
and so needs little to go by: after a user's first ratings it tells more than models that explain a whole taste.
Association by conditional probability: Deshpande & Karypis, TOIS 2004.
"""

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.recommend.training.neighbors import ItemNeighbors, count_together, most_rated, strongest
from cinelibre_server.recommend.training.rating_sides import Floats
from cinelibre_server.store.rating_matrix import RatingMatrix

LIKED_STARS = 4.0
"""From so many stars on a rating says that somebody likes an item."""

SOURCES = 100
"""For each item so many others have a say."""

_PRIOR_USERS = 20.0


def train_companions(matrix: RatingMatrix) -> ItemNeighbors:
    """Learns from all ratings; takes 2 * M^2 * 4 bytes for the M most rated items."""
    chosen = most_rated(matrix)
    both = count_together(matrix, chosen, (matrix.stars >= LIKED_STARS).astype(np.float32))
    return companions_of(both, chosen, len(matrix.user_ids), len(matrix.item_ids))


def companions_of(both: Floats, chosen: NDArray[np.int64], user_count: int, item_count: int) -> ItemNeighbors:
    """The companions of the chosen of so many items, given how many users like both of two, float32[M, M].

    `both` is overwritten.
    """
    likes = both.diagonal().copy()
    chance = likes / max(user_count, 1)
    both += _PRIOR_USERS * chance
    both /= (likes + _PRIOR_USERS)[:, None]
    both -= chance
    return strongest(both, chosen, item_count, SOURCES)


def companion_values() -> NDArray[np.float64]:
    """float64[10]: what a rating of 1 to 10 half stars gives to the companions of the item."""
    return (np.arange(1, 11) / 2 >= LIKED_STARS).astype(np.float64)
