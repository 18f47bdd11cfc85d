"""The baseline: an empty gRPC server, and the same Envoy in front of it. `python -m benchmarks.echo FOLDER`.

It answers cinelibre.v1.SystemService/GetHealth with an empty message: no interceptor, no validation, no
database. What a call costs here is what the machine, grpc.aio and the load generator cost.
"""

import asyncio
import json
import signal
import sys
from pathlib import Path

import grpc
import uvloop
from cinelibre.v1 import system_pb2

from cinelibre_server.local.envoy import EnvoyProcess
from cinelibre_server.local.envoy_config import EnvoyConfig, SocketAddress
from cinelibre_server.resources import resource_path

READY_FILE = "ready.json"
_HOST = "127.0.0.1"
_SERVICE = system_pb2.DESCRIPTOR.services_by_name["SystemService"].full_name


async def _answer(
    _: system_pb2.GetHealthRequest,
    context: grpc.aio.ServicerContext[system_pb2.GetHealthRequest, system_pb2.GetHealthResponse],  # noqa: ARG001
) -> system_pb2.GetHealthResponse:
    return system_pb2.GetHealthResponse()


async def serve(folder: Path) -> None:
    """Runs until SIGTERM; writes `ready.json` into `folder` with the two endpoints once both answer."""
    server = grpc.aio.server()
    handler = grpc.unary_unary_rpc_method_handler(
        _answer,
        request_deserializer=system_pb2.GetHealthRequest.FromString,
        response_serializer=system_pb2.GetHealthResponse.SerializeToString,
    )
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(_SERVICE, {"GetHealth": handler})])
    port = server.add_insecure_port(f"{_HOST}:0")
    await server.start()
    config = EnvoyConfig(
        http=SocketAddress(_HOST, 0),
        grpc=SocketAddress(_HOST, port),
        descriptor=resource_path("gen", "descriptor.binpb"),
    )
    envoy = EnvoyProcess(config, work_dir=folder / "envoy", log=folder / "envoy.log")
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    try:
        http_port = await envoy.start()
        unfinished = folder / "ready.unfinished"
        unfinished.write_text(json.dumps({"grpc": f"{_HOST}:{port}", "http": f"http://{_HOST}:{http_port}"}))
        unfinished.replace(folder / READY_FILE)
        await stopping.wait()
    finally:
        await envoy.stop()
        await server.stop(None)


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1])))
