"""The embedded PostgreSQL, really started."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

import asyncpg
import pytest

from cinelibre_server.errors import StartupError
from cinelibre_server.local import orphans
from cinelibre_server.local.paths import DataFolder
from cinelibre_server.local.postgres import EmbeddedPostgres, embedded_database, running_address
from cinelibre_server.local.programs import INSTALL, LIBRARIES, installed_programs

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root lends its server another user")


def server_processes(data_dir: Path) -> list[int]:
    return orphans.processes_in(DataFolder.at(data_dir).cluster, "postgres")


async def run(address: str, statement: str) -> object:
    connection = await asyncpg.connect(address)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def exists(path: Path) -> bool:
    return path.exists()


def open_folder(path: Path) -> Path:
    """Lets every user through, as the folders above a real data folder do."""
    path.chmod(0o755)
    return path


def output_of(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def one_line(error: pytest.ExceptionInfo[StartupError]) -> str:
    text = str(error.value)
    assert "\n" not in text
    return text


async def test_starts_serves_and_stops_without_a_trace(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    address = await server.start()
    assert await run(address, "select current_user::text") == "cinelibre"
    assert running_address(data_dir) == address
    await server.stop()
    assert server_processes(data_dir) == []
    assert running_address(data_dir) is None
    await server.stop()


async def test_is_closed_to_all_but_its_password(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    address = await server.start()
    try:
        folder = DataFolder.at(data_dir)
        assert mode(folder.passfile) == 0o600
        assert mode(folder.cluster) == 0o700
        assert mode(folder.root / "run") == 0o700
        assert await run(address, "show listen_addresses") == ""
        assert await run(address, "select rolsuper from pg_roles where rolname = current_user") is False
        socket = str(folder.root / "run")
        for user in ("cinelibre", "postgres"):
            with pytest.raises(asyncpg.InvalidPasswordError):
                await asyncpg.connect(host=socket, user=user, password="wrong", database="cinelibre")
        password = folder.passfile.read_text().strip().rsplit(":", 1)[1]
        assert password not in address
    finally:
        await server.stop()


async def test_knows_every_script_and_has_vectors_in_every_database(data_dir: Path) -> None:
    async with embedded_database(data_dir) as address:
        assert await run(address, "select lower('ÀÉΩ')") == "àéω"
        assert await run(address, "show server_encoding") == "UTF8"
        assert await run(address, "show data_checksums") == "on"
        assert await run(address, "show fsync") == "on"
        await run(address, "create database another")
        other = address.replace("/cinelibre?", "/another?")
        assert await run(other, "select '[1,2]'::vector <-> '[1,2]'::vector") == 0
        for extension in ("pg_trgm", "unaccent", "citext"):
            await run(other, f"create extension {extension}")


async def test_psql_connects_with_the_same_address(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    address = await server.start()
    try:
        psql = [str(server.psql), address, "-Atc", "select current_database()"]
        assert output_of(psql) == "cinelibre\n"
    finally:
        await server.stop()


async def test_settings_of_the_caller_win(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir, settings={"max_connections": "77"})
    address = await server.start()
    try:
        assert await run(address, "show max_connections") == "77"
    finally:
        await server.stop()


async def test_kill_of_the_server_loses_nothing_committed(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    address = await server.start()
    await run(address, "create table kept as select 7 as x")
    sleeper = await asyncpg.connect(address)
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    assert await server.wait_failed() == "was killed by SIGKILL"
    sleeper.terminate()
    assert await server.start() == address
    try:
        assert await run(address, "select x from kept") == 7
    finally:
        await server.stop()
    assert server_processes(data_dir) == []


def start_and_be_killed(data_dir: Path) -> int:
    program = (
        "import asyncio, os, pathlib, signal, sys\n"
        "from cinelibre_server.local.postgres import EmbeddedPostgres\n"
        "async def main():\n"
        "    await EmbeddedPostgres(pathlib.Path(sys.argv[1])).start()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    return subprocess.run([sys.executable, "-c", program, str(data_dir)], check=False).returncode


async def test_kill_of_everything_leaves_a_folder_that_starts(data_dir: Path) -> None:
    assert start_and_be_killed(data_dir) == -signal.SIGKILL
    async with embedded_database(data_dir) as address:
        assert await run(address, "select 1") == 1
    assert server_processes(data_dir) == []


async def test_a_server_left_running_is_stopped_first(data_dir: Path) -> None:
    first = EmbeddedPostgres(data_dir)
    address = await first.start()
    left = first.pid
    await run(address, "create table kept as select 7 as x")
    # As when the lock died with its holder and the server did not.
    first._lock.release()
    second = EmbeddedPostgres(data_dir)
    assert await run(await second.start(), "select x from kept") == 7
    assert second.pid != left
    assert await first.wait_failed() == "ended with exit code 0"
    await second.stop()


@contextmanager
def process_named_as_server(cluster: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the server's user whose id stands in the server's lock file, as after a restart."""
    owner = cluster.stat()
    other = subprocess.Popen(["sleep", "60"], user=owner.st_uid if os.geteuid() == 0 else None)
    stale = cluster / "postmaster.pid"
    stale.write_text(f"{other.pid}\n{cluster}\n0\n5432\n/nowhere\n\n\nready\n")
    os.chown(stale, owner.st_uid, owner.st_gid)
    yield other
    other.kill()
    other.wait()


