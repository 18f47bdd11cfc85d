"""What to watch or read next."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cinelibre.v1 import recommend_pb2

from .arguments import (
    Algorithm,
    ItemType,
    PopularWindow,
    algorithm_value,
    item_type_value,
    popular_window_value,
)
from .caller import Caller

if TYPE_CHECKING:
    from cinelibre.v1.recommend_pb2_grpc import RecommendServiceAsyncStub


class RecommendMethods:
    """The calls of RecommendService. Filters and pages are as in the catalogue's calls."""

    _recommend: "RecommendServiceAsyncStub"
    _caller: Caller

    async def recommend(
        self,
        *,
        algorithm: Algorithm = "auto",
        item_type: ItemType | None = None,
        languages: Sequence[str] = (),
        genres: Sequence[str] = (),
        year_from: int = 0,
        year_to: int = 0,
        limit: int = 20,
        page_token: str = "",
    ) -> recommend_pb2.ListPersonalizedResponse:
        """Returns a page of what the user has not rated and may like, each with its reason, the best first.

        Raises CineLibreError: UNAUTHENTICATED when nobody is signed in; ERROR_REASON_INVALID_FIELD for a bad
        filter; ERROR_REASON_INVALID_PAGE_TOKEN.
        """
        request = recommend_pb2.ListPersonalizedRequest(
            algorithm=algorithm_value(algorithm),
            item_type=item_type_value(item_type),
            languages=languages,
            genres=genres,
            year_from=year_from,
            year_to=year_to,
            limit=limit,
            page_token=page_token,
        )
        return await self._caller.unary(self._recommend.ListPersonalized, request, signed_in=True)

    async def similar(
        self,
        item_type: ItemType,
        item_id: int,
        *,
        across_types: bool = False,
        limit: int = 20,
        page_token: str = "",
    ) -> recommend_pb2.ListSimilarResponse:
        """Returns a page of the items nearest in meaning to one; `score` is the cosine, -1 to 1.

        across_types: films and books together, not only items of the same type.
        Raises CineLibreError: ERROR_REASON_ITEM_NOT_FOUND; ERROR_REASON_INVALID_PAGE_TOKEN.
        """
        request = recommend_pb2.ListSimilarRequest(
            item_type=item_type,
            item_id=item_id,
            across_types=across_types,
            limit=limit,
            page_token=page_token,
        )
        return await self._caller.unary(self._recommend.ListSimilar, request)

    async def popular(
        self,
        *,
        window: PopularWindow = "all_time",
        item_type: ItemType | None = None,
        languages: Sequence[str] = (),
        genres: Sequence[str] = (),
        year_from: int = 0,
        year_to: int = 0,
        limit: int = 20,
        page_token: str = "",
    ) -> recommend_pb2.ListPopularResponse:
        """Returns a page of the best rated items; `score` is the damped mean in stars.

        Raises CineLibreError: ERROR_REASON_INVALID_FIELD for a bad filter; ERROR_REASON_INVALID_PAGE_TOKEN.
        """
        request = recommend_pb2.ListPopularRequest(
            window=popular_window_value(window),
            item_type=item_type_value(item_type),
            languages=languages,
            genres=genres,
            year_from=year_from,
            year_to=year_to,
            limit=limit,
            page_token=page_token,
        )
        return await self._caller.unary(self._recommend.ListPopular, request)
