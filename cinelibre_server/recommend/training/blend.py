"""The weights of AUTO: how much each part counts for users with few and many ratings, learned on held-back ratings.

For each number of ratings there are users who have so many, or once had. Every part scores what was held back of them,
and the weights with the best nDCG@10 are taken from a grid. A part is divided by its standard deviation among the
candidates, as in rank_candidates. Blending: Jahrer, Töscher & Legenstein, KDD 2010.
"""

from dataclasses import dataclass
from itertools import islice, product

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.recommend.evaluation.measures import ndcg
from cinelibre_server.recommend.training.companions import companion_values
from cinelibre_server.recommend.training.factors import fold_in_taste
from cinelibre_server.recommend.training.fit import FittedModels
from cinelibre_server.recommend.training.item_item import rating_values
from cinelibre_server.recommend.training.questions import Question
from cinelibre_server.recommend.training.stars import predict

PARTS = ("item_item", "factors", "stars", "popularity", "companions")
LEVELS = (1, 2, 3, 5, 10, 20, 50)
"""The numbers of ratings from which on other weights count."""
CUTOFF = 10

_ALL = 1_000_000
_ENOUGH_QUESTIONS, _MOST_QUESTIONS = 100, 300
# Below the first number newcomers choose the weights, below the second they have a veto.
_NEWCOMERS_CHOOSE, _NEWCOMERS_OBJECT = 10, 20
_RESAMPLINGS = 50
_BEST_ITEM_ITEM, _BEST_OTHERS = 200, 100
_GRID = np.array(
    [
        (size * share, size * (1 - share), stars, popularity, companions)
        for (size, share), stars, (popularity, companions) in product(
            ((0.0, 0.5), (0.25, 0.5), *product((1.0,), (0.3, 0.5, 0.7))),
            (0.0, 0.1, 0.25, 0.5),
            (*product((0.0, 0.25, 0.5, 1.0), (0.0, 0.25, 0.5)), (1.0, 1.0), (2.0, 0.5), (2.0, 1.0)),
        )
        if size + popularity + companions
    ],
    np.float32,
)
_POPULARITY_ALONE = _GRID.tolist().index([0.0, 0.0, 0.0, 1.0, 0.0])


@dataclass(frozen=True)
class Blend:
    """For users with `min_ratings` or more the weights of the five parts, float64[5] in the order of PARTS."""

    min_ratings: tuple[int, ...]
    weights: tuple[tuple[float, ...], ...]

    def of(self, rating_count: int) -> NDArray[np.float64]:
        """The weights for a user with so many ratings, 1 or more."""
        place = int(np.searchsorted(self.min_ratings, rating_count, side="right")) - 1
        return np.array(self.weights[max(place, 0)])


