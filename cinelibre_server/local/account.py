"""Which user PostgreSQL runs as: it refuses to be root, so root lends it an existing unprivileged user."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from cinelibre_server.errors import StartupError

# Of the users that most systems have: the one made for databases first, then the one that owns nothing.
UNPRIVILEGED_USERS = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """A user of the operating system, with its numeric ids."""

    name: str
    uid: int
    gid: int

    def give(self, path: Path) -> None:
        """Make this user the owner of one file or folder; nothing below or above it changes."""
        if os.geteuid() != self.uid:
            os.chown(path, self.uid, self.gid)

    @property
    def is_current(self) -> bool:
        """Whether we already run as this user."""
        return os.geteuid() == self.uid


def database_account(cluster: Path) -> Account:
    """The user to run PostgreSQL as: ourselves, or when root the owner of `cluster` or a system user.

    Errors: StartupError when `cluster` belongs to somebody else, or root finds no user to lend.
    """
    owner = _owner(cluster)
    if os.geteuid() != 0:
        if owner is not None and not owner.is_current:
            raise StartupError(
                f"{cluster} belongs to user {owner.name}: run as that user, "
                "or choose another data folder with --data-dir"
            )
        return current_account()
    if owner is not None and owner.uid != 0:
        return owner
    for name in UNPRIVILEGED_USERS:
        try:
            return _from_entry(pwd.getpwnam(name))
        except KeyError:
            continue
    raise StartupError(
        "PostgreSQL cannot run as root and this system has neither a user 'postgres' nor 'nobody': "
        "run cinelibre as a plain user, or give a PostgreSQL server with --database-url"
    )


def current_account() -> Account:
    """The user we run as."""
    return _account_of(os.geteuid(), os.getegid())


def _owner(path: Path) -> Account | None:
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return _account_of(status.st_uid, status.st_gid)


def _account_of(uid: int, gid: int) -> Account:
    """The account with this id; in a container the system may not know it, so the number stands in."""
    try:
        return _from_entry(pwd.getpwuid(uid))
    except KeyError:
        return Account(name=str(uid), uid=uid, gid=gid)


def _from_entry(entry: pwd.struct_passwd) -> Account:
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def closed_folder(path: Path, account: Account) -> Path | None:
    """The first folder on the way to `path`, from the root down, that `account` may not enter, or None.

    Judged by owner, group and mode, as for a process without further groups.
    """
    for folder in [*reversed(path.parents), path]:
        if folder.is_dir() and not _allows(folder.stat(), account, stat.S_IXUSR):
            return folder
    return None


def _allows(status: os.stat_result, account: Account, owner_bit: int) -> bool:
    if account.uid == 0:
        return True
    if status.st_uid == account.uid:
        return bool(status.st_mode & owner_bit)
    if status.st_gid == account.gid:
        return bool(status.st_mode & (owner_bit >> 3))
    return bool(status.st_mode & (owner_bit >> 6))


def readable_by_all(path: Path) -> bool:
    """Whether every user may read the file, and run it if its owner may."""
    mode = path.stat().st_mode
    wanted = stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
    return mode & wanted == wanted
