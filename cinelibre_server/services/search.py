"""SearchService: finds items by what they are about."""

from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import numpy as np
from cinelibre.v1 import search_pb2, search_pb2_grpc
from numpy.typing import NDArray

from cinelibre_server.errors import invalid_field
from cinelibre_server.services.messages import KIND_OF_TYPE, ItemMessages, item_filter
from cinelibre_server.services.paging import PageTokens, page_size
from cinelibre_server.store.items import ItemStore
from cinelibre_server.store.recommend import ScoreKey
from cinelibre_server.store.search import SearchStore

EmbedQuery = Callable[[str], Awaitable[NDArray[np.float32]]]


class SearchService(search_pb2_grpc.SearchServiceServicer):
    """Embeds the query and asks the vector indexes."""

    def __init__(
        self,
        search: SearchStore,
        items: ItemStore,
        messages: ItemMessages,
        embed_query: EmbedQuery,
        tokens: PageTokens,
    ) -> None:
        self._search = search
        self._items = items
        self._messages = messages
        self._embed_query = embed_query
        self._tokens = tokens

    async def SemanticSearch(
        self, request: search_pb2.SemanticSearchRequest, _context: grpc.aio.ServicerContext[Any, Any]
    ) -> search_pb2.SemanticSearchResponse:
        if not request.q.strip():
            raise invalid_field("q", "must hold 1 to 4,000 characters, not only white space")
        size = page_size(request.limit)
        key = self._tokens.decode(request, 2)
        found = await self._search.semantic(
            await self._embed_query(request.q),
            item_filter(request, KIND_OF_TYPE.get(request.item_type)),
            size + 1,
            ScoreKey(float(key[0]), int(key[1])) if key else None,
        )
        page = found[:size]
        items = await self._items.get_many([hit.item_id for hit in page])
        token = self._tokens.encode(request, (page[-1].score, page[-1].item_id)) if len(found) > size else ""
        return search_pb2.SemanticSearchResponse(
            hits=[
                search_pb2.SearchHit(
                    item=self._messages.of(items[hit.item_id]),
                    score=hit.score,
                    reason="Its title and story are close in meaning to your words.",
                )
                for hit in page
            ],
            next_page_token=token,
        )
