"""What all tests share: a real PostgreSQL, a cloned database for each test, the real model, the real stack."""

import asyncio
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import grpc
import pytest
from cinelibre.v1 import auth_pb2, auth_pb2_grpc

from cinelibre_server.app import RunningServer, start_server
from cinelibre_server.config import Settings
from cinelibre_server.embedding.model import ensure_model
from cinelibre_server.embedding.runtime import Embedder
from cinelibre_server.ingest.embed import embed_missing
from cinelibre_server.ingest.starter import load_starter
from cinelibre_server.local.postgres import EmbeddedPostgres
from cinelibre_server.progress import silent
from cinelibre_server.store.database import Pool, open_pool
from cinelibre_server.store.migrate import migrate
from tests.stack import Stack, running_stack

REPO = Path(__file__).parent.parent
EMPTY_TEMPLATE = "template_empty"
STARTER_TEMPLATE = "template_starter"


class _Cluster:
    """The run's PostgreSQL. The first process starts it; workers only get its address."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="cinelibre-tests-"))
        self._folder.chmod(0o755)
        # The data is made anew each time, so a crash of the machine may cost it.
        settings = {"fsync": "off", "autovacuum": "off", "max_connections": "200"}
        self._server = EmbeddedPostgres(self._folder / "data", settings=settings)
        self.url = asyncio.run(self._start())

    async def _start(self) -> str:
        url = await self._server.start()
        connection = await asyncpg.connect(url)
        await connection.execute(f"create database {EMPTY_TEMPLATE}")
        await connection.close()
        await migrate(_with_database(url, EMPTY_TEMPLATE))
        return url

    def stop(self) -> None:
        asyncio.run(self._server.stop())
        shutil.rmtree(self._folder, ignore_errors=True)


_cluster_key = pytest.StashKey[_Cluster]()


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and not config.option.collectonly:
        config.stash[_cluster_key] = _Cluster()


def pytest_configure_node(node: object) -> None:
    """xdist: hands the address to a worker."""
    node.workerinput["postgres_url"] = node.config.stash[_cluster_key].url  # type: ignore[attr-defined]


def pytest_unconfigure(config: pytest.Config) -> None:
    if cluster := config.stash.get(_cluster_key, None):
        cluster.stop()


def _with_database(url: str, name: str) -> str:
    scheme, rest = url.split("@/", 1)
    return f"{scheme}@/{name}?{rest.split('?', 1)[1]}"


async def _clone(cluster_url: str, template: str) -> str:
    name = f"test_{secrets.token_hex(8)}"
    connection = await asyncpg.connect(cluster_url)
    try:
        # Cloning needs the template alone; workers take turns.
        await connection.execute("select pg_advisory_lock(1)")
        await connection.execute(f"create database {name} template {template}")
    finally:
        await connection.close()
    return _with_database(cluster_url, name)


async def _drop(cluster_url: str, url: str) -> None:
    connection = await asyncpg.connect(cluster_url)
    await connection.execute(f"drop database {url.split('@/', 1)[1].split('?', 1)[0]} with (force)")
    await connection.close()


@asynccontextmanager
async def cloned_database(cluster_url: str, template: str) -> AsyncIterator[str]:
    """The address of a database of its own with what `template` holds."""
    url = await _clone(cluster_url, template)
    try:
        yield url
    finally:
        await _drop(cluster_url, url)


@asynccontextmanager
async def serving(settings: Settings, embedder: Embedder) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to a server in this process, with every interceptor."""
    running = await start_server(settings, embedder)
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{running.grpc_port}") as channel:
            yield channel
    finally:
        await running.stop()


@pytest.fixture(scope="session")
def cluster_url(request: pytest.FixtureRequest) -> str:
    """Address of the run's PostgreSQL, for a role that may make databases."""
    workerinput = getattr(request.config, "workerinput", None)
    return workerinput["postgres_url"] if workerinput else request.config.stash[_cluster_key].url


@pytest.fixture
async def database_url(cluster_url: str) -> AsyncIterator[str]:
    """A fresh database with the schema and nothing else."""
    async with cloned_database(cluster_url, EMPTY_TEMPLATE) as url:
        yield url


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """A pool of the test's database."""
    pool = await open_pool(database_url, size=20, statement_timeout_seconds=60)
    yield pool
    await pool.close()


@pytest.fixture(scope="session")
def model_cache() -> Path:
    """Where the built model is kept between runs."""
    return Path(os.environ.get("CINELIBRE_TEST_CACHE", REPO / ".cache")) / "models"


