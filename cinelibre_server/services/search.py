"""SearchService: finds items by what is remembered of them, and completes titles."""

from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from string import punctuation
from typing import Any
from weakref import WeakKeyDictionary

import grpc
from cinelibre.v1 import search_pb2, search_pb2_grpc
from google.protobuf.message import Message

from cinelibre_server.errors import invalid_field
from cinelibre_server.recommend import reasons as recommend_reasons
from cinelibre_server.search import explanation
from cinelibre_server.search.engine import Found, SearchEngine
from cinelibre_server.search.reading import Reading
from cinelibre_server.search.romanization import name_key, typed_starts
from cinelibre_server.services.messages import KIND_OF_TYPE, TYPE_OF_KIND, ItemMessages, item_filter
from cinelibre_server.services.paging import PageTokens, page_size
from cinelibre_server.store.items import ItemDetails, ItemFilter, ItemStore
from cinelibre_server.store.recommend import RecommendStore, ScoreKey
from cinelibre_server.store.search import FoundItem, SearchFilter, SearchStore

_FIELDS: dict[str, "search_pb2.MatchedField.ValueType"] = {
    "name": search_pb2.MATCHED_FIELD_TITLE,
    "credits": search_pb2.MATCHED_FIELD_CREDITS,
    "synopsis": search_pb2.MATCHED_FIELD_SYNOPSIS,
}
_DEFAULT_SUGGESTIONS = 8
# As difflib measures it.
_LIKELY_MEANT = 0.7
_Made = tuple[list[ItemDetails], list[search_pb2.SearchHit]]
_Context = grpc.aio.ServicerContext[Any, Any]


