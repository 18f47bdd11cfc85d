"""Ours: a database with the training ratings in it, imported as anybody imports them, asked by the SQL that serves."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.embedding.runtime import Embedder
from cinelibre_server.ingest.embed import embed_missing
from cinelibre_server.ingest.movielens import import_movielens
from cinelibre_server.progress import Progress, Step, silent
from cinelibre_server.recommend.evaluation.arrays import NOTHING, IntArray, Ratings
from cinelibre_server.recommend.evaluation.dataset import Dataset
from cinelibre_server.recommend.evaluation.methods.method import FoldInRanker, StarPredictor
from cinelibre_server.recommend.evaluation.methods.product_stars import star_predictors
from cinelibre_server.recommend.evaluation.movielens_folder import write_movielens
from cinelibre_server.recommend.evaluation.prepare import prepare_recommender
from cinelibre_server.recommend.evaluation.scratch import ScratchCluster, database_name, scratch_cluster, scratch_pool
from cinelibre_server.store import rating_load
from cinelibre_server.store.database import Pool
from cinelibre_server.store.embeddings import list_movie_vectors
from cinelibre_server.store.items import ItemFilter
from cinelibre_server.store.migrate import migrate
from cinelibre_server.store.ratings import RatingStore
from cinelibre_server.store.recommend import PersonalAlgorithm, RecommendStore

SOURCE = "movielens"
AUTO: PersonalAlgorithm = "hybrid"
ALGORITHMS: tuple[PersonalAlgorithm, ...] = get_args(PersonalAlgorithm)

_AT_ONCE = 2


def product_name(algorithm: PersonalAlgorithm) -> str:
    """What reports call an algorithm of ours."""
    if algorithm == AUTO:
        return "CineLibre AUTO"
    return f"CineLibre {algorithm.removesuffix('_for_user').replace('_', '-')}"


@dataclass(frozen=True, slots=True)
class KnownIds:
    """The database's ids of our users and items (int64[users], int64[items]); item numbers by id."""

    users: IntArray
    items: IntArray
    item_numbers: dict[int, int]


class ProductRanker:
    """One algorithm of ours on one database."""

    def __init__(self, pool: Pool, ids: KnownIds, algorithm: PersonalAlgorithm, *, writes: bool) -> None:
        self.name = product_name(algorithm)
        self._algorithm: PersonalAlgorithm = algorithm
        self._store = RecommendStore(pool)
        self._ratings = RatingStore(pool) if writes else None
        self._ids = ids

    async def rank(self, users: IntArray, count: int, step: Step) -> IntArray:
        """See Ranker."""
        ranked = np.full((len(users), count), NOTHING, dtype=np.int64)

        async def ask(place: int) -> None:
            user_id = int(self._ids.users[users[place]])
            found = await self._store.personalized(self._algorithm, user_id, ItemFilter(), count, None)
            ranked[place, : len(found)] = [self._ids.item_numbers[candidate.item_id] for candidate in found]
            step.advance(1)

        for start in range(0, len(users), _AT_ONCE):
            await asyncio.gather(*(ask(place) for place in range(start, min(start + _AT_ONCE, len(users)))))
        return ranked

    async def reveal(self, ratings: Ratings) -> None:
        """See FoldInRanker. All rankers share a database, so that only one of them writes."""
        if self._ratings is None:
            return
        for user, item, stars in zip(ratings.users, ratings.items, ratings.stars, strict=True):
            await self._ratings.upsert(int(self._ids.users[user]), int(self._ids.items[item]), round(stars * 2))


