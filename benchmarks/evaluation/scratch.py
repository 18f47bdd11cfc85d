"""A database for one evaluation, gone after it."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from cinelibre_server.local.postgres import EmbeddedPostgres
from cinelibre_server.store.database import Pool, open_pool
from cinelibre_server.store.migrate import migrate

_STATEMENT_SECONDS = 600.0


@asynccontextmanager
async def scratch_database() -> AsyncIterator[tuple[str, Pool]]:
    """The address of an empty database with the schema, and a pool of it."""
    with tempfile.TemporaryDirectory(prefix="cinelibre-evaluate-") as name:
        folder = Path(name)
        # PostgreSQL, which never runs as root, has to pass through.
        await asyncio.to_thread(folder.chmod, 0o711)
        server = EmbeddedPostgres(folder / "data", settings={"fsync": "off"})
        try:
            url = await server.start()
            await migrate(url)
            pool = await open_pool(url, size=2, statement_timeout_seconds=_STATEMENT_SECONDS)
            try:
                yield url, pool
            finally:
                await pool.close()
        finally:
            await server.stop()
