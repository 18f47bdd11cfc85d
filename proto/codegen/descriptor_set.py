"""gen/descriptor.binpb: what Envoy transcodes by."""

from pathlib import Path

from .protoc import run_protoc
from .sources import Sources

# The contract doesn't import these, but Envoy needs them: without them error details don't render in JSON.
_ERROR_FILES = ("google/rpc/error_details.proto", "google/rpc/status.proto")


def write_descriptor_set(sources: Sources, path: Path) -> None:
    """Writes the contract with all imports; comments are left out to keep it small."""
    options = ("--include_imports", f"--descriptor_set_out={path}")
    run_protoc(sources.proto_root, options, (*sources.files, *_ERROR_FILES))