class Product:
    """Makes a database for each training, with the catalogue and its embeddings copied from one made before."""

    def __init__(self, cluster: ScratchCluster, catalogue: str, dataset: Dataset, progress: Progress) -> None:
        self._cluster = cluster
        self._catalogue = catalogue
        self._dataset = dataset
        self._progress = progress

    async def item_vectors(self) -> NDArray[np.float32] | None:
        """The films' embeddings, float32[items, 384], or None if they have none."""
        async with self._database() as url, scratch_pool(url) as pool, pool.acquire() as connection:
            item_ids, vectors = await list_movie_vectors(connection)
            if not len(item_ids):
                return None
            known = await _known_ids(pool, self._dataset)
        result = np.zeros((self._dataset.item_count, vectors.shape[1]), dtype=np.float32)
        result[[known.item_numbers[item_id] for item_id in item_ids]] = vectors
        return result

    @asynccontextmanager
    async def predictors(self, training: Ratings, label: str) -> AsyncIterator[Sequence[StarPredictor]]:
        """A PredictorTrainer."""
        async with self._trained(training, label) as (pool, ids):
            yield star_predictors(pool, ids.users, ids.items, training)

    @asynccontextmanager
    async def rankers(self, training: Ratings, label: str) -> AsyncIterator[Sequence[FoldInRanker]]:
        """A RankerTrainer and FoldInTrainer."""
        async with self._trained(training, label) as (pool, ids):
            yield [
                ProductRanker(pool, ids, algorithm, writes=number == 0) for number, algorithm in enumerate(ALGORITHMS)
            ]

    @asynccontextmanager
    async def _trained(self, training: Ratings, label: str) -> AsyncIterator[tuple[Pool, KnownIds]]:
        async with self._database() as url:
            with self._progress(f"Importing and training, {label}", len(training), "ratings") as step:
                await _import(url, self._dataset, training, silent)
                async with scratch_pool(url) as pool:
                    await _add_other_users(pool, self._dataset)
                await prepare_recommender(url)
                step.advance(len(training))
            async with scratch_pool(url) as pool:
                yield pool, await _known_ids(pool, self._dataset)

    def _database(self) -> AbstractAsyncContextManager[str]:
        return self._cluster.database(database_name(self._catalogue))


@asynccontextmanager
async def open_product(dataset: Dataset, embedder: Embedder | None, progress: Progress) -> AsyncIterator[Product]:
    """Starts a PostgreSQL and loads the films, with embeddings if there is an embedder."""
    async with scratch_cluster() as cluster, cluster.database() as catalogue:
        with progress("Preparing the films", None, ""):
            await migrate(catalogue)
            await _import(catalogue, dataset, dataset.ratings.take(np.empty(0, dtype=np.int64)), silent)
        if embedder:
            async with scratch_pool(catalogue) as pool:
                await embed_missing(pool, embedder, progress)
        yield Product(cluster, catalogue, dataset, progress)


async def _import(url: str, dataset: Dataset, ratings: Ratings, progress: Progress) -> None:
    with tempfile.TemporaryDirectory(prefix="cinelibre-training-") as name:
        await asyncio.to_thread(write_movielens, Path(name), dataset.films, ratings)
        await import_movielens(url, Path(name), progress)


async def _add_other_users(pool: Pool, dataset: Dataset) -> None:
    """Users without a rating among the training ones have accounts, too."""
    async with pool.acquire() as connection:
        known = await rating_load.users_of_source(connection, SOURCE)
        missing = [str(user + 1) for user in range(dataset.user_count) if str(user + 1) not in known]
        await rating_load.add_users(connection, SOURCE, missing)


async def _known_ids(pool: Pool, dataset: Dataset) -> KnownIds:
    async with pool.acquire() as connection:
        users = await rating_load.users_of_source(connection, SOURCE)
        items = await rating_load.items_of_source(connection, SOURCE)
    item_ids = [items[str(item + 1)] for item in range(dataset.item_count)]
    return KnownIds(
        users=np.array([users.get(str(user + 1), 0) for user in range(dataset.user_count)], dtype=np.int64),
        items=np.array(item_ids, dtype=np.int64),
        item_numbers={item_id: item for item, item_id in enumerate(item_ids)},
    )
