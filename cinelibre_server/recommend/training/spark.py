"""Training on an Apache Spark cluster, for more ratings than one machine takes.

What grows with the ratings is done by the executors: each task reads a range of users over a connection of its own;
they count which items are rated together, and factorise with MLlib. What is bounded by the number of items, or by
SAMPLE_RATINGS, is done here: the regression of the item-item model, predicted stars, and the blend with its validation.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.recommend.training.companions import LIKED_STARS, companion_values, companions_of
from cinelibre_server.recommend.training.factors import (
    FACTORS,
    SWEEPS,
    fold_in_basis,
    taste_ridge,
    taste_targets,
    taste_weights,
)
from cinelibre_server.recommend.training.fit import Advance, FittedModels
from cinelibre_server.recommend.training.item_item import SOURCES, rating_values, regress
from cinelibre_server.recommend.training.learner import TrainingRatings
from cinelibre_server.recommend.training.neighbors import count_together, most_counted, strongest
from cinelibre_server.recommend.training.rating_sides import Floats
from cinelibre_server.recommend.training.spark_cluster import Context, spark_context
from cinelibre_server.recommend.training.stars import train_stars
from cinelibre_server.recommend.training.validation import MOST_RATINGS
from cinelibre_server.store.database import Connection, connect
from cinelibre_server.store.rating_matrix import RatingMatrix, rating_matrix
from cinelibre_server.store.rating_parts import (
    count_rated,
    read_ratings_of_range,
    read_ratings_of_users,
    sample_users,
    split_users,
)

SAMPLE_RATINGS = MOST_RATINGS
"""Predicted stars and the blend are learned from random users with at most so many ratings together; as many as a
validation looks at."""
RATINGS_A_PART = 500_000
"""About what a task of an executor reads at once: some 30 MB in its Python."""

# Always the same sample, so that models compare.
_SAMPLE_SEED = 1
_PARTS_A_CORE = 2
_RATINGS_A_BLOCK = 2_000_000
_STRIPE_NUMBERS = 4_000_000


@asynccontextmanager
async def spark_learner(master: str, database_url: str) -> AsyncIterator["SparkLearner"]:
    """A learner on the cluster at `master`, whose executors reach the database at `database_url`.

    The URL goes to the executors inside of what they are to do: it is in no setting, command line or log.

    Raises:
        StartupError: as spark_context does.
    """
    cluster = spark_context(master)
    # Starting takes seconds, and in this thread Spark would take Ctrl-C over.
    context = await asyncio.to_thread(cluster.__enter__)
    try:
        yield SparkLearner(context, database_url)
    except BaseException as error:
        if not await asyncio.to_thread(cluster.__exit__, type(error), error, error.__traceback__):
            raise
    else:
        await asyncio.to_thread(cluster.__exit__, None, None, None)


class SparkLearner:
    """Reads on the executors, where the ratings stay, and here a sample of the users."""

    def __init__(self, context: Context, database_url: str) -> None:
        self._context = context
        self._database_url = database_url
        self._sample = _no_ratings()
        self._parts: Any = None
        self._user_count = 0

    async def read(self, connection: Connection) -> TrainingRatings:
        """A sample of users: all of them up to SAMPLE_RATINGS.

        Items that nobody in it rated are predicted about the average; all else of them is learned from all ratings.
        """
        rating_count, user_count = await count_rated(connection)
        cores = int(self._context.defaultParallelism)
        smallest = max(1, rating_count // (cores * _PARTS_A_CORE))
        ranges = await split_users(connection, min(RATINGS_A_PART, smallest))
        changed_xids = await sample_users(connection, SAMPLE_RATINGS, _SAMPLE_SEED)
        sample = await read_ratings_of_users(connection, list(changed_xids))
        if ranges:
            item_ids = np.union1d(sample.item_ids, await asyncio.to_thread(self._load, ranges))
            sample = sample.among(item_ids)
        self._sample, self._user_count = sample, user_count
        return TrainingRatings(sample, changed_xids, rating_count, user_count)

    def fit(self, matrix: RatingMatrix, seed: int, advance: Advance) -> FittedModels:
        """Models of all ratings but those of the sample that `matrix` is without."""
        stars = train_stars(matrix, seed, lambda share: advance(0.45 * share))
        removed = np.setdiff1d(rating_keys(self._sample), rating_keys(matrix))
        shared = self._context.broadcast((matrix.item_ids, removed))
        parts = self._parts.map(partial(known_ratings, shared))
        counts, liked, tasted = parts.map(count_by_item).treeReduce(add)
        advance(0.05)
        factors = self._factors(parts, counts, tasted, seed)
        advance(0.3)
        chosen = most_counted(counts)
        weights = regress(self._together(parts, chosen, rating_values()))
        item_item = strongest(weights, chosen, len(counts), SOURCES)
        advance(0.1)
        both = self._together(parts, chosen, companion_values())
        companions = companions_of(both, chosen, self._user_count, len(counts))
        advance(0.1)
        shared.destroy()
        return FittedModels(stars, factors, item_item, companions, liked / max(1, int(liked.max(initial=0))))

    def _load(self, ranges: list[tuple[int, int]]) -> NDArray[np.int32]:
        """Lets the executors read; the ids of all items with ratings, int32[I], ascending."""
        from pyspark import StorageLevel

        ranges_a_task = self._context.parallelize(ranges, len(ranges))
        read = partial(read_part, self._database_url)
        self._parts = ranges_a_task.map(read).persist(StorageLevel.MEMORY_AND_DISK)
        item_ids: NDArray[np.int32] = self._parts.map(_item_ids).treeReduce(np.union1d)
        return item_ids

    def _factors(self, parts: Any, counts: NDArray[np.int64], tasted: NDArray[np.int64], seed: int) -> Floats:
        """float32[I, 64] by MLlib's alternating least squares, in the basis of fold_in.

        MLlib's loss is that of train_factors, with preference 1 where a rating is above 0, else 0, and confidence
        1 + alpha |rating|. But its ridge on a user or item is regParam times the number of ratings above 0 (Zhou et
        al.: ALS-WR, AAIM 2008), where ours is the same for all. So regParam is such that a rating meets our ridge on
        average: ridge / sqrt(u i), where u and i are how many ratings the user and the item of a rating have in the
        mean over all ratings; the user's step of fold_in then has the ridge regParam u.
        """
        from pyspark.ml.recommendation import ALS
        from pyspark.sql import SparkSession

        user_count, squares = parts.map(count_users).treeReduce(add)
        ridge = taste_ridge(int(user_count), int(np.count_nonzero(counts)))
        total = max(int(tasted.sum()), 1)
        of_user, of_item = float(squares) / total, float(np.square(tasted, dtype=np.float64).sum()) / total
        reg_param = ridge / max((of_user * of_item) ** 0.5, 1)
        session = SparkSession(self._context)
        rows = session.createDataFrame(
            parts.flatMap(taste_rows), "user int, item int, rating float", verifySchema=False
        )
        blocks = max(int(self._context.defaultParallelism), total // _RATINGS_A_BLOCK)
        als = ALS(rank=FACTORS, maxIter=SWEEPS, regParam=reg_param, alpha=1.0, implicitPrefs=True, seed=seed)
        model = als.setNumBlocks(blocks).fit(rows)
        factors = np.zeros((len(tasted), FACTORS), np.float32)
        for places, found in model.itemFactors.rdd.mapPartitions(stack_factors).collect():
            factors[places] = found
        return fold_in_basis(factors, reg_param * of_user)

    def _together(self, parts: Any, chosen: NDArray[np.int64], values: NDArray[np.float64]) -> Floats:
        """X'X of the chosen items, float32[M, M], with `values` by half stars, float64[10].

        It is summed up by a task a core, and put together in stripes, so that no message is large.
        """
        shared = self._context.broadcast((chosen, values))
        cores = int(self._context.defaultParallelism)
        stripes = parts.coalesce(cores).mapPartitions(partial(sum_together, shared)).reduceByKey(add, cores)
        together = np.zeros((len(chosen), len(chosen)), np.float32)
        for first, rows in stripes.toLocalIterator():
            together[first : first + len(rows)] = rows
        shared.destroy()
        return together


# What follows runs on the executors.


def read_part(database_url: str, users: tuple[int, int]) -> RatingMatrix:
    """The ratings of the users after the first id and up to the second."""

    async def read() -> RatingMatrix:
        connection = await connect(database_url)
        try:
            return await read_ratings_of_range(connection, *users)
        finally:
            await connection.close()

    return asyncio.run(read())


def known_ratings(shared: Any, part: RatingMatrix) -> RatingMatrix:
    """A part with places among all items, without ratings that are held back; `shared` has the ids and the keys."""
    item_ids, removed = shared.value
    # A part that was lost and read again may have items that are new.
    kept = np.isin(part.item_ids, item_ids)[part.item_index] & ~np.isin(rating_keys(part), removed)
    return part.among(item_ids).select(kept)


def rating_keys(matrix: RatingMatrix) -> NDArray[np.int64]:
    """int64[n]: user and item of each rating."""
    users = matrix.user_ids.astype(np.int64)[matrix.user_index]
    return (users << 32) | matrix.item_ids[matrix.item_index]


def count_by_item(part: RatingMatrix) -> NDArray[np.int64]:
    """int64[3, I]: ratings, ratings that say somebody likes the item, ratings above 0 in taste_rows."""
    return np.stack(
        [
            np.bincount(part.item_index[which], minlength=len(part.item_ids))
            for which in (slice(None), part.stars >= LIKED_STARS, _taste(part) > 0)
        ]
    )


def count_users(part: RatingMatrix) -> NDArray[np.float64]:
    """float64[2]: users, and the sum over them of the square of how many ratings above 0 in taste_rows they have."""
    tasted = np.bincount(part.user_index[_taste(part) > 0])
    return np.array([len(np.unique(part.user_index)), np.square(tasted, dtype=np.float64).sum()])


def taste_rows(part: RatingMatrix) -> Iterable[tuple[int, int, float]]:
    """User id, item's place, and as rating how much more it weighs than none, below 0 if it is no liking."""
    ratings = _taste(part)
    told = ratings != 0
    users, items = part.user_ids[part.user_index[told]], part.item_index[told]
    return zip(users.tolist(), items.tolist(), ratings[told].tolist(), strict=True)


