"""Gives every film and book its embeddings and makes it known to search; keeps embeddings of one model only."""

import hashlib
from collections.abc import Sequence

import numpy as np

from cinelibre_server.embedding.model import ModelIdentity
from cinelibre_server.embedding.runtime import Embedder
from cinelibre_server.errors import StartupError
from cinelibre_server.ingest.starter_vectors import KnownVectors, embed_texts
from cinelibre_server.progress import Progress, Step, silent
from cinelibre_server.search.indexing import indexed_item, passage_text, texts_to_embed
from cinelibre_server.store import embeddings
from cinelibre_server.store.database import Connection, Pool
from cinelibre_server.store.embeddings import ITEM_TYPES, STORED_DIMENSIONS, ItemType, Passage, RecordedModel
from cinelibre_server.store.search_index import count_terms, save_indexed

# Some seconds of one core: so long the items of a batch stay locked.
_BATCH_ITEMS = 64


async def check_embedding_model(connection: Connection, identity: ModelIdentity) -> None:
    """Raises StartupError if the stored embeddings are another model's, or this model's can't be stored."""
    if identity.dimensions != STORED_DIMENSIONS:
        raise StartupError(
            f"{identity.name} makes vectors of {identity.dimensions} numbers, but the database holds"
            f" {STORED_DIMENSIONS}: choose a model with {STORED_DIMENSIONS} dimensions"
        )
    recorded = await embeddings.get_embedding_model(connection)
    if recorded is not None and recorded.fingerprint != identity.fingerprint:
        raise StartupError(
            f"the database's embeddings were made by {_describe(recorded)}, not by {_describe(identity)}:"
            " run `cinelibre embed`"
        )


async def embed_missing(pool: Pool, embedder: Embedder, progress: Progress = silent) -> int:
    """Embeds the items that are new or whose text changed (embedded_text_hash is null); returns how many.

    Several processes may do this at once and share the work; one that is interrupted leaves whole batches.

    Raises:
        StartupError: the stored embeddings are another model's.
    """
    async with pool.acquire() as connection:
        await check_embedding_model(connection, embedder.identity)
        await _record(connection, embedder.identity)
        missing = await embeddings.count_unembedded(connection)
        if not missing:
            return 0
        known = KnownVectors.load()
        with progress("Embedding the catalogue", missing, "items") as step:
            count = sum([await _embed_type(connection, embedder, known, item_type, step) for item_type in ITEM_TYPES])
        await count_terms(connection, count)
        return count


async def embed_item(pool: Pool, embedder: Embedder, item_type: ItemType, item_id: int) -> None:
    """Embeds one item, if it is new or its text changed. The embedder is that of the stored embeddings."""
    async with pool.acquire() as connection, connection.transaction(isolation="read_committed"):
        passage = await embeddings.lock_unembedded(connection, item_type, item_id)
        if passage is not None:
            await _embed(connection, embedder, KnownVectors.none(), item_type, [passage])


async def forget_embeddings(pool: Pool, identity: ModelIdentity) -> int:
    """Drops the embeddings that the model would make otherwise now, and declares the model the database's.

    These are all if another model made them, else those of an older way to put the text together. Returns how
    many; `embed_missing` then makes them anew.
    """
    count = 0
    async with pool.acquire() as connection, connection.transaction():
        for item_type in ITEM_TYPES:
            stale = [
                passage.item_id
                async for passage, text_hash in embeddings.list_embedded(connection, item_type)
                if text_hash != _text_hash(identity, passage_text(passage))
            ]
            await embeddings.forget_embeddings(connection, item_type, stale)
            count += len(stale)
        await _record(connection, identity)
    return count


async def _embed_type(
    connection: Connection, embedder: Embedder, known: KnownVectors, item_type: ItemType, step: Step
) -> int:
    count = after = 0
    while True:
        async with connection.transaction():
            items = await embeddings.list_unembedded(connection, item_type, after=after, limit=_BATCH_ITEMS)
            if not items:
                return count
            await _embed(connection, embedder, known, item_type, items)
        after = items[-1].item_id
        count += len(items)
        step.advance(len(items))


async def _embed(
    connection: Connection, embedder: Embedder, known: KnownVectors, item_type: ItemType, items: Sequence[Passage]
) -> None:
    texts = [texts_to_embed(item) for item in items]
    made = await embed_texts(embedder, known, [text for of_item in texts for text in of_item])
    by_item = np.split(made, np.cumsum([len(of_item) for of_item in texts])[:-1])
    await embeddings.save_embeddings(
        connection,
        item_type,
        [item.item_id for item in items],
        np.stack([vectors[0] for vectors in by_item]),
        [_text_hash(embedder.identity, of_item[0]) for of_item in texts],
    )
    await save_indexed(
        connection, [indexed_item(item, vectors[1:]) for item, vectors in zip(items, by_item, strict=True)]
    )


async def _record(connection: Connection, identity: ModelIdentity) -> None:
    model = RecordedModel(identity.name, identity.fingerprint, identity.dimensions)
    if await embeddings.get_embedding_model(connection) != model:
        await embeddings.record_embedding_model(connection, model)


def _text_hash(identity: ModelIdentity, text: str) -> bytes:
    return hashlib.sha256(f"{identity.fingerprint}\n{text}".encode()).digest()


def _describe(model: RecordedModel | ModelIdentity) -> str:
    return f"{model.name} ({model.fingerprint[:12]})"
