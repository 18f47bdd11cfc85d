"""Folding ratings into factors: the conjugate gradients of SQL against the linear system solved by numpy."""

import numpy as np
import pytest
from numpy.typing import NDArray
from pgvector import Vector

from cinelibre_server.store.database import Pool

Floats = NDArray[np.float64]


def solved(vectors: Floats, targets: Floats, weights: Floats, prior: Floats) -> Floats:
    weighted = vectors * weights[:, None]
    return prior + np.linalg.solve(
        np.eye(vectors.shape[1]) + weighted.T @ vectors, weighted.T @ (targets - vectors @ prior)
    )


async def folded(
    pool: Pool,
    vectors: Floats,
    targets: Floats,
    weights: Floats,
    prior: Floats | None,
    tolerance: float = 1e-5,
    start: Floats | None = None,
) -> Floats:
    row = await pool.fetchval(
        "select fold_in($1::vector[], $2, $3, $4, $5, $6)",
        [Vector(vector) for vector in vectors],
        targets.tolist(),
        weights.tolist(),
        None if prior is None else Vector(prior),
        tolerance,
        None if start is None else Vector(start),
    )
    return np.asarray(row.to_numpy(), dtype=np.float64)


@pytest.mark.parametrize("count", [1, 2, 15, 16, 300])
@pytest.mark.parametrize("dimensions", [1, 16, 64])
@pytest.mark.parametrize("size", [0.1, 1.0, 3.0])
async def test_it_is_the_solution_of_the_linear_system(pool: Pool, count: int, dimensions: int, size: float) -> None:
    source = np.random.default_rng(count * dimensions)
    vectors = source.normal(0, size, (count, dimensions)) / np.sqrt(dimensions)
    targets, weights = source.normal(0, 1, count), source.uniform(0.1, 5, count)
    prior = source.normal(0, 1, dimensions)
    expected = solved(vectors, targets, weights, prior)
    assert await folded(pool, vectors, targets, weights, prior) == pytest.approx(expected, abs=2e-4, rel=2e-4)
    # With the tolerance of serving, as much of the residual is left as that says.
    served = await folded(pool, vectors, targets, weights, prior, 1e-3)
    system = np.eye(dimensions) + (vectors * weights[:, None]).T @ vectors
    assert np.linalg.norm(system @ (served - expected)) < 1.1e-3 * np.linalg.norm(system @ (prior - expected)) + 1e-5
    without = solved(vectors, targets, weights, np.zeros(dimensions))
    assert await folded(pool, vectors, targets, weights, None) == pytest.approx(without, abs=2e-4, rel=2e-4)


@pytest.mark.parametrize("distance", [0.0, 1e-5, 0.1, 10.0])
@pytest.mark.parametrize("with_prior", [True, False])
async def test_from_wherever_it_starts_as_little_is_left(pool: Pool, distance: float, with_prior: bool) -> None:
    source = np.random.default_rng(7)
    vectors = source.normal(0, 1, (40, 16)) / 4
    targets, weights = source.normal(0, 1, 40), source.uniform(0.1, 5, 40)
    prior = source.normal(0, 1, 16) if with_prior else None
    origin = np.zeros(16) if prior is None else prior
    expected = solved(vectors, targets, weights, origin)
    system = np.eye(16) + (vectors * weights[:, None]).T @ vectors
    start = expected + distance * source.normal(0, 1, 16)
    found = await folded(pool, vectors, targets, weights, prior, 1e-3, start)
    assert np.linalg.norm(system @ (found - expected)) < 1.1e-3 * np.linalg.norm(system @ (origin - expected))
    if distance < 1e-4:
        # Near enough: not a step is taken.
        assert found == pytest.approx(start, abs=1e-6)


async def test_ratings_that_say_nothing_leave_the_prior(pool: Pool) -> None:
    prior = np.array([0.5, -1.0])
    zeros = np.zeros((3, 2))
    assert await folded(pool, zeros, np.ones(3), np.ones(3), prior) == pytest.approx(prior)
    told = np.eye(2)
    assert await folded(pool, told, prior, np.ones(2), prior) == pytest.approx(prior)
