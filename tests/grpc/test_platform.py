"""What a running server promises around its RPCs: ids, logs, deadlines, metrics, reflection and health."""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import grpc
import httpx
import pytest
from cinelibre.v1 import (
    auth_pb2,
    auth_pb2_grpc,
    catalog_pb2,
    catalog_pb2_grpc,
    ratings_pb2,
    ratings_pb2_grpc,
    search_pb2,
    search_pb2_grpc,
    system_pb2,
    system_pb2_grpc,
)
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc.aio import AioRpcError, Channel
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from prometheus_client.parser import text_string_to_metric_families

from cinelibre_server import contract
from cinelibre_server.app import RunningServer, start_server
from cinelibre_server.embedding.runtime import Embedder
from tests.conftest import make_settings
from tests.grpc.auth_calls import AuthStub, bearer, error_info, login, register
from tests.grpc.server_logs import json_logs, read_logs

MISSING = catalog_pb2.GetMovieRequest(movie_id=2**31 - 1)
RATE = ratings_pb2.RateItemRequest(item_id=1, stars=4)


async def failure(call: Awaitable[Any]) -> AioRpcError:
    """The error that a call ends in."""
    with pytest.raises(AioRpcError) as caught:
        await call
    return caught.value


def request_id(error: AioRpcError) -> str:
    return str(dict(error.trailing_metadata())["x-request-id"])


@asynccontextmanager
async def running(url: str, embedder: Embedder, **changes: Any) -> AsyncIterator[Channel]:
    """A channel to a server with other settings."""
    server = await start_server(make_settings(url, metrics_port=-1, **changes), embedder)
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
            yield channel
    finally:
        await server.stop()


@pytest.mark.parametrize("sent", ["my-own.id_1", "f" * 64])
async def test_a_request_id_is_echoed(grpc_channel: Channel, sent: str) -> None:
    stub = catalog_pb2_grpc.CatalogServiceStub(grpc_channel)
    error = await failure(stub.GetMovie(MISSING, metadata=(("x-request-id", sent),)))
    assert request_id(error) == sent
    health: Any = system_pb2_grpc.SystemServiceStub(grpc_channel)
    call = health.GetHealth(system_pb2.GetHealthRequest(), metadata=(("x-request-id", sent),))
    await call
    assert dict(await call.trailing_metadata())["x-request-id"] == sent


async def test_a_malformed_or_missing_request_id_is_replaced(grpc_channel: Channel) -> None:
    stub = catalog_pb2_grpc.CatalogServiceStub(grpc_channel)
    for sent in ("", "two words", "f" * 65, '{"a": 1}', "a;b"):
        error = await failure(stub.GetMovie(MISSING, metadata=(("x-request-id", sent),)))
        assert re.fullmatch(r"[0-9a-f]{16}", request_id(error))
    ids = {request_id(await failure(stub.GetMovie(MISSING))) for _ in range(3)}
    assert len(ids) == 3


async def test_a_failed_call_is_one_line_of_the_log(grpc_channel: Channel, capsys: pytest.CaptureFixture[str]) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    sent = (("x-request-id", "call-1"), ("traceparent", f"00-{trace}-b7ad6b7169203331-01"))
    with json_logs():
        await failure(catalog_pb2_grpc.CatalogServiceStub(grpc_channel).GetMovie(MISSING, metadata=sent))
    [line] = [line for line in read_logs(capsys) if line.get("request_id") == "call-1"]
    assert line["method"] == "/cinelibre.v1.CatalogService/GetMovie"
    assert (line["code"], line["trace_id"], line["user_id"]) == ("NOT_FOUND", trace, None)
    assert line["milliseconds"] >= 0


