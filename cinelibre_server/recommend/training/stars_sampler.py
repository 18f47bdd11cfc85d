"""Bayesian matrix factorisation by Gibbs sampling (Salakhutdinov & Mnih, ICML 2008), linked to what was rated (Macau:
Simm et al., 2015)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.recommend.training.rating_sides import Floats, Prior, Side, draw_factors


@dataclass(frozen=True)
class Settings:
    """Size of the model, which depends on how much there is to learn from."""

    factors: int
    sweeps: int
    burn_in: int
    link_steps: int
    rank: int

    @staticmethod
    def for_ratings(count: int) -> "Settings":
        if count <= 300_000:
            return Settings(factors=8, sweeps=70, burn_in=20, link_steps=4, rank=16)
        if count <= 3_000_000:
            return Settings(factors=12, sweeps=26, burn_in=11, link_steps=1, rank=24)
        return Settings(factors=24, sweeps=14, burn_in=8, link_steps=1, rank=32)


@dataclass(frozen=True)
class Sample:
    """One draw, in a space where the user's factors have unit variance around the prior mean."""

    base: Floats
    """Shape (I,)."""
    vectors: Floats
    """Shape (I, K + 1): conditional means given the users."""
    power: Floats
    """Shape (I,): squared length of the drawn vectors."""
    implied: Floats
    """Shape (I, K + 1)."""
    users: Floats
    """Shape (U, K + 1)."""


def squared_error(side: Side, own: Floats, others: Floats) -> float:
    """Sum over all ratings of the squared difference to the factors' prediction."""
    left, right = own.copy(), others.copy()
    right[:, -1] = 1
    total = 0.0
    for first, last in side.blocks(own.shape[1]):
        low, high = side.starts[first], side.starts[last]
        index = side.other[low:high]
        repeated = np.repeat(np.arange(first, last), np.diff(side.starts[first : last + 1]))
        predicted = np.einsum("nk,nk->n", left[repeated], right[index]) + others[index, -1]
        total += float(np.square(side.stars[low:high] - predicted, dtype=np.float64).sum())
    return total


def draw_samples(
    users: Side, items: Side, mean: float, settings: Settings, seed: int, advance: Callable[[float], None]
) -> tuple[list[Sample], float]:
    """Run the sampler; returns the draws after the burn-in and the average variance of a rating's noise.

    `advance` gets the share done since the last call.
    """
    rng = np.random.default_rng(seed)
    width = settings.factors + 1
    user_prior, item_prior = Prior(users, items, width), Prior(items, users, width)
    own = rng.standard_normal((users.count, width), np.float32) * np.float32(0.3)
    own[:, -1] = 0
    precision, samples, variances = 1.3, [], []
    for sweep in range(settings.sweeps):
        normals = rng.standard_normal((items.count, width), np.float32)
        drawn, means = draw_factors(
            items, own, item_prior.shift + item_prior.mean, item_prior.precision, precision, normals
        )
        if sweep >= settings.burn_in:
            samples.append(whiten(drawn, means, own, user_prior, mean))
        normals = rng.standard_normal((users.count, width), np.float32)
        own, _ = draw_factors(
            users, drawn, user_prior.shift + user_prior.mean, user_prior.precision, precision, normals
        )
        if sweep >= 2:
            item_prior.refit(drawn, settings.link_steps)
            user_prior.refit(own, settings.link_steps)
        variance = (2 + squared_error(users, own, drawn)) / (2 + len(users.stars))
        precision = 1 / variance
        if sweep >= settings.burn_in:
            variances.append(variance)
        advance(1 / settings.sweeps)
    return samples, float(np.mean(variances))


def whiten(drawn: Floats, means: Floats, users: Floats, prior: Prior, mean: float) -> Sample:
    """Express item factors and links where the user's factors have unit variance around the prior mean."""
    root = np.linalg.cholesky(np.linalg.inv(prior.precision.astype(np.float64)))
    back = np.linalg.inv(root).T

    def loadings(factors: Floats) -> NDArray[np.float64]:
        return np.concatenate([factors[:, :-1], np.ones((len(factors), 1))], axis=1)

    base = mean + means[:, -1] + loadings(means) @ prior.mean
    return Sample(
        base=base.astype(np.float32),
        vectors=(loadings(means) @ root).astype(np.float32),
        power=np.square(loadings(drawn) @ root).sum(1).astype(np.float32),
        implied=(prior.link @ back).astype(np.float32),
        users=((users - prior.mean) @ back).astype(np.float32),
    )
