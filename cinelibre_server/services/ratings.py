"""RatingsService: a user's own ratings, and what the user looks at."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import grpc
from cinelibre.v1 import errors_pb2, ratings_pb2, ratings_pb2_grpc

from cinelibre_server.errors import DomainError, item_not_found
from cinelibre_server.interceptors.call import current_user
from cinelibre_server.services.messages import KIND_OF_TYPE, ItemMessages, rating_message, timestamp
from cinelibre_server.services.paging import PageTokens, page_size
from cinelibre_server.services.rating_import import RatingImports, read_parts
from cinelibre_server.store.items import ItemStore
from cinelibre_server.store.ratings import InteractionKind, RatingStore

_KINDS: dict[int, InteractionKind] = {
    ratings_pb2.INTERACTION_KIND_VIEW: "view",
    ratings_pb2.INTERACTION_KIND_CLICK: "click",
    ratings_pb2.INTERACTION_KIND_SEARCH: "search",
}
_Context = grpc.aio.ServicerContext[Any, Any]


class RatingsService(ratings_pb2_grpc.RatingsServiceServicer):
    """Every call touches the rows of the caller only."""

    def __init__(
        self,
        ratings: RatingStore,
        items: ItemStore,
        messages: ItemMessages,
        tokens: PageTokens,
        imports: RatingImports,
    ) -> None:
        self._ratings = ratings
        self._items = items
        self._messages = messages
        self._tokens = tokens
        self._imports = imports

    async def RateItem(self, request: ratings_pb2.RateItemRequest, _context: _Context) -> ratings_pb2.RateItemResponse:
        rating = await self._ratings.upsert(current_user().user_id, request.item_id, int(request.stars * 2))
        if rating is None:
            raise item_not_found("item", request.item_id)
        self._items.forget(request.item_id)
        return ratings_pb2.RateItemResponse(rating=rating_message(rating))

    async def ListMyRatings(
        self, request: ratings_pb2.ListMyRatingsRequest, _context: _Context
    ) -> ratings_pb2.ListMyRatingsResponse:
        size = page_size(request.page_size)
        key = self._tokens.decode(request, 2)
        after = (datetime.fromisoformat(str(key[0])), int(key[1])) if key else None
        kind = KIND_OF_TYPE.get(request.item_type)
        ratings = await self._ratings.list_page(current_user().user_id, kind, size + 1, after)
        page = ratings[:size]
        items = await self._items.get_many([rating.item_id for rating in page])
        token = ""
        if len(ratings) > size:
            token = self._tokens.encode(request, (page[-1].updated_at.isoformat(), page[-1].item_id))
        return ratings_pb2.ListMyRatingsResponse(
            ratings=[
                ratings_pb2.RatedItem(rating=rating_message(rating), item=self._messages.of(items[rating.item_id]))
                for rating in page
            ],
            next_page_token=token,
        )

    async def DeleteRating(
        self, request: ratings_pb2.DeleteRatingRequest, _context: _Context
    ) -> ratings_pb2.DeleteRatingResponse:
        if not await self._ratings.delete(current_user().user_id, request.item_id):
            raise DomainError(
                grpc.StatusCode.NOT_FOUND,
                errors_pb2.ERROR_REASON_RATING_NOT_FOUND,
                f"You have not rated item {request.item_id}.",
                metadata={"item_id": str(request.item_id)},
            )
        self._items.forget(request.item_id)
        return ratings_pb2.DeleteRatingResponse()

    async def ImportMyRatings(
        self, requests: AsyncIterator[ratings_pb2.ImportMyRatingsRequest], _context: _Context
    ) -> ratings_pb2.ImportMyRatingsResponse:
        options, content = await read_parts(requests)
        report = await self._imports.run(current_user().user_id, "chunk", content, options)
        return ratings_pb2.ImportMyRatingsResponse(report=report)

    async def ImportRatingsFile(
        self, request: ratings_pb2.ImportRatingsFileRequest, _context: _Context
    ) -> ratings_pb2.ImportRatingsFileResponse:
        field = request.WhichOneof("file") or "content"
        content = request.text.encode() if field == "text" else request.content
        options = ratings_pb2.ImportOptions(format=request.format, preview=request.preview)
        report = await self._imports.run(current_user().user_id, field, content, options)
        return ratings_pb2.ImportRatingsFileResponse(report=report)

    async def RecordInteraction(
        self, request: ratings_pb2.RecordInteractionRequest, _context: _Context
    ) -> ratings_pb2.RecordInteractionResponse:
        recorded_at = await self._ratings.insert_interaction(
            current_user().user_id,
            _KINDS[request.kind],
            request.item_id or None,
            request.query or None,
            request.position or None,
        )
        if recorded_at is None:
            raise item_not_found("item", request.item_id)
        return ratings_pb2.RecordInteractionResponse(create_time=timestamp(recorded_at))
