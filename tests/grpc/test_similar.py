"""Similar items over the real server: near in meaning, of one type or of both, in whole pages."""

from typing import Any, TypeAlias

import grpc
import pytest
from cinelibre.v1 import recommend_pb2, recommend_pb2_grpc
from cinelibre.v1.recommend_pb2 import Recommendation
from grpc.aio import Channel

from cinelibre_server.store.database import Pool
from tests.grpc.list_calls import assert_presentable, ids_by_title, item_ids, pages, refused
from tests.sql.builders import add_items, random_vectors

RecommendStub: TypeAlias = "recommend_pb2_grpc.RecommendServiceAsyncStub"


@pytest.fixture
def stub(grpc_channel: Channel) -> RecommendStub:
    return recommend_pb2_grpc.RecommendServiceStub(grpc_channel)


@pytest.fixture
def starter_stub(starter_channel: Channel) -> RecommendStub:
    return recommend_pb2_grpc.RecommendServiceStub(starter_channel)


async def similar(stub: RecommendStub, item_type: str, item_id: int, **request: Any) -> list[Recommendation]:
    answer = await stub.ListSimilar(recommend_pb2.ListSimilarRequest(item_type=item_type, item_id=item_id, **request))
    assert_presentable(answer.recommendations)
    assert item_id not in item_ids(answer.recommendations)
    for entry in answer.recommendations:
        assert -1 <= entry.score <= 1
        assert list(entry.because_item_ids) == [item_id]
    return list(answer.recommendations)


async def test_films_of_one_story_and_maker_are_near(starter_channel: Channel, starter_stub: RecommendStub) -> None:
    titles = await ids_by_title(starter_channel)
    near = await similar(starter_stub, "movie", titles["Aparajito"], limit=5)
    assert len(near) == 5
    [next_part] = [entry for entry in near if entry.item.movie.title == "Apur Sansar"]
    assert next_part.reason == "Like Aparajito, it is by Satyajit Ray."


async def test_books_are_listed_beside_films_only_on_request(
    starter_channel: Channel, starter_stub: RecommendStub
) -> None:
    chemmeen = (await ids_by_title(starter_channel))["Chemmeen"]
    films = await similar(starter_stub, "movie", chemmeen, limit=100)
    assert all(entry.item.HasField("movie") for entry in films)
    [book] = [
        entry.item
        for entry in await similar(starter_stub, "movie", chemmeen, limit=3, across_types=True)
        if entry.item.HasField("book")
    ]
    assert book.book.title == "Chemmeen"
    books = await similar(starter_stub, "book", book.item_id, limit=100)
    assert all(entry.item.HasField("book") for entry in books)


@pytest.mark.parametrize("across", [False, True])
async def test_pages_are_whole(starter_stub: RecommendStub, starter_pool: Pool, across: bool) -> None:
    request = recommend_pb2.ListSimilarRequest(item_type="movie", item_id=1, across_types=across)
    found = [entry async for page in pages(starter_stub.ListSimilar, request, 37) for entry in page.recommendations]
    assert_presentable(found)
    others = "select item_id from items where (item_type = 'movie' or $1) and item_id <> 1"
    everything = {row["item_id"] for row in await starter_pool.fetch(others, across)}
    # A vector index comes upon some so late that the page on which they belong is over.
    assert set(item_ids(found)) <= everything
    assert len(found) >= 0.98 * len(everything)


async def test_similar_to_what_does_not_exist(stub: RecommendStub, pool: Pool) -> None:
    [film], [book] = await add_items(pool, 1), await add_items(pool, 1, item_type="book")
    for item_type, item_id in (("movie", book), ("book", film), ("movie", 2**31 - 1)):
        async with refused(grpc.StatusCode.NOT_FOUND, "ITEM_NOT_FOUND"):
            await stub.ListSimilar(recommend_pb2.ListSimilarRequest(item_type=item_type, item_id=item_id))
    for item_type in ("", "film", "MOVIE"):
        async with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", "item_type"):
            await stub.ListSimilar(recommend_pb2.ListSimilarRequest(item_type=item_type, item_id=film))


async def test_nothing_is_similar_to_an_item_without_embedding(stub: RecommendStub, pool: Pool) -> None:
    [bare, *_others] = await add_items(pool, 4, embeddings=[None, *random_vectors(3, seed=1)])
    answer = await stub.ListSimilar(recommend_pb2.ListSimilarRequest(item_type="movie", item_id=bare))
    assert list(answer.recommendations) == []
    assert answer.next_page_token == ""
