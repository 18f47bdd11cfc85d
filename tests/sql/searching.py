"""Small search indexes for the SQL tests: items with hand-made vectors, names and words."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from cinelibre_server.search.indexing import indexed_item
from cinelibre_server.search.passages import passage_spans
from cinelibre_server.search.reading import read_query
from cinelibre_server.store.database import Pool
from cinelibre_server.store.embeddings import Passage, RecordedModel, record_embedding_model
from cinelibre_server.store.items import ItemFilter
from cinelibre_server.store.recommend import ScoreKey
from cinelibre_server.store.search import FoundItem, Question, SearchFilter, SearchStore
from cinelibre_server.store.search_index import IndexedItem, IndexedPassage, count_terms, save_indexed
from tests.sql.builders import DIMENSIONS, Vector

FINGERPRINT = "hand-made"
PASSAGE = 100
"""Characters from one hand-made passage to the next."""


def axis(place: int, length: float = 1.0) -> Vector:
    """A vector along one of the 384 axes: products of different ones are 0."""
    vector = np.zeros(DIMENSIONS, np.float32)
    vector[place] = length
    return vector


def indexed(
    item_id: int,
    vectors: Sequence[Vector] = (),
    *,
    title: str = "Zzz",
    original_title: str = "",
    people: Sequence[str] = (),
    synopsis: str = "",
    whole: Vector | None = None,
) -> IndexedItem:
    """An item of search: the first vector is of its credits, the others of passages of 90 characters, 100 apart.

    `whole` is that of all its text.
    """
    item = Passage(item_id, title, original_title or title, None, tuple(people), (), (), synopsis)
    blank = np.zeros((2 + len(passage_spans(synopsis)), DIMENSIONS), np.float32)
    passages = [
        IndexedPassage(PASSAGE * (place - 1) if place else 0, 90 if place else 0, vector)
        for place, vector in enumerate(vectors)
    ]
    return replace(indexed_item(item, blank), whole=whole, passages=passages)


async def index(pool: Pool, items: Sequence[IndexedItem]) -> None:
    """Makes the items known to search, and how rare their terms are."""
    async with pool.acquire() as connection, connection.transaction():
        await record_embedding_model(connection, RecordedModel("test", FINGERPRINT, DIMENSIONS))
        await save_indexed(connection, items)
        await count_terms(connection, len(items))


def asked(query: str = "", embedding: Vector | None = None, **wished: Any) -> Question:
    """What search is asked: the words and the name in `query`, a vector, and wishes by the names of ItemFilter."""
    reading = read_query(query)
    return Question(embedding, reading.terms, reading.names, reading.people, ItemFilter(**wished))


async def find(
    pool: Pool,
    question: Question,
    limit: int = 1000,
    *,
    wanted: SearchFilter | None = None,
    after: FoundItem | None = None,
    fingerprint: str = FINGERPRINT,
) -> list[FoundItem]:
    """The items, as the server would find them, but none of a moment ago."""
    key = ScoreKey(after.score, after.item_id) if after else None
    return await SearchStore(pool, fingerprint).search(question, wanted or SearchFilter(), limit, key)


async def find_ids(pool: Pool, question: Question, limit: int = 1000, **options: Any) -> list[int]:
    """Their ids only, best first."""
    return [hit.item_id for hit in await find(pool, question, limit, **options)]
