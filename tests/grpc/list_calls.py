"""What the tests of listings, ratings and recommendations call again and again."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from cinelibre.v1 import auth_pb2_grpc, catalog_pb2, catalog_pb2_grpc, ratings_pb2, ratings_pb2_grpc, recommend_pb2
from google.protobuf.message import Message
from grpc.aio import AioRpcError, Channel

from tests.grpc.auth_calls import bearer, error_info, register, violated_fields

Metadata = tuple[tuple[str, str], ...]


async def sign_up(channel: Channel, email: str = "test@example.com") -> Metadata:
    """The metadata of a new user's calls."""
    return bearer((await register(auth_pb2_grpc.AuthServiceStub(channel), email)).access_token)


async def rate(channel: Channel, metadata: Metadata, item_id: int, stars: float) -> ratings_pb2.Rating:
    """Stores or changes a rating."""
    stub = ratings_pb2_grpc.RatingsServiceStub(channel)
    answer = await stub.RateItem(ratings_pb2.RateItemRequest(item_id=item_id, stars=stars), metadata=metadata)
    return answer.rating


async def pages(call: Any, request: Message, size: int, metadata: Metadata | None = None) -> AsyncIterator[Any]:
    """Every page of a listing, `size` entries at a time."""
    asked = type(request)()
    asked.CopyFrom(request)
    setattr(asked, "limit" if "limit" in request.DESCRIPTOR.fields_by_name else "page_size", size)
    while True:
        page = await call(asked, metadata=metadata)
        yield page
        if not page.next_page_token:
            return
        asked.page_token = page.next_page_token  # type: ignore[attr-defined]


async def ids_by_title(channel: Channel) -> dict[str, int]:
    """Item id by title, of the first film that has it, else of the first book."""
    stub = catalog_pb2_grpc.CatalogServiceStub(channel)
    found: dict[str, int] = {}
    async for movies in pages(stub.ListMovies, catalog_pb2.ListMoviesRequest(), 100):
        found = {movie.title: movie.movie_id for movie in movies.movies} | found
    async for books in pages(stub.ListBooks, catalog_pb2.ListBooksRequest(), 100):
        found = {book.title: book.book_id for book in books.books} | found
    return found


@asynccontextmanager
async def refused(code: grpc.StatusCode, reason: str, field: str | None = None) -> AsyncIterator[None]:
    """The block's call is refused with this code and reason and, for bad input, names the field."""
    with pytest.raises(AioRpcError) as raised:
        yield
    assert raised.value.code() is code
    assert error_info(raised.value).reason == f"ERROR_REASON_{reason}"
    if field is not None:
        assert list(violated_fields(raised.value)) == [field]


def item_ids(entries: Sequence[recommend_pb2.Recommendation]) -> list[int]:
    """The ids of a list's items, in its order."""
    return [entry.item.item_id for entry in entries]


def assert_presentable(entries: Sequence[recommend_pb2.Recommendation]) -> None:
    """No entry twice, best first, each with its item, its source and a reason."""
    assert len(set(item_ids(entries))) == len(entries)
    scores = [entry.score for entry in entries]
    assert scores == sorted(scores, reverse=True)
    for entry in entries:
        assert entry.reason.strip().endswith(".")
        assert entry.source != recommend_pb2.ALGORITHM_UNSPECIFIED
        assert entry.item.WhichOneof("detail") is not None
        if entry.HasField("predicted_stars"):
            assert 0.5 <= entry.predicted_stars <= 5.0
