"""The default model's folder in the cache: built once, by whichever process comes first, and never half."""

import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cinelibre_server.embedding.e5_weights import WEIGHTS_SHA256, find_weights
from cinelibre_server.errors import StartupError

BUILT_DIMENSIONS = 384
# Raise it whenever the export changes: the folder's name and the identity of stored vectors follow.
_BUILDER_VERSION = 3
BUILT_FINGERPRINT = hashlib.sha256(f"{WEIGHTS_SHA256} builder {_BUILDER_VERSION}".encode()).hexdigest()

_MANIFEST_FILE = "manifest.json"


def ensure_built(cache_dir: Path, report: Callable[[float], None]) -> Path:
    """The model's folder under `cache_dir`, after building it (3 s) when it is missing or damaged.

    `report` gets the done fraction, 0 to 1, only while building. Any number of processes may call this at
    once: one builds, the others wait.

    Raises:
        StartupError: the weights are missing, or the folder cannot be written.
    """
    folder = cache_dir / f"multilingual-e5-small-q4-{BUILT_FINGERPRINT[:12]}"
    if is_complete(folder):
        return folder
    weights = find_weights()
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        with _locked(cache_dir / ".build.lock"):
            if not is_complete(folder):
                _build(weights, folder, report)
    except OSError as error:
        raise StartupError(
            f"Cannot build the embedding model in {cache_dir}: {error.strerror or error}. "
            "Point CINELIBRE_CACHE_DIR at a folder that can be written."
        ) from error
    return folder


def is_complete(folder: Path) -> bool:
    """Whether `folder` is this version's model with every file at its full size."""
    try:
        manifest = json.loads((folder / _MANIFEST_FILE).read_text(encoding="utf-8"))
        return manifest["fingerprint"] == BUILT_FINGERPRINT and all(
            (folder / name).stat().st_size == size for name, size in manifest["bytes"].items()
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    # The kernel drops this lock with its process, so a killed build leaves none behind.
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build(weights: Path, folder: Path, report: Callable[[float], None]) -> None:
    unfinished = folder.with_name(f".building-{folder.name}")
    for leftover in (unfinished, folder):
        if leftover.exists():
            shutil.rmtree(leftover)
    unfinished.mkdir()
    _export_in_child(weights, unfinished, report)
    sizes = {path.name: path.stat().st_size for path in sorted(unfinished.iterdir())}
    manifest = {"fingerprint": BUILT_FINGERPRINT, "bytes": sizes}
    (unfinished / _MANIFEST_FILE).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    unfinished.rename(folder)


def _export_in_child(weights: Path, folder: Path, report: Callable[[float], None]) -> None:
    # Building takes 350 MB for three seconds and would leave 50 MB in this process for good.
    command = [sys.executable, "-m", "cinelibre_server.embedding.onnx_export", str(weights), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        try:
            for line in child.stdout or ():
                report(float(line))
            _, errors = child.communicate()
        except BaseException:
            child.kill()
            raise
    if child.returncode != 0:
        reason = (errors.strip().splitlines() or [f"exit status {child.returncode}"])[-1]
        raise StartupError(f"Cannot build the embedding model: {reason}")
