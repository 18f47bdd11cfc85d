"""Measures lists of recommendations against what users later liked."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.recommend.evaluation import measures
from cinelibre_server.recommend.evaluation.arrays import BoolArray, FloatArray, IntArray, Ratings
from cinelibre_server.recommend.evaluation.dataset import Dataset

LIST_LENGTH = 20
RELEVANT_STARS = 4.0

_TOP = 10
_SEED = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """Users who liked something that is to be found (int64[u], ascending), how much, and all pairs of user and item."""

    users: IntArray
    counts: IntArray
    pair_users: IntArray
    pair_items: IntArray


def find_wanted(test: Ratings, max_users: int) -> Wanted:
    """What got 4 stars or more, for all users who gave them, or always the same sample of `max_users`."""
    liked = test.take(np.flatnonzero(test.stars >= RELEVANT_STARS))
    users, counts = np.unique(liked.users, return_counts=True)
    if len(users) > max_users:
        chosen = np.sort(np.random.RandomState(_SEED).permutation(len(users))[:max_users])
        users, counts = users[chosen], counts[chosen]
    return Wanted(users, counts.astype(np.int64), liked.users, liked.items)


@dataclass(frozen=True, slots=True)
class Items:
    """What lists are measured by: `vectors` (float32[items, d]) where films are embedded, else their `genres`."""

    count: int
    vectors: NDArray[np.float32] | None
    genres: BoolArray

    @classmethod
    def of(cls, dataset: Dataset, vectors: NDArray[np.float32] | None) -> "Items":
        """Those of a data set."""
        names = sorted({genre for film in dataset.films for genre in film.genres})
        place = {name: number for number, name in enumerate(names)}
        genres = np.zeros((dataset.item_count, len(names)), dtype=np.bool_)
        for item, film in enumerate(dataset.films):
            genres[item, [place[genre] for genre in film.genres]] = True
        return cls(dataset.item_count, vectors, genres)

    def diversity(self, ranked: IntArray) -> float:
        """The mean distance within lists, 0 to 1 as a rule; NaN where films have neither vectors nor genres."""
        if self.vectors is not None:
            return measures.intra_list_diversity(ranked, self.vectors)
        return measures.genre_diversity(ranked, self.genres) if self.genres.any() else float("nan")


def measure_lists(ranked: IntArray, wanted: Wanted, items: Items, popularity: FloatArray) -> dict[str, float]:
    """All measures of lists of LIST_LENGTH items; `popularity` is each item's rank among the training ratings."""
    hits = measures.find_hits(ranked, wanted.users, wanted.pair_users, wanted.pair_items)
    top = ranked[:, :_TOP]
    return {
        "nDCG@10": float(measures.ndcg(hits, wanted.counts, _TOP).mean()),
        "Recall@10": float(measures.recall(hits, wanted.counts, _TOP).mean()),
        "Recall@20": float(measures.recall(hits, wanted.counts, LIST_LENGTH).mean()),
        "MRR@20": float(measures.reciprocal_rank(hits).mean()),
        "coverage": measures.catalogue_coverage(top, items.count),
        "popularity": measures.mean_popularity_rank(top, popularity),
        "diversity": items.diversity(top),
    }
