"""The measures, each defined once.

Lists of n items for each of u users are an array of item numbers int64[u, n], the best first, with NOTHING where a list
is shorter. Their hits are bool[u, n]: whether the item at that place is relevant to the user.
"""

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.recommend.evaluation.arrays import NOTHING, BoolArray, FloatArray, IntArray

_USERS_AT_ONCE = 2_000


def rmse(predicted: FloatArray, actual: FloatArray) -> float:
    """Root mean squared error, in stars."""
    return float(np.sqrt(np.mean((predicted - actual) ** 2)))


def mae(predicted: FloatArray, actual: FloatArray) -> float:
    """Mean absolute error, in stars."""
    return float(np.mean(np.abs(predicted - actual)))


def find_hits(ranked: IntArray, users: IntArray, relevant_users: IntArray, relevant_items: IntArray) -> BoolArray:
    """The hits of the lists of `users` (distinct), where pairs of a user and an item are relevant."""
    item_count = max(int(ranked.max(initial=0)), int(relevant_items.max(initial=0))) + 1
    keys = users[:, np.newaxis] * item_count + ranked
    found: BoolArray = np.isin(keys, relevant_users * item_count + relevant_items)
    found &= ranked != NOTHING
    return found


def ndcg(hits: BoolArray, relevant_counts: IntArray, cutoff: int) -> FloatArray:
    """Normalised discounted cumulative gain of each list's first `cutoff` (Järvelin & Kekäläinen, 2002).

    An item is relevant or it is not, there are no grades.
    `relevant_counts` (int64[u], above 0) is how many items are relevant to each user, found or not.
    """
    places = np.arange(min(cutoff, hits.shape[1]))
    gained = hits[:, : len(places)] @ (1 / np.log2(places + 2))
    ideal = np.cumsum(1 / np.log2(np.arange(cutoff) + 2))
    result: FloatArray = gained / ideal[np.minimum(relevant_counts, cutoff) - 1]
    return result


def recall(hits: BoolArray, relevant_counts: IntArray, cutoff: int) -> FloatArray:
    """The share of what is relevant to each user that is among the first `cutoff`."""
    result: FloatArray = hits[:, :cutoff].sum(axis=1) / relevant_counts
    return result


def reciprocal_rank(hits: BoolArray) -> FloatArray:
    """1 over the place of each list's first hit, 0 where it has none; the mean over users is the MRR."""
    result: FloatArray = np.where(hits.any(axis=1), 1 / (hits.argmax(axis=1) + 1), 0.0)
    return result


def catalogue_coverage(ranked: IntArray, item_count: int) -> float:
    """The share of all items that is in anybody's list."""
    return len(np.unique(ranked[ranked != NOTHING])) / item_count


def popularity_ranks(items: IntArray, item_count: int) -> FloatArray:
    """Each item's rank by its number of ratings (float64[item_count]): 1 is the most rated.

    Equals share their mean rank. `items` has the item of each rating.
    """
    counts = np.bincount(items, minlength=item_count)
    # Of a count's equals the first rank is 1 + how many items have more, the last how many have as many or more.
    ascending = np.sort(counts)
    more = item_count - np.searchsorted(ascending, counts, side="right")
    as_many = item_count - np.searchsorted(ascending, counts, side="left")
    return (more + 1 + as_many) / 2


def mean_popularity_rank(ranked: IntArray, ranks: FloatArray) -> float:
    """The mean popularity rank of all that is recommended; small means that everybody gets what is popular."""
    return float(ranks[ranked[ranked != NOTHING]].mean()) if (ranked != NOTHING).any() else float("nan")


def intra_list_diversity(ranked: IntArray, vectors: NDArray[np.float32]) -> float:
    """1 - the mean cosine of all pairs in a list, a mean over lists (Ziegler et al., WWW 2005).

    Lists with less than two items don't count. `vectors` (float32[items, d]) have length 1.
    """
    # The sum of all pairs is the squared length of the sum, less each vector with itself.
    padded = np.vstack((vectors, np.zeros((1, vectors.shape[1]), dtype=vectors.dtype)))
    sizes = (ranked != NOTHING).sum(axis=1)
    pairs = np.maximum(sizes * (sizes - 1), 1)
    sums = [
        np.square(padded[part].sum(axis=1, dtype=np.float64)).sum(axis=1)
        for part in np.array_split(ranked, len(ranked) // _USERS_AT_ONCE + 1)
    ]
    return _mean_of_lists(1 - (np.concatenate(sums) - sizes) / pairs, sizes)


def genre_diversity(ranked: IntArray, genres: BoolArray) -> float:
    """The mean Jaccard distance of the genres of all pairs in a list, a mean over lists.

    Lists with less than two items don't count. `genres` is bool[items, genres]; two items without any genre are alike.
    """
    total = np.zeros(len(ranked))
    sizes = (ranked != NOTHING).sum(axis=1)
    for left in range(ranked.shape[1]):
        for right in range(left + 1, ranked.shape[1]):
            both = (ranked[:, left] != NOTHING) & (ranked[:, right] != NOTHING)
            one, other = genres[ranked[:, left]], genres[ranked[:, right]]
            union = (one | other).sum(axis=1)
            shared = np.where(union > 0, (one & other).sum(axis=1) / np.maximum(union, 1), 1.0)
            total += np.where(both, 1 - shared, 0.0)
    return _mean_of_lists(total / np.maximum(sizes * (sizes - 1) / 2, 1), sizes)


def _mean_of_lists(values: FloatArray, sizes: IntArray) -> float:
    return float(values[sizes > 1].mean()) if (sizes > 1).any() else float("nan")
