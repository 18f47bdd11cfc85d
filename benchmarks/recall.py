"""How many of the ten nearest of 100,000 passages the vector index finds, of all and under a filter that keeps 1 %."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector

from benchmarks.bulk import indexed_afterwards
from benchmarks.measurement import Measurement, at_least
from benchmarks.queries import distinct_queries
from benchmarks.stage import Stage
from cinelibre_server.embedding.model import ensure_model
from cinelibre_server.embedding.runtime import Embedder
from cinelibre_server.ingest.starter import starter_passages
from cinelibre_server.ingest.starter_vectors import KnownVectors
from cinelibre_server.local.postgres import embedded_database
from cinelibre_server.search.engine import open_engine
from cinelibre_server.search.indexing import texts_to_embed
from cinelibre_server.search.reading import read_query
from cinelibre_server.store.database import Connection, open_pool
from cinelibre_server.store.embeddings import STORED_DIMENSIONS
from cinelibre_server.store.migrate import migrate
from cinelibre_server.store.search import SearchStore
from cinelibre_server.store.search_index import PASSAGE_COLUMNS

_PASSAGES, _PASSAGES_AN_ITEM = 100_000, 4
_QUERIES = 100
# So that nearest neighbours are at a cosine of 0.92: those of 1,000 real passages are at 0.886, of 3,000 at 0.894, and
# each doubling adds half a hundredth.
_NOISE = 0.3
_RARE, _COMMON = "sa", "hi"
_STATEMENT_SECONDS = 3600.0
_INDEX = "passages_story_idx"
_ADD_ITEMS = """
    insert into items (item_type, title, original_title, language)
    select 'movie', 'Item', 'Item', case when n % 100 = 0 then $2 else $3 end from generate_series(1, $1::integer) n
    returning item_id
"""
_NEAREST = """
    select p.item_id from passages p join items i using (item_id)
    where p.place > 0 and ($2::text is null or i.language = $2) order by (p.embedding <#> $1) + 0 limit 10
"""
_FOUND = """
    select get_nearest_passages($1, p_languages => case when $2::text is not null then array[$2::text] end)
"""


def measure(stage: Stage) -> list[Measurement]:
    """Passages are those of the starter catalogue, each some times with other noise; the queries are embedded."""
    return asyncio.run(_measure(stage.folder / "recall", stage.folder / "cache"))


async def _measure(folder: Path, model_cache: Path) -> list[Measurement]:
    embedder = Embedder(ensure_model(model_cache), cache_size=0)
    try:
        async with embedded_database(folder) as url:
            await migrate(url)
            pool = await open_pool(url, size=1, statement_timeout_seconds=_STATEMENT_SECONDS)
            try:
                engine = await open_engine(SearchStore(pool, embedder.identity.fingerprint), embedder)
                questions = [await engine.question(read_query(text)) for text in distinct_queries("recall", _QUERIES)]
                asked = [HalfVector(asking.embedding) for asking in questions if asking.embedding is not None]
                async with pool.acquire() as connection:
                    await _add_passages(connection, _starter_vectors(embedder.identity.fingerprint))
                    return [
                        at_least(
                            f"{_PASSAGES:,} passages{named}: recall@10 of the index",
                            await _recall(connection, asked, language),
                            "", 0.98,
                        )
                        for named, language in (("", None), (", 1 % pass a filter", _RARE))
                    ]  # fmt: skip
            finally:
                await pool.close()
    finally:
        embedder.close()


def story_passages() -> list[str]:
    """The passages of the starter catalogue's synopses."""
    return [text for item in starter_passages() for text in texts_to_embed(item)[2:]]


def _starter_vectors(fingerprint: str) -> NDArray[np.float32]:
    """Those of the passages of synopses, float32[n, 384]."""
    known = KnownVectors.load()
    return np.stack([vector for text in story_passages() if (vector := known.find(fingerprint, text)) is not None])


async def _add_passages(connection: Connection, real: NDArray[np.float32]) -> None:
    draw = np.random.default_rng(1)
    noise = draw.normal(size=(_PASSAGES, STORED_DIMENSIONS)) * (_NOISE / STORED_DIMENSIONS**0.5)
    vectors = real[draw.integers(len(real), size=_PASSAGES)] + noise
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    items = [row[0] for row in await connection.fetch(_ADD_ITEMS, _PASSAGES // _PASSAGES_AN_ITEM, _RARE, _COMMON)]
    async with indexed_afterwards(connection, _INDEX):
        await connection.copy_records_to_table(
            "passages",
            columns=PASSAGE_COLUMNS,
            records=[
                (items[number // _PASSAGES_AN_ITEM], 1 + number % _PASSAGES_AN_ITEM, 0, 1, HalfVector(vector))
                for number, vector in enumerate(vectors)
            ],
        )


async def _recall(connection: Connection, asked: Sequence[HalfVector], language: str | None) -> float:
    found = 0.0
    for vector in asked:
        nearest = {row[0] for row in await connection.fetch(_NEAREST, vector, language)}
        found += len(nearest.intersection(await connection.fetchval(_FOUND, vector, language))) / len(nearest)
    return found / len(asked)