async def test_the_process_id_of_a_dead_server_may_be_taken(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    await server.start()
    await server.stop()
    with process_named_as_server(DataFolder.at(data_dir).cluster) as other:
        assert running_address(data_dir) is None
        async with embedded_database(data_dir) as address:
            assert await run(address, "select 1") == 1
        assert other.poll() is None


async def test_a_folder_runs_once(data_dir: Path) -> None:
    first = EmbeddedPostgres(data_dir)
    address = await first.start()
    try:
        with pytest.raises(StartupError) as error:
            await EmbeddedPostgres(data_dir).start()
        assert f"in use by another cinelibre (process {os.getpid()})" in one_line(error)
        assert await run(address, "select 1") == 1
        async with embedded_database(data_dir) as shared:
            assert shared == address
        assert await run(address, "select 1") == 1
    finally:
        await first.stop()


async def test_a_long_path_has_its_socket_elsewhere(data_dir: Path) -> None:
    deep = open_folder(data_dir) / ("a" * 60) / ("films et livres " * 4) / "données"
    async with embedded_database(deep) as address:
        assert await run(address, "select 1") == 1
        assert running_address(deep) == address
        sockets = Path(unquote(address.partition("host=")[2].partition("&")[0]))
        assert mode(sockets) == 0o700
    assert not sockets.is_relative_to(deep)
    assert not exists(sockets)


async def test_a_killed_server_comes_back_at_its_address_elsewhere(data_dir: Path) -> None:
    server = EmbeddedPostgres(open_folder(data_dir) / ("b" * 100))
    address = await server.start()
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    await server.wait_failed()
    await server.stop()
    assert await server.start() == address
    assert await run(address, "select 1") == 1
    await server.stop()


async def test_a_lost_password_is_made_anew(data_dir: Path) -> None:
    async with embedded_database(data_dir) as address:
        await run(address, "create table kept as select 7 as x")
    DataFolder.at(data_dir).passfile.unlink()
    async with embedded_database(data_dir) as address:
        assert await run(address, "select x from kept") == 7


async def test_an_interrupted_first_start_is_begun_again(data_dir: Path) -> None:
    unfinished = DataFolder.at(data_dir).unfinished_cluster
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")
    (data_dir / "cinelibre.lock").touch()
    async with embedded_database(data_dir) as address:
        assert await run(address, "select 1") == 1
    assert not unfinished.exists()


async def test_data_of_another_major_version_is_refused(data_dir: Path) -> None:
    async with embedded_database(data_dir):
        pass
    (DataFolder.at(data_dir).cluster / "PG_VERSION").write_text("16\n")
    with pytest.raises(StartupError, match="holds data of PostgreSQL 16 and this release runs") as error:
        await EmbeddedPostgres(data_dir).start()
    assert "--data-dir" in one_line(error)


async def test_something_else_in_the_database_folder_is_refused(data_dir: Path) -> None:
    cluster = DataFolder.at(data_dir).cluster
    cluster.mkdir()
    (data_dir / "cinelibre.lock").touch()
    with pytest.raises(StartupError, match="not a complete PostgreSQL data directory") as error:
        await EmbeddedPostgres(data_dir).start()
    assert "--data-dir" in one_line(error)


async def test_a_damaged_database_tells_why_it_does_not_start(data_dir: Path) -> None:
    async with embedded_database(data_dir):
        pass
    (DataFolder.at(data_dir).cluster / "global" / "pg_control").unlink()
    with pytest.raises(StartupError, match=r"did not start in .*could not find the database") as error:
        await EmbeddedPostgres(data_dir).start()
    one_line(error)
    assert server_processes(data_dir) == []


async def test_a_file_in_place_of_the_folder_is_refused(data_dir: Path) -> None:
    file = open_folder(data_dir) / "file"
    file.touch()
    for path in (file, file / "below"):
        with pytest.raises(StartupError, match="cannot be") as error:
            await EmbeddedPostgres(path).start()
        assert "--data-dir" in one_line(error)


def test_a_folder_that_a_plain_user_cannot_write_is_refused(data_dir: Path) -> None:
    closed = data_dir / "closed"
    closed.mkdir(mode=0o555)
    open_folder(data_dir)
    # Imported before the change of user, who may not be able to read the program.
    program = (
        "import asyncio, os, pathlib, sys\n"
        "from cinelibre_server.errors import StartupError\n"
        "from cinelibre_server.local.postgres import EmbeddedPostgres\n"
        "os.geteuid() == 0 and (os.setgroups([]), os.setgid(65534), os.setuid(65534))\n"
        "for path in (sys.argv[1], sys.argv[1] + '/below'):\n"
        "    try: asyncio.run(EmbeddedPostgres(pathlib.Path(path)).start())\n"
        "    except StartupError as error: print(error)\n"
    )
    command = [sys.executable, "-c", program, str(closed)]
    lines = output_of(command).splitlines()
    assert len(lines) == 2
    for line in lines:
        assert line.startswith(f"the data folder {closed}")
        assert "Permission denied" in line
        assert "--data-dir" in line


@needs_root
async def test_root_is_told_of_a_folder_its_server_cannot_enter(data_dir: Path) -> None:
    # Neither empty nor ours, so nobody is let in.
    (data_dir / "private").touch()
    for path in (data_dir, data_dir / "below"):
        with pytest.raises(StartupError, match=f"may not enter {data_dir}: choose another") as error:
            await EmbeddedPostgres(path).start()
        assert "/var/lib/cinelibre" in one_line(error)
    assert mode(data_dir) == 0o700


def status_of(process: int | None) -> dict[str, str]:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def owned_by(uid: int, folder: Path) -> set[str]:
    return {path.name for path in (folder, *folder.iterdir()) if path.stat().st_uid == uid}


@needs_root
async def test_root_lends_an_unprivileged_user_and_gives_it_only_the_database(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    await server.start()
    try:
        status = status_of(server.pid)
        uid = int(status["Uid"].split()[0])
        assert uid != 0
        assert status["Groups"] == ""
        assert owned_by(uid, data_dir) == {"postgres", "run"}
    finally:
        await server.stop()


@needs_root
async def test_an_install_out_of_reach_is_copied(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages = installed_programs().parents[2]
    closed = Path(tempfile.mkdtemp(prefix="cl-"))
    try:
        for tree in (INSTALL, LIBRARIES):
            shutil.copytree(packages / tree, closed / tree, copy_function=os.link)
        (closed / INSTALL.parent / "__init__.py").touch()
        monkeypatch.syspath_prepend(str(closed))
        server = EmbeddedPostgres(data_dir)
        address = await server.start()
        program = Path(os.readlink(f"/proc/{server.pid}/exe"))
        assert await run(address, "select '[1]'::vector is not null") is True
        await server.stop()
        assert program.is_relative_to(data_dir / "programs")
        assert mode(closed) == 0o700
    finally:
        shutil.rmtree(closed)
