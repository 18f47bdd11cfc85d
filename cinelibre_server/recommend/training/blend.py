"""The weights of AUTO: how much each part counts for users with few and with many ratings, learned on held-back ones.

For each number of ratings there are users who have so many, or the beginnings of longer histories. Every part scores
what was held back of them, and the weights with the best nDCG@10 are taken from a grid. A part is divided by its
standard deviation among the candidates, as in rank_candidates. Blending: Jahrer, Töscher & Legenstein, KDD 2010.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.recommend.evaluation.measures import ndcg
from cinelibre_server.recommend.training.factors import fold_in_taste
from cinelibre_server.recommend.training.fit import LIKED_STARS, FittedModels
from cinelibre_server.recommend.training.item_item import item_item_scores, rating_values
from cinelibre_server.recommend.training.stars import predict
from cinelibre_server.store.rating_matrix import RatingMatrix

LEVELS = (1, 2, 3, 5, 10, 20, 50)
"""The numbers of ratings from which on other weights count."""
CUTOFF = 10

_MOST_USERS = 500
_ENOUGH_USERS = 250
_ALL = 1_000_000
_BEST_ITEM_ITEM, _BEST_FACTORS, _BEST_POPULAR = 200, 100, 100
_GRID = (
    *((mix, 1 - mix, stars, popularity)
      for mix, stars, popularity in product((0.3, 0.5, 0.7), (0.0, 0.1, 0.25), (0.0, 0.25, 0.5, 1.0, 2.0, 4.0))),
    (0.0, 0.0, 0.0, 1.0),
)  # fmt: skip


@dataclass(frozen=True)
class Blend:
    """For users with `min_ratings` or more the weights of the four parts, float64[4] in the order of the columns."""

    min_ratings: tuple[int, ...]
    weights: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Question:
    """A user to be served: the ratings that are known, newest first, and the held-back items that are relevant.

    `cut_away` are items that are neither: later ratings of somebody who is looked at as a beginner.
    """

    items: NDArray[np.int32]
    stars: NDArray[np.float32]
    relevant: NDArray[np.int32]
    cut_away: NDArray[np.int32]


def held_back_questions(known: RatingMatrix, held_back: RatingMatrix, seed: int) -> list[Question]:
    """Of at most 500 users with a relevant held-back rating, what is known of them."""
    liked = held_back.stars >= LIKED_STARS
    users = np.unique(held_back.user_index[liked])
    users = np.random.default_rng(seed).permutation(users)[:_MOST_USERS]
    starts = known.user_starts
    order = np.argsort(held_back.user_index[liked], kind="stable")
    sorted_users, sorted_items = held_back.user_index[liked][order], held_back.item_index[liked][order]
    questions = []
    nothing = np.zeros(0, np.int32)
    for user in users.tolist():
        own = slice(starts[user], starts[user + 1])
        relevant = sorted_items[np.searchsorted(sorted_users, user) : np.searchsorted(sorted_users, user, "right")]
        questions.append(Question(known.item_index[own][::-1], known.stars[own][::-1], relevant, nothing))
    return [question for question in questions if len(question.items)]


def learn_blend(models: FittedModels, questions: list[Question]) -> tuple[Blend, float]:
    """The best weights for each level, and the nDCG@10 that they reach with everything that is known."""
    gains = np.array(
        [
            np.mean([np.zeros(len(_GRID)), *(_grid_gains(models, question) for question in suited)], axis=0)
            for suited in (_suited(questions, *bounds) for bounds in zip(LEVELS, (*LEVELS[1:], _ALL), strict=True))
        ]
    )
    # Users with a few ratings more or less are not that different: neighbouring levels lend each other half a vote.
    votes = gains.copy()
    votes[1:] += gains[:-1] / 2
    votes[:-1] += gains[1:] / 2
    levels = [_GRID[int(level.argmax())] for level in votes]
    blend = Blend(LEVELS, tuple(levels))
    return blend, measure_blend(models, blend, questions)


def measure_blend(models: FittedModels, blend: Blend, questions: list[Question]) -> float:
    """The mean nDCG@10 of whole histories; 0 without questions."""
    gains = []
    for question in questions:
        place = int(np.searchsorted(blend.min_ratings, len(question.items), side="right")) - 1
        items, parts = candidate_parts(models, question.items, question.stars)
        order = np.argsort(-(parts @ np.array(blend.weights[max(place, 0)])), kind="stable")
        hits = np.isin(items[order[:CUTOFF]], question.relevant)
        gains.append(ndcg(hits[np.newaxis], np.array([len(question.relevant)]), CUTOFF)[0])
    return float(np.mean(gains)) if gains else 0.0


def candidate_parts(
    models: FittedModels, rated_items: NDArray[np.int32], stars: NDArray[np.float32]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The candidates of a user, intp[n], and their parts, float64[n, 4], each of standard deviation 1; newest first."""
    half_stars = (stars * 2).astype(np.int64)
    item_item = item_item_scores(models.item_item, rated_items, rating_values()[half_stars - 1])
    factors = models.factors @ fold_in_taste(models.factors, rated_items, half_stars)
    unseen = np.ones(len(factors), dtype=bool)
    unseen[rated_items] = False
    chosen = np.zeros(len(factors), dtype=bool)
    for scores, count in (
        (np.where(item_item != 0, item_item, -np.inf), _BEST_ITEM_ITEM),
        (factors, _BEST_FACTORS),
        (models.popularity, _BEST_POPULAR),
    ):
        open_scores = np.where(unseen, scores, -np.inf)
        best = np.argpartition(-open_scores, min(count, len(open_scores)) - 1)[:count]
        chosen[best[np.isfinite(open_scores[best])]] = True
    items = np.flatnonzero(chosen)
    predicted = predict(models.stars, rated_items[::-1], stars[::-1], items.astype(np.int32))
    parts = np.stack([item_item[items], factors[items], predicted, models.popularity[items]], axis=1)
    deviation = parts.std(axis=0) if len(items) else np.ones(parts.shape[1])
    return items, np.divide(parts, deviation, out=np.zeros_like(parts), where=deviation > 0)


def _suited(questions: list[Question], least: int, most: int) -> list[Question]:
    """Users with `least` ratings or more and fewer than `most`; where these are few, others as they began."""
    own = [question for question in questions if least <= len(question.items) < most]
    longer = [question for question in questions if len(question.items) >= most]
    began = [
        Question(question.items[-least:], question.stars[-least:], question.relevant, question.items[:-least])
        for question in longer[: max(0, _ENOUGH_USERS - len(own))]
    ]
    return own + began


def _grid_gains(models: FittedModels, question: Question) -> NDArray[np.float64]:
    """float64[len(_GRID)]: the nDCG@10 that each of the grid's weights reaches."""
    items, parts = candidate_parts(models, question.items, question.stars)
    # What was cut away is not to be found again.
    kept = ~np.isin(items, question.cut_away)
    scores = parts[kept] @ np.array(_GRID).T
    best = np.argsort(-scores, axis=0, kind="stable")[:CUTOFF]
    hits = np.isin(items[kept], question.relevant)[best]
    return ndcg(hits.T, np.full(len(_GRID), len(question.relevant)), CUTOFF)
