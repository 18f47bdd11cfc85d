"""How good a model is: it is asked for ratings that were held back from it.

What is held back is chosen by a hash of the ids, so that trainings of the same data hold back the same ratings, and
those of grown data nearly so: their measures can be compared.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.recommend.training.blend import LEVELS, Blend, BlendLearner
from cinelibre_server.recommend.training.fit import Fit, FittedModels, fit_models
from cinelibre_server.recommend.training.questions import first_questions, whole_questions
from cinelibre_server.recommend.training.stars import predict
from cinelibre_server.store.rating_matrix import RatingMatrix

MOST_RATINGS = 2_000_000
"""Of more ratings, those of so many users that it is about this number are looked at."""

# Of each user every fifth rating is held back; and of some users, who stand for newcomers, all. Where ratings are few
# this is done three times, of others each time: to hold back more at once would leave too little to learn from.
_HELD_BACK = 0.2
_NEWCOMERS = 0.1
_FEW_RATINGS, _TRIALS_OF_FEW = 200_000, 3
_MOST_NEWCOMERS = 1_000
_MOST_PREDICTED = 20_000
# A measure may be so much worse than the serving model's and still be the same but for chance.
_TOLERANCE = 0.02


@dataclass(frozen=True)
class Parted:
    """Ratings that are known, others of the same users that are held back, and those of users held back whole."""

    known: RatingMatrix
    held_back: RatingMatrix
    newcomers: RatingMatrix


def part(matrix: RatingMatrix, trial: int = 0) -> Parted:
    """Parts the ratings of all users, or of some where there are many; differently for each trial, 0 to 2."""
    user_share = _shares(matrix.user_ids.astype(np.uint64))
    looked_at = user_share < MOST_RATINGS / max(len(matrix.stars), 1)
    newcomers = min(_NEWCOMERS, _MOST_NEWCOMERS / max(len(matrix.user_ids), 1))
    # The same hash again, of other bits, so that it says nothing of who is looked at.
    is_new = (user_share * 4096) % 1 // newcomers == trial
    of_new, of_looked_at = is_new[matrix.user_index], looked_at[matrix.user_index]
    held = _is_held_back(matrix, trial)
    return Parted(
        known=matrix.select(of_looked_at & ~of_new & ~held),
        held_back=matrix.select(of_looked_at & ~of_new & held),
        newcomers=matrix.select(of_new),
    )


def part_new(matrix: RatingMatrix, since: float) -> tuple[RatingMatrix, RatingMatrix]:
    """All ratings but a fifth of those since then (seconds since 1970), and that fifth; the one that `part` takes."""
    held = (matrix.rated_at >= since) & _is_held_back(matrix, 0)
    return matrix.select(~held), matrix.select(held)


@dataclass(frozen=True)
class Validated:
    """The blend, learned on what was held back, and what the model reached there.

    That is nDCG@10 of users with all that is known of them, and RMSE of predicted stars.

    `comparable` is the same of those users whom the serving model could have known: most of what they rated was there
    when it was trained. Empty without such users.
    """

    blend: Blend
    measures: Mapping[str, float]
    comparable: Mapping[str, float]


def validate(
    matrix: RatingMatrix,
    seed: int,
    advance: Callable[[float], None],
    fit: Fit = fit_models,
    serving_items: NDArray[np.int32] | None = None,
) -> Validated:
    """Asks models that are trained without what is held back. `advance` gets the share done since last call.

    `serving_items` are the ids that the serving model has; None without one.
    """
    count = _TRIALS_OF_FEW if len(matrix.stars) <= _FEW_RATINGS else 1
    learner = BlendLearner()
    everybody = np.ones(len(matrix.user_ids), bool)
    comparable = everybody if serving_items is None else _users_of(matrix, serving_items)
    # Mostly these are the same.
    groups = [everybody] if comparable.all() else [everybody, comparable]
    errors: list[list[float]] = [[] for _ in groups]
    for number in range(count):
        parted = part(matrix, number)
        fitted = fit(parted.known, seed, lambda share: advance(0.7 / count * share))
        whole = whole_questions(parted.known, parted.held_back, seed)
        learner.add(fitted, whole, first_questions(parted.newcomers, LEVELS, seed))
        for found, users in zip(errors, groups, strict=True):
            squares = squared_errors(fitted, parted.known, parted.held_back, users)
            found.append(float(np.sqrt(squares.mean())) if len(squares) else 0.0)
        advance(0.3 / count)
    blend = learner.learn()
    measures = [
        {"nDCG@10": learner.measure(blend, users), "RMSE": float(np.mean(found))}
        for found, users in zip(errors, groups, strict=True)
    ]
    return Validated(blend, measures[0], measures[-1] if comparable.any() else {})


def _users_of(matrix: RatingMatrix, item_ids: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Who rated these items for the most part: bool, by user's place."""
    known = np.isin(matrix.item_ids, item_ids)[matrix.item_index]
    users = len(matrix.user_ids)
    return 2 * np.bincount(matrix.user_index[known], minlength=users) >= np.bincount(matrix.user_index, minlength=users)


def is_worse(
    measures: Mapping[str, float], before: Mapping[str, float], deviations: Mapping[str, float] | None = None
) -> bool:
    """Whether one of the measures is worse by more than chance.

    That is by 2 %, and, where it is known, by twice the standard deviation of the difference.
    """
    slack = {
        name: max(_TOLERANCE * before[name], 2 * (deviations or {}).get(name, 0.0)) for name in ("nDCG@10", "RMSE")
    }
    return (
        measures["nDCG@10"] < before["nDCG@10"] - slack["nDCG@10"] or measures["RMSE"] > before["RMSE"] + slack["RMSE"]
    )


def squared_errors(
    models: FittedModels, known: RatingMatrix, asked: RatingMatrix, users: NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    """Those of the stars predicted for ratings of the same users that are not known: of about 20,000 at most.

    Of some `users` only, if they are given: bool, by place.
    """
    asked = asked if users is None else asked.select(users[asked.user_index])
    starts, asked_starts = known.user_starts, asked.user_starts
    predicted: list[float] = []
    for user in np.unique(asked.user_index).tolist():
        own, wanted = slice(starts[user], starts[user + 1]), slice(asked_starts[user], asked_starts[user + 1])
        predicted += predict(models.stars, known.item_index[own], known.stars[own], asked.item_index[wanted]).tolist()
        if len(predicted) >= _MOST_PREDICTED:
            break
    return np.asarray(np.square(np.array(predicted) - asked.stars[: len(predicted)]), np.float64)


def _is_held_back(matrix: RatingMatrix, trial: int) -> NDArray[np.bool_]:
    pair = matrix.user_ids[matrix.user_index].astype(np.uint64) << np.uint64(32)
    shares = _shares(pair | matrix.item_ids[matrix.item_index].astype(np.uint64))
    return np.asarray(shares // _HELD_BACK == trial)


def _shares(keys: NDArray[np.uint64]) -> NDArray[np.float64]:
    """A number from 0 to 1 for each key that looks random and is always the same (SplitMix64, Steele et al. 2014)."""
    mixed = keys + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray((mixed ^ (mixed >> np.uint64(31))) / 2**64, np.float64)
