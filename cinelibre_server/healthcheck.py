"""`cinelibre healthcheck`: small, because a container runs it every few seconds beside the server."""

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from cinelibre_server.errors import StartupError

_TIMEOUT_SECONDS = 3


async def require_serving(target: str) -> None:
    """Returns if the server at `host:port` says SERVING.

    Raises:
        StartupError: it says something else, or nothing.
    """
    async with grpc.aio.insecure_channel(target) as channel:
        try:
            stub = health_pb2_grpc.HealthStub(channel)
            answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=_TIMEOUT_SECONDS)
        except grpc.aio.AioRpcError as error:
            raise StartupError(f"{target} does not answer: {error.details()}") from None
    if answer.status != health_pb2.HealthCheckResponse.SERVING:
        raise StartupError(f"{target} is not serving: its log says why")
