"""Where things lie in the data folder, and where the data folder lies by default."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cinelibre_server.errors import StartupError
from cinelibre_server.local.account import Account, closed_folder

# A Unix socket's address holds 107 bytes, and PostgreSQL adds its file name to the folder.
SOCKET_FILE = ".s.PGSQL.5432"
MAX_SOCKET_PATH_BYTES = 107

ROOT_DATA_DIR = Path("/var/lib/cinelibre")


def default_data_dir(*, uid: int, home: Path, xdg_data_home: Path | None = None) -> Path:
    """The data folder when none is chosen.

    Root gets a system folder, because the user that PostgreSQL then runs as cannot enter root's home.
    `xdg_data_home` is the value of XDG_DATA_HOME, ignored unless absolute, as its specification asks.
    """
    if uid == 0:
        return ROOT_DATA_DIR
    if xdg_data_home is not None and xdg_data_home.is_absolute():
        return xdg_data_home / "cinelibre"
    return home / ".local" / "share" / "cinelibre"


@dataclass(frozen=True)
class DataFolder:
    """The names inside one data folder. `root` is absolute and resolved."""

    root: Path

    @classmethod
    def at(cls, path: Path) -> DataFolder:
        """The layout of the data folder at `path`, which need not exist."""
        return cls(path.expanduser().resolve())

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.root / "postgres"

    @property
    def unfinished_cluster(self) -> Path:
        """A data directory on its way to become `cluster`."""
        return self.root / "postgres.unfinished"

    @property
    def passfile(self) -> Path:
        """The database password, in libpq's format, mode 0600."""
        return self.root / "postgres.pgpass"

    @property
    def programs(self) -> Path:
        """Copies of the PostgreSQL programs, made only where the install is out of its user's reach."""
        return self.root / "programs"

    @property
    def logs(self) -> Path:
        """Log files of the parts."""
        return self.root / "log"

    @property
    def lock(self) -> Path:
        """Held by the one process that runs this data folder; also the mark of a folder of ours."""
        return self.root / "cinelibre.lock"


def prepare_data_folder(folder: DataFolder, account: Account) -> None:
    """Make the data folder, so that `account` may pass through it. No other folder's mode is touched.

    Errors: StartupError naming the folder in the way when it cannot be made, written or reached.
    """
    root = folder.root
    _require_way(root.parent, account)
    try:
        # Others may pass but not list: inside, every file has its own owner and mode.
        root.mkdir(mode=0o700 if account.is_current else 0o711, parents=True, exist_ok=True)
        if not account.is_current and closed_folder(root, account) == root and _is_ours(folder):
            root.chmod(root.stat().st_mode | 0o011)
        folder.lock.touch(mode=0o600)
    except OSError as error:
        raise StartupError(
            f"the data folder {root} cannot be written ({error.strerror}): "
            "make it writable, or choose another with --data-dir"
        ) from error
    _require_way(root, account)


def _require_way(path: Path, account: Account) -> None:
    closed = closed_folder(path, account)
    if closed is not None:
        raise StartupError(
            f"PostgreSQL runs as user '{account.name}', who may not enter {closed}: "
            f"choose another data folder with --data-dir, such as {ROOT_DATA_DIR}"
        )


def _is_ours(folder: DataFolder) -> bool:
    """A folder that was empty or that we have used before: not somebody's home given by mistake."""
    return folder.lock.exists() or not any(folder.root.iterdir())


def socket_folder(folder: DataFolder, account: Account) -> Path:
    """Make the private folder that holds the database's socket, and return it.

    It is `run` in the data folder, or a folder in the system's temporary directory where that path would be
    too long for a socket. Errors: StartupError when the name is taken by somebody else.
    """
    path = folder.root / "run"
    if not _fits_socket(path):
        name = f"cinelibre-{hashlib.sha256(bytes(folder.root)).hexdigest()[:16]}"
        path = _short_temporary_root(account) / name
    try:
        path.mkdir(mode=0o700)
        account.give(path)
    except FileExistsError:
        status = path.lstat()
        if path.is_symlink() or status.st_uid != account.uid:
            raise StartupError(
                f"{path} should be the folder of the database's socket, but belongs to another user: "
                "remove it, or choose another data folder with --data-dir"
            ) from None
    return path


def _fits_socket(path: Path) -> bool:
    return len(os.fsencode(path / SOCKET_FILE)) <= MAX_SOCKET_PATH_BYTES


def _short_temporary_root(account: Account) -> Path:
    chosen = Path(tempfile.gettempdir()).resolve()
    if _fits_socket(chosen / "cinelibre-0123456789abcdef") and closed_folder(chosen, account) is None:
        return chosen
    return Path("/tmp")  # noqa: S108 - the folder made in it is private, and its owner is checked
