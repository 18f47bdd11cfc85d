"""The embeddings of films and books: which are missing, and the model that made them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import asyncpg
import numpy as np
from numpy.typing import NDArray
from pgvector import Vector

from cinelibre_server.store.database import Connection
from cinelibre_server.store.queries import load_queries
from cinelibre_server.store.search_index import PASSAGE_COLUMNS, PassageRow

_QUERIES = load_queries("embeddings")

ItemType: TypeAlias = Literal["movie", "book"]
ITEM_TYPES: Final[tuple[ItemType, ...]] = ("movie", "book")
STORED_DIMENSIONS = 384
# What a Passage holds, by the names of the contract.
EMBEDDED_FIELDS: Final = frozenset(
    {"title", "original_title", "year", "directors", "cast", "authors", "genres", "keywords", "synopsis"}
)
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Passage:
    """What an item's embeddings and its place in search are made from; `people` are directors and cast, or authors."""

    item_id: int
    title: str
    original_title: str
    year: int | None
    people: tuple[str, ...]
    genres: tuple[str, ...]
    keywords: tuple[str, ...]
    synopsis: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordedModel:
    """The model of the stored embeddings."""

    name: str
    fingerprint: str
    dimensions: int


async def get_embedding_model(connection: Connection) -> RecordedModel | None:
    """The model of the stored embeddings, or None if there never was one."""
    row = await connection.fetchrow(_QUERIES["get_embedding_model"])
    return RecordedModel(**row) if row else None


async def record_embedding_model(connection: Connection, model: RecordedModel) -> None:
    """Declares that all embeddings from now on are `model`'s."""
    await connection.execute(_QUERIES["record_embedding_model"], model.name, model.fingerprint, model.dimensions)


async def count_unembedded(connection: Connection) -> int:
    """How many films and books wait for an embedding."""
    return int(await connection.fetchval(_QUERIES["count_unembedded"]))


async def list_unembedded(connection: Connection, item_type: ItemType, *, after: int, limit: int) -> list[Passage]:
    """Items of the type that wait for an embedding, by id, locked until the transaction ends."""
    rows = await connection.fetch(_QUERIES[f"list_unembedded_{item_type}"], after, limit)
    return [_passage(row) for row in rows]


async def lock_unembedded(connection: Connection, item_type: ItemType, item_id: int) -> Passage | None:
    """The item, if it waits for an embedding, locked until the transaction ends; waits for who has it locked."""
    if await connection.fetchval(_QUERIES[f"lock_unembedded_{item_type}"], item_id) is None:
        return None
    # Read only now: the text may have changed while this waited.
    (passage,) = await list_unembedded(connection, item_type, after=item_id - 1, limit=1)
    return passage


async def list_embedded(connection: Connection, item_type: ItemType) -> AsyncIterator[tuple[Passage, bytes]]:
    """All items of the type that have an embedding, by id, with the hash of what it was made from."""
    after = 0
    while rows := await connection.fetch(_QUERIES[f"list_embedded_{item_type}"], after, _PAGE):
        for row in rows:
            yield _passage(row), row["embedded_text_hash"]
        after = rows[-1]["item_id"]


async def save_embeddings(
    connection: Connection,
    item_type: ItemType,
    item_ids: Sequence[int],
    embeddings: NDArray[np.float32],
    text_hashes: Sequence[bytes],
) -> None:
    """Stores `embeddings` (float32[len(item_ids), 384]) and the hashes of what they were made from."""
    query = _QUERIES[f"save_embeddings_{item_type}"]
    await connection.execute(query, item_ids, [Vector(embedding) for embedding in embeddings], text_hashes)


async def forget_embeddings(connection: Connection, item_type: ItemType, item_ids: Sequence[int]) -> None:
    """Drops the embeddings of these items, which then wait for new ones."""
    await connection.execute(_QUERIES[f"forget_embeddings_{item_type}"], item_ids)


async def list_next(connection: Connection, fingerprint: str) -> Mapping[int, bytes]:
    """The items that the model has embedded beside what serves, and the hashes of what these were made from."""
    return {row["item_id"]: row["text_hash"] for row in await connection.fetch(_QUERIES["list_next"], fingerprint)}


async def save_next(
    connection: Connection,
    fingerprint: str,
    item_ids: Sequence[int],
    embeddings: NDArray[np.float32],
    text_hashes: Sequence[bytes],
    passages: Sequence[PassageRow],
) -> None:
    """Keeps what a model makes of items beside what serves; the connection is in a transaction."""
    await connection.execute(_QUERIES["forget_next"], item_ids)
    vectors = [Vector(embedding) for embedding in embeddings]
    await connection.execute(_QUERIES["save_next"], fingerprint, item_ids, text_hashes, vectors)
    await connection.copy_records_to_table("next_passages", columns=PASSAGE_COLUMNS, records=passages)


async def swap_next(connection: Connection, fingerprint: str) -> None:
    """Puts all that the model has embedded in the place of what serves; the connection is in a transaction."""
    for name in ("swap_movies", "swap_books", "drop_swapped_passages", "swap_passages"):
        await connection.execute(_QUERIES[name], fingerprint)
    await connection.execute(_QUERIES["forget_next"], None)


async def list_movie_vectors(connection: Connection) -> tuple[list[int], NDArray[np.float32]]:
    """The ids of all films with an embedding, ascending, and their vectors (float32[films, 384], of length 1).

    The connection is a pool's: it knows the vector type.
    """
    rows = await connection.fetch(_QUERIES["list_movie_vectors"])
    vectors = [row["embedding"].to_numpy() for row in rows]
    return [row["movie_id"] for row in rows], np.array(vectors, dtype=np.float32).reshape(len(rows), STORED_DIMENSIONS)


def _passage(row: asyncpg.Record) -> Passage:
    return Passage(
        item_id=row["item_id"],
        title=row["title"],
        original_title=row["original_title"],
        year=row["year"],
        people=tuple(row["people"]),
        genres=tuple(row["genres"]),
        keywords=tuple(row["keywords"]),
        synopsis=row["synopsis"],
        aliases=tuple(row["aliases"]),
    )
