"""Search: thin calls of the SQL functions."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector

from cinelibre_server.store.database import Pool
from cinelibre_server.store.fresh_cache import FreshCache
from cinelibre_server.store.items import ItemFilter, ItemKind
from cinelibre_server.store.queries import load_queries
from cinelibre_server.store.recommend import ScoreKey

_SQL = load_queries("search")
_MAX_KEPT = 500


@dataclass(frozen=True, slots=True)
class SearchFilter:
    """What passes: `people` are keys of names, `min_stars` is a mean of ratings, 0.5 to 5."""

    item: ItemFilter = field(default_factory=ItemFilter)
    people: tuple[str, ...] | None = None
    min_stars: float | None = None

    @property
    def parameters(self) -> tuple[object, ...]:
        """The seven SQL parameters of search_passes."""
        return (*self.item.parameters, self.people, self.min_stars)


class SpelledName(NamedTuple):
    """A text in lower case, its `typed_key`, `name_key` and `sound_key`."""

    text: str
    start: str
    key: str
    sound: str


@dataclass(frozen=True, slots=True)
class Question:
    """What search_items is asked, whatever is missing. `embedding` is float32[384], `terms` are counted.

    `people` are keys of what may be their names.
    """

    embedding: NDArray[np.float32] | None
    terms: Mapping[str, int]
    names: tuple[SpelledName, ...]
    people: tuple[str, ...] = ()
    wished: ItemFilter = field(default_factory=ItemFilter)
    wish_weight: float = 1.0


@dataclass(frozen=True, slots=True)
class FoundItem:
    """`matched` is name, credits or synopsis; the passage is that of the synopsis that fits best, if there is one.

    `name` is the item's name that is like the query, `name_similarity` how much, 0 to 1. `named_people` are the keys of
    its people whom the query names.
    """

    item_id: int
    score: float
    matched: str
    first_character: int
    character_count: int
    name: str | None
    name_similarity: float
    named_people: Sequence[str]


@dataclass(frozen=True, slots=True)
class SuggestedTitle:
    """A title that begins like what was typed, as `name`."""

    item_id: int
    item_type: ItemKind
    name: str
    title: str
    year: int | None


class SearchStore:
    """Asks on behalf of a model with this fingerprint: vectors of another one are not compared."""

    def __init__(self, pool: Pool, fingerprint: str) -> None:
        self._pool = pool
        self._fingerprint = fingerprint
        self._suggested: FreshCache[Hashable, list[SuggestedTitle]] = FreshCache(_MAX_KEPT)

    async def search(
        self, question: Question, wanted: SearchFilter, limit: int, after: ScoreKey | None
    ) -> list[FoundItem]:
        """The best items after a key."""
        rows = await self._pool.fetch(
            _SQL["search"],
            None if question.embedding is None else HalfVector(question.embedding),
            self._fingerprint,
            list(question.terms),
            list(question.terms.values()),
            *_columns(question.names),
            list(question.people),
            limit,
            *wanted.parameters,
            *question.wished.parameters,
            question.wish_weight,
            after.score if after else None,
            after.item_id if after else None,
        )
        return [FoundItem(*row) for row in rows]

    async def find_named(self, name: SpelledName, terms: Mapping[str, int]) -> int | None:
        """The item whose name is likest to a text with these terms, None if none is like it."""
        item_id: int | None = await self._pool.fetchval(
            _SQL["find_named"], *_columns([name]), list(terms), list(terms.values())
        )
        return item_id

    async def match_people(self, keys: Sequence[str]) -> tuple[str, ...]:
        """The keys of the people that some keys of names mean, in any spelling; without anybody, those given."""
        rows = await self._pool.fetch(_SQL["match_people"], list(keys))
        return tuple(sorted(row["key"] for row in rows)) or tuple(keys)

    async def suggest(
        self, starts: Sequence[str], text: str, key: str, limit: int, item_type: ItemKind | None
    ) -> Sequence[SuggestedTitle]:
        """Titles for the keys of what has been typed, `text` in lower case; the list may be FRESH_SECONDS old."""

        async def fetch() -> list[SuggestedTitle]:
            rows = await self._pool.fetch(_SQL["suggest"], starts, text, key, limit, item_type)
            return [SuggestedTitle(*row) for row in rows]

        return await self._suggested.find_or_fetch((text, limit, item_type), fetch)

    def forget_lists(self) -> None:
        """The catalogue was changed: the next suggestion reads it anew."""
        self._suggested.clear()


def _columns(names: Sequence[SpelledName]) -> Sequence[list[str]]:
    return [list(column) for column in zip(*names, strict=True)] or [[], [], [], []]
