"""The signing key of `cinelibre up`: made at the first start, kept in a file that only its owner can read."""

import contextlib
import os
import secrets
import stat
import tempfile
from pathlib import Path

from pydantic import SecretStr

from cinelibre_server.config import Settings
from cinelibre_server.errors import StartupError

_SECRET_BYTES = 32


def load_or_create_key_file(path: Path) -> str:
    """The keys in the file at `path`, as `id:secret[,id:secret...]`; the file is made if missing.

    Several processes may call it at once: all get the key of the first. The folder must exist.

    Raises:
        StartupError: the file can't be read or written, is open to other users, or holds no usable key.
    """
    try:
        if not path.exists():
            _create(path)
        return _load(path)
    except OSError as error:
        raise StartupError(
            f"the signing key {path} can't be used ({error.strerror}): make it and its folder accessible"
        ) from None


def _create(path: Path) -> None:
    # Written aside and linked into place: a crash leaves no half key, and of two processes one gives way.
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # O_EXCL, mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{secrets.token_hex(4)}:{secrets.token_hex(_SECRET_BYTES)}\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
    finally:
        os.unlink(name)


def _load(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        keys = file.read().strip()
    if mode & 0o077:
        raise StartupError(f"the signing key {path} is open to other users (mode {mode:04o}): run `chmod 600 {path}`")
    try:
        # The rules for keys are those of the setting; only the message must name the file.
        _ = Settings.model_construct(jwt_keys=SecretStr(keys)).signing_keys
    except StartupError:
        raise StartupError(
            f"the signing key {path} is malformed or weak: delete it to get a new one (all log in again)"
        ) from None
    return keys
