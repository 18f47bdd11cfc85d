"""The services of the contract, as their generated descriptors tell: nothing here has to be kept in step by hand."""

from cinelibre.v1 import admin_pb2, auth_pb2, catalog_pb2, ratings_pb2, recommend_pb2, search_pb2, system_pb2
from google.protobuf.descriptor import FileDescriptor, MethodDescriptor, ServiceDescriptor

_FILES: tuple[FileDescriptor, ...] = tuple(
    module.DESCRIPTOR
    for module in (admin_pb2, auth_pb2, catalog_pb2, ratings_pb2, recommend_pb2, search_pb2, system_pb2)
)


def services() -> list[ServiceDescriptor]:
    """The seven services."""
    return [service for file in _FILES for service in file.services_by_name.values()]


def methods() -> dict[str, MethodDescriptor]:
    """Every RPC by the name it has on the wire: `/cinelibre.v1.CatalogService/GetMovie`."""
    return {f"/{service.full_name}/{method.name}": method for service in services() for method in service.methods}
