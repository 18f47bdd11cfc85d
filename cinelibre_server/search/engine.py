"""Search from the words to the hits: reads the query, embeds it, and asks the database."""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.concurrency import together
from cinelibre_server.embedding.runtime import Embedder
from cinelibre_server.search.background import QueryMeans, query_means
from cinelibre_server.search.native_spelling import NativeSpelling
from cinelibre_server.search.reading import Reading, Writing, read_query, spell
from cinelibre_server.search.terms import count_terms
from cinelibre_server.search.wishes import Wishes
from cinelibre_server.store.fresh_cache import FreshCache
from cinelibre_server.store.items import ItemFilter
from cinelibre_server.store.recommend import ScoreKey
from cinelibre_server.store.search import FoundItem, Question, SearchFilter, SearchStore

EmbedQuery = Callable[[str], Awaitable[NDArray[np.float32]]]

# How much of the mean of such queries is taken off. Chosen on queries of the training part of public query sets.
_TAKEN_OFF = {Writing.LATIN: 0.4, Writing.INDIC: 0.85, Writing.ROMANIZED: 0.85}

# How much the native spelling of a romanised query counts; the rest is as it was typed, should that have been misread.
_NATIVE_SHARE = 0.8

# How much a wish counts in a query that is nothing but wishes, and in one that says more.
_WISH_ALONE = 8.0
_WISH_BESIDE = 2.0

_MAX_KEPT = 128


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Found:
    """How the query was read, and a page of hits; `more` tells whether there are others.

    `like` is the item that "films like …" names: those near to it are to be looked for, and there are no hits.
    """

    reading: Reading
    hits: Sequence[FoundItem] = ()
    more: bool = False
    like: int | None = None


class SearchEngine:
    """Belongs to one event loop, as the embedder behind `embed_query` does."""

    def __init__(
        self, store: SearchStore, embed_query: EmbedQuery, means: QueryMeans, spelling: NativeSpelling
    ) -> None:
        self._store = store
        self._embed_query = embed_query
        self._means = means
        self._spelling = spelling
        self._kept: FreshCache[Hashable, Found] = FreshCache(_MAX_KEPT)

    async def find(self, query: str, wanted: SearchFilter, limit: int, after: ScoreKey | None) -> Found:
        """A page of what fits; it may be FRESH_SECONDS old, and is the same object for as long."""

        async def fetch() -> Found:
            reading = read_query(query)
            # Only what items of a kind have in common is a filter of those near to one.
            if wanted == SearchFilter(wanted.item) and (like := await self._find_like(reading)):
                return Found(reading, like=like)
            found = await self._store.search(await self.question(reading), wanted, limit + 1, after)
            return Found(reading, found[:limit], len(found) > limit)

        return await self._kept.find_or_fetch((query, wanted, limit, after), fetch)

    def forget_lists(self) -> None:
        """The catalogue was changed: the next search reads it anew."""
        self._kept.clear()
        self._store.forget_lists()

    async def question(self, reading: Reading) -> Question:
        """What the database is asked."""
        return Question(
            await self._embed(reading),
            reading.terms,
            reading.names,
            reading.people,
            _wished(reading.wishes),
            _WISH_BESIDE if reading.wishes.rest else _WISH_ALONE,
        )

    async def _embed(self, reading: Reading) -> NDArray[np.float32]:
        """The query's vector, and that of its native spelling if it is romanised; what such queries share taken off."""
        native = None
        if reading.writing is not Writing.INDIC:
            native = await self._spelling.read(reading.text, is_romanized=reading.writing is Writing.ROMANIZED)
        if native is None:
            return await self._shifted(reading.text, reading.writing)
        typed, spelled = await together(
            (self._shifted(reading.text, Writing.ROMANIZED), self._shifted(native, Writing.INDIC))
        )
        return (1 - _NATIVE_SHARE) * typed + _NATIVE_SHARE * spelled

    async def _shifted(self, text: str, writing: Writing) -> NDArray[np.float32]:
        embedding = await self._embed_query(text)
        return (embedding - _TAKEN_OFF[writing] * self._means[writing]).astype(np.float32)

    async def meaning_alone(self, reading: Reading) -> Question:
        """The question without words and names, to tell what they add."""
        return replace(await self.question(reading), terms={}, names=(), people=(), wished=ItemFilter())

    async def _find_like(self, reading: Reading) -> int | None:
        if reading.wishes.like is None:
            return None
        return await self._store.find_named(spell(reading.wishes.like), count_terms(reading.wishes.like))


async def open_engine(store: SearchStore, embedder: Embedder) -> SearchEngine:
    """The engine whose queries are read and embedded by this embedder."""
    return SearchEngine(store, embedder.embed_query, await query_means(embedder), NativeSpelling(embedder.tokenizer))


def words_alone(reading: Reading) -> Question:
    """The question by words only."""
    return Question(None, reading.terms, ())


def _wished(wishes: Wishes) -> ItemFilter:
    return ItemFilter(
        item_type=wishes.item_type,
        languages=wishes.languages or None,
        genres=wishes.genres or None,
        year_from=wishes.year_from,
        year_to=wishes.year_to,
    )
