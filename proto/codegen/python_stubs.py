"""gen/python: messages and gRPC stubs for Python, with types."""

from pathlib import Path

from .protoc import run_protoc
from .sources import Sources


def write_python_stubs(sources: Sources, path: Path) -> None:
    """Writes `*_pb2` for every file of ours, and `*_pb2_grpc` for those with a service.

    No `__init__` is written: `cinelibre` and `buf` stay namespace packages that others may add to.
    """
    path.mkdir(parents=True)
    ours = {file.name: file for file in sources.descriptors.file if not file.name.startswith("google/")}
    with_services = [name for name, file in ours.items() if file.service]
    run_protoc(sources.proto_root, (f"--python_out={path}", f"--mypy_out={path}"), sorted(ours))
    run_protoc(sources.proto_root, (f"--grpc_python_out={path}", f"--mypy_grpc_out={path}"), sorted(with_services))