class SearchService(search_pb2_grpc.SearchServiceServicer):
    """Asks the engine and puts items and explanations to its hits."""

    def __init__(
        self,
        engine: SearchEngine,
        search: SearchStore,
        recommend: RecommendStore,
        items: ItemStore,
        messages: ItemMessages,
        tokens: PageTokens,
    ) -> None:
        self._engine = engine
        self._search = search
        self._recommend = recommend
        self._items = items
        self._messages = messages
        self._tokens = tokens
        self._made: WeakKeyDictionary[Found, _Made | None] = WeakKeyDictionary()

    async def SemanticSearch(
        self, request: search_pb2.SemanticSearchRequest, _context: _Context
    ) -> search_pb2.SemanticSearchResponse:
        _require_text(request.q, 10_000)
        size = page_size(request.limit)
        key = self._tokens.decode(request, 2)
        after = ScoreKey(float(key[0]), int(key[1])) if key else None
        wanted = await self._filter(request)
        found = await self._engine.find(request.q, wanted, size, after)
        if found.like is not None:
            wishes = found.reading.wishes
            like = replace(
                wanted.item,
                item_type=wanted.item.item_type or wishes.item_type,
                languages=wanted.item.languages or wishes.languages or None,
            )
            return await self._like(request, found.like, like, size, after)
        hits = await self._hits(found)
        return search_pb2.SemanticSearchResponse(
            hits=hits,
            next_page_token=self._token(request, found.hits) if found.more else "",
            did_you_mean=_did_you_mean(found, hits) if after is None else "",
        )

    async def Suggest(self, request: search_pb2.SuggestRequest, _context: _Context) -> search_pb2.SuggestResponse:
        _require_text(request.q, 200)
        # Punctuation around it says nothing, and must not: the list is kept by the text.
        text = " ".join(request.q.lower().split()).strip(punctuation)
        limit, kind = request.limit or _DEFAULT_SUGGESTIONS, KIND_OF_TYPE.get(request.item_type)
        # Without a letter or digit there is nothing that a title could begin with.
        starts = typed_starts(text)
        found = await self._search.suggest(starts, text, name_key(text), limit, kind) if starts else []
        return search_pb2.SuggestResponse(
            suggestions=[
                search_pb2.Suggestion(
                    item_id=title.item_id,
                    item_type=TYPE_OF_KIND[title.item_type],
                    text=title.name,
                    title=title.title,
                    year=title.year or 0,
                )
                for title in found
            ]
        )

    async def _filter(self, request: search_pb2.SemanticSearchRequest) -> SearchFilter:
        people = {name_key(name) for name in request.people}
        if "" in people:
            raise invalid_field("people", "each must hold a letter or a digit")
        return SearchFilter(
            item_filter(request, KIND_OF_TYPE.get(request.item_type)),
            await self._search.match_people(sorted(people)) if people else None,
            request.min_stars or None,
        )

    async def _hits(self, found: Found) -> Sequence[search_pb2.SearchHit]:
        """The page's hits; from the second time on, the same are made once."""
        by_id = await self._items.get_many([hit.item_id for hit in found.hits])
        items = [by_id[hit.item_id] for hit in found.hits]
        made = self._made.get(found)
        if made and all(item is now for item, now in zip(made[0], items, strict=True)):
            return made[1]
        hits = [self._hit(found.reading, hit, item) for hit, item in zip(found.hits, items, strict=True)]
        # Most pages are asked for once: to keep all of their hits would take some MB.
        self._made[found] = (items, hits) if found in self._made else None
        return hits

    def _hit(self, reading: Reading, hit: FoundItem, item: ItemDetails) -> search_pb2.SearchHit:
        snippet = explanation.snippet(hit, item)
        return search_pb2.SearchHit(
            item=self._messages.of(item),
            score=hit.score,
            reason=explanation.reason(reading, hit, item),
            matched_field=_FIELDS[hit.matched],
            snippet=snippet,
            highlights=[
                search_pb2.Highlight(start=start, end=end) for start, end in explanation.highlights(reading, snippet)
            ],
        )

    async def _like(
        self,
        request: search_pb2.SemanticSearchRequest,
        item_id: int,
        wanted: ItemFilter,
        size: int,
        after: ScoreKey | None,
    ) -> search_pb2.SemanticSearchResponse:
        """The items that are most like one."""
        found = await self._recommend.similar(item_id, wanted, size + 1, after)
        page = found[:size]
        items = await self._items.get_many([item_id, *(near.item_id for near in page)])
        return search_pb2.SemanticSearchResponse(
            hits=[
                search_pb2.SearchHit(
                    item=self._messages.of(items[near.item_id]),
                    score=near.score,
                    reason=recommend_reasons.similar(items[item_id], items[near.item_id]),
                    matched_field=search_pb2.MATCHED_FIELD_SIMILAR_ITEM,
                )
                for near in page
            ],
            next_page_token=self._token(request, page) if len(found) > size else "",
        )

    def _token(self, request: Message, page: Sequence[Any]) -> str:
        return self._tokens.encode(request, (page[-1].score, page[-1].item_id))


def _require_text(text: str, most: int) -> None:
    # The contract's rule knows ASCII's white space only.
    if not text.strip():
        raise invalid_field("q", f"must hold 1 to {most:,} characters, not only white space")


def _did_you_mean(found: Found, hits: Sequence[search_pb2.SearchHit]) -> str:
    """The title of the best hit, if the query is spelled nearly so and names nobody."""
    if not found.hits or not found.reading.names or not found.reading.wishes.rest:
        return ""
    best = found.hits[0]
    if best.name is None or best.name_similarity < explanation.NEARLY_A_NAME or best.named_people:
        return ""
    key = name_key(best.name)
    typed = [name.key for name in found.reading.names]
    # Part of a title is no typo, and what shares few letters with one is something else.
    if any(part in key for part in typed) or all(_likeness(part, key) < _LIKELY_MEANT for part in typed):
        return ""
    item = hits[0].item
    in_latin = found.reading.text.isascii() and not best.name.isascii()
    return (item.movie.title or item.book.title) if in_latin else best.name


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()
