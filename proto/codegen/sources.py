"""What every target starts from: the contract's files, read once."""

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorSet

from .contract import Contract
from .openapi.document import openapi_document
from .protoc import run_protoc
from .reader import read_contract

_VERSION = re.compile(r'^__version__ = "([^"]+)"', re.MULTILINE)

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Sources:
    """The contract in the forms that targets use."""

    proto_root: Path
    files: tuple[str, ...]  # the contract's own files, relative to proto_root
    descriptors: FileDescriptorSet  # with all imports and with comments
    version: str  # the product's version

    @cached_property
    def contract(self) -> Contract:
        """The contract's services and messages with comments and options."""
        return read_contract(self.descriptors, self.files)

    @cached_property
    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document of the JSON API."""
        return openapi_document(self.contract, self.version)


def compile_descriptors(proto_root: Path, files: Sequence[str]) -> FileDescriptorSet:
    """Compiles `files` into descriptors with all their imports and with comments.

    Raises:
        RuntimeError: protoc refused one of the files.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "descriptors.binpb")
        options = ("--include_imports", "--include_source_info", f"--descriptor_set_out={path}")
        run_protoc(proto_root, options, files)
        return FileDescriptorSet.FromString(path.read_bytes())


def load_sources(repository: Path) -> Sources:
    """Reads the contract of a checkout."""
    proto_root = repository / "proto"
    files = tuple(sorted(path.relative_to(proto_root).as_posix() for path in proto_root.glob("cinelibre/**/*.proto")))
    return Sources(proto_root, files, compile_descriptors(proto_root, files), _version(repository))


def _version(repository: Path) -> str:
    # Read as text, as the build does: importing the server would need all that it depends on.
    match = _VERSION.search((repository / "cinelibre_server" / "__init__.py").read_text("utf-8"))
    if match is None:
        raise RuntimeError("cinelibre_server/__init__.py has no __version__")
    return match[1]
