"""Server reflection for `grpcurl list` and `grpcurl describe`."""

from typing import Any

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import FileDescriptor
from grpc_reflection.v1alpha import reflection, reflection_pb2_grpc


class _MethodFindingPool:
    """The default pool, but it finds the file of a method too: `grpcurl describe cinelibre.v1.AuthService.Login`.

    The reflection protocol asks for it, and protobuf's pool only knows messages, enums, services and extensions.
    """

    def __init__(self) -> None:
        self._pool = descriptor_pool.Default()

    def __getattr__(self, name: str) -> object:
        return getattr(self._pool, name)

    def FindFileContainingSymbol(self, symbol: str) -> FileDescriptor:
        try:
            file: FileDescriptor = self._pool.FindFileContainingSymbol(symbol)
        except KeyError:
            file = self._pool.FindMethodByName(symbol).containing_service.file
        return file


def add_reflection(server: Any, service_names: list[str]) -> None:
    """Lets clients of `server` (or of an InterceptorChain) list and describe these services and reflection itself."""
    servicer = reflection.aio.ReflectionServicer([*service_names, reflection.SERVICE_NAME], pool=_MethodFindingPool())
    reflection_pb2_grpc.add_ServerReflectionServicer_to_server(servicer, server)
