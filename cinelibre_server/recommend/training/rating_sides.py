"""Ratings grouped by user or by item, and the priors of their factors: one half of a sampler's sweep each."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]
Ints: TypeAlias = NDArray[np.int32]
Offsets: TypeAlias = NDArray[np.int64]

LINK_RIDGE = 3.0
"""Precision of the link weights, in units of the factors' own precision."""
FEATURES_PER_BLOCK = 4_000_000
"""Gathered numbers per block of users or items: bounds memory to about 16 MB per gather."""


@dataclass(frozen=True)
class Side:
    """Ratings grouped by user or by item ("entity"); entity e owns the slice starts[e]:starts[e + 1]."""

    starts: Offsets
    other: Ints
    stars: Floats
    """Stars minus the global mean."""
    weight: Floats
    """Shape (entities,): 1 / sqrt(ratings of the entity), 0 without any: the row scale of the link matrix."""

    @staticmethod
    def group(key: Ints, other: Ints, stars: Floats, count: int) -> "Side":
        order = np.argsort(key, kind="stable")
        sizes = np.bincount(key, minlength=count)
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        weight = np.where(sizes > 0, 1 / np.sqrt(np.maximum(sizes, 1)), 0).astype(np.float32)
        return Side(starts, other[order].astype(np.int32), stars[order], weight)

    @property
    def count(self) -> int:
        return len(self.starts) - 1

    def blocks(self, width: int) -> Iterator[tuple[int, int]]:
        """Ranges of entities whose ratings, `width` numbers each, fit a block; one entity at least."""
        first = 0
        while first < self.count:
            limit = self.starts[first] + FEATURES_PER_BLOCK // width
            last = int(np.searchsorted(self.starts, limit, side="right")) - 1
            last = min(max(last, first + 1), first + FEATURES_PER_BLOCK // (width * width), self.count)
            yield first, last
            first = last

    def sums(self, rows: Floats) -> Floats:
        """For each entity the sum of the other side's rows, shape (entities, width)."""
        out = np.zeros((self.count, rows.shape[1]), np.float32)
        for first, last in self.blocks(rows.shape[1]):
            low, high = self.starts[first], self.starts[last]
            if low == high:
                continue
            filled = first + np.flatnonzero(np.diff(self.starts[first : last + 1]))
            gathered = rows[self.other[low:high]]
            out[filled] = np.add.reduceat(gathered, self.starts[filled] - low, axis=0)
        return out


def draw_factors(
    side: Side, others: Floats, prior_mean: Floats, precision: Floats, rating_precision: float, normals: Floats
) -> tuple[Floats, Floats]:
    """Sample each entity's factors given the other side's; the last factor is the entity's bias.

    Returns the samples and the conditional means, both of shape (entities, width).
    """
    width = others.shape[1]
    features, biases = others.copy(), others[:, -1]
    features[:, -1] = 1
    means, samples = np.empty_like(prior_mean), np.empty_like(prior_mean)
    pull = prior_mean @ precision
    for first, last in side.blocks(width):
        low, high = side.starts[first], side.starts[last]
        index = side.other[low:high]
        rows, target = features[index], side.stars[low:high] - biases[index]
        gram = np.empty((last - first, width, width), np.float32)
        right = np.empty((last - first, width), np.float32)
        bounds = (side.starts[first : last + 1] - low).tolist()
        for entity in range(last - first):
            own = rows[bounds[entity] : bounds[entity + 1]]
            np.matmul(own.T, own, out=gram[entity])
            np.matmul(target[bounds[entity] : bounds[entity + 1]], own, out=right[entity])
        gram *= rating_precision
        gram += precision
        right = rating_precision * right + pull[first:last]
        inverse = np.linalg.inv(np.linalg.cholesky(gram))
        half = np.matmul(inverse, right[:, :, None])
        upper = inverse.transpose(0, 2, 1)
        means[first:last] = np.matmul(upper, half)[:, :, 0]
        samples[first:last] = np.matmul(upper, half + normals[first:last, :, None])[:, :, 0]
    return samples, means


class Prior:
    """Prior of one side's factors: normal around a common mean plus a link, the weighted sum over what was rated."""

    def __init__(self, side: Side, opposite: Side, width: int) -> None:
        self.side, self.opposite = side, opposite
        self.mean = np.zeros(width, np.float32)
        self.precision = np.eye(width, dtype=np.float32) * 4
        self.link = np.zeros((opposite.count, width), np.float32)
        self.shift = np.zeros((side.count, width), np.float32)
        squares = opposite.sums(np.square(side.weight)[:, None])
        self.diagonal = squares + LINK_RIDGE

    def refit(self, factors: Floats, steps: int) -> None:
        """Fit mean and covariance to the factors, then take conjugate gradient steps on the link's ridge regression."""
        apart = (factors - self.shift).astype(np.float64)
        count, width = apart.shape
        mean = apart.sum(0) / (count + 1)
        scatter = np.eye(width) + apart.T @ apart - (count + 1) * np.outer(mean, mean)
        self.precision = (np.linalg.inv(scatter) * (count + width + 1)).astype(np.float32)
        self.mean = mean.astype(np.float32)
        self._fit_link(factors - self.mean, steps)

    def _fit_link(self, target: Floats, steps: int) -> None:
        weight = self.side.weight[:, None]
        residual = self.opposite.sums(weight * (target - self.shift)) - LINK_RIDGE * self.link
        scaled = residual / self.diagonal
        direction = scaled
        fit = (residual * scaled).sum(0)
        for step in range(steps):
            image = weight * self.side.sums(direction)
            length = fit / np.maximum(np.square(image).sum(0) + LINK_RIDGE * np.square(direction).sum(0), 1e-20)
            self.link = self.link + length * direction
            self.shift = self.shift + length * image
            if step + 1 == steps:
                return
            residual = residual - length * (self.opposite.sums(weight * image) + LINK_RIDGE * direction)
            scaled = residual / self.diagonal
            before, fit = fit, (residual * scaled).sum(0)
            direction = scaled + fit / np.maximum(before, 1e-20) * direction
