"""SystemService: how the server is, and how to use it."""

from typing import Any

import grpc
from cinelibre.v1 import system_pb2, system_pb2_grpc
from google.api import httpbody_pb2

from cinelibre_server import __version__
from cinelibre_server.resources import resource_path
from cinelibre_server.telemetry.health import HealthMonitor

_Context = grpc.aio.ServicerContext[Any, Any]
_STATUSES = {True: system_pb2.SERVING_STATUS_SERVING, False: system_pb2.SERVING_STATUS_NOT_SERVING}


class SystemService(system_pb2_grpc.SystemServiceServicer):
    """Answers also while the database is away."""

    def __init__(self, health: HealthMonitor, model_name: str) -> None:
        self._health = health
        self._model_name = model_name
        self._docs = resource_path("gen", "docs.html").read_bytes()
        self._openapi = resource_path("gen", "openapi.json").read_bytes()

    async def GetHealth(
        self, _request: system_pb2.GetHealthRequest, _context: _Context
    ) -> system_pb2.GetHealthResponse:
        database = _STATUSES[self._health.database_answers]
        return system_pb2.GetHealthResponse(
            # Without vectors of its model search still goes by words, so the database decides.
            status=database,
            name="cinelibre",
            version=__version__,
            database=database,
            model=_STATUSES[self._health.model_serves],
            model_name=self._model_name,
            docs_path="/docs",
        )

    async def GetDocs(self, _request: system_pb2.GetDocsRequest, _context: _Context) -> httpbody_pb2.HttpBody:
        return httpbody_pb2.HttpBody(content_type="text/html; charset=utf-8", data=self._docs)

    async def GetOpenApi(self, _request: system_pb2.GetOpenApiRequest, _context: _Context) -> httpbody_pb2.HttpBody:
        return httpbody_pb2.HttpBody(content_type="application/json", data=self._openapi)
