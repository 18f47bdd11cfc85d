"""How many stars a user would give: Bayesian factors, folded in from the user's own ratings.

Training is Bayesian matrix factorisation by Gibbs sampling (Salakhutdinov & Mnih, ICML 2008) with link matrices on
both sides (Macau: Simm et al., 2015): what a user rated shifts the prior mean of the user's factors, as in SVD++
(Koren, KDD 2008), and who rated an item shifts the item's. The samples are averaged into one Gaussian process over
items per user (Yu et al., SIGIR 2009) of low rank, so that serving needs tables by item alone:

    m = n^-1/2 sum_j y_j                                   prior mean, from which items were rated
    (I + sum_j a_j a_j' / s_j) d = sum_j a_j (r_j - b_j - a_j.m) / s_j       s_j = noise_j * noise_factor(n)
    z = m + d                                              the user's vector
    stars(i) = clip(c_i + o_i.z, 0.5, 5)
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.recommend.training.rating_sides import Floats, Ints, Side
from cinelibre_server.recommend.training.stars_sampler import Sample, Settings, draw_samples
from cinelibre_server.store.rating_matrix import RatingMatrix

LOWEST_STARS, HIGHEST_STARS = 0.5, 5.0
NEWEST_RATINGS = 300
"""At most so many ratings of a user are read, the newest."""


@dataclass(frozen=True)
class StarsModel:
    """What serving needs, by item (I items, rank D). Stars are on the scale 0.5 to 5."""

    base: Floats
    """b, shape (I,): stars expected of a user at the origin, for reading ratings."""
    reading: Floats
    """a, shape (I, D): what a rating of the item says about the user."""
    implied: Floats
    """y, shape (I, D): what having rated the item at all says about the user."""
    noise: Floats
    """s, shape (I,): variance of a rating around the user's taste, in stars squared."""
    offset: Floats
    """c, shape (I,): stars predicted for a user at the origin."""
    output: Floats
    """o, shape (I, D): how the prediction follows the user's vector."""


def noise_factor(rating_count: int) -> float:
    """How much less a single rating counts for a user with many: their errors are not independent."""
    return 0.7 + min(rating_count, 150) / 100


def user_vector(model: StarsModel, rated_items: Ints, rated_stars: Floats) -> NDArray[np.float64]:
    """The posterior mean of the user's vector, shape (D,), given ratings oldest first; zeros without ratings."""
    items = rated_items[-NEWEST_RATINGS:]
    count, rank = len(items), model.reading.shape[1]
    if count == 0:
        return np.zeros(rank)
    prior = model.implied[items].sum(0, dtype=np.float64) / np.sqrt(count)
    reading = model.reading[items].astype(np.float64)
    weighted = reading / (model.noise[items] * noise_factor(count))[:, None]
    residual = rated_stars[-NEWEST_RATINGS:] - model.base[items] - reading @ prior
    shift: NDArray[np.float64] = np.linalg.solve(np.eye(rank) + weighted.T @ reading, weighted.T @ residual)
    vector: NDArray[np.float64] = prior + shift
    return vector


def predict(model: StarsModel, rated_items: Ints, rated_stars: Floats, wanted_items: Ints) -> NDArray[np.float64]:
    """Stars the user would give to `wanted_items`, from the user's own ratings (oldest first), as SQL computes it."""
    vector = user_vector(model, rated_items, rated_stars)
    stars = model.offset[wanted_items] + model.output[wanted_items] @ vector
    return np.clip(stars, LOWEST_STARS, HIGHEST_STARS)


def reading_model(samples: list[Sample], variance: float, popularity: Floats, rank: int) -> StarsModel:
    """Average the draws into one Gaussian process per user, of low rank; what the rank leaves out becomes noise."""
    scale = 1 / np.sqrt(len(samples))
    weight = np.sqrt(popularity + 1)[:, None]
    stacked = np.concatenate([sample.vectors for sample in samples], axis=1) * scale
    implied = np.concatenate([sample.implied for sample in samples], axis=1) * scale
    weighted = (stacked * weight).astype(np.float64)
    basis = np.linalg.eigh(weighted.T @ weighted)[1][:, ::-1][:, :rank]
    reading = stacked @ basis
    power = np.mean([sample.power for sample in samples], axis=0)
    base = np.mean([sample.base for sample in samples], axis=0)
    noise = variance + np.maximum(power - np.square(reading).sum(1), 0)
    return StarsModel(
        base=base.astype(np.float32),
        reading=reading.astype(np.float32),
        implied=(implied @ basis).astype(np.float32),
        noise=noise.astype(np.float32),
        offset=base.astype(np.float32),
        output=reading.astype(np.float32),
    )


def distil(model: StarsModel, samples: list[Sample], users: Side, mean: float) -> StarsModel:
    """Refit offset and output so that the folded-in vectors of the users reproduce the draws' average prediction."""
    rank = model.reading.shape[1]
    stars = users.stars + np.float32(mean)
    vectors = np.ones((users.count, rank + 1))
    for user in range(users.count):
        own = slice(users.starts[user], users.starts[user + 1])
        vectors[user, :rank] = user_vector(model, users.other[own], stars[own])
    ridge = np.eye(rank + 1)
    gap = np.zeros((len(model.base), rank + 1))
    for sample in samples:
        gap += sample.vectors @ (sample.users.T @ vectors) + np.outer(sample.base, vectors.sum(0))
    gap /= len(samples)
    start = np.concatenate([model.reading, model.base[:, None]], axis=1).astype(np.float64)
    gram = vectors.T @ vectors
    refit = start + np.linalg.solve(gram + ridge, (gap - start @ gram).T).T
    return replace(
        model,
        offset=refit[:, rank].astype(np.float32),
        output=np.ascontiguousarray(refit[:, :rank], np.float32),
    )


def train_stars(matrix: RatingMatrix, seed: int, advance: Callable[[float], None]) -> StarsModel:
    """Learns from all ratings; the same seed gives the same model. `advance` gets the share done since last called."""
    settings = Settings.for_ratings(len(matrix.stars))
    mean = float(matrix.stars.mean(dtype=np.float64))
    centred = (matrix.stars - mean).astype(np.float32)
    users = Side.group(matrix.user_index, matrix.item_index, centred, len(matrix.user_ids))
    items = Side.group(matrix.item_index, matrix.user_index, centred, len(matrix.item_ids))
    samples, variance = draw_samples(users, items, mean, settings, seed, advance)
    popularity = np.diff(items.starts).astype(np.float32)
    model = reading_model(samples, variance, popularity, settings.rank)
    return distil(model, samples, users, mean)
