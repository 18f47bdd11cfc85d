"""With a trained model: predicted stars for who is signed in, the model's algorithms, and reasons that say why."""

import grpc
import pytest
from cinelibre.v1 import catalog_pb2, catalog_pb2_grpc, recommend_pb2, recommend_pb2_grpc
from grpc.aio import Channel

from cinelibre_server.progress import silent
from cinelibre_server.recommend.training.pipeline import train_model
from cinelibre_server.store.database import Pool
from tests.grpc.list_calls import Metadata, assert_presentable, item_ids, rate, sign_up
from tests.sql.builders import add_items, add_users, random_vectors, rate_all

FILMS = 40


@pytest.fixture
async def films(pool: Pool, database_url: str) -> list[int]:
    """Half of a crowd loves the films at even places, half those at odd ones."""
    films = await add_items(pool, FILMS, embeddings=random_vectors(FILMS, seed=8))
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
    assert (await train_model(database_url, silent)).promoted
    return films


@pytest.fixture
async def me(grpc_channel: Channel, films: list[int]) -> Metadata:
    """Somebody who loves the films at even places."""
    me = await sign_up(grpc_channel)
    for place in range(6):
        await rate(grpc_channel, me, films[place], 1.5 if place % 2 else 4.5)
    return me


async def test_fetched_items_come_with_predicted_stars(
    grpc_channel: Channel, films: list[int], me: Metadata, pool: Pool
) -> None:
    catalog = catalog_pb2_grpc.CatalogServiceStub(grpc_channel)
    loved = await catalog.GetMovie(catalog_pb2.GetMovieRequest(movie_id=films[10]), metadata=me)
    hated = await catalog.GetMovie(catalog_pb2.GetMovieRequest(movie_id=films[11]), metadata=me)
    assert 3.5 < loved.predicted_stars <= 5
    assert 0.5 <= hated.predicted_stars < 2.5
    anonymous = await catalog.GetMovie(catalog_pb2.GetMovieRequest(movie_id=films[10]))
    assert not anonymous.HasField("predicted_stars")
    newcomer = await sign_up(grpc_channel, "newcomer@example.com")
    unknown = await catalog.GetMovie(catalog_pb2.GetMovieRequest(movie_id=films[10]), metadata=newcomer)
    assert not unknown.HasField("predicted_stars")
    # Nobody has rated it, but its reader tends to give something.
    (book,) = await add_items(pool, 1, item_type="book")
    unseen = await catalog.GetBook(catalog_pb2.GetBookRequest(book_id=book), metadata=me)
    assert 1 < unseen.predicted_stars < 4.5


async def test_similar_and_popular_items_come_with_predicted_stars(
    grpc_channel: Channel, films: list[int], me: Metadata
) -> None:
    recommend = recommend_pb2_grpc.RecommendServiceStub(grpc_channel)
    similar = recommend_pb2.ListSimilarRequest(item_type="movie", item_id=films[0])
    popular = recommend_pb2.ListPopularRequest()
    for mine, anonymous in (
        (await recommend.ListSimilar(similar, metadata=me), await recommend.ListSimilar(similar)),
        (await recommend.ListPopular(popular, metadata=me), await recommend.ListPopular(popular)),
    ):
        assert all(0.5 <= entry.predicted_stars <= 5 for entry in mine.recommendations)
        assert len({entry.predicted_stars for entry in mine.recommendations}) > 1
        assert item_ids(anonymous.recommendations) == item_ids(mine.recommendations)
        assert not any(entry.HasField("predicted_stars") for entry in anonymous.recommendations)


@pytest.mark.parametrize(
    "algorithm",
    [
        recommend_pb2.ALGORITHM_AUTO,
        recommend_pb2.ALGORITHM_ITEM_ITEM,
        recommend_pb2.ALGORITHM_MATRIX_FACTORIZATION,
        recommend_pb2.ALGORITHM_COLLABORATIVE,
    ],
)
async def test_each_algorithm_finds_what_is_loved(
    grpc_channel: Channel, films: list[int], me: Metadata, algorithm: recommend_pb2.Algorithm.ValueType
) -> None:
    recommend = recommend_pb2_grpc.RecommendServiceStub(grpc_channel)
    request = recommend_pb2.ListPersonalizedRequest(algorithm=algorithm, limit=8)
    answer = await recommend.ListPersonalized(request, metadata=me)
    assert_presentable(answer.recommendations)
    places = [films.index(item) for item in item_ids(answer.recommendations)]
    assert not set(places) & set(range(6))
    assert all(place % 2 == 0 for place in places)
    assert all(entry.predicted_stars > 3.5 for entry in answer.recommendations)
    if algorithm == recommend_pb2.ALGORITHM_AUTO:
        assert answer.algorithm in {
            recommend_pb2.ALGORITHM_ITEM_ITEM,
            recommend_pb2.ALGORITHM_MATRIX_FACTORIZATION,
            recommend_pb2.ALGORITHM_POPULAR,
        }
    else:
        assert answer.algorithm == algorithm
    for entry in answer.recommendations:
        if entry.source == recommend_pb2.ALGORITHM_MATRIX_FACTORIZATION:
            assert entry.reason == f"It fits your taste; you would give it about {entry.predicted_stars:.1f} stars."
        if entry.source == recommend_pb2.ALGORITHM_ITEM_ITEM and entry.because_item_ids:
            assert entry.reason.startswith("Because you liked ")
            assert set(entry.because_item_ids) <= {films[0], films[2], films[4]}


async def test_an_unrated_film_of_the_model_is_not_found_by_a_wrong_type(
    grpc_channel: Channel, films: list[int], me: Metadata
) -> None:
    catalog = catalog_pb2_grpc.CatalogServiceStub(grpc_channel)
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await catalog.GetBook(catalog_pb2.GetBookRequest(book_id=films[10]), metadata=me)
    assert refusal.value.code() == grpc.StatusCode.NOT_FOUND