def stack_factors(rows: Iterator[Any]) -> Iterator[tuple[NDArray[np.int64], Floats]]:
    """MLlib's rows of a partition as places, int64[n], and factors, float32[n, 64]."""
    found = [(row.id, np.array(row.features, np.float32)) for row in rows]
    if found:
        places, factors = zip(*found, strict=True)
        yield np.array(places, np.int64), np.stack(factors)


def sum_together(shared: Any, parts: Iterator[RatingMatrix]) -> Iterator[tuple[int, Floats]]:
    """X'X of a partition's ratings of the chosen items, float32[M, M], cut into (first row, rows)."""
    chosen, values = shared.value
    together = np.zeros((len(chosen), len(chosen)), np.float32)
    for part in parts:
        of_ratings = values.astype(np.float32)[(part.stars * 2).astype(np.int64) - 1]
        together += count_together(part, chosen, of_ratings)
    height = max(1, _STRIPE_NUMBERS // max(len(chosen), 1))
    for first in range(0, len(chosen), height):
        yield first, together[first : first + height]


def _item_ids(part: RatingMatrix) -> NDArray[np.int32]:
    return part.item_ids


def _taste(part: RatingMatrix) -> NDArray[np.float64]:
    by_half_stars = np.where(taste_targets() > 0, taste_weights(), -taste_weights())
    return np.asarray(by_half_stars[(part.stars * 2).astype(np.int64) - 1])


def _no_ratings() -> RatingMatrix:
    nothing = np.zeros(0, np.int32)
    return rating_matrix(nothing, nothing, nothing.astype(np.float32), nothing.astype(np.int64))
