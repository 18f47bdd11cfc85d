"""`cinelibre up`: PostgreSQL, the catalogue, the server and Envoy as one stack in one terminal."""

import asyncio
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import SecretStr

from cinelibre_server.app import RunningServer, start_server
from cinelibre_server.config import Settings
from cinelibre_server.embedding.model import ensure_model
from cinelibre_server.embedding.runtime import Embedder
from cinelibre_server.errors import StartupError
from cinelibre_server.ingest.catalogue import prepare_catalogue
from cinelibre_server.local.envoy import EnvoyProcess
from cinelibre_server.local.envoy_config import EnvoyConfig, SocketAddress
from cinelibre_server.local.lock import DataFolderLock
from cinelibre_server.local.paths import DataFolder
from cinelibre_server.local.ports import require_free_port
from cinelibre_server.local.postgres import EmbeddedPostgres
from cinelibre_server.local.supervisor import Supervisor, run_stack
from cinelibre_server.progress import Progress
from cinelibre_server.resources import resource_path
from cinelibre_server.security.key_file import load_or_create_key_file


@dataclass(frozen=True, slots=True)
class StackOptions:
    """What `cinelibre up` was asked for. Port 0 picks a free one; no http_port means no Envoy."""

    data_dir: Path
    http_host: str
    http_port: int | None
    ready_file: Path | None


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the running stack answers. `http` is None without Envoy, `metrics` when turned off."""

    grpc: str
    http: str | None
    metrics: str | None


async def run_up(
    settings: Settings, options: StackOptions, progress: Progress, announce: Callable[[Endpoints], None]
) -> None:
    """Starts everything in order, announces the endpoints once all of them answer, and runs until a signal comes.

    Raises:
        StartupError: in one line what can't be used or is taken, and what to do.
    """

    async def assemble(supervisor: Supervisor) -> None:
        endpoints = await _start_parts(supervisor, settings, options, progress)
        announce(endpoints)
        # Last: whoever waits for it finds the announcement too.
        if options.ready_file:
            _write_whole(options.ready_file, json.dumps(asdict(endpoints)) + "\n")

    await run_stack(assemble)


async def _start_parts(
    supervisor: Supervisor, settings: Settings, options: StackOptions, progress: Progress
) -> Endpoints:
    require_free_port(settings.grpc_host, settings.grpc_port, "--grpc-port")
    if options.http_port is not None:
        require_free_port(options.http_host, options.http_port, "--http-port")
    folder = DataFolder.at(options.data_dir)
    # One after the other: a fault of either is then told alone, and both are quick after the first start.
    database = await _start_database(supervisor, settings, folder, progress)
    if options.ready_file:
        # Now that the data folder is ours: before, the file may be that of a stack which runs in it.
        _clear(options.ready_file)
    model = await _load_model(settings, progress)
    await supervisor.start(_Closing("model", model))
    await prepare_catalogue(database, model, progress)
    keys = settings.jwt_keys.get_secret_value() or load_or_create_key_file(folder.root / "jwt.keys")
    final = settings.model_copy(update={"database_url": SecretStr(database), "jwt_keys": SecretStr(keys)})
    server = _ServerPart(final, model)
    running = await supervisor.start(server)
    http = None
    if options.http_port is not None:
        config = EnvoyConfig(
            http=SocketAddress(options.http_host, options.http_port),
            grpc=SocketAddress(settings.grpc_host, running.grpc_port),
            descriptor=resource_path("gen", "descriptor.binpb"),
            cors_origins=settings.cors_origins,
        )
        with progress("Starting Envoy", None, ""):
            envoy = EnvoyProcess(config, work_dir=folder.root / "envoy", log=folder.logs / "envoy.log")
            http = f"http://{options.http_host}:{await supervisor.start(envoy)}"
    metrics = None
    if running.metrics:
        metrics = f"http://{settings.metrics_host}:{running.metrics.port}/metrics"
    return Endpoints(f"{settings.grpc_host}:{running.grpc_port}", http, metrics)


async def _start_database(supervisor: Supervisor, settings: Settings, folder: DataFolder, progress: Progress) -> str:
    url = settings.database_url.get_secret_value()
    if url:
        await supervisor.start(_FolderPart(folder))
        return url
    with progress("Starting PostgreSQL", None, ""):
        return await supervisor.start(EmbeddedPostgres(folder.root))


async def _load_model(settings: Settings, progress: Progress) -> Embedder:
    with progress("Preparing the embedding model", 100, "%") as step:
        done = 0.0

        def report(fraction: float) -> None:
            nonlocal done
            step.advance(fraction * 100 - done)
            done = fraction * 100

        files = await asyncio.to_thread(
            ensure_model, settings.cache_dir, report, model=settings.model, model_dir=settings.model_dir
        )
        report(1.0)
    return await asyncio.to_thread(
        Embedder, files, parallel=settings.model_threads, cache_size=settings.query_cache_size
    )


class _ServerPart:
    """The gRPC server in this process."""

    name = "server"

    def __init__(self, settings: Settings, embedder: Embedder) -> None:
        self._settings = settings
        self._embedder = embedder
        self._running: RunningServer | None = None

    async def start(self) -> RunningServer:
        self._running = await start_server(self._settings, self._embedder)
        return self._running

    async def stop(self) -> None:
        if self._running:
            await self._running.stop()
            self._running = None

    async def wait_failed(self) -> str:
        return await _never()


class _Closing:
    """Something that runs in this process and only has to be closed."""

    def __init__(self, name: str, closable: Embedder) -> None:
        self.name = name
        self._closable = closable

    async def start(self) -> None:
        return None

    async def stop(self) -> None:
        await asyncio.to_thread(self._closable.close)

    async def wait_failed(self) -> str:
        return await _never()


class _FolderPart:
    """The data folder of a stack whose database is elsewhere: one process at a time."""

    name = "data folder"

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self._lock = DataFolderLock(folder.lock)

    async def start(self) -> None:
        try:
            self._folder.logs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StartupError(
                f"the data folder {self._folder.root} can't be made ({error.strerror}): choose another with --data-dir"
            ) from None
        self._lock.acquire()

    async def stop(self) -> None:
        self._lock.release()

    async def wait_failed(self) -> str:
        return await _never()


async def _never() -> str:
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


def _clear(path: Path) -> None:
    """Removes an earlier run's file, which would be taken for ours, and finds out early whether one can be written."""
    try:
        path.unlink(missing_ok=True)
        unfinished = _unfinished(path)
        unfinished.touch()
        unfinished.unlink()
    except OSError as error:
        raise _ready_file_error(path, error) from None


def _write_whole(path: Path, text: str) -> None:
    """So that whoever waits for the file never reads half of it."""
    unfinished = _unfinished(path)
    try:
        unfinished.write_text(text)
        unfinished.replace(path)
    except OSError as error:
        raise _ready_file_error(path, error) from None


def _unfinished(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}")


def _ready_file_error(path: Path, error: OSError) -> StartupError:
    return StartupError(f"the ready file {path} can't be written ({error.strerror}): choose another with --ready-file")