async def test_no_secret_is_ever_logged(
    server: RunningServer, grpc_channel: Channel, capsys: pytest.CaptureFixture[str]
) -> None:
    auth: AuthStub = auth_pb2_grpc.AuthServiceStub(grpc_channel)
    password, changed = secrets.token_hex(8), secrets.token_hex(8)
    with json_logs():
        account = auth_pb2.RegisterRequest(email="a@example.com", password=password)
        first = await auth.Register(account)
        await failure(auth.Register(account))
        second = await login(auth, "a@example.com", password)
        await failure(login(auth, "a@example.com", changed))
        third = await auth.RefreshToken(auth_pb2.RefreshTokenRequest(refresh_token=second.refresh_token))
        await failure(auth.RefreshToken(auth_pb2.RefreshTokenRequest(refresh_token=second.refresh_token)))
        await failure(auth.GetMe(auth_pb2.GetMeRequest(), metadata=bearer(third.access_token)))
        change = auth_pb2.ChangePasswordRequest(current_password=password, new_password=changed)
        await auth.ChangePassword(change, metadata=bearer(first.access_token))
        await failure(auth.ChangePassword(change, metadata=bearer(first.access_token)))
        search = ratings_pb2.RecordInteractionRequest(kind=ratings_pb2.INTERACTION_KIND_SEARCH, query="x" * 1001)
        await failure(ratings_pb2_grpc.RatingsServiceStub(grpc_channel).RecordInteraction(search))
    logged = str(read_logs(capsys))
    assert logged.count("call refused") == 6
    tokens = [token for given in (first, second, third) for token in (given.access_token, given.refresh_token)]
    assert [secret for secret in (password, changed, *tokens, "x" * 1001) if secret in logged] == []


async def waiting_statements(connection: "asyncpg.Connection[asyncpg.Record]") -> int:
    """Statements of the server that wait for a lock in this database."""
    count: int = await connection.fetchval(
        "select count(*) from pg_stat_activity"
        " where datname = current_database() and wait_event_type = 'Lock' and state = 'active'"
    )
    return count


@pytest.mark.parametrize(("server_limit", "client_limit"), [(0.5, None), (10.0, 0.5)], ids=["server", "client"])
async def test_a_call_ends_in_time_and_so_does_its_statement(
    database_url: str, embedder: Embedder, server_limit: float, client_limit: float | None
) -> None:
    blocker = await asyncpg.connect(database_url)
    watcher = await asyncpg.connect(database_url)
    await blocker.execute("insert into items (item_type, title, original_title) values ('movie', 'x', 'x')")
    async with running(database_url, embedder, request_timeout_seconds=server_limit) as channel:
        account = await register(auth_pb2_grpc.AuthServiceStub(channel))
        ratings = ratings_pb2_grpc.RatingsServiceStub(channel)
        async with blocker.transaction():
            await blocker.execute("lock table ratings in access exclusive mode")
            calls = [
                asyncio.ensure_future(
                    failure(ratings.RateItem(RATE, metadata=bearer(account.access_token), timeout=client_limit))
                )
                for _ in range(3)
            ]
            await asyncio.sleep(0.2)
            # Ratings that arrive together share a statement.
            assert 1 <= await waiting_statements(watcher) <= 3
            errors = await asyncio.wait_for(asyncio.gather(*calls), 3)
            assert {error.code() for error in errors} == {grpc.StatusCode.DEADLINE_EXCEEDED}
            if client_limit is None:
                assert {error_info(error).reason for error in errors} == {"ERROR_REASON_DEADLINE_EXCEEDED"}
            async with asyncio.timeout(1):
                while await waiting_statements(watcher):  # noqa: ASYNC110 - PostgreSQL says nothing by itself
                    await asyncio.sleep(0.02)
        rated = await ratings.RateItem(RATE, metadata=bearer(account.access_token))
        assert rated.rating.stars == 4
    await blocker.close()
    await watcher.close()


async def test_calls_of_an_address_are_limited(database_url: str, embedder: Embedder) -> None:
    async with running(database_url, embedder, rate_limit_per_second=0.01, rate_limit_burst=2) as channel:
        stub: Any = system_pb2_grpc.SystemServiceStub(channel)
        for address in ("198.51.100.1", "198.51.100.2"):
            metadata = (("x-envoy-external-address", address),)
            for _ in range(2):
                await stub.GetHealth(system_pb2.GetHealthRequest(), metadata=metadata)
            error = await failure(stub.GetHealth(system_pb2.GetHealthRequest(), metadata=metadata))
            assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        health = health_pb2_grpc.HealthStub(channel)
        for _ in range(4):
            assert (await health.Check(health_pb2.HealthCheckRequest())).status


