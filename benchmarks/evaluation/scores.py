"""The measures, and how results are written down."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CUTOFF = 10


@dataclass(frozen=True, slots=True)
class Result:
    """What one method reaches in one task: measure to value."""

    task: str
    method: str
    values: Mapping[str, float]


def errors(predicted: NDArray[np.float64], actual: NDArray[np.float64]) -> dict[str, float]:
    """Root mean squared and mean absolute error, in stars."""
    difference = predicted - actual
    return {"RMSE": float(np.sqrt(np.mean(difference**2))), "MAE": float(np.mean(np.abs(difference)))}


def ndcg(ranked: Sequence[int], relevant: Collection[int]) -> float:
    """Normalised discounted cumulative gain of the first ten (Järvelin & Kekäläinen, 2002), relevant or not."""
    gained = sum(1 / math.log2(place + 2) for place, item in enumerate(ranked[:CUTOFF]) if item in relevant)
    return gained / sum(1 / math.log2(place + 2) for place in range(min(CUTOFF, len(relevant))))


def recall(ranked: Sequence[int], relevant: Collection[int]) -> float:
    """The share of what is relevant that is among the first ten."""
    return len(set(ranked[:CUTOFF]).intersection(relevant)) / len(relevant)


def reciprocal_rank(ranked: Sequence[int], relevant: Collection[int]) -> float:
    """1 over the place of the first that is relevant, 0 if it is not among the first ten."""
    return next((1 / place for place, item in enumerate(ranked[:CUTOFF], 1) if item in relevant), 0.0)
