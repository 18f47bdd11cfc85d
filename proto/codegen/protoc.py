"""Runs the protoc of grpcio-tools, which needs no installation of its own."""

import os
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path


def include_paths(proto_root: Path) -> tuple[str, ...]:
    """Where imports are looked up: the contract, and the protos that googleapis-common-protos ships."""
    return (f"-I{proto_root}", f"-I{sysconfig.get_path('purelib')}")


def run_protoc(proto_root: Path, options: Sequence[str], files: Sequence[str]) -> None:
    """Compiles `files` (paths relative to `proto_root`) with the given output options.

    Raises:
        RuntimeError: protoc refused; the message is protoc's own, with file and line.
    """
    # The plugins (protoc-gen-mypy…) are scripts of this interpreter's environment, which need not be on PATH.
    search_path = os.pathsep.join((sysconfig.get_path("scripts"), os.environ.get("PATH", "")))
    done = subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", *include_paths(proto_root), *options, *files],
        env={**os.environ, "PATH": search_path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"protoc failed:\n{done.stderr.strip()}")
