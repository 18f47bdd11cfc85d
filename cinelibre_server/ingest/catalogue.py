"""Brings a database to where the server can answer: schema, starter catalogue, embeddings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cinelibre_server.embedding.runtime import Embedder
from cinelibre_server.ingest.embed import check_embedding_model, embed_missing, reembed
from cinelibre_server.ingest.starter import load_starter
from cinelibre_server.progress import Progress
from cinelibre_server.store.database import Pool, open_pool
from cinelibre_server.store.migrate import migrate

# Loading is bounded by its progress, not by a clock.
_STATEMENT_SECONDS = 3600.0


async def prepare_catalogue(url: str, embedder: Embedder, progress: Progress) -> None:
    """Migrates, loads the starter catalogue where it changed, and embeds what has no vector yet.

    Raises:
        StartupError: an unfit database, or one whose vectors another model made.
    """
    with progress("Preparing the database", None, ""):
        await migrate(url)
    async with _pool(url) as pool:
        async with pool.acquire() as connection:
            await check_embedding_model(connection, embedder.identity)
        await load_starter(pool)
        await embed_missing(pool, embedder, progress)


async def embed_catalogue(url: str, embedder: Embedder, progress: Progress) -> int:
    """Embeds what has no vector yet; returns how many items that was.

    Raises:
        StartupError: the vectors that are there were made by another model.
    """
    async with _pool(url) as pool:
        async with pool.acquire() as connection:
            await check_embedding_model(connection, embedder.identity)
        return await embed_missing(pool, embedder, progress)


async def reembed_catalogue(url: str, embedder: Embedder, progress: Progress) -> int:
    """Embeds what has no vector yet, and anew what another model made, beside serving; returns how many items."""
    await migrate(url)
    async with _pool(url) as pool:
        return await reembed(pool, embedder, progress) + await embed_missing(pool, embedder, progress)


@asynccontextmanager
async def _pool(url: str) -> AsyncIterator[Pool]:
    pool = await open_pool(url, size=2, statement_timeout_seconds=_STATEMENT_SECONDS)
    try:
        yield pool
    finally:
        await pool.close()