@pytest.fixture(scope="session")
def embedder(model_cache: Path) -> Iterator[Embedder]:
    """The real model."""
    embedder = Embedder(ensure_model(model_cache))
    yield embedder
    embedder.close()


@pytest.fixture(scope="session")
def starter_template(cluster_url: str, embedder: Embedder) -> str:
    """The template with the embedded starter catalogue; the first worker that needs it makes it."""
    return asyncio.run(_make_starter_template(cluster_url, embedder))


async def _make_starter_template(cluster_url: str, embedder: Embedder) -> str:
    connection = await asyncpg.connect(cluster_url)
    try:
        await connection.execute("select pg_advisory_lock(2)")
        if await connection.fetchval("select true from pg_database where datname = $1", STARTER_TEMPLATE):
            return STARTER_TEMPLATE
        unfinished = await _clone(cluster_url, EMPTY_TEMPLATE)
        pool = await open_pool(unfinished, size=2, statement_timeout_seconds=60)
        await load_starter(pool)
        await embed_missing(pool, embedder, silent)
        await pool.close()
        name = unfinished.split("@/", 1)[1].split("?", 1)[0]
        await connection.execute(f"alter database {name} rename to {STARTER_TEMPLATE}")
        return STARTER_TEMPLATE
    finally:
        await connection.close()


@pytest.fixture
async def starter_database_url(cluster_url: str, starter_template: str) -> AsyncIterator[str]:
    """A fresh database with the embedded starter catalogue."""
    async with cloned_database(cluster_url, starter_template) as url:
        yield url


@pytest.fixture
async def starter_pool(starter_database_url: str) -> AsyncIterator[Pool]:
    """A pool of a database with the starter catalogue."""
    pool = await open_pool(starter_database_url, size=20, statement_timeout_seconds=60)
    yield pool
    await pool.close()


def make_settings(database_url: str, **changes: object) -> Settings:
    """Settings of a test server: free ports, a quick password hash, a key of its own."""
    values: dict[str, object] = {
        "environment": "local",
        "database_url": database_url,
        "grpc_port": 0,
        "metrics_port": 0,
        "jwt_keys": "test:" + secrets.token_hex(32),
        "bcrypt_cost": 4,
        "shutdown_grace_seconds": 0.5,
        **changes,
    }
    return Settings(**values)  # type: ignore[arg-type]


@pytest.fixture
def settings(database_url: str) -> Settings:
    """The settings of `server`."""
    return make_settings(database_url)


@pytest.fixture
async def server(settings: Settings, embedder: Embedder, pool: Pool) -> AsyncIterator[RunningServer]:
    """The server in this process, with every interceptor, on an empty database."""
    await embed_missing(pool, embedder, silent)
    running = await start_server(settings, embedder)
    yield running
    await running.stop()


@pytest.fixture
async def grpc_channel(server: RunningServer) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to `server`."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        yield channel


@pytest.fixture
async def starter_server(starter_database_url: str, embedder: Embedder) -> AsyncIterator[RunningServer]:
    """The server in this process on the starter catalogue."""
    running = await start_server(make_settings(starter_database_url), embedder)
    yield running
    await running.stop()


@pytest.fixture
async def starter_channel(starter_server: RunningServer) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to `starter_server`."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{starter_server.grpc_port}") as channel:
        yield channel


@pytest.fixture(scope="session")
def stack_database_url(cluster_url: str, starter_template: str) -> Iterator[str]:
    """The database of `stack`."""
    url = asyncio.run(_clone(cluster_url, starter_template))
    yield url
    asyncio.run(_drop(cluster_url, url))


@pytest.fixture(scope="session")
def stack(stack_database_url: str, model_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """`cinelibre up` as a process of its own: the server and the real Envoy on the starter catalogue."""
    with running_stack(tmp_path_factory.mktemp("stack"), model_cache, "--database-url", stack_database_url) as stack:
        yield stack


@pytest.fixture(scope="session")
def stack_admin_token(stack: Stack, stack_database_url: str) -> str:
    """The access token of an admin of `stack`."""
    account = auth_pb2.RegisterRequest(email=f"{secrets.token_hex(6)}@example.com", password="test123")
    with grpc.insecure_channel(stack.grpc_target) as channel:
        token: str = auth_pb2_grpc.AuthServiceStub(channel).Register(account).access_token
    command = [sys.executable, "-m", "cinelibre_server", "users", "promote", account.email]
    subprocess.run([*command, "--database-url", stack_database_url], check=True, capture_output=True, timeout=60)
    return token


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real data that is not part of the project."""
    folder = Path(os.environ.get("CINELIBRE_TEST_DATA", REPO.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("needs the evaluation data: set CINELIBRE_TEST_DATA to its folder")
    return folder
