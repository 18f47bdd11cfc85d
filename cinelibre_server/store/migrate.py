"""Brings a database to this version's schema: migrations forward, then the functions from their files."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import asyncpg

from cinelibre_server.errors import StartupError
from cinelibre_server.resources import resource_path
from cinelibre_server.store.database import Connection, connect

# One lock for all replicas that start at once; the number only has to be ours.
_ADVISORY_LOCK = 7_243_615_001
_MIN_SERVER_VERSION = 150_000
_MIN_VECTOR = (0, 8)


async def migrate(url: str, report: Callable[[str], None] = lambda _line: None) -> int:
    """Applies what is missing and returns how many migrations that was; safe to run from several processes.

    Raises:
        StartupError: no connection, an unfit database, or an applied migration that was changed since.
    """
    connection = await connect(url)
    try:
        await connection.execute("select pg_advisory_lock($1)", _ADVISORY_LOCK)
        await _check_server(connection)
        applied = await _apply_migrations(connection, report)
        await _replace_functions(connection, report)
        return applied
    except asyncpg.InsufficientPrivilegeError as error:
        raise StartupError(
            f"the database can't be set up ({error}): make the user of CINELIBRE_DATABASE_URL the database's owner"
        ) from None
    finally:
        await connection.close()


async def check_schema(connection: Connection) -> None:
    """Raises StartupError unless the database holds exactly this version's migrations and functions."""
    exists = await connection.fetchval(
        "select to_regclass('public.schema_migrations') is not null"
        " and to_regclass('public.schema_functions') is not null"
    )
    if not exists:
        raise StartupError("the database has no CineLibre schema yet: run `cinelibre migrate`")
    have = {row["version"] for row in await connection.fetch("select version from public.schema_migrations")}
    want = {_version(path) for path in _migration_files()}
    if missing := sorted(want - have):
        raise StartupError(f"the database lacks migration {missing[0]:04d}: run `cinelibre migrate`")
    if newer := sorted(have - want):
        raise StartupError(f"the database has migration {newer[0]:04d} of a newer CineLibre: upgrade this one")
    if await connection.fetchval("select checksum from public.schema_functions") != _functions_checksum():
        raise StartupError("the database's SQL functions are of another version: run `cinelibre migrate`")


async def _check_server(connection: Connection) -> None:
    version = int(await connection.fetchval("show server_version_num"))
    if version < _MIN_SERVER_VERSION:
        raise StartupError(f"PostgreSQL {version // 10_000} is too old: version 15 or newer is needed")
    vector = await connection.fetchval(
        "select coalesce(installed_version, default_version) from pg_available_extensions where name = 'vector'"
    )
    if vector is None:
        raise StartupError("this PostgreSQL has no pgvector: install pgvector 0.8 or newer on the database server")
    if tuple(int(part) for part in vector.split(".")[:2]) < _MIN_VECTOR:
        raise StartupError(f"pgvector {vector} is too old: version 0.8 or newer is needed")
    try:
        await connection.execute("create extension if not exists vector")
    except asyncpg.InsufficientPrivilegeError:
        raise StartupError(
            "this database has no pgvector and our user may not add it: have a superuser run `create extension vector`"
        ) from None


async def _apply_migrations(connection: Connection, report: Callable[[str], None]) -> int:
    await connection.execute(
        "create table if not exists public.schema_migrations ("
        "version integer primary key, name text not null, checksum text not null,"
        " applied_at timestamptz not null default now())"
    )
    rows = await connection.fetch("select version, checksum from public.schema_migrations")
    applied = {row["version"]: row["checksum"] for row in rows}
    count = 0
    for path in _migration_files():
        sql = path.read_text(encoding="utf-8")
        checksum = hashlib.sha256(sql.encode()).hexdigest()
        version = _version(path)
        if version in applied:
            if applied[version] != checksum:
                raise StartupError(f"migration {path.name} was changed after it was applied: restore the file")
            continue
        report(f"migration {path.stem}")
        async with connection.transaction():
            await connection.execute(sql)
            await connection.execute(
                "insert into public.schema_migrations (version, name, checksum) values ($1, $2, $3)",
                version,
                path.stem,
                checksum,
            )
        count += 1
    return count


async def _replace_functions(connection: Connection, report: Callable[[str], None]) -> None:
    """Drops the function schema and makes it again from its files, in one transaction, if they changed."""
    checksum = _functions_checksum()
    await connection.execute(
        "create table if not exists public.schema_functions ("
        "only_row boolean primary key default true check (only_row), checksum text not null)"
    )
    if await connection.fetchval("select checksum from public.schema_functions") == checksum:
        return
    report("SQL functions")
    async with connection.transaction():
        # Loads the extensions: only then may a plain user set their parameters in a function.
        await connection.execute("select '[1]'::public.vector, public.similarity('', '')")
        await connection.execute("drop schema if exists cinelibre cascade")
        await connection.execute("create schema cinelibre")
        await connection.execute("set local search_path = cinelibre, public")
        # Functions may name one another in any order of their files.
        await connection.execute("set local check_function_bodies = off")
        for path in _function_files():
            await connection.execute(path.read_text(encoding="utf-8"))
        await connection.execute(
            "insert into public.schema_functions (checksum) values ($1)"
            " on conflict (only_row) do update set checksum = excluded.checksum",
            checksum,
        )


def _migration_files() -> list[Path]:
    return sorted(resource_path("sql", "migrations").glob("*.sql"))


def _function_files() -> list[Path]:
    return sorted(resource_path("sql", "functions").rglob("*.sql"))


def _functions_checksum() -> str:
    digest = hashlib.sha256()
    for path in _function_files():
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _version(path: Path) -> int:
    return int(path.name.split("_", 1)[0])
