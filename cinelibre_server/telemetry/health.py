"""Finds out again and again whether the server can answer, and tells grpc.health.v1."""

import asyncio
import contextlib

import asyncpg
import structlog
from grpc_health.v1 import health_pb2
from grpc_health.v1.health import aio as health_aio

from cinelibre_server.store.database import Pool
from cinelibre_server.store.queries import load_queries

_log = structlog.get_logger(__name__)
_QUERIES = load_queries("embeddings")
_INTERVAL_SECONDS = 1.0
_TIMEOUT_SECONDS = 2.0


class HealthMonitor:
    """Watches the database, and whether its vectors are still those of the server's model.

    `model_serves` is False from the moment on in which `cinelibre embed` puts another model's in their place.
    """

    def __init__(self, pool: Pool, fingerprint: str, service_names: list[str]) -> None:
        self.servicer = health_aio.HealthServicer()
        self.database_answers = True
        self.model_serves = True
        self._pool = pool
        self._fingerprint = fingerprint
        self._service_names = ["", *service_names]
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Checks once, then goes on in the background."""
        await self._check()
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """NOT_SERVING for good: load balancers send their next calls elsewhere."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self.servicer.enter_graceful_shutdown()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_INTERVAL_SECONDS)
            await self._check()

    async def _check(self) -> None:
        answers = await self._database_answers()
        if answers != self.database_answers:
            _log.warning("database is back" if answers else "database does not answer")
            self.database_answers = answers
        serving = health_pb2.HealthCheckResponse.SERVING
        status = serving if answers else health_pb2.HealthCheckResponse.NOT_SERVING
        for name in self._service_names:
            await self.servicer.set(name, status)

    async def _database_answers(self) -> bool:
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                model = await self._pool.fetchrow(_QUERIES["get_embedding_model"])
            self._compare(model)
            return True
        except Exception as error:
            # Whatever it is: a watch that ends would tell yesterday's news for ever.
            _log.debug("health check failed", cause=repr(error))
            return False

    def _compare(self, model: asyncpg.Record | None) -> None:
        serves = model is None or model["fingerprint"] == self._fingerprint
        if model and not serves and self.model_serves:
            _log.warning(
                "the catalogue is embedded with another model: search goes by words alone until a restart with it",
                model=model["name"],
            )
        self.model_serves = serves
