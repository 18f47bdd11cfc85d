"""Gives every film and book its embeddings and makes it known to search; keeps embeddings of one model only."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.embedding.model import ModelIdentity
from cinelibre_server.embedding.runtime import Embedder
from cinelibre_server.errors import StartupError
from cinelibre_server.ingest.starter_vectors import KnownVectors, embed_texts
from cinelibre_server.progress import Progress, Step, silent
from cinelibre_server.search.indexing import indexed_item, passage_text, texts_to_embed
from cinelibre_server.store import embeddings
from cinelibre_server.store.database import Connection, Pool
from cinelibre_server.store.embeddings import ITEM_TYPES, STORED_DIMENSIONS, ItemType, Passage, RecordedModel
from cinelibre_server.store.search_index import IndexedItem, count_terms, forget_indexed, passage_rows, save_indexed

# Some seconds of one core: so long the items of a batch stay locked.
_BATCH_ITEMS = 64


@dataclass(frozen=True)
class _Made:
    """What a model makes of n items; embeddings: float32[n, 384]."""

    item_ids: list[int]
    embeddings: NDArray[np.float32]
    text_hashes: list[bytes]
    indexed: list[IndexedItem]


async def check_embedding_model(connection: Connection, identity: ModelIdentity) -> None:
    """Raises StartupError if the stored embeddings are another model's, or this model's can't be stored."""
    _check_dimensions(identity)
    recorded = await embeddings.get_embedding_model(connection)
    if recorded is not None and recorded.fingerprint != identity.fingerprint:
        raise StartupError(
            f"the database's embeddings were made by {_describe(recorded)}, not by {_describe(identity)}:"
            " run `cinelibre embed`"
        )


def _check_dimensions(identity: ModelIdentity) -> None:
    if identity.dimensions != STORED_DIMENSIONS:
        raise StartupError(
            f"{identity.name} makes vectors of {identity.dimensions} numbers, but the database holds"
            f" {STORED_DIMENSIONS}: choose a model with {STORED_DIMENSIONS} dimensions"
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


async def reembed(pool: Pool, embedder: Embedder, progress: Progress = silent) -> int:
    """Embeds anew what the model makes otherwise now, beside what serves, and swaps all of it in at once.

    That is all if another model made it, else what an older way to put the text together did. Returns how many items.
    One that is broken off goes on where it was. Items that wait for an embedding are left to `embed_missing`.
    """
    identity = embedder.identity
    async with pool.acquire() as connection:
        _check_dimensions(identity)
        stale = await _list_stale(connection, identity)
        done = await embeddings.list_next(connection, identity.fingerprint)
        todo = [item for item in stale if done.get(item.item_id) != _text_hash(identity, passage_text(item))]
        known = KnownVectors.load()
        with progress("Embedding anew", len(stale), "items") as step:
            step.advance(len(stale) - len(todo))
            for first in range(0, len(todo), _BATCH_ITEMS):
                batch = todo[first : first + _BATCH_ITEMS]
                made = await _make(embedder, known, batch)
                async with connection.transaction():
                    await embeddings.save_next(
                        connection, identity.fingerprint, made.item_ids, made.embeddings, made.text_hashes,
                        passage_rows(made.indexed),
                    )  # fmt: skip
                step.advance(len(batch))
        async with connection.transaction():
            await embeddings.swap_next(connection, identity.fingerprint)
            await _record(connection, identity)
            # Changed meanwhile: they wait for an embedding of their new text.
            for item_type in ITEM_TYPES:
                changed = [item.item_id for item in await _list_stale(connection, identity, item_type)]
                await embeddings.forget_embeddings(connection, item_type, changed)
                await forget_indexed(connection, changed)
    return len(stale)


async def _list_stale(connection: Connection, identity: ModelIdentity, *item_types: ItemType) -> list[Passage]:
    """The items whose embeddings are not what this model makes of their text."""
    return [
        item
        for item_type in item_types or ITEM_TYPES
        async for item, text_hash in embeddings.list_embedded(connection, item_type)
        if text_hash != _text_hash(identity, passage_text(item))
    ]


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
    made = await _make(embedder, known, items)
    await embeddings.save_embeddings(connection, item_type, made.item_ids, made.embeddings, made.text_hashes)
    await save_indexed(connection, made.indexed)


async def _make(embedder: Embedder, known: KnownVectors, items: Sequence[Passage]) -> _Made:
    texts = [texts_to_embed(item) for item in items]
    vectors = await embed_texts(embedder, known, [text for of_item in texts for text in of_item])
    by_item = np.split(vectors, np.cumsum([len(of_item) for of_item in texts])[:-1])
    return _Made(
        [item.item_id for item in items],
        np.stack([of_item[0] for of_item in by_item]),
        [_text_hash(embedder.identity, of_item[0]) for of_item in texts],
        [indexed_item(item, of_item) for item, of_item in zip(items, by_item, strict=True)],
    )


async def _record(connection: Connection, identity: ModelIdentity) -> None:
    model = RecordedModel(identity.name, identity.fingerprint, identity.dimensions)
    if await embeddings.get_embedding_model(connection) != model:
        await embeddings.record_embedding_model(connection, model)


def _text_hash(identity: ModelIdentity, text: str) -> bytes:
    return hashlib.sha256(f"{identity.fingerprint}\n{text}".encode()).digest()


def _describe(model: RecordedModel | ModelIdentity) -> str:
    return f"{model.name} ({model.fingerprint[:12]})"
