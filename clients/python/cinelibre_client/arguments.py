"""The words that stand for the contract's enums in method arguments."""

from typing import Literal, TypeAlias

from cinelibre.v1 import catalog_pb2, ratings_pb2, recommend_pb2

ItemType: TypeAlias = Literal["movie", "book"]
CatalogOrder: TypeAlias = Literal["added", "title", "newest"]
Algorithm: TypeAlias = Literal["auto", "collaborative", "content", "popular"]
PopularWindow: TypeAlias = Literal["all_time", "30_days"]
RatingsFormat: TypeAlias = Literal["letterboxd", "imdb", "goodreads", "trakt"]


def item_type_value(word: ItemType | None) -> catalog_pb2.ItemType.ValueType:
    """None means films and books alike. Raises ValueError for another word."""
    if word is None:
        return catalog_pb2.ITEM_TYPE_UNSPECIFIED
    return catalog_pb2.ItemType.Value(f"ITEM_TYPE_{word.upper()}")


def catalog_order_value(word: CatalogOrder) -> catalog_pb2.CatalogOrder.ValueType:
    """Raises ValueError for another word."""
    return catalog_pb2.CatalogOrder.Value(f"CATALOG_ORDER_{word.upper()}")


def algorithm_value(word: Algorithm) -> recommend_pb2.Algorithm.ValueType:
    """Raises ValueError for another word."""
    return recommend_pb2.Algorithm.Value(f"ALGORITHM_{word.upper()}")


def popular_window_value(word: PopularWindow) -> recommend_pb2.PopularWindow.ValueType:
    """Raises ValueError for another word."""
    return recommend_pb2.PopularWindow.Value(f"POPULAR_WINDOW_{word.upper()}")


def ratings_format_value(word: RatingsFormat | None) -> ratings_pb2.RatingsFormat.ValueType:
    """None means that the content tells. Raises ValueError for another word."""
    if word is None:
        return ratings_pb2.RATINGS_FORMAT_UNSPECIFIED
    return ratings_pb2.RatingsFormat.Value(f"RATINGS_FORMAT_{word.upper()}")