def learn_blend(models: FittedModels, whole: list[Question], first: list[Question], seed: int) -> Blend:
    """The best weights for each level.

    `whole` are questions of users with all that is known of them. `first` those of users that the models have not seen,
    by their first ratings: only these tell what newcomers come for. For few ratings the newcomers choose; for more, the
    others, as long as newcomers are not served worse than by popularity alone.
    """
    newcomers, others = [], []
    for least, most in zip(LEVELS, (*LEVELS[1:], _ALL), strict=True):
        others.append(_gains(models, _of_size(whole, least, most)))
        beginners = [question for question in first if len(question.items) == least]
        newcomers.append(_gains(models, beginners) if len(beginners) >= _ENOUGH_QUESTIONS // 2 else others[-1])
    few = sum(level < _NEWCOMERS_CHOOSE for level in LEVELS)
    served = [gains.mean(axis=0) for gains in newcomers]
    allowed = [
        (gains >= gains[_POPULARITY_ALONE]) | (level >= _NEWCOMERS_OBJECT)
        for level, gains in zip(LEVELS, served, strict=True)
    ]
    chosen = [*_choose(newcomers[:few], allowed[:few], seed), *_choose(others[few:], allowed[few:], seed)]
    return Blend(LEVELS, tuple(tuple(weights.tolist()) for weights in chosen))


def measure_blend(models: FittedModels, blend: Blend, questions: list[Question]) -> float:
    """The mean nDCG@10 of the questions; 0 without any."""
    gains = []
    for question in questions:
        items, parts = candidate_parts(models, question.items, question.stars)
        order = np.argsort(-(parts @ blend.of(len(question.items))), kind="stable")
        hits = np.isin(items[order[:CUTOFF]], question.relevant)
        gains.append(ndcg(hits[np.newaxis], np.array([len(question.relevant)]), CUTOFF)[0])
    return float(np.mean(gains)) if gains else 0.0


def candidate_parts(
    models: FittedModels, rated_items: NDArray[np.int32], stars: NDArray[np.float32]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The candidates of a user, intp[n], and their parts, float64[n, 5], each of standard deviation 1; newest first."""
    half_stars = (stars * 2).astype(np.int64)
    item_item = models.item_item.scores(rated_items, rating_values()[half_stars - 1])
    companions = models.companions.scores(rated_items, companion_values()[half_stars - 1])
    factors = models.factors @ fold_in_taste(models.factors, rated_items, half_stars)
    unseen = np.ones(len(factors), dtype=bool)
    unseen[rated_items] = False
    chosen = np.zeros(len(factors), dtype=bool)
    for scores, count in (
        (np.where(item_item != 0, item_item, -np.inf), _BEST_ITEM_ITEM),
        (np.where(companions != 0, companions, -np.inf), _BEST_OTHERS),
        (factors, _BEST_OTHERS),
        (models.popularity, _BEST_OTHERS),
    ):
        open_scores = np.where(unseen, scores, -np.inf)
        best = np.argpartition(-open_scores, min(count, len(open_scores)) - 1)[:count]
        chosen[best[np.isfinite(open_scores[best])]] = True
    items = np.flatnonzero(chosen)
    predicted = predict(models.stars, rated_items[::-1], stars[::-1], items.astype(np.int32))
    parts = np.stack([item_item[items], factors[items], predicted, models.popularity[items], companions[items]], axis=1)
    deviation = parts.std(axis=0) if len(items) else np.ones(parts.shape[1])
    return items, np.divide(parts, deviation, out=np.zeros_like(parts), where=deviation > 0)


def _of_size(whole: list[Question], least: int, most: int) -> list[Question]:
    """Users with so many ratings; where these are few, others as they began."""
    own = [question for question in whole if least <= len(question.items) < most]
    longer = (question.as_begun(least) for question in whole if len(question.items) >= most)
    return [*own, *islice(longer, max(0, _ENOUGH_QUESTIONS - len(own)))][:_MOST_QUESTIONS]


def _choose(gains: list[NDArray[np.float64]], allowed: list[NDArray[np.bool_]], seed: int) -> list[NDArray[np.float64]]:
    """For each level the mean of the weights that win among resampled questions (bagging: Breiman, 1996).

    Users with a few ratings more or less are not that different: neighbouring levels lend each other half a vote.
    """
    source = np.random.default_rng(seed)
    chosen = [np.zeros(_GRID.shape[1]) for _ in gains]
    nothing = np.zeros(len(_GRID))
    for _ in range(_RESAMPLINGS):
        means = [nothing, *(own[source.integers(0, len(own), len(own))].mean(axis=0) for own in gains), nothing]
        for level in range(len(gains)):
            votes = means[level + 1] + (means[level] + means[level + 2]) / 2
            best = _GRID[int(np.where(allowed[level], votes, -1).argmax())]
            chosen[level] += best / best.sum() / _RESAMPLINGS
    return chosen


def _gains(models: FittedModels, questions: list[Question]) -> NDArray[np.float64]:
    """float64[questions, len(_GRID)]: the nDCG@10 that each of the grid's weights reaches; 0 without questions."""
    if not questions:
        return np.zeros((1, len(_GRID)))
    return np.stack([_grid_gains(models, question) for question in questions])


def _grid_gains(models: FittedModels, question: Question) -> NDArray[np.float64]:
    """float64[len(_GRID)]: the nDCG@10 that each of the grid's weights reaches."""
    items, parts = candidate_parts(models, question.items, question.stars)
    # What was cut away is not to be found again.
    kept = ~np.isin(items, question.cut_away)
    scores = _GRID @ parts[kept].T.astype(np.float32)
    best = np.argpartition(-scores, min(CUTOFF, scores.shape[1]) - 1, axis=1)[:, :CUTOFF]
    order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
    hits = np.isin(items[kept], question.relevant)[np.take_along_axis(best, order, axis=1)]
    return ndcg(hits, np.full(len(_GRID), len(question.relevant)), CUTOFF)
