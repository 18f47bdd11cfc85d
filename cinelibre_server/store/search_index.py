"""What search looks at: passages with vectors, names and terms of items. Written with the items' embeddings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector

from cinelibre_server.store.database import Connection
from cinelibre_server.store.queries import load_queries

_SQL = load_queries("search_index")
PASSAGE_COLUMNS = ("item_id", "place", "first_character", "character_count", "embedding")
PassageRow: TypeAlias = tuple[int, int, int, int, HalfVector]

_WHOLE = -1
# A twentieth of new items hardly changes how rare terms are.
_SHARE_COUNTED_ANEW = 20


@dataclass(frozen=True, slots=True)
class IndexedPassage:
    """A part of an item's synopsis, from a character on, with its vector (float32[384], of length 1).

    The first passage of an item is its title and credits, 0 characters of the synopsis.
    """

    first_character: int
    character_count: int
    embedding: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class IndexedName:
    """A name as it is written, its keys, and its key from each word on.

    `is_heard` says that the keys are of how it sounds in English, not of how it is written.
    """

    name: str
    key: str
    sound: str
    starts: Sequence[str]
    is_heard: bool = False


@dataclass(frozen=True, slots=True)
class IndexedItem:
    """All that search knows of an item: `people` are keys of names, `terms` has impacts.

    `whole` is the vector of all its text, float32[384], None where that is nothing but its credits.
    """

    item_id: int
    whole: NDArray[np.float32] | None
    passages: Sequence[IndexedPassage]
    names: Sequence[IndexedName]
    people: Sequence[str]
    terms: Mapping[str, float]


async def save_indexed(connection: Connection, items: Sequence[IndexedItem]) -> None:
    """Puts these in the place of what search had of the items. The connection is in a transaction."""
    await forget_indexed(connection, [item.item_id for item in items])
    await connection.copy_records_to_table("passages", columns=PASSAGE_COLUMNS, records=passage_rows(items))
    await connection.copy_records_to_table(
        "search_names",
        columns=("item_id", "name", "key", "sound", "is_heard"),
        records=[
            (item.item_id, name.name, name.key, name.sound, name.is_heard) for item in items for name in item.names
        ],
    )
    await connection.copy_records_to_table(
        "search_name_starts",
        columns=("item_id", "start", "at_begin", "name"),
        records=[
            (item.item_id, start, place == 0, name.name)
            for item in items
            for name in item.names
            for place, start in enumerate(name.starts)
        ],
    )
    await connection.copy_records_to_table(
        "search_people",
        columns=("item_id", "key"),
        records=[(item.item_id, key) for item in items for key in item.people],
    )
    await connection.copy_records_to_table(
        "search_terms",
        columns=("item_id", "impact", "term"),
        records=[(item.item_id, impact, term) for item in items for term, impact in item.terms.items()],
    )


async def forget_indexed(connection: Connection, item_ids: Sequence[int]) -> None:
    """Search finds these items no more."""
    await connection.execute(_SQL["forget_indexed"], item_ids)


def passage_rows(items: Sequence[IndexedItem]) -> list[PassageRow]:
    """The passages of items as they are stored, all of an item's text before the others."""
    return [
        *((item.item_id, _WHOLE, 0, 0, HalfVector(item.whole)) for item in items if item.whole is not None),
        *(
            (item.item_id, place, passage.first_character, passage.character_count, HalfVector(passage.embedding))
            for item in items
            for place, passage in enumerate(item.passages)
        ),
    ]


async def count_terms(connection: Connection, indexed: int) -> None:
    """Counts how rare terms are, if so many items were indexed since that it may have changed."""
    if indexed * _SHARE_COUNTED_ANEW >= await connection.fetchval(_SQL["counted_items"]):
        await connection.execute(_SQL["count_terms_anew"])
