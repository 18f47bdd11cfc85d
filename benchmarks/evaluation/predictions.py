"""How far predicted stars are from given ones."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import mean

import numpy as np

from benchmarks.evaluation.scores import Result, errors
from benchmarks.evaluation.split import Rating, Split
from cinelibre_server.store.database import Pool

TASK = "predicted stars"

_PREDICTIONS = "select item_id, predicted_stars from cinelibre.get_predictions($1)"
# Koren: Factor in the Neighbors (TKDD 2010), section 2.1.
_ITEM_DAMPING = 25
_USER_DAMPING = 10


@dataclass(frozen=True, slots=True)
class Biases:
    """stars = mean + what the item usually adds + what the user does, each shrunk to 0 where little is known."""

    mean: float
    items: dict[int, float]
    users: dict[int, float]

    @classmethod
    def of(cls, ratings: Iterable[Rating]) -> "Biases":
        """Fits them one after the other."""
        ratings = tuple(ratings)
        overall = mean(rating.stars for rating in ratings)
        items = _damped(((rating.item_id, rating.stars - overall) for rating in ratings), _ITEM_DAMPING)
        rest = ((rating.user_id, rating.stars - overall - items[rating.item_id]) for rating in ratings)
        return cls(overall, items, _damped(rest, _USER_DAMPING))

    def predict(self, rating: Rating) -> float:
        """Its stars, without looking at them."""
        return self.mean + self.items.get(rating.item_id, 0.0) + self.users.get(rating.user_id, 0.0)


def _damped(deviations: Iterable[tuple[int, float]], damping: int) -> dict[int, float]:
    grouped: defaultdict[int, list[float]] = defaultdict(list)
    for key, deviation in deviations:
        grouped[key].append(deviation)
    return {key: sum(values) / (len(values) + damping) for key, values in grouped.items()}


async def evaluate_predictions(pool: Pool, split: Split) -> list[Result]:
    """Baselines, and get_predictions; where that is silent the user's mean stands in, then everybody's."""
    biases = Biases.of(split.training)
    given: defaultdict[int, list[float]] = defaultdict(list)
    for rating in split.training:
        given[rating.user_id].append(rating.stars)
    means = {user_id: mean(stars) for user_id, stars in given.items()}
    predicted = await _ask(pool, {rating.user_id for rating in split.test})
    covered = [rating for rating in split.test if (rating.user_id, rating.item_id) in predicted]
    coverage = {"coverage": len(covered) / len(split.test)}

    def collaborative(rating: Rating) -> float:
        fallback = means.get(rating.user_id, biases.mean)
        return predicted.get((rating.user_id, rating.item_id), fallback)

    actual = np.array([rating.stars for rating in split.test])
    methods = {
        "everybody's mean": lambda _: biases.mean,
        "user's mean": lambda rating: means.get(rating.user_id, biases.mean),
        "damped biases of user and item": biases.predict,
        "get_predictions": collaborative,
    }
    results = [
        Result(TASK, name, errors(np.array([predict(rating) for rating in split.test]), actual))
        for name, predict in methods.items()
    ]
    last = results.pop()
    results.append(Result(last.task, f"{last.method}, else the user's mean", {**last.values, **coverage}))
    stars = np.array([rating.stars for rating in covered])
    for name in ("damped biases of user and item", "get_predictions"):
        values = np.array([methods[name](rating) for rating in covered])
        results.append(Result(TASK, f"{name}, covered part", errors(values, stars)))
    return results


async def _ask(pool: Pool, users: Iterable[int]) -> dict[tuple[int, int], float]:
    return {
        (user_id, row["item_id"]): row["predicted_stars"]
        for user_id in sorted(users)
        for row in await pool.fetch(_PREDICTIONS, user_id)
    }
