"""Health tells the truth while the database goes away and comes back, without a restart of the server."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import grpc
import pytest
from cinelibre.v1 import catalog_pb2, catalog_pb2_grpc, system_pb2, system_pb2_grpc
from grpc.aio import AioRpcError, Channel
from grpc_health.v1 import health_pb2, health_pb2_grpc

from cinelibre_server import contract
from cinelibre_server.app import start_server
from cinelibre_server.embedding.runtime import Embedder
from cinelibre_server.local.postgres import EmbeddedPostgres
from cinelibre_server.store.embeddings import RecordedModel, record_embedding_model
from cinelibre_server.store.migrate import migrate
from tests.conftest import make_settings
from tests.grpc.auth_calls import error_info
from tests.waiting import seconds_until

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
NAMES = ["", *(service.full_name for service in contract.services())]


@pytest.fixture
async def postgres() -> AsyncIterator[EmbeddedPostgres]:
    """A PostgreSQL of the test's own. Not in tmp_path, which PostgreSQL's user can't enter when we are root."""
    folder = Path(tempfile.mkdtemp(prefix="cl-", dir="/tmp"))
    server = EmbeddedPostgres(folder, settings={"fsync": "off"})
    yield server
    await server.stop()
    shutil.rmtree(folder)


async def statuses(channel: Channel) -> list[int]:
    stub = health_pb2_grpc.HealthStub(channel)
    return [(await stub.Check(health_pb2.HealthCheckRequest(service=name))).status for name in NAMES]


async def test_a_fresh_server_serves(grpc_channel: Channel) -> None:
    assert await statuses(grpc_channel) == [SERVING] * len(NAMES)
    with pytest.raises(AioRpcError) as caught:
        await health_pb2_grpc.HealthStub(grpc_channel).Check(health_pb2.HealthCheckRequest(service="nope"))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    assert dict(caught.value.trailing_metadata())["x-request-id"]


async def test_the_database_goes_away_and_comes_back(postgres: EmbeddedPostgres, embedder: Embedder) -> None:
    url = await postgres.start()
    await migrate(url)
    server = await start_server(make_settings(url, metrics_port=-1), embedder)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        watch: Any = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        assert (await watch.read()).status == SERVING
        system = system_pb2_grpc.SystemServiceStub(channel)
        catalog = catalog_pb2_grpc.CatalogServiceStub(channel)

        async def all_are(status: int) -> bool:
            return await statuses(channel) == [status] * len(NAMES)

        await postgres.stop()
        assert await seconds_until(lambda: all_are(NOT_SERVING), 5) < 3
        assert (await watch.read()).status == NOT_SERVING
        told = await system.GetHealth(system_pb2.GetHealthRequest())
        assert (told.status, told.database) == (system_pb2.SERVING_STATUS_NOT_SERVING,) * 2
        assert told.model == system_pb2.SERVING_STATUS_SERVING
        with pytest.raises(AioRpcError) as caught:
            await catalog.ListMovies(catalog_pb2.ListMoviesRequest())
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert error_info(caught.value).reason == "ERROR_REASON_DATABASE_UNAVAILABLE"

        assert await postgres.start() == url
        assert await seconds_until(lambda: all_are(SERVING), 5) < 3
        assert (await watch.read()).status == SERVING
        told = await system.GetHealth(system_pb2.GetHealthRequest())
        assert (told.status, told.database) == (system_pb2.SERVING_STATUS_SERVING,) * 2
        assert not (await catalog.ListMovies(catalog_pb2.ListMoviesRequest())).movies
        watch.cancel()
    await server.stop()


async def test_a_catalogue_of_another_model_is_told(database_url: str, embedder: Embedder) -> None:
    server = await start_server(make_settings(database_url, metrics_port=-1), embedder)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        system = system_pb2_grpc.SystemServiceStub(channel)

        async def model_is(status: int) -> bool:
            told = await system.GetHealth(system_pb2.GetHealthRequest())
            return told.model == status and told.status == system_pb2.SERVING_STATUS_SERVING

        assert await model_is(system_pb2.SERVING_STATUS_SERVING)
        connection = await asyncpg.connect(database_url)
        try:
            await record_embedding_model(connection, RecordedModel("another", "of another", 384))
            assert await seconds_until(lambda: model_is(system_pb2.SERVING_STATUS_NOT_SERVING), 5) < 3
            identity = embedder.identity
            await record_embedding_model(
                connection, RecordedModel(identity.name, identity.fingerprint, identity.dimensions)
            )
            assert await seconds_until(lambda: model_is(system_pb2.SERVING_STATUS_SERVING), 5) < 3
        finally:
            await connection.close()
    await server.stop()


async def test_a_stopping_server_says_so_first(database_url: str, embedder: Embedder) -> None:
    server = await start_server(make_settings(database_url, metrics_port=-1, shutdown_grace_seconds=3), embedder)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        watch: Any = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        assert (await watch.read()).status == SERVING
        stopping = asyncio.create_task(server.stop())
        assert (await watch.read()).status == NOT_SERVING
        watch.cancel()
        await asyncio.wait_for(stopping, 3)
