"""What stands in the way of a start is said in one line that names what to do, with exit code 1 and no traceback."""

import asyncio
import os
import re
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from cinelibre_server.local.cluster import DATABASE
from tests.cli.launching import open_folder
from tests.stack import Stack

STRONG_KEYS = f"k1:{secrets.token_hex(32)}"
# What long steps print where there is no terminal, and the server's log; neither is the fault.
EXPECTED_LINE = re.compile(r'[A-Z][\w ]+(\.\.\.|: done in [\d.]+ s)|\{.*"level": "info".*\}')


def _fault(*arguments: str, **environment: str) -> str:
    """The one line that the command says on standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "cinelibre_server", *arguments],
        env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "CINELIBRE_METRICS_PORT": "0", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    lines = [line for line in done.stderr.splitlines() if not EXPECTED_LINE.fullmatch(line)]
    assert len(lines) == 1, done.stderr
    assert done.stderr.splitlines()[-1] == lines[0]
    assert done.returncode == 1
    assert done.stdout == ""
    return lines[0].removeprefix("cinelibre: ")


def _up_fault(data_dir: Path, *arguments: str, **environment: str) -> str:
    free_ports = [part for flag in ("--grpc-port", "--http-port") if flag not in arguments for part in (flag, "0")]
    return _fault("up", "--data-dir", str(data_dir), *free_ports, *arguments, **environment)


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder that PostgreSQL's user may enter."""
    with open_folder() as folder:
        yield folder


@pytest.fixture
def data_dir(folder: Path) -> Path:
    """A data folder that is not there yet."""
    return folder / "data"


