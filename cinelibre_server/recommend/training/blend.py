"""The weights of AUTO: how much each part counts for users with few and many ratings, learned on held-back ratings.

For each number of ratings there are users who have so many, or once had. Every part scores what was held back of them,
and the weights with the best nDCG@10 are taken from a grid. A part is divided by its standard deviation among the
candidates, as in rank_candidates. Blending: Jahrer, Töscher & Legenstein, KDD 2010.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

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
LEVELS = (1, 2, 3, 5, 10, 15)
"""The numbers of ratings for which weights are learned."""
CUTOFF = 10

_ENOUGH_QUESTIONS = 50
# Below the first number of ratings newcomers choose the weights, below the second they have a veto.
_NEWCOMERS_CHOOSE, _NEWCOMERS_OBJECT = 10, 15
# Items beside the rated ones are candidates for users with so few ratings.
_FEW_RATINGS = 20
_BEST_NEIGHBORS, _BEST_BY_FACTORS, _MOST_LIKED = 60, 100, 50
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
    """For users with `rating_counts` ratings the weights of the five parts, float64[5] in the order of PARTS."""

    rating_counts: tuple[int, ...]
    weights: tuple[tuple[float, ...], ...]

    def of(self, rating_count: int) -> NDArray[np.float64]:
        """The weights for a user with so many ratings, 1 or more; between two levels as in get_blend."""
        levels = np.log(self.rating_counts)
        return np.array([np.interp(np.log(rating_count), levels, part) for part in zip(*self.weights, strict=True)])


@dataclass(frozen=True)
class Answered:
    """What a model knows when it is asked a user's question: some 6 kB.

    parts: float32[n, 5], of the candidates. hits: bool[n], which of these are relevant, of `relevant_count` items.
    """

    user: int
    rating_count: int
    parts: NDArray[np.float32]
    hits: NDArray[np.bool_]
    relevant_count: int


class BlendLearner:
    """Finds the best weights for each level, from one or more trials of models with ratings held back.

    Only users that the models have not seen, with their first ratings, tell what newcomers come for. For few ratings
    the newcomers choose, and as users with a rating more or less are not that different, the levels beside lend half a
    vote each. For more ratings the others choose, all together, as long as newcomers are not served worse than by
    popularity alone.
    """

    def __init__(self) -> None:
        self._answered: list[Answered] = []
        self._whole, self._long_known = _Gains(), _Gains()
        self._beginning = {level: _Gains() for level in LEVELS}

    def add(self, models: FittedModels, whole: Sequence[Question], first: Sequence[Question]) -> None:
        """One more trial: `whole` asked by users whose other ratings the models know, `first` by users new to them."""
        for question in whole:
            answered = answer(models, question)
            self._answered.append(answered)
            gains = _grid_gains(answered)
            self._whole.add(gains)
            if answered.rating_count >= _NEWCOMERS_OBJECT:
                self._long_known.add(gains)
        for question in first:
            self._beginning[len(question.items)].add(_grid_gains(answer(models, question)))

    def learn(self) -> Blend:
        """The best of the grid's weights."""
        others = self._long_known.mean if self._long_known.count >= _ENOUGH_QUESTIONS else self._whole.mean
        newcomers = [own.mean if own.count >= _ENOUGH_QUESTIONS else others for own in self._beginning.values()]
        votes = np.array([0 * others, *newcomers, 0 * others])
        chosen = []
        for place, (level, served) in enumerate(zip(LEVELS, newcomers, strict=True)):
            if level < _NEWCOMERS_CHOOSE:
                best = (votes[place + 1] + (votes[place] + votes[place + 2]) / 2).argmax()
            else:
                allowed = (served >= served[_POPULARITY_ALONE]) | (level >= _NEWCOMERS_OBJECT)
                best = np.where(allowed, others, -1).argmax()
            chosen.append(tuple((_GRID[best] / _GRID[best].sum()).tolist()))
        return Blend(LEVELS, tuple(chosen))

    def measure(self, blend: Blend, users: NDArray[np.bool_]) -> float:
        """The mean nDCG@10 of these users (bool, by place), with all that is known of them; 0 without any."""
        gains = [gain(blend, answered) for answered in self._answered if users[answered.user]]
        return float(np.mean(gains)) if gains else 0.0


def answer(models: FittedModels, question: Question) -> Answered:
    """The parts of the question's candidates."""
    items, parts = candidate_parts(models, question.items, question.stars)
    hits = np.isin(items, question.relevant)
    return Answered(question.user, len(question.items), parts.astype(np.float32), hits, len(question.relevant))


def gain(blend: Blend, answered: Answered) -> float:
    """The nDCG@10 that the blend reaches."""
    order = np.argsort(-(answered.parts @ blend.of(answered.rating_count)), kind="stable")[:CUTOFF]
    return float(ndcg(answered.hits[order][np.newaxis], np.array([answered.relevant_count]), CUTOFF)[0])


def candidate_parts(
    models: FittedModels, rated_items: NDArray[np.int32], stars: NDArray[np.float32]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The candidates of a user, intp[n], and their parts, float64[n, 5], each of standard deviation 1; newest first."""
    half_stars = (stars * 2).astype(np.int64)
    item_values, likes = rating_values()[half_stars - 1], companion_values()[half_stars - 1]
    factors = models.factors @ fold_in_taste(models.factors, rated_items, half_stars).astype(np.float32)
    seen = np.zeros(len(factors), dtype=bool)
    seen[rated_items] = True
    chosen = np.zeros(len(factors), dtype=bool)
    offered = [(factors, _BEST_BY_FACTORS), (np.where(seen, -np.inf, models.popularity), _MOST_LIKED)]
    if len(rated_items) < _FEW_RATINGS:
        for model, values in ((models.item_item, item_values), (models.companions, likes)):
            offered.append((np.where(seen, -np.inf, model.beside(rated_items, values)), _BEST_NEIGHBORS))
    for scores, count in offered:
        best = np.argpartition(-scores, min(count, len(scores)) - 1)[:count]
        chosen[best[np.isfinite(scores[best])]] = True
    chosen[seen] = False
    items = np.flatnonzero(chosen)
    predicted = predict(models.stars, rated_items[::-1], stars[::-1], items.astype(np.int32))
    item_item = models.item_item.scores(rated_items, item_values, items)
    companions = models.companions.scores(rated_items, likes, items)
    parts = np.stack([item_item, factors[items], predicted, models.popularity[items], companions], axis=1)
    deviation = parts.std(axis=0) if len(items) else np.ones(parts.shape[1])
    return items, np.divide(parts, deviation, out=np.zeros_like(parts), where=deviation > 0)


class _Gains:
    """The nDCG@10 that each of the grid's weights reaches: float64[len(_GRID)], summed up over questions."""

    def __init__(self) -> None:
        self.count = 0
        self._total = np.zeros(len(_GRID))

    def add(self, gains: NDArray[np.float64]) -> None:
        """Counts those of one more question."""
        self.count += 1
        self._total += gains

    @property
    def mean(self) -> NDArray[np.float64]:
        """0 without questions."""
        return self._total / max(1, self.count)


def _grid_gains(answered: Answered) -> NDArray[np.float64]:
    """float64[len(_GRID)]: the nDCG@10 that each of the grid's weights reaches."""
    scores = _GRID @ answered.parts.T
    best = np.argpartition(-scores, min(CUTOFF, scores.shape[1]) - 1, axis=1)[:, :CUTOFF]
    order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
    hits = answered.hits[np.take_along_axis(best, order, axis=1)]
    return ndcg(hits, np.full(len(_GRID), answered.relevant_count), CUTOFF)
