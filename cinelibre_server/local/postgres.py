"""The embedded PostgreSQL: one private server a data folder, on a Unix socket only."""

from __future__ import annotations

import asyncio
import shutil
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from urllib.parse import quote

from cinelibre_server.errors import StartupError
from cinelibre_server.local import orphans
from cinelibre_server.local.account import Account, database_account
from cinelibre_server.local.cluster import (
    DATABASE,
    ROLE,
    create_cluster,
    failure_reason,
    require_version,
    set_password,
)
from cinelibre_server.local.lock import DataFolderLock
from cinelibre_server.local.logfile import BoundedLog
from cinelibre_server.local.paths import DataFolder, prepare_data_folder, socket_folder
from cinelibre_server.local.process import POLL_SECONDS, ChildProcess, StopStep
from cinelibre_server.local.programs import installed_programs, postgres_version, programs_for

# Recovery after a crash may replay much; a server that makes no progress ends by itself.
READY_SECONDS = 300.0
ORPHAN_SECONDS = 10.0

# Fast: roll back and write everything. Immediate: as after a crash, which loses nothing committed.
STOP_STEPS = (StopStep(signal.SIGINT, 5.0), StopStep(signal.SIGQUIT, 1.0))

# For a small machine: server, Envoy and PostgreSQL share 512 MB. Parallel workers and JIT cost memory a
# process and gain nothing on queries of milliseconds.
SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "max_connections": "40",
    "shared_buffers": "128MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "effective_cache_size": "256MB",
    # What is asked for lies in memory: priced as on a disk, tables would be scanned for ten rows.
    "random_page_cost": "1.1",
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "max_worker_processes": "2",
    "max_logical_replication_workers": "0",
    "autovacuum_max_workers": "2",
    "autovacuum_worker_slots": "2",
    "io_method": "sync",
    "jit": "off",
    "max_wal_senders": "0",
    "wal_level": "minimal",
    "max_wal_size": "512MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "off",
    "cluster_name": "cinelibre",
}


