"""The user's ratings and interactions."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from cinelibre.v1 import ratings_pb2

from .arguments import ItemType, RatingsFormat, item_type_value, ratings_format_value
from .caller import Caller

if TYPE_CHECKING:
    from cinelibre.v1.ratings_pb2_grpc import RatingsServiceAsyncStub

_CHUNK_BYTES = 256 * 1024


class RatingsMethods:
    """The calls of RatingsService. All raise CineLibreError with UNAUTHENTICATED when nobody is signed in."""

    _ratings: "RatingsServiceAsyncStub"
    _caller: Caller

    async def rate(self, item_id: int, stars: float) -> ratings_pb2.Rating:
        """Rates a film or book, or changes its rating; the very next recommendation counts it.

        stars: 0.5 to 5.0 in halves.
        Raises CineLibreError: ERROR_REASON_INVALID_FIELD for other stars; ERROR_REASON_ITEM_NOT_FOUND.
        """
        request = ratings_pb2.RateItemRequest(item_id=item_id, stars=stars)
        return (await self._caller.unary(self._ratings.RateItem, request, signed_in=True)).rating

    async def my_ratings(
        self, *, item_type: ItemType | None = None, page_size: int = 100
    ) -> AsyncIterator[ratings_pb2.RatedItem]:
        """Yields the user's ratings with their items, the latest first, page after page.

        page_size: how many are fetched at once, 1 to 100.
        Raises CineLibreError: ERROR_REASON_INVALID_FIELD for a bad page size.
        """
        request = ratings_pb2.ListMyRatingsRequest(item_type=item_type_value(item_type), page_size=page_size)
        while True:
            page = await self._caller.unary(self._ratings.ListMyRatings, request, signed_in=True)
            for rated in page.ratings:
                yield rated
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    async def delete_rating(self, item_id: int) -> None:
        """Takes the user's rating of an item back.

        Raises CineLibreError: ERROR_REASON_RATING_NOT_FOUND, also when a first answer was lost.
        """
        request = ratings_pb2.DeleteRatingRequest(item_id=item_id)
        await self._caller.unary(self._ratings.DeleteRating, request, signed_in=True)

    async def import_ratings(
        self, content: bytes, *, format: RatingsFormat | None = None, preview: bool = False
    ) -> ratings_pb2.ImportReport:
        """Imports the user's ratings from a download of another service; importing again changes nothing.

        content: the file, or for Letterboxd the whole zip; at most 10 MiB. format: told by the content if None.
        preview: only tells what would become of each rating.
        Raises CineLibreError: ERROR_REASON_INVALID_FIELD for content in none of the formats.
        """
        options = ratings_pb2.ImportOptions(format=ratings_format_value(format), preview=preview)
        chunks = (content[at : at + _CHUNK_BYTES] for at in range(0, len(content), _CHUNK_BYTES))
        parts = [
            ratings_pb2.ImportMyRatingsRequest(options=options),
            *(ratings_pb2.ImportMyRatingsRequest(chunk=chunk) for chunk in chunks),
        ]
        return (await self._caller.upload(self._ratings.ImportMyRatings, parts)).report

    async def record_view(self, item_id: int) -> None:
        """Records that the user opened an item's page.

        Raises CineLibreError: ERROR_REASON_ITEM_NOT_FOUND.
        """
        await self._record(
            ratings_pb2.RecordInteractionRequest(kind=ratings_pb2.INTERACTION_KIND_VIEW, item_id=item_id)
        )

    async def record_click(self, item_id: int, *, query: str = "", position: int = 0) -> None:
        """Records that the user chose an item in a list.

        query: what was searched for, when the list was a search's.
        position: the place in the list, the first is 1; 0 when not known.
        Raises CineLibreError: ERROR_REASON_ITEM_NOT_FOUND; ERROR_REASON_INVALID_FIELD.
        """
        await self._record(
            ratings_pb2.RecordInteractionRequest(
                kind=ratings_pb2.INTERACTION_KIND_CLICK, item_id=item_id, query=query, position=position
            )
        )

    async def record_search(self, query: str) -> None:
        """Records that the user searched, with 1 to 1,000 characters.

        Raises CineLibreError: ERROR_REASON_INVALID_FIELD.
        """
        await self._record(ratings_pb2.RecordInteractionRequest(kind=ratings_pb2.INTERACTION_KIND_SEARCH, query=query))

    async def _record(self, request: ratings_pb2.RecordInteractionRequest) -> None:
        await self._caller.unary(self._ratings.RecordInteraction, request, signed_in=True, idempotent=False)
