"""A typed async client of CineLibre. The messages it returns are those of `cinelibre.v1`."""

from .arguments import Algorithm, CatalogOrder, ItemType, PopularWindow
from .client import CineLibre
from .errors import CineLibreError, FieldViolation
from .session import Tokens

__all__ = [
    "Algorithm",
    "CatalogOrder",
    "CineLibre",
    "CineLibreError",
    "FieldViolation",
    "ItemType",
    "PopularWindow",
    "Tokens",
]
