"""Who may call what: every RPC by an anonymous caller, a user, another user, an admin, a demoted one, and a bad token.

The RPCs come from the descriptors: one that is added without a request here fails the first test.
"""

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
import pytest_asyncio
from cinelibre.v1 import (
    access_pb2,
    admin_pb2,
    auth_pb2,
    auth_pb2_grpc,
    catalog_pb2,
    ratings_pb2,
    ratings_pb2_grpc,
    recommend_pb2,
    search_pb2,
    system_pb2,
)
from google.protobuf import field_mask_pb2
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from cinelibre_server import contract
from cinelibre_server.embedding.runtime import Embedder
from cinelibre_server.store.database import Pool, open_pool
from cinelibre_server.store.users import Role, UserStore
from tests.conftest import cloned_database, make_settings, serving
from tests.grpc.auth_calls import PASSWORD, bearer, error_info

in_site_loop = pytest.mark.asyncio(loop_scope="module")

OWNERS_QUERY = "what only the owner looked for"
MOVIE_ID = 1
BOOK_ID = 2635
HIDDEN_ID = 230

# A request that a signed-in user may make and that would touch another user's rows if anything could.
REQUESTS: dict[str, Message] = {
    "AdminService/CreateMovie": admin_pb2.CreateMovieRequest(movie=admin_pb2.MovieEntry(title="A new film")),
    "AdminService/CreateBook": admin_pb2.CreateBookRequest(book=admin_pb2.BookEntry(title="A new book")),
    "AdminService/UpdateMovie": admin_pb2.UpdateMovieRequest(
        movie_id=MOVIE_ID, movie=admin_pb2.MovieEntry(year=1999), update_mask=field_mask_pb2.FieldMask(paths=["year"])
    ),
    "AdminService/UpdateBook": admin_pb2.UpdateBookRequest(
        book_id=BOOK_ID, book=admin_pb2.BookEntry(year=1999), update_mask=field_mask_pb2.FieldMask(paths=["year"])
    ),
    "AdminService/HideItem": admin_pb2.HideItemRequest(item_id=HIDDEN_ID),
    "AdminService/UnhideItem": admin_pb2.UnhideItemRequest(item_id=HIDDEN_ID),
    "AdminService/ListAuditEntries": admin_pb2.ListAuditEntriesRequest(),
    "AuthService/Register": auth_pb2.RegisterRequest(email="replaced@example.com", password=PASSWORD),
    "AuthService/Login": auth_pb2.LoginRequest(email="owner@example.com", password="not the password"),
    "AuthService/GetMe": auth_pb2.GetMeRequest(),
    "AuthService/RefreshToken": auth_pb2.RefreshTokenRequest(refresh_token="unknown"),
    "AuthService/Logout": auth_pb2.LogoutRequest(all_sessions=True),
    "AuthService/ChangePassword": auth_pb2.ChangePasswordRequest(current_password=PASSWORD, new_password="changed1"),
    "AuthService/UpdateMe": auth_pb2.UpdateMeRequest(
        user=auth_pb2.User(user_id=1, name="Somebody else"), update_mask=field_mask_pb2.FieldMask(paths=["name"])
    ),
    "AuthService/DeleteMe": auth_pb2.DeleteMeRequest(),
    "AuthService/ExportMyData": auth_pb2.ExportMyDataRequest(),
    "RatingsService/RateItem": ratings_pb2.RateItemRequest(item_id=MOVIE_ID, stars=0.5),
    "RatingsService/ListMyRatings": ratings_pb2.ListMyRatingsRequest(),
    "RatingsService/DeleteRating": ratings_pb2.DeleteRatingRequest(item_id=MOVIE_ID),
    "RatingsService/ImportMyRatings": ratings_pb2.ImportMyRatingsRequest(options=ratings_pb2.ImportOptions()),
    "RatingsService/ImportRatingsFile": ratings_pb2.ImportRatingsFileRequest(
        text="Date,Name,Year,Letterboxd URI,Rating\n2020-01-01,Pather Panchali,1955,x,1\n"
    ),
    "RatingsService/RecordInteraction": ratings_pb2.RecordInteractionRequest(
        kind=ratings_pb2.INTERACTION_KIND_VIEW, item_id=MOVIE_ID
    ),
    "RecommendService/ListPersonalized": recommend_pb2.ListPersonalizedRequest(),
    "RecommendService/ListSimilar": recommend_pb2.ListSimilarRequest(item_type="movie", item_id=MOVIE_ID),
    "RecommendService/ListPopular": recommend_pb2.ListPopularRequest(),
    "SearchService/SemanticSearch": search_pb2.SemanticSearchRequest(q="a train"),
    "SearchService/Suggest": search_pb2.SuggestRequest(q="pather"),
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
CATALOGUE_ROWS = "select md5(string_agg(t::text, chr(10) order by t::text)) from {} t"


@dataclass(frozen=True)
class Site:
    """A server and its database, which all tests of this file share."""

    channel: grpc.aio.Channel
    pool: Pool

    async def register(self, role: Role = "user") -> auth_pb2.RegisterResponse:
        """A user that no other test has."""
        email = f"{secrets.token_hex(6)}@example.com"
        stub = auth_pb2_grpc.AuthServiceStub(self.channel)
        request = auth_pb2.RegisterRequest(email=email, password=PASSWORD, name="Owner's name")
        registered = await stub.Register(request)
        await UserStore(self.pool).set_role(email, role)
        return registered

    async def catalogue(self) -> list[str]:
        """What changes when any item or audit entry does."""
        tables = ("items", "movies", "books", "audit_entries")
        return [await self.pool.fetchval(CATALOGUE_ROWS.format(table)) for table in tables]


@dataclass(frozen=True)
class World:
    """An owner of ratings."""

    site: Site
    owner: auth_pb2.RegisterResponse

    async def call(self, name: str, token: str | None) -> list[Message]:
        """All messages that the RPC answers. Raises AioRpcError."""
        method = METHODS[name]
        output = GetMessageClass(method.output_type)
        metadata = bearer(token) if token is not None else ()
        path = f"/{method.containing_service.full_name}/{method.name}"
        request = REQUESTS[name]
        if isinstance(request, auth_pb2.RegisterRequest):
            request = auth_pb2.RegisterRequest(email=f"{secrets.token_hex(6)}@example.com", password=PASSWORD)
        serialize: Any = type(request).SerializeToString
        if method.server_streaming:
            stream = self.site.channel.unary_stream(path, serialize, output.FromString)
            return [message async for message in stream(request, metadata=metadata)]
        if method.client_streaming:
            upload = self.site.channel.stream_unary(path, serialize, output.FromString)
            return [await upload(_parts(request), metadata=metadata)]
        unary = self.site.channel.unary_unary(path, serialize, output.FromString)
        return [await unary(request, metadata=metadata)]

    async def make_owner(self, role: Role) -> None:
        """Makes the owner an admin or a user; the token stays."""
        assert await UserStore(self.site.pool).set_role(self.owner.user.email, role) is not None

    async def owner_rows(self) -> list[tuple[Any, ...]]:
        """Everything stored about the owner."""
        queries = [
            f"select * from {table} where user_id = $1 order by 1, 2"
            for table in ("users", "sessions", "ratings", "interactions")
        ]
        owner_id = self.owner.user.user_id
        return [tuple(row) for query in queries for row in await self.site.pool.fetch(query, owner_id)]


async def _parts(first: Message) -> AsyncIterator[Message]:
    """An upload."""
    yield first
    yield ratings_pb2.ImportMyRatingsRequest(
        chunk=b"Date,Name,Year,Letterboxd URI,Rating\n2020-01-01,Dangal,2016,x,1\n"
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(cluster_url: str, starter_template: str, embedder: Embedder) -> AsyncIterator[Site]:
    async with (
        cloned_database(cluster_url, starter_template) as url,
        serving(make_settings(url), embedder) as channel,
    ):
        pool = await open_pool(url, size=2, statement_timeout_seconds=10)
        yield Site(channel, pool)
        await pool.close()


@pytest_asyncio.fixture(loop_scope="module")
async def world(site: Site) -> World:
    owner = await site.register()
    ratings = ratings_pb2_grpc.RatingsServiceStub(site.channel)
    metadata = bearer(owner.access_token)
    await ratings.RateItem(ratings_pb2.RateItemRequest(item_id=MOVIE_ID, stars=5), metadata=metadata)
    await ratings.RecordInteraction(
        ratings_pb2.RecordInteractionRequest(kind=ratings_pb2.INTERACTION_KIND_SEARCH, query=OWNERS_QUERY),
        metadata=metadata,
    )
    return World(site, owner)


def test_every_rpc_has_a_request() -> None:
    assert set(REQUESTS) == set(METHODS)


def test_every_rpc_says_who_may_call_it() -> None:
    unset = [name for name in ALL if _access(name) == access_pb2.ACCESS_UNSPECIFIED]
    assert unset == []


@in_site_loop
@pytest.mark.parametrize("name", ALL)
async def test_anonymous(world: World, name: str) -> None:
    if _access(name) != access_pb2.ACCESS_PUBLIC:
        await _refused(world, name, None, "ERROR_REASON_TOKEN_MISSING")
    elif name in WRONG_CREDENTIALS:
        await _refused(world, name, None, None)
    else:
        assert await world.call(name, None)


@in_site_loop
@pytest.mark.parametrize("name", ALL)
async def test_bad_token_is_never_an_anonymous_call(world: World, name: str) -> None:
    await _refused(world, name, world.owner.access_token[:-4] + "AAAA", "ERROR_REASON_TOKEN_INVALID")


@in_site_loop
@pytest.mark.parametrize("name", ALL)
async def test_user(world: World, name: str) -> None:
    await _answered_as_a_user(world, name)


@in_site_loop
@pytest.mark.parametrize("name", ALL)
async def test_admin(world: World, name: str) -> None:
    await world.make_owner("admin")
    if name in WRONG_CREDENTIALS:
        await _refused(world, name, world.owner.access_token, None)
    else:
        assert await world.call(name, world.owner.access_token)


@in_site_loop
@pytest.mark.parametrize("name", ALL)
async def test_demoted_admin_is_a_user(world: World, name: str) -> None:
    await world.make_owner("admin")
    await world.make_owner("user")
    await _answered_as_a_user(world, name)


@in_site_loop
@pytest.mark.parametrize("role", ["user", "admin"])
@pytest.mark.parametrize("name", ALL)
async def test_other_user_neither_sees_nor_changes_what_is_the_owners(world: World, name: str, role: Role) -> None:
    before = await world.owner_rows()
    refusals = {grpc.StatusCode.NOT_FOUND, grpc.StatusCode.UNAUTHENTICATED}
    if role == "user":
        refusals.add(grpc.StatusCode.PERMISSION_DENIED)
    other = await world.site.register(role)
    try:
        answers = await world.call(name, other.access_token)
    except grpc.aio.AioRpcError as error:
        answers = []
        assert error.code() in refusals
    text = "".join(str(answer) for answer in answers)
    assert world.owner.user.email not in text
    assert OWNERS_QUERY not in text
    assert await world.owner_rows() == before


def _access(name: str) -> int:
    access: int = METHODS[name].GetOptions().Extensions[access_pb2.access]
    return access


async def _answered_as_a_user(world: World, name: str) -> None:
    if _access(name) == access_pb2.ACCESS_ADMIN:
        before = await world.site.catalogue()
        await _refused(
            world, name, world.owner.access_token, "ERROR_REASON_ADMIN_REQUIRED", grpc.StatusCode.PERMISSION_DENIED
        )
        assert await world.site.catalogue() == before
    elif name in WRONG_CREDENTIALS:
        await _refused(world, name, world.owner.access_token, None)
    else:
        assert await world.call(name, world.owner.access_token)


async def _refused(
    world: World,
    name: str,
    token: str | None,
    reason: str | None,
    code: grpc.StatusCode = grpc.StatusCode.UNAUTHENTICATED,
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await world.call(name, token)
    assert caught.value.code() is code
    if reason is not None:
        assert error_info(caught.value).reason == reason
