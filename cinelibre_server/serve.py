"""`cinelibre serve`: the gRPC server alone, until it is told to stop."""

import asyncio
import signal

from cinelibre_server.app import start_server
from cinelibre_server.config import Settings
from cinelibre_server.embedding.model import ensure_model
from cinelibre_server.embedding.runtime import Embedder
from cinelibre_server.errors import StartupError
from cinelibre_server.local.ports import require_free_port


async def run_serve(settings: Settings) -> None:
    """Serves until SIGINT or SIGTERM, then drains and closes.

    Raises:
        StartupError: no key, no database, a wrong schema or model, a taken port.
    """
    _ = settings.signing_keys  # a missing key should be the first thing to be said
    if not settings.database_url.get_secret_value():
        raise StartupError("CINELIBRE_DATABASE_URL is not set: give it postgresql://user:password@host/database")
    # gRPC would say it too, after lines of its own.
    require_free_port(settings.grpc_host, settings.grpc_port, "CINELIBRE_GRPC_PORT")
    files = await asyncio.to_thread(
        ensure_model, settings.cache_dir, model=settings.model, model_dir=settings.model_dir
    )
    embedder = Embedder(files, parallel=settings.model_threads, cache_size=settings.query_cache_size)
    try:
        running = await start_server(settings, embedder)
        stopping = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        await stopping.wait()
        await running.stop()
    finally:
        embedder.close()
