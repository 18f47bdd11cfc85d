"""The serving model and its update, both asked for new ratings that neither of them has seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.recommend.training.blend import Blend, answer, gain
from cinelibre_server.recommend.training.fit import FittedModels
from cinelibre_server.recommend.training.questions import Question
from cinelibre_server.recommend.training.validation import is_worse, squared_errors
from cinelibre_server.store.rating_matrix import RatingMatrix

LEAST_QUESTIONS = 30
"""From so many users on who like something that was held back, the two are compared."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What both reached for `question_count` users, by the names of a full training's measures."""

    question_count: int
    measures: Mapping[str, float]
    serving_measures: Mapping[str, float]
    is_worse: bool


def compare(
    updated: FittedModels,
    serving: FittedModels,
    blend: Blend,
    questions: Sequence[Question],
    known: RatingMatrix,
    held_back: RatingMatrix,
) -> Comparison:
    """Asks both. `questions` are those of whole_questions for the ratings that are known and held back."""
    gains, errors = [], []
    for models in (updated, serving):
        gains.append(np.array([gain(blend, answer(models, question)) for question in questions]))
        errors.append(squared_errors(models, known, held_back))
    found, before = (
        {"nDCG@10": float(gains[place].mean()), "RMSE": float(np.sqrt(errors[place].mean()))} for place in (0, 1)
    )
    deviations = {
        "nDCG@10": _deviation_of_mean(gains[0] - gains[1]),
        # That of a square's root is that of the square over twice the root.
        "RMSE": _deviation_of_mean(errors[0] - errors[1]) / max(2 * before["RMSE"], 1e-6),
    }
    return Comparison(len(questions), found, before, is_worse(found, before, deviations))


def _deviation_of_mean(differences: NDArray[np.float64]) -> float:
    return float(differences.std() / np.sqrt(len(differences)))
