"""Who may call what: every RPC of the contract by an anonymous caller, a user, another user and a bad token.

The RPCs come from the descriptors: one that is added without a request here fails the first test.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from cinelibre.v1 import access_pb2, auth_pb2, catalog_pb2, ratings_pb2, recommend_pb2, search_pb2, system_pb2
from cinelibre_server import contract
from cinelibre_server.store.database import Pool, open_pool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from tests.grpc.auth_calls import PASSWORD, bearer, error_info

MOVIE_ID = 1
BOOK_ID = 231

# A request that a signed-in user may make and that would touch another user's rows if anything could.
REQUESTS: dict[str, Message] = {
    "AuthService/Register": auth_pb2.RegisterRequest(email="third@example.com", password=PASSWORD),
    "AuthService/Login": auth_pb2.LoginRequest(email="owner@example.com", password="not the password"),
    "AuthService/GetMe": auth_pb2.GetMeRequest(),
    "AuthService/RefreshToken": auth_pb2.RefreshTokenRequest(refresh_token="unknown"),
    "AuthService/Logout": auth_pb2.LogoutRequest(all_sessions=True),
    "AuthService/ChangePassword": auth_pb2.ChangePasswordRequest(current_password=PASSWORD, new_password="changed1"),
    "AuthService/UpdateMe": auth_pb2.UpdateMeRequest(
        user=auth_pb2.User(user_id=1, name="Somebody else"), update_mask={"paths": ["name"]}
    ),
    "AuthService/DeleteMe": auth_pb2.DeleteMeRequest(),
    "AuthService/ExportMyData": auth_pb2.ExportMyDataRequest(),
    "RatingsService/RateItem": ratings_pb2.RateItemRequest(item_id=MOVIE_ID, stars=0.5),
    "RatingsService/ListMyRatings": ratings_pb2.ListMyRatingsRequest(),
    "RatingsService/DeleteRating": ratings_pb2.DeleteRatingRequest(item_id=MOVIE_ID),
    "RatingsService/RecordInteraction": ratings_pb2.RecordInteractionRequest(
        kind=ratings_pb2.INTERACTION_KIND_VIEW, item_id=MOVIE_ID
    ),
    "RecommendService/ListPersonalized": recommend_pb2.ListPersonalizedRequest(),
    "RecommendService/ListSimilar": recommend_pb2.ListSimilarRequest(item_type="movie", item_id=MOVIE_ID),
    "RecommendService/ListPopular": recommend_pb2.ListPopularRequest(),
    "SearchService/SemanticSearch": search_pb2.SemanticSearchRequest(q="a train"),
    "CatalogService/ListMovies": catalog_pb2.ListMoviesRequest(),
    "CatalogService/GetMovie": catalog_pb2.GetMovieRequest(movie_id=MOVIE_ID),
    "CatalogService/ListBooks": catalog_pb2.ListBooksRequest(),
    "CatalogService/GetBook": catalog_pb2.GetBookRequest(book_id=BOOK_ID),
    "SystemService/GetHealth": system_pb2.GetHealthRequest(),
    "SystemService/GetDocs": system_pb2.GetDocsRequest(),
    "SystemService/GetOpenApi": system_pb2.GetOpenApiRequest(),
}
# What these answer to anybody, because the request above names wrong credentials.
WRONG_CREDENTIALS = {"AuthService/Login", "AuthService/RefreshToken"}
METHODS = {name.removeprefix("/cinelibre.v1."): method for name, method in contract.methods().items()}
ALL = sorted(METHODS)


@dataclass(frozen=True)
class World:
    """A server with an owner of ratings and another user."""

    channel: grpc.aio.Channel
    pool: Pool
    owner_token: str
    other_token: str

    async def call(self, name: str, token: str | None) -> list[Message]:
        """All messages that the RPC answers. Raises AioRpcError."""
        method = METHODS[name]
        output = GetMessageClass(method.output_type)
        metadata = bearer(token) if token is not None else ()
        path = f"/{method.containing_service.full_name}/{method.name}"
        serialize: Any = type(REQUESTS[name]).SerializeToString
        if method.server_streaming:
            stream = self.channel.unary_stream(path, serialize, output.FromString)
            return [message async for message in stream(REQUESTS[name], metadata=metadata)]
        unary = self.channel.unary_unary(path, serialize, output.FromString)
        return [await unary(REQUESTS[name], metadata=metadata)]

    async def owner_rows(self) -> list[tuple[Any, ...]]:
        """Everything stored about the owner."""
        tables = ("users", "sessions", "ratings", "interactions")
        return [
            tuple(row)
            for table in tables
            for row in await self.pool.fetch(
                f"select * from {table} where user_id = (select min(user_id) from users) order by 1, 2"
            )
        ]


@pytest.fixture
async def world(starter_channel: grpc.aio.Channel, starter_database_url: str) -> AsyncIterator[World]:
    from cinelibre.v1 import auth_pb2_grpc, ratings_pb2_grpc

    auth = auth_pb2_grpc.AuthServiceStub(starter_channel)
    owner = await auth.Register(auth_pb2.RegisterRequest(email="owner@example.com", password=PASSWORD))
    ratings = ratings_pb2_grpc.RatingsServiceStub(starter_channel)
    metadata = bearer(owner.access_token)
    await ratings.RateItem(ratings_pb2.RateItemRequest(item_id=MOVIE_ID, stars=5), metadata=metadata)
    await ratings.RecordInteraction(
        ratings_pb2.RecordInteractionRequest(kind=ratings_pb2.INTERACTION_KIND_SEARCH, query="owner's secret"),
        metadata=metadata,
    )
    other = await auth.Register(auth_pb2.RegisterRequest(email="other@example.com", password=PASSWORD))
    pool = await open_pool(starter_database_url, size=2, statement_timeout_seconds=10)
    yield World(starter_channel, pool, owner.access_token, other.access_token)
    await pool.close()


def test_every_rpc_has_a_request() -> None:
    assert set(REQUESTS) == set(METHODS)


def test_every_rpc_says_who_may_call_it() -> None:
    unset = [name for name in ALL if _access(name) == access_pb2.ACCESS_UNSPECIFIED]
    assert unset == []


@pytest.mark.parametrize("name", ALL)
async def test_anonymous(world: World, name: str) -> None:
    if _access(name) == access_pb2.ACCESS_USER:
        await _refused(world, name, None, "ERROR_REASON_TOKEN_MISSING")
    elif name in WRONG_CREDENTIALS:
        await _refused(world, name, None, None)
    else:
        assert await world.call(name, None)


@pytest.mark.parametrize("name", ALL)
async def test_bad_token_is_never_an_anonymous_call(world: World, name: str) -> None:
    await _refused(world, name, world.owner_token[:-4] + "AAAA", "ERROR_REASON_TOKEN_INVALID")


@pytest.mark.parametrize("name", ALL)
async def test_user(world: World, name: str) -> None:
    if name in WRONG_CREDENTIALS:
        await _refused(world, name, world.owner_token, None)
    else:
        assert await world.call(name, world.owner_token)


@pytest.mark.parametrize("name", ALL)
async def test_other_user_neither_sees_nor_changes_what_is_the_owners(world: World, name: str) -> None:
    before = await world.owner_rows()
    try:
        answers = await world.call(name, world.other_token)
    except grpc.aio.AioRpcError as error:
        answers = []
        assert error.code() in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.UNAUTHENTICATED)
    text = "".join(str(answer) for answer in answers)
    assert "owner@example.com" not in text
    assert "secret" not in text
    assert await world.owner_rows() == before


def _access(name: str) -> int:
    access: int = METHODS[name].GetOptions().Extensions[access_pb2.access]
    return access


async def _refused(world: World, name: str, token: str | None, reason: str | None) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await world.call(name, token)
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    if reason is not None:
        assert error_info(caught.value).reason == reason