async def scrape(server: RunningServer) -> dict[tuple[str, ...], float]:
    """Sample name and label values to value."""
    assert server.metrics is not None
    async with httpx.AsyncClient() as client:
        text = (await client.get(f"http://127.0.0.1:{server.metrics.port}/metrics")).text
    return {
        (sample.name, *(sample.labels[label] for label in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_metrics_count_every_call(server: RunningServer, grpc_channel: Channel) -> None:
    catalog = catalog_pb2_grpc.CatalogServiceStub(grpc_channel)
    search = search_pb2_grpc.SearchServiceStub(grpc_channel)
    for limit in (1, 2, 3):
        await catalog.ListMovies(catalog_pb2.ListMoviesRequest())
        # A page that was found a moment ago asks for no vector.
        await search.SemanticSearch(search_pb2.SemanticSearchRequest(q="a train", limit=limit))
    await failure(catalog.GetMovie(MISSING))
    await failure(catalog.GetMovie(catalog_pb2.GetMovieRequest()))
    await failure(auth_pb2_grpc.AuthServiceStub(grpc_channel).GetMe(auth_pb2.GetMeRequest()))
    unknown: Any = grpc_channel.unary_unary("/cinelibre.v1.CatalogService/DropMovies")
    for _ in range(2):
        await failure(unknown(b""))
    await failure(health_pb2_grpc.HealthStub(grpc_channel).Check(health_pb2.HealthCheckRequest(service="nope")))
    samples = await scrape(server)
    calls = {key[1:]: value for key, value in samples.items() if key[0] == "cinelibre_rpc_total"}
    assert calls == {
        ("OK", "/cinelibre.v1.CatalogService/ListMovies"): 3,
        ("OK", "/cinelibre.v1.SearchService/SemanticSearch"): 3,
        ("NOT_FOUND", "/cinelibre.v1.CatalogService/GetMovie"): 1,
        ("INVALID_ARGUMENT", "/cinelibre.v1.CatalogService/GetMovie"): 1,
        ("UNAUTHENTICATED", "/cinelibre.v1.AuthService/GetMe"): 1,
        ("UNIMPLEMENTED", "unknown"): 2,
        ("NOT_FOUND", "/grpc.health.v1.Health/Check"): 1,
    }
    assert samples["cinelibre_rpc_seconds_count", "/cinelibre.v1.CatalogService/GetMovie"] == 2
    assert samples["cinelibre_rpc_seconds_bucket", "+Inf", "/cinelibre.v1.CatalogService/ListMovies"] == 3
    assert samples[("cinelibre_rpc_running",)] == 0
    assert samples["cinelibre_pool_connections", "idle"] + samples["cinelibre_pool_connections", "busy"] >= 1
    assert samples["cinelibre_query_cache_lookups_total", "hit"] >= 2
    assert samples["cinelibre_query_cache_lookups_total", "miss"] >= 1
    assert samples[("process_resident_memory_bytes",)] > 0


async def test_an_unknown_method_is_told_with_details(grpc_channel: Channel) -> None:
    for path in ("/cinelibre.v1.CatalogService/DropMovies", "/nobody.Knows/This"):
        unknown: Any = grpc_channel.unary_unary(path)
        error = await failure(unknown(b""))
        assert error.code() is grpc.StatusCode.UNIMPLEMENTED
        assert error_info(error).reason == "ERROR_REASON_UNKNOWN_METHOD"
        assert request_id(error)


async def reflect(channel: Channel, **asked: str) -> reflection_pb2.ServerReflectionResponse:
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
    answers = stub.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(**asked)]))
    answer: reflection_pb2.ServerReflectionResponse = await anext(aiter(answers))
    return answer


async def test_reflection_lists_and_describes(grpc_channel: Channel) -> None:
    answer = await reflect(grpc_channel, list_services="")
    listed = {service.name for service in answer.list_services_response.service}
    assert listed >= {service.full_name for service in contract.services()} | {"grpc.health.v1.Health"}
    for symbol in ("RatingsService", "RatingsService.RateItem", "RateItemRequest"):
        answer = await reflect(grpc_channel, file_containing_symbol=f"cinelibre.v1.{symbol}")
        files = map(FileDescriptorProto.FromString, answer.file_descriptor_response.file_descriptor_proto)
        assert "RateItem" in {method.name for file in files for service in file.service for method in service.method}
    unknown = await reflect(grpc_channel, file_containing_symbol="cinelibre.v1.Nothing")
    assert unknown.error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]