class EmbeddedPostgres:
    """PostgreSQL in a data folder, made there at the first start. A part for the supervisor.

    Run as root, it belongs to an existing unprivileged user, and of the file system only the data folder is
    given to that user. `settings` go before our own PostgreSQL settings. Start and stop it from the event
    loop's thread.
    """

    name = "postgresql"

    def __init__(self, data_dir: Path, *, settings: Mapping[str, str] | None = None) -> None:
        self._folder = DataFolder.at(data_dir)
        self._settings = {**SETTINGS, **(settings or {})}
        self._lock = DataFolderLock(self._folder.lock)
        self._process: ChildProcess | None = None
        self._sockets: Path | None = None

    @property
    def psql(self) -> Path:
        """The psql program, for use as the current user with the address that `start` returned."""
        return installed_programs() / "psql"

    @property
    def pid(self) -> int | None:
        """The process id of the running server."""
        return self._process.pid if self._process is not None and self._process.running else None

    async def start(self) -> str:
        """Start the server and wait until it accepts connections; returns its address for asyncpg and libpq.

        The password is not part of the address, which names the file that holds it. Whatever a killed
        predecessor left running in the folder is stopped first.
        Errors: StartupError in one line: folder in use, unwritable, of another version, disk full.
        """
        folder = self._folder
        try:
            account = database_account(folder.cluster)
            prepare_data_folder(folder, account)
            self._lock.acquire()
            return await self._start_locked(account)
        except BaseException as error:
            await self.stop()
            if not isinstance(error, OSError):
                raise
            raise StartupError(
                f"the data folder {folder.root} cannot be used ({error.strerror}: {error.filename}): "
                "make it readable and writable, or choose another with --data-dir"
            ) from error

    async def stop(self) -> None:
        """Stop the server, committed data safe on disk, within about 6 s. Harmless when it is not running."""
        try:
            if self._process is not None:
                await self._process.stop(*STOP_STEPS)
                self._process = None
            if self._sockets is not None and not self._sockets.is_relative_to(self._folder.root):
                # A killed server leaves its socket in it.
                shutil.rmtree(self._sockets, ignore_errors=True)
            self._sockets = None
        finally:
            self._lock.release()

    async def wait_failed(self) -> str:
        """Wait until the server ends unasked, and say how."""
        if self._process is None:
            return "is not running"
        return await self._process.wait_exit()

    async def _start_locked(self, account: Account) -> str:
        folder = self._folder
        programs = programs_for(account, folder)
        await _stop_orphans(folder.unfinished_cluster)
        await _stop_orphans(folder.cluster)
        if not folder.cluster.exists():
            await create_cluster(programs, folder, account)
        require_version(folder.cluster, postgres_version().split(".")[0])
        # No server of this folder is left and we hold its lock, so these describe a dead one. PostgreSQL
        # would refuse to start if another program had its process id by now.
        (folder.cluster / "postmaster.pid").unlink(missing_ok=True)
        if not folder.passfile.exists():
            await set_password(programs, folder, account, folder.cluster)
        self._sockets = socket_folder(folder, account)
        self._process = self._launch(programs, account, self._sockets)
        await self._wait_ready(self._process)
        return _address(folder, self._sockets)

    def _launch(self, programs: Path, account: Account, sockets: Path) -> ChildProcess:
        for leftover in sockets.glob(".s.PGSQL.*"):
            leftover.unlink()
        settings = {
            **self._settings,
            "unix_socket_directories": f'"{sockets}"',
            "unix_socket_permissions": "0700",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return ChildProcess(
            [str(programs / "postgres"), "-D", str(self._folder.cluster), *options],
            log=BoundedLog(self._folder.logs / "postgres.log"),
            account=account,
            death_signal=signal.SIGINT,
        )

    async def _wait_ready(self, process: ChildProcess) -> None:
        deadline = monotonic() + READY_SECONDS
        while process.running and monotonic() < deadline:
            status = _read_status(self._folder)
            if status is not None and status[0] == process.pid:
                return
            await asyncio.sleep(POLL_SECONDS)
        reason = failure_reason(process.log_text()) or f"see {self._folder.logs / 'postgres.log'}"
        raise StartupError(f"PostgreSQL did not start in {self._folder.root}: {reason}")


def running_address(data_dir: Path) -> str | None:
    """The address of the server that runs in `data_dir` now, started by any process, or None.

    Errors: StartupError when the folder belongs to another user.
    """
    folder = DataFolder.at(data_dir)
    try:
        # Without a living cinelibre that holds the folder, a server in it is about to stop.
        status = _read_status(folder) if DataFolderLock(folder.lock).is_held() else None
        if status is None or status[0] not in orphans.processes_in(folder.cluster, "postgres"):
            return None
        return _address(folder, status[1])
    except PermissionError as error:
        raise StartupError(
            f"{error.filename} cannot be read: run as the user who started cinelibre, "
            "or choose another data folder with --data-dir"
        ) from error


@asynccontextmanager
async def embedded_database(data_dir: Path) -> AsyncIterator[str]:
    """The address of the folder's database: of the running server, or of one that runs for this block."""
    address = running_address(data_dir)
    if address is not None:
        yield address
        return
    server = EmbeddedPostgres(data_dir)
    address = await server.start()
    try:
        yield address
    finally:
        await server.stop()


def _address(folder: DataFolder, sockets: Path) -> str:
    return (
        f"postgresql://{ROLE}@/{DATABASE}?host={quote(str(sockets), safe='')}"
        f"&passfile={quote(str(folder.passfile), safe='')}"
    )


def _read_status(folder: DataFolder) -> tuple[int, Path] | None:
    """Process id and socket folder of the server that says in its lock file that it is ready, or None."""
    try:
        lines = (folder.cluster / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return None
    # Lines: process id, data directory, start time, port, socket folder, address, shared memory, status.
    if len(lines) < 8 or lines[7].strip() != "ready":
        return None
    return int(lines[0]), Path(lines[4])


async def _stop_orphans(cluster: Path) -> None:
    """End every PostgreSQL process of `cluster`: a server, or what is left of one that was killed."""

    def ask(processes: list[int]) -> None:
        server = _server_among(cluster, processes)
        # To a server this is a fast shutdown; without one, its children are told to go.
        orphans.send([server] if server else processes, signal.SIGINT if server else signal.SIGTERM)

    await orphans.end(lambda: orphans.processes_in(cluster, "postgres"), ask, ORPHAN_SECONDS)


def _server_among(cluster: Path, processes: list[int]) -> int | None:
    try:
        server = int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    return server if server in processes else None
