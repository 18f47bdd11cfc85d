"""Makes the PostgreSQL data directory: initdb, our database and role, and the password.

The new directory gets its name only when it is complete, so that an interrupted first start leaves nothing
that the next one could mistake for a database.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from pathlib import Path

from cinelibre_server.errors import StartupError
from cinelibre_server.local.account import Account
from cinelibre_server.local.paths import DataFolder
from cinelibre_server.local.process import run_program

ROLE = "cinelibre"
DATABASE = "cinelibre"

# The superuser has no password and so cannot log in; what needs it is done here, before there is a server.
# pgvector is not a trusted extension, so the template carries it to every database the role creates.
BOOTSTRAP = f"""\
create extension vector
create role {ROLE} login createdb
create database {DATABASE} owner {ROLE}
"""

HBA = "# Only over the private socket, and only with a password.\nlocal all all scram-sha-256\n"

INITDB_OPTIONS = (
    "--username=postgres",
    "--auth=peer",
    "--encoding=UTF8",
    # lower() and the like must know every script, whatever locales the system has.
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--data-checksums",
    "--no-instructions",
)


def require_version(cluster: Path, major: str) -> None:
    """Check that `cluster` was made by PostgreSQL `major`. Errors: StartupError."""
    try:
        found = (cluster / "PG_VERSION").read_text().strip()
    except OSError:
        raise StartupError(
            f"{cluster} is not a complete PostgreSQL data directory: restore it, move it away, "
            "or choose another data folder with --data-dir"
        ) from None
    if found != major:
        raise StartupError(
            f"{cluster} holds data of PostgreSQL {found} and this release runs PostgreSQL {major}: "
            f"dump it with PostgreSQL {found} and load it into a new data folder, chosen with --data-dir"
        )


async def create_cluster(programs: Path, folder: DataFolder, account: Account) -> None:
    """Make `folder.cluster`, with an empty database of our role. Errors: StartupError with the reason."""
    unfinished = folder.unfinished_cluster
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        unfinished.mkdir(mode=0o700)
        account.give(unfinished)
    except OSError as error:
        raise StartupError(f"could not create the database in {folder.root}: {error.strerror}") from error
    initdb = [str(programs / "initdb"), "-D", str(unfinished), *INITDB_OPTIONS]
    await _run(initdb, account, folder)
    await _single_user(programs, folder, account, unfinished, database="template1", statements=BOOTSTRAP)
    await set_password(programs, folder, account, unfinished)
    # An existing file, so its owner stays.
    (unfinished / "pg_hba.conf").write_text(HBA)
    unfinished.rename(folder.cluster)


async def set_password(programs: Path, folder: DataFolder, account: Account, cluster: Path) -> None:
    """Give our role a new random password and keep it in `folder.passfile`; no server may be running."""
    password = secrets.token_urlsafe(24)
    statement = f"alter role {ROLE} password '{password}'\n"
    await _single_user(programs, folder, account, cluster, database="template1", statements=statement)
    folder.passfile.unlink(missing_ok=True)
    descriptor = os.open(folder.passfile, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"*:*:*:{ROLE}:{password}\n")


async def _single_user(
    programs: Path, folder: DataFolder, account: Account, cluster: Path, *, database: str, statements: str
) -> None:
    """Run statements, one a line, in PostgreSQL's single-user mode."""
    postgres = [
        str(programs / "postgres"),
        "--single",
        "-D",
        str(cluster),
        "-c",
        "exit_on_error=on",
        database,
    ]
    await _run(postgres, account, folder, stdin=statements)


async def _run(command: list[str], account: Account, folder: DataFolder, stdin: str = "") -> None:
    finished = await run_program(command, account=account, stdin=stdin)
    if finished.code != 0:
        program = Path(command[0]).name
        reason = failure_reason(finished.output) or f"exit code {finished.code}"
        raise StartupError(f"could not create the database in {folder.root}: {program}: {reason}")


def failure_reason(output: str) -> str:
    """What PostgreSQL's output says of why it gave up, without prefix; empty when it says nothing."""
    found = re.search(r"\b(?:PANIC|FATAL|ERROR|error|postgres): +(.+)", output)
    return found.group(1).strip() if found else ""
