"""Fifty thousand films with titles alone, so that search has as much to look through as a large catalogue gives it.

Titles are words of the catalogue's own, put together by chance with a fixed seed. Their vectors are drawn, too:
how long an index is searched hardly depends on what is in it, and to embed them would take half an hour.
"""

import random
from pathlib import Path

import numpy as np

from benchmarks.bulk import indexed_afterwards
from cinelibre_server.local.postgres import embedded_database
from cinelibre_server.search.indexing import indexed_item
from cinelibre_server.search.passages import passage_spans
from cinelibre_server.store import embeddings
from cinelibre_server.store.catalog_load import MovieEntry, load_items
from cinelibre_server.store.database import Connection, open_pool
from cinelibre_server.store.search_index import count_terms, save_indexed

TITLES = 50_000
_SOURCE = "benchmark"
_BATCH = 500
_STATEMENT_SECONDS = 3600.0
_ADDED = """
    select title from items join item_external_ids using (item_id) where source = $1 order by item_id
"""
_VECTOR_INDEXES = ("passages_credits_idx", "passages_story_idx", "movies_embedding_idx")
_LANGUAGES = ("hi", "ta", "te", "ml", "kn", "bn", "mr", "pa")


async def add_titles(data_dir: Path, count: int) -> list[str]:
    """Adds so many films to the running embedded database in this folder, if none are there; returns their titles."""
    async with embedded_database(data_dir) as url:
        pool = await open_pool(url, size=1, statement_timeout_seconds=_STATEMENT_SECONDS)
        try:
            async with pool.acquire() as connection:
                there = [row["title"] for row in await connection.fetch(_ADDED, _SOURCE)]
                if there:
                    return there
                known = [row["title"] for row in await connection.fetch("select title from items order by item_id")]
                entries = _entries(sorted({word for title in known for word in title.split()}), count)
                await load_items(connection, _SOURCE, entries, overwrite=True)
                async with indexed_afterwards(connection, *_VECTOR_INDEXES):
                    await _index_with_drawn_vectors(connection)
                    await count_terms(connection, count)
            return [entry.title for entry in entries]
        finally:
            await pool.close()


async def _index_with_drawn_vectors(connection: Connection) -> None:
    draw = np.random.default_rng(1)
    after = 0
    while True:
        async with connection.transaction():
            items = await embeddings.list_unembedded(connection, "movie", after=after, limit=_BATCH)
            if not items:
                return
            vectors = draw.normal(size=(len(items), embeddings.STORED_DIMENSIONS)).astype(np.float32)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            ids = [item.item_id for item in items]
            await embeddings.save_embeddings(connection, "movie", ids, vectors, [b"drawn"] * len(ids))
            await save_indexed(
                connection,
                [
                    indexed_item(item, np.repeat([vector], 2 + len(passage_spans(item.synopsis)), axis=0))
                    for item, vector in zip(items, vectors, strict=True)
                ],
            )
        after = items[-1].item_id


def _entries(words: list[str], count: int) -> list[MovieEntry]:
    draw = random.Random(1)
    titles = [" ".join(draw.choices(words, k=draw.randint(1, 4))) for _ in range(count)]
    return [
        MovieEntry(
            external_id=f"title-{number}",
            title=title,
            original_title=title,
            year=draw.randint(1950, 2025),
            language=draw.choice(_LANGUAGES),
        )
        for number, title in enumerate(titles)
    ]