@pytest.fixture
def taken_port() -> Iterator[str]:
    """A port on which another program listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield str(listener.getsockname()[1])


@pytest.mark.parametrize("flag", ["--grpc-port", "--http-port"])
def test_a_taken_port(flag: str, taken_port: str, data_dir: Path) -> None:
    said = _up_fault(data_dir, flag, taken_port)
    assert said == f"port {taken_port} is taken: stop the other program or choose another with {flag}"
    assert not data_dir.exists()


def test_a_taken_metrics_port(starter_database_url: str, model_cache: Path, taken_port: str, data_dir: Path) -> None:
    said = _up_fault(
        data_dir,
        CINELIBRE_DATABASE_URL=starter_database_url,
        CINELIBRE_CACHE_DIR=str(model_cache),
        CINELIBRE_METRICS_PORT=taken_port,
    )
    assert said.endswith(
        f"{taken_port} of the metrics endpoint is taken: stop the other program or set CINELIBRE_METRICS_PORT"
    )


def test_a_taken_port_of_serve(taken_port: str) -> None:
    settings = {"CINELIBRE_DATABASE_URL": "postgresql://nowhere.invalid/db", "CINELIBRE_JWT_KEYS": STRONG_KEYS}
    said = _fault("serve", CINELIBRE_GRPC_PORT=taken_port, **settings)
    assert said.endswith("stop the other program or choose another with CINELIBRE_GRPC_PORT")


def test_a_file_in_place_of_the_data_folder(data_dir: Path) -> None:
    data_dir.touch()
    for path in (data_dir, data_dir / "below"):
        assert re.match(rf"the data folder {path} cannot be .*--data-dir$", _up_fault(path))


def test_a_data_folder_that_not_even_root_can_write() -> None:
    assert re.match(
        r"the data folder /sys/cinelibre cannot be written .*--data-dir$", _up_fault(Path("/sys/cinelibre"))
    )


def test_a_data_folder_of_another_postgresql(data_dir: Path) -> None:
    (data_dir / "postgres").mkdir(parents=True)
    (data_dir / "postgres" / "PG_VERSION").write_text("14\n")
    said = _up_fault(data_dir)
    assert "holds data of PostgreSQL 14 and this release runs PostgreSQL 18" in said
    assert said.endswith("load it into a new data folder, chosen with --data-dir")


def test_a_data_folder_in_use(stack: Stack, starter_database_url: str) -> None:
    said = _up_fault(stack.log.parent / "data", "--database-url", starter_database_url)
    assert f"is in use by another cinelibre (process {stack.process.pid})" in said
    assert said.endswith("choose another folder with --data-dir")


def test_a_database_without_pgvector(cluster_url: str, model_cache: Path, data_dir: Path) -> None:
    # Not of the template that carries the extension; only a superuser may add it.
    name = f"test_{secrets.token_hex(8)}"
    asyncio.run(_execute(cluster_url, f"create database {name} template template0"))
    url = _other_database(cluster_url, name)
    try:
        said = _up_fault(data_dir, CINELIBRE_DATABASE_URL=url, CINELIBRE_CACHE_DIR=str(model_cache))
        assert said.endswith("have a superuser run `create extension vector`")
        assert said == _fault("migrate", "--database-url", url)
    finally:
        asyncio.run(_execute(cluster_url, f"drop database {name}"))


def test_a_database_that_belongs_to_another(cluster_url: str) -> None:
    said = _fault("migrate", "--database-url", _other_database(cluster_url, "template1"))
    assert said.startswith("the database can't be set up (permission denied for schema public): ")
    assert said.endswith("make the user of CINELIBRE_DATABASE_URL the database's owner")


def test_a_database_without_a_schema(cluster_url: str, model_cache: Path) -> None:
    said = _fault(
        "serve",
        CINELIBRE_DATABASE_URL=cluster_url,
        CINELIBRE_CACHE_DIR=str(model_cache),
        CINELIBRE_JWT_KEYS=STRONG_KEYS,
        CINELIBRE_GRPC_PORT="0",
    )
    assert said == "the database has no CineLibre schema yet: run `cinelibre migrate`"


@pytest.mark.parametrize("address", ["postgresql://user:open-sesame@127.0.0.1:1/db", "127.0.0.1/db"])
def test_a_database_that_does_not_answer(address: str) -> None:
    said = _fault("migrate", CINELIBRE_DATABASE_URL=address)
    assert re.match(
        r"the database can't be reached \(.+\): check CINELIBRE_DATABASE_URL and that PostgreSQL runs$", said
    )
    assert "open-sesame" not in said


def test_a_missing_model(starter_database_url: str, folder: Path) -> None:
    ready = folder / "ready.json"
    ready.write_text("of an earlier run")
    settings = {"CINELIBRE_DATABASE_URL": starter_database_url, "CINELIBRE_MODEL_DIR": str(folder)}
    said = _up_fault(folder / "data", "--ready-file", str(ready), **settings)
    assert said.startswith(f"CINELIBRE_MODEL_DIR: {folder} has no model.onnx. Name a folder with an ONNX model")
    assert not ready.exists()


def test_a_database_with_vectors_of_another_model(starter_database_url: str, model_cache: Path, data_dir: Path) -> None:
    statement = "update embedding_model set name = 'another', fingerprint = repeat('0', 64)"
    asyncio.run(_execute(starter_database_url, statement))
    settings = {"CINELIBRE_DATABASE_URL": starter_database_url, "CINELIBRE_CACHE_DIR": str(model_cache)}
    said = _up_fault(data_dir, **settings)
    assert re.match(
        r"the database's embeddings were made by another \(0{12}\), not by .*: run `cinelibre embed`$", said
    )
    assert said == _fault("serve", CINELIBRE_JWT_KEYS=STRONG_KEYS, CINELIBRE_GRPC_PORT="0", **settings)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("", "CINELIBRE_JWT_KEYS is not set: give it id:secret, e.g. k1:$(openssl rand -hex 32)"),
        ("k1:secret", "CINELIBRE_JWT_KEYS: key 'k1' is weak: use 32 random bytes, e.g. `openssl rand -hex 32`"),
        (f"k1:{'a' * 64}", "CINELIBRE_JWT_KEYS: key 'k1' is weak: use 32 random bytes, e.g. `openssl rand -hex 32`"),
        ("just-a-secret", "CINELIBRE_JWT_KEYS is malformed: write id:secret[,id:secret...]"),
    ],
    ids=["none", "short", "repeated", "without id"],
)
def test_serve_without_a_strong_key(keys: str, said: str) -> None:
    assert _fault("serve", CINELIBRE_JWT_KEYS=keys) == said


def test_serve_without_a_database() -> None:
    assert _fault("serve", CINELIBRE_JWT_KEYS=STRONG_KEYS).startswith("CINELIBRE_DATABASE_URL is not set: give it ")


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("CINELIBRE_GRPC_PORT", "70000", "CINELIBRE_GRPC_PORT: Input should be less than or equal to 65535"),
        ("CINELIBRE_LOG_LEVEL", "loud", "CINELIBRE_LOG_LEVEL: Input should be 'debug', 'info', 'warning' or 'error'"),
        ("CINELIBRE_BCRYPT_COST", "4", "CINELIBRE_BCRYPT_COST must be 12 or more in production"),
    ],
    ids=["number", "choice", "rule"],
)
def test_a_setting_that_is_not_allowed(variable: str, value: str, said: str) -> None:
    assert _fault("serve", **{variable: value}) == said


def test_a_ready_file_that_cannot_be_written(starter_database_url: str, data_dir: Path) -> None:
    path = data_dir.parent / "nowhere" / "ready.json"
    said = _up_fault(data_dir, "--database-url", starter_database_url, "--ready-file", str(path))
    assert (
        said == f"the ready file {path} can't be written (No such file or directory): choose another with --ready-file"
    )


def test_a_server_that_does_not_answer() -> None:
    said = _fault("healthcheck", "--target", "127.0.0.1:1")
    assert said.startswith("127.0.0.1:1 does not answer: ")


def test_an_import_of_nothing(folder: Path, database_url: str) -> None:
    said = _fault("import", "movielens", str(folder / "ml-100k"), "--database-url", database_url)
    assert said == f"{folder / 'ml-100k'} does not exist: give the folder or zip of a MovieLens data set"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["import", "items", "{file}", "--type", "song"], "--type song: must be movie or book"),
        (["import", "items", "{file}", "--map", "name"],
         "--map name: must be COLUMN=FIELD, as in --map MovieName=title"),
        (["import", "items"], "which file? `cinelibre import items FILE`, or --schema for the columns it can have"),
        (["import", "ratings", "{file}", "--user", "nobody@example.com"],
         "there is no account nobody@example.com: give the email of one with --user"),
        (["import", "ratings", "{file}", "--preview"],
         "--preview, --format and --report need --user EMAIL: the account whose ratings these are"),
        (["export", "items", "{file}", "--format", "xml"], "--format xml: must be csv or jsonl"),
        (["export", "ratings", "/nowhere/ratings.csv"],
         "/nowhere/ratings.csv can't be written (No such file or directory): choose another file"),
    ],
    ids=["type", "map", "no file", "no account", "preview", "format", "target"],
)  # fmt: skip
def test_imports_and_exports(folder: Path, database_url: str, arguments: list[str], said: str) -> None:
    file = folder / "items.csv"
    file.write_text("title\nDangal\n")
    given = [argument.replace("{file}", str(file)) for argument in arguments]
    assert _fault(*given, "--database-url", database_url) == said


def test_recommendations_for_nobody(database_url: str) -> None:
    said = _fault("recommend", "--user", "7", "--database-url", database_url)
    assert said == "there is no user 7: give an id that the import printed"


def _other_database(url: str, name: str) -> str:
    return url.replace(f"@/{DATABASE}?", f"@/{name}?")


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
