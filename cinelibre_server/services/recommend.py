"""RecommendService: ranked lists, each entry with why it is there."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
from cinelibre.v1 import recommend_pb2, recommend_pb2_grpc

from cinelibre_server.errors import item_not_found
from cinelibre_server.interceptors.call import current_user, find_current_user
from cinelibre_server.recommend import reasons
from cinelibre_server.recommend.personal import PersonalRecommendation, list_personal
from cinelibre_server.services.messages import KIND_OF_TYPE, ItemMessages, item_filter
from cinelibre_server.services.paging import PageTokens, page_size
from cinelibre_server.store.items import ItemFilter, ItemStore
from cinelibre_server.store.recommend import PersonalAlgorithm, PopularItem, RecommendStore, ScoreKey

_ALGORITHMS: dict[int, PersonalAlgorithm] = {
    recommend_pb2.ALGORITHM_UNSPECIFIED: "hybrid",
    recommend_pb2.ALGORITHM_AUTO: "hybrid",
    recommend_pb2.ALGORITHM_COLLABORATIVE: "collaborative",
    recommend_pb2.ALGORITHM_CONTENT: "content",
    recommend_pb2.ALGORITHM_POPULAR: "popular_for_user",
    recommend_pb2.ALGORITHM_ITEM_ITEM: "item_item",
    recommend_pb2.ALGORITHM_MATRIX_FACTORIZATION: "factors",
}
_SOURCES: dict[str, "recommend_pb2.Algorithm.ValueType"] = {
    "collaborative": recommend_pb2.ALGORITHM_COLLABORATIVE,
    "content": recommend_pb2.ALGORITHM_CONTENT,
    "item_item": recommend_pb2.ALGORITHM_ITEM_ITEM,
    "factors": recommend_pb2.ALGORITHM_MATRIX_FACTORIZATION,
    "popular": recommend_pb2.ALGORITHM_POPULAR,
    "catalogue": recommend_pb2.ALGORITHM_POPULAR,
}
_WINDOWS: dict[int, timedelta] = {recommend_pb2.POPULAR_WINDOW_30_DAYS: timedelta(days=30)}
_Context = grpc.aio.ServicerContext[Any, Any]


class RecommendService(recommend_pb2_grpc.RecommendServiceServicer):
    """Asks the SQL functions and puts items and reasons to their rows."""

    def __init__(self, recommend: RecommendStore, items: ItemStore, messages: ItemMessages, tokens: PageTokens) -> None:
        self._recommend = recommend
        self._items = items
        self._messages = messages
        self._tokens = tokens

    async def ListPersonalized(
        self, request: recommend_pb2.ListPersonalizedRequest, _context: _Context
    ) -> recommend_pb2.ListPersonalizedResponse:
        user_id = current_user().user_id
        size = page_size(request.limit)
        wanted = item_filter(request, KIND_OF_TYPE.get(request.item_type))
        page, more = await list_personal(
            self._recommend,
            self._items,
            _ALGORITHMS[request.algorithm],
            user_id,
            wanted,
            size,
            self._after(request),
        )
        return recommend_pb2.ListPersonalizedResponse(
            recommendations=[self._personal(recommendation) for recommendation in page],
            next_page_token=self._token(request, [entry.candidate for entry in page]) if more else "",
            algorithm=_SOURCES[page[0].candidate.strategy]
            if page
            else request.algorithm or recommend_pb2.ALGORITHM_AUTO,
        )

    async def ListSimilar(
        self, request: recommend_pb2.ListSimilarRequest, _context: _Context
    ) -> recommend_pb2.ListSimilarResponse:
        item = await self._items.get(request.item_id)
        if item is None or item.item_type != request.item_type:
            raise item_not_found(request.item_type, request.item_id)
        size = page_size(request.limit)
        wanted = ItemFilter(item_type=None if request.across_types else item.item_type)
        found = await self._recommend.similar(item.item_id, wanted, size + 1, self._after(request))
        page = found[:size]
        ids = [near.item_id for near in page]
        items = await self._items.get_many(ids)
        stars = await self._predicted_stars(ids)
        return recommend_pb2.ListSimilarResponse(
            recommendations=[
                recommend_pb2.Recommendation(
                    item=self._messages.of(items[near.item_id]),
                    score=near.score,
                    reason=reasons.similar(item, items[near.item_id]),
                    source=recommend_pb2.ALGORITHM_CONTENT,
                    predicted_stars=stars.get(near.item_id),
                    because_item_ids=[item.item_id],
                )
                for near in page
            ],
            next_page_token=self._token(request, page) if len(found) > size else "",
        )

    async def ListPopular(
        self, request: recommend_pb2.ListPopularRequest, _context: _Context
    ) -> recommend_pb2.ListPopularResponse:
        size = page_size(request.limit)
        wanted = item_filter(request, KIND_OF_TYPE.get(request.item_type))
        window = _WINDOWS.get(request.window)
        since = datetime.now(UTC) - window if window else None
        after = self._after(request)
        # A score of 0 marks the catalogue entries that stand in while nothing is popular yet.
        found: list[PopularItem] = []
        if after is None or after.score > 0:
            found = await self._recommend.popular(wanted, since, size + 1, after)
        if not found and (after is None or after.score == 0):
            found = await self._catalogue_entries(wanted, size + 1, after)
        page = found[:size]
        ids = [entry.item_id for entry in page]
        items = await self._items.get_many(ids)
        stars = await self._predicted_stars(ids)
        return recommend_pb2.ListPopularResponse(
            recommendations=[
                recommend_pb2.Recommendation(
                    item=self._messages.of(items[entry.item_id]),
                    score=entry.score,
                    reason=reasons.popular(entry.rating_count, entry.mean_stars, recent=window is not None),
                    source=recommend_pb2.ALGORITHM_POPULAR,
                    predicted_stars=stars.get(entry.item_id),
                )
                for entry in page
            ],
            next_page_token=self._token(request, page) if len(found) > size else "",
        )

    async def _predicted_stars(self, item_ids: Sequence[int]) -> Mapping[int, float]:
        """Those of the caller, by item; none without a caller."""
        user = find_current_user()
        return await self._recommend.predicted_stars(user.user_id, item_ids) if user and item_ids else {}

    async def _catalogue_entries(self, wanted: ItemFilter, limit: int, after: ScoreKey | None) -> list[PopularItem]:
        entries = await self._recommend.catalogue(wanted, limit, after.item_id if after else 0)
        return [PopularItem(item_id, 0.0, 0, 0.0) for item_id in entries]

    def _after(
        self,
        request: recommend_pb2.ListPersonalizedRequest
        | recommend_pb2.ListSimilarRequest
        | recommend_pb2.ListPopularRequest,
    ) -> ScoreKey | None:
        key = self._tokens.decode(request, 2)
        return ScoreKey(float(key[0]), int(key[1])) if key else None

    def _token(self, request: Any, page: Sequence[Any]) -> str:
        return self._tokens.encode(request, (page[-1].score, page[-1].item_id))

    def _personal(self, recommendation: PersonalRecommendation) -> recommend_pb2.Recommendation:
        candidate = recommendation.candidate
        return recommend_pb2.Recommendation(
            item=self._messages.of(recommendation.item),
            score=candidate.score,
            reason=recommendation.reason,
            source=_SOURCES[candidate.source],
            predicted_stars=candidate.predicted_stars,
            because_item_ids=recommendation.because_item_ids,
        )
