"""Goes on from the serving model with all ratings there are now, for a small part of what a full training takes.

What other items say for an item, companions and popularity are computed anew, exactly. Factors take a sweep or two more
from where they are. Predicted stars stay, but that each item's level moves by what new ratings say. The blend stays.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.recommend.training.companions import train_companions
from cinelibre_server.recommend.training.factors import update_factors
from cinelibre_server.recommend.training.fit import Advance, FittedModels, count_likes
from cinelibre_server.recommend.training.item_item import train_item_item
from cinelibre_server.recommend.training.rating_sides import Floats
from cinelibre_server.recommend.training.serving import ServedModels
from cinelibre_server.recommend.training.stars import StarsModel, user_vector
from cinelibre_server.store.rating_matrix import RatingMatrix


def update_models(
    matrix: RatingMatrix, since: float, served: ServedModels, factors: Floats, sweeps: int, advance: Advance
) -> FittedModels:
    """The models of these ratings, of which those since then (seconds since 1970) are new to the serving model.

    The factors begin where `factors` (float32[I, 64]) are, 0 where there are none. `advance` gets the share done since
    the last call, 1 in all.
    """
    updated = update_factors(matrix, factors, sweeps, lambda share: advance(0.6 * share))
    item_item = train_item_item(matrix)
    advance(0.15)
    companions = train_companions(matrix)
    advance(0.15)
    stars = move_stars(matrix, since, served.models.stars, served.is_known)
    advance(0.1)
    return FittedModels(stars, updated, item_item, companions, count_likes(matrix))


def move_stars(matrix: RatingMatrix, since: float, model: StarsModel, is_known: NDArray[np.bool_]) -> StarsModel:
    """The model with the items' levels, base and offset, moved by how far new ratings are from what it predicts.

        shift_i = sum over new ratings of i (stars - offset_i - output_i.z) / (ratings of i + k)

    z is the user's vector by the ratings of known items, k the variance of a rating's noise in parts of that of the
    levels: the posterior mean of an item of which the model says nothing, and for others the old ratings stand for
    residuals of 0.
    """
    readable = is_known[matrix.item_index]
    telling = (matrix.rated_at >= since) | ~readable
    starts = matrix.user_starts
    totals = np.zeros(len(matrix.item_ids))
    for user in np.unique(matrix.user_index[telling]).tolist():
        own = slice(starts[user], starts[user + 1])
        items, stars = matrix.item_index[own], matrix.stars[own]
        vector = user_vector(model, items[readable[own]], stars[readable[own]])
        asked = items[telling[own]]
        totals[asked] += stars[telling[own]] - model.offset[asked] - model.output[asked] @ vector
    spread = float(model.offset[is_known].var()) if is_known.any() else 1.0
    damping = float(model.noise.mean()) / max(spread, 1e-6)
    shift = (totals / (np.bincount(matrix.item_index, minlength=len(totals)) + damping)).astype(np.float32)
    return replace(model, base=model.base + shift, offset=model.offset + shift)
