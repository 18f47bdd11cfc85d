"""Databases for an evaluation, gone after it."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

from cinelibre_server.local.postgres import EmbeddedPostgres
from cinelibre_server.store.database import Pool, connect, open_pool
from cinelibre_server.store.migrate import migrate

_STATEMENT_SECONDS = 3600.0
# It lives for minutes on a machine that evaluates and does nothing else; a crash may cost it.
_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "shared_buffers": "128MB", "work_mem": "32MB"}


class ScratchCluster:
    """A PostgreSQL server of its own, and databases in it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._numbers = count(1)

    @asynccontextmanager
    async def database(self, template: str = "template1") -> AsyncIterator[str]:
        """The address of a copy of the database `template`, which nobody may use meanwhile."""
        name = f"scratch_{next(self._numbers)}"
        await self._execute(f"create database {name} template {template}")
        try:
            yield self.address(name)
        finally:
            await self._execute(f"drop database {name}")

    def address(self, name: str) -> str:
        """The address of the database of that name."""
        scheme, rest = self.url.split("@/", 1)
        return f"{scheme}@/{name}?{rest.split('?', 1)[1]}"

    async def _execute(self, statement: str) -> None:
        connection = await connect(self.url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


def database_name(url: str) -> str:
    """The name of the database at that address."""
    return url.split("@/", 1)[1].split("?", 1)[0]


@asynccontextmanager
async def scratch_cluster() -> AsyncIterator[ScratchCluster]:
    """A server that is stopped, and its data removed, after the block."""
    with tempfile.TemporaryDirectory(prefix="cinelibre-evaluate-") as name:
        folder = Path(name)
        # PostgreSQL, which never runs as root, has to pass through.
        await asyncio.to_thread(folder.chmod, 0o711)
        server = EmbeddedPostgres(folder / "data", settings=_SETTINGS)
        try:
            yield ScratchCluster(await server.start())
        finally:
            await server.stop()


@asynccontextmanager
async def scratch_database() -> AsyncIterator[tuple[str, Pool]]:
    """The address of an empty database with the schema, and a pool of it."""
    async with scratch_cluster() as cluster:
        await migrate(cluster.url)
        async with scratch_pool(cluster.url) as pool:
            yield cluster.url, pool


@asynccontextmanager
async def scratch_pool(url: str) -> AsyncIterator[Pool]:
    """A small pool of a database."""
    pool = await open_pool(url, size=2, statement_timeout_seconds=_STATEMENT_SECONDS)
    try:
        yield pool
    finally:
        await pool.close()
