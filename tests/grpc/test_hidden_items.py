"""A hidden item is nowhere to be found from the very next call on, its ratings stay, and it comes back whole."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import grpc
import numpy as np
import pytest
from cinelibre.v1 import (
    admin_pb2,
    admin_pb2_grpc,
    auth_pb2,
    auth_pb2_grpc,
    catalog_pb2,
    catalog_pb2_grpc,
    ratings_pb2,
    ratings_pb2_grpc,
    recommend_pb2,
    recommend_pb2_grpc,
    search_pb2,
    search_pb2_grpc,
)
from google.protobuf.message import Message
from grpc.aio import Channel

from cinelibre_server.progress import silent
from cinelibre_server.recommend.training.pipeline import train_model
from cinelibre_server.search.indexing import indexed_item
from cinelibre_server.store.database import Pool
from cinelibre_server.store.embeddings import Passage
from cinelibre_server.store.search_index import IndexedItem, save_indexed
from tests.grpc.admin_calls import audit, sign_up_admin
from tests.grpc.list_calls import Metadata, pages, rate, refused, sign_up
from tests.sql.builders import add_items, add_users, random_vectors, rate_all

FILMS = 40
# Liked by the crowd that shares my taste, and not rated by me.
HIDDEN = 10
MY_RATINGS = 6


@dataclass
class Library:
    """Films and books in two tastes, as a newcomer and somebody with ratings see them."""

    channel: Channel
    films: list[int]
    admin: Metadata
    me: Metadata
    newcomer: Metadata

    @property
    def hidden(self) -> int:
        return self.films[HIDDEN]

    async def look(self) -> dict[str, list[int]]:
        """Every list there is, whole, as ids."""
        return {name: ids async for name, ids in self._everything()}

    async def hide(self, item_id: int) -> None:
        await self._admin.HideItem(admin_pb2.HideItemRequest(item_id=item_id), metadata=self.admin)

    async def unhide(self, item_id: int) -> None:
        await self._admin.UnhideItem(admin_pb2.UnhideItemRequest(item_id=item_id), metadata=self.admin)

    @property
    def _admin(self) -> "admin_pb2_grpc.AdminServiceAsyncStub":
        return admin_pb2_grpc.AdminServiceStub(self.channel)

    async def _everything(self) -> AsyncIterator[tuple[str, list[int]]]:
        catalog = catalog_pb2_grpc.CatalogServiceStub(self.channel)
        search = search_pb2_grpc.SearchServiceStub(self.channel).SemanticSearch
        recommend = recommend_pb2_grpc.RecommendServiceStub(self.channel)
        for order in catalog_pb2.CatalogOrder.values():
            yield f"list {order}", await _ids(catalog.ListMovies, catalog_pb2.ListMoviesRequest(order=order))
        filters: dict[str, Any]
        for filters in ({}, {"languages": ["hi"]}, {"item_type": catalog_pb2.ITEM_TYPE_MOVIE}, {"year_from": 1900}):
            name = "".join(filters)
            yield f"search {name}", await _ids(search, search_pb2.SemanticSearchRequest(q="a train", **filters))
            popular = recommend_pb2.ListPopularRequest(**filters)
            yield f"popular {name}", await _ids(recommend.ListPopular, popular)
            popular.window = recommend_pb2.POPULAR_WINDOW_30_DAYS
            yield f"popular lately {name}", await _ids(recommend.ListPopular, popular)
            for algorithm in recommend_pb2.Algorithm.values():
                for who, metadata in (("me", self.me), ("newcomer", self.newcomer)):
                    request = recommend_pb2.ListPersonalizedRequest(algorithm=algorithm, **filters)
                    ids = await _ids(recommend.ListPersonalized, request, metadata)
                    yield f"{who} {recommend_pb2.Algorithm.Name(algorithm)} {name}", ids
        for across in (False, True):
            similar = recommend_pb2.ListSimilarRequest(item_type="movie", item_id=self.films[0], across_types=across)
            yield f"similar {across}", await _ids(recommend.ListSimilar, similar)


async def _ids(call: Callable[..., Any], request: Message, metadata: Metadata | None = None) -> list[int]:
    found = []
    async for page in pages(call, request, 100, metadata):
        entries = [entry for name, value in page.ListFields() if name.is_repeated for entry in value]
        found += [entry.movie_id if isinstance(entry, catalog_pb2.Movie) else entry.item.item_id for entry in entries]
    return found


def _indexed(film: int) -> IndexedItem:
    return indexed_item(
        Passage(film, "A train", "A train", None, (), (), (), ""), np.array(random_vectors(2, seed=film))
    )


@pytest.fixture(params=["untrained", "trained"])
async def library(request: pytest.FixtureRequest, pool: Pool, database_url: str, grpc_channel: Channel) -> Library:
    films = await add_items(pool, FILMS, embeddings=random_vectors(FILMS, seed=8))
    await add_items(pool, 5, item_type="book", embeddings=random_vectors(5, seed=9))
    async with pool.acquire() as connection, connection.transaction():
        await save_indexed(connection, [_indexed(film) for film in films])
    users = await add_users(pool, 30)
    await rate_all(
        pool,
        [
            (user, film, 9 if place % 2 == number % 2 else 3)
            for number, user in enumerate(users)
            for place, film in enumerate(films)
            if (place + number) % 3
        ],
    )
    if request.param == "trained":
        assert (await train_model(database_url, silent)).promoted
    me = await sign_up(grpc_channel)
    for place in range(MY_RATINGS):
        await rate(grpc_channel, me, films[place], 1.5 if place % 2 else 4.5)
    newcomer = await sign_up(grpc_channel, "newcomer@example.com")
    return Library(grpc_channel, films, await sign_up_admin(grpc_channel, pool), me, newcomer)


async def test_a_hidden_film_is_in_no_list_until_it_is_shown_again(library: Library) -> None:
    before = await library.look()
    listed = {name for name, ids in before.items() if library.hidden in ids}
    # Without ratings nothing is collaborative or near to what was liked; without a model nothing is learned.
    absent = {name.rpartition(" ")[0] for name in before.keys() - listed}
    assert absent <= {
        f"{who} ALGORITHM_{algorithm}"
        for who in ("me", "newcomer")
        for algorithm in ("COLLABORATIVE", "CONTENT", "ITEM_ITEM", "MATRIX_FACTORIZATION")
    }
    assert {"me ALGORITHM_AUTO ", "newcomer ALGORITHM_AUTO ", "me ALGORITHM_COLLABORATIVE "} <= listed
    await library.hide(library.hidden)
    for name, ids in (await library.look()).items():
        assert library.hidden not in ids, name
        assert set(ids) >= set(before[name]) - {library.hidden}, name
    await library.unhide(library.hidden)
    assert await library.look() == before


async def test_a_hidden_film_can_neither_be_fetched_nor_rated(library: Library) -> None:
    film, me = library.hidden, library.me
    catalog = catalog_pb2_grpc.CatalogServiceStub(library.channel)
    recommend = recommend_pb2_grpc.RecommendServiceStub(library.channel)
    ratings = ratings_pb2_grpc.RatingsServiceStub(library.channel)
    view = ratings_pb2.RecordInteractionRequest(kind=ratings_pb2.INTERACTION_KIND_VIEW, item_id=film)
    similar = recommend_pb2.ListSimilarRequest(item_type="movie", item_id=film)

    def calls() -> list[Any]:
        return [
            catalog.GetMovie(catalog_pb2.GetMovieRequest(movie_id=film)),
            recommend.ListSimilar(similar),
            ratings.RecordInteraction(view, metadata=me),
            ratings.RateItem(ratings_pb2.RateItemRequest(item_id=film, stars=4), metadata=me),
        ]

    await calls()[0]
    await library.hide(film)
    for call in calls():
        async with refused(grpc.StatusCode.NOT_FOUND, "ITEM_NOT_FOUND"):
            await call
    await library.unhide(film)
    for call in calls():
        assert await call


async def test_ratings_of_a_hidden_film_stay_with_who_gave_them(library: Library) -> None:
    film, me = library.films[0], library.me
    ratings, auth = ratings_pb2_grpc.RatingsServiceStub(library.channel), auth_pb2_grpc.AuthServiceStub(library.channel)
    everything = ratings_pb2.ListMyRatingsRequest()
    before = await ratings.ListMyRatings(everything, metadata=me)
    await library.hide(film)
    assert await ratings.ListMyRatings(everything, metadata=me) == before
    assert film in {entry.item.movie.movie_id for entry in before.ratings}
    exported = [record async for record in auth.ExportMyData(auth_pb2.ExportMyDataRequest(), metadata=me)]
    assert film in {record.rating.item_id for record in exported}
    async with refused(grpc.StatusCode.NOT_FOUND, "ITEM_NOT_FOUND"):
        await ratings.RateItem(ratings_pb2.RateItemRequest(item_id=film, stars=1), metadata=me)
    await ratings.DeleteRating(ratings_pb2.DeleteRatingRequest(item_id=film), metadata=me)
    assert len((await ratings.ListMyRatings(everything, metadata=me)).ratings) == MY_RATINGS - 1


async def test_no_reason_names_a_hidden_film(library: Library) -> None:
    recommend = recommend_pb2_grpc.RecommendServiceStub(library.channel)

    async def named(algorithm: "recommend_pb2.Algorithm.ValueType") -> set[int]:
        request = recommend_pb2.ListPersonalizedRequest(algorithm=algorithm, limit=100)
        page = await recommend.ListPersonalized(request, metadata=library.me)
        return {item_id for entry in page.recommendations for item_id in entry.because_item_ids}

    for algorithm in (recommend_pb2.ALGORITHM_CONTENT, recommend_pb2.ALGORITHM_AUTO):
        before = await named(algorithm)
        for film in before:
            await library.hide(film)
        assert not before & await named(algorithm)
        for film in before:
            await library.unhide(film)
        assert await named(algorithm) == before


async def test_hiding_twice_is_hiding_once(library: Library) -> None:
    for _ in range(2):
        await library.hide(library.hidden)
    for _ in range(2):
        await library.unhide(library.hidden)
    entries = await audit(library.channel, library.admin, library.hidden)
    assert [entry.action for entry in entries] == [admin_pb2.AUDIT_ACTION_UNHIDE, admin_pb2.AUDIT_ACTION_HIDE]
    assert [dict(entry.before) for entry in entries] == [{"hidden": True}, {"hidden": False}]
    assert [dict(entry.after) for entry in entries] == [{"hidden": False}, {"hidden": True}]


async def test_a_hidden_film_can_be_changed(library: Library) -> None:
    await library.hide(library.hidden)
    stub = admin_pb2_grpc.AdminServiceStub(library.channel)
    request = admin_pb2.UpdateMovieRequest(movie_id=library.hidden, movie=admin_pb2.MovieEntry(title="Mended"))
    request.update_mask.paths.append("title")
    assert (await stub.UpdateMovie(request, metadata=library.admin)).movie.title == "Mended"
    catalog = catalog_pb2_grpc.CatalogServiceStub(library.channel)
    async with refused(grpc.StatusCode.NOT_FOUND, "ITEM_NOT_FOUND"):
        await catalog.GetMovie(catalog_pb2.GetMovieRequest(movie_id=library.hidden))
    await library.unhide(library.hidden)
    assert (await catalog.GetMovie(catalog_pb2.GetMovieRequest(movie_id=library.hidden))).movie.title == "Mended"
