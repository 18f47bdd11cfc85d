"""Stored rows to messages of the contract and filters back: the mapping that several services share."""

from collections import OrderedDict
from datetime import datetime
from typing import Protocol

from cinelibre.v1 import catalog_pb2, ratings_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from cinelibre_server.errors import invalid_field
from cinelibre_server.store.items import ItemDetails, ItemFilter, ItemKind
from cinelibre_server.store.ratings import StoredRating

KIND_OF_TYPE: dict[int, ItemKind] = {catalog_pb2.ITEM_TYPE_MOVIE: "movie", catalog_pb2.ITEM_TYPE_BOOK: "book"}
TYPE_OF_KIND: dict[ItemKind, "catalog_pb2.ItemType.ValueType"] = {
    "movie": catalog_pb2.ITEM_TYPE_MOVIE,
    "book": catalog_pb2.ITEM_TYPE_BOOK,
}


class FilterRequest(Protocol):
    """What the requests of listings, searches and recommendations have in common."""

    @property
    def languages(self) -> object: ...
    @property
    def genres(self) -> object: ...
    @property
    def year_from(self) -> int: ...
    @property
    def year_to(self) -> int: ...


def item_filter(request: FilterRequest, item_type: ItemKind | None) -> ItemFilter:
    """The filter of a request.

    Raises:
        DomainError: INVALID_ARGUMENT; the years are the wrong way round.
    """
    if request.year_to and request.year_from > request.year_to:
        raise invalid_field("year_to", f"must not be before year_from ({request.year_from})")
    return ItemFilter(
        item_type=item_type,
        languages=tuple(request.languages) or None,  # type: ignore[arg-type]
        genres=tuple(genre.lower() for genre in request.genres) or None,  # type: ignore[attr-defined]
        year_from=request.year_from or None,
        year_to=request.year_to or None,
    )


class ItemMessages:
    """Items as callers see them. A message is made once for each ItemDetails, which ItemStore keeps for a while."""

    _MAX_KEPT = 5_000

    def __init__(self) -> None:
        self._made: OrderedDict[int, tuple[ItemDetails, catalog_pb2.Item]] = OrderedDict()

    def of(self, item: ItemDetails) -> catalog_pb2.Item:
        """The film or book; don't change it."""
        made = self._made.get(item.item_id)
        if made and made[0] is item:
            return made[1]
        if item.item_type == "movie":
            kind = catalog_pb2.ITEM_TYPE_MOVIE
            message = catalog_pb2.Item(item_id=item.item_id, item_type=kind, movie=_movie(item))
        else:
            kind = catalog_pb2.ITEM_TYPE_BOOK
            message = catalog_pb2.Item(item_id=item.item_id, item_type=kind, book=_book(item))
        self._made[item.item_id] = (item, message)
        self._made.move_to_end(item.item_id)
        if len(self._made) > self._MAX_KEPT:
            self._made.popitem(last=False)
        return message


def rating_message(rating: StoredRating) -> ratings_pb2.Rating:
    """A rating as its user sees it."""
    return ratings_pb2.Rating(
        item_id=rating.item_id,
        stars=rating.half_stars / 2,
        create_time=timestamp(rating.created_at),
        update_time=timestamp(rating.updated_at),
    )


def timestamp(moment: datetime) -> Timestamp:
    """An aware datetime as a Timestamp."""
    message = Timestamp()
    message.FromDatetime(moment)
    return message


def _summary(item: ItemDetails) -> catalog_pb2.RatingSummary:
    return catalog_pb2.RatingSummary(rating_count=item.rating_count, mean_stars=item.mean_stars)


def _movie(item: ItemDetails) -> catalog_pb2.Movie:
    return catalog_pb2.Movie(
        movie_id=item.item_id,
        title=item.title,
        original_title=item.original_title,
        year=item.year or 0,
        language=item.language or "",
        genres=item.genres,
        directors=item.directors,
        cast=item.cast_names,
        keywords=item.keywords,
        synopsis=item.synopsis,
        runtime_minutes=item.runtime_minutes or 0,
        imdb_id=item.imdb_id or "",
        ratings=_summary(item),
    )


def _book(item: ItemDetails) -> catalog_pb2.Book:
    return catalog_pb2.Book(
        book_id=item.item_id,
        title=item.title,
        original_title=item.original_title,
        year=item.year or 0,
        language=item.language or "",
        genres=item.genres,
        authors=item.authors,
        keywords=item.keywords,
        synopsis=item.synopsis,
        page_count=item.page_count or 0,
        isbn13=item.isbn13 or "",
        ratings=_summary(item),
    )
