"""Which source's word counts, field by field: the one table by which descriptions of one item are merged."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_FACTS = ("tmdb", "wikidata", "openlibrary", "googlebooks")

# Strongest first. A weaker source fills what the stronger ones leave blank; a source that is missing in a row
# counts after those that are there.
PRECEDENCE: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "title": ("tmdb", "openlibrary", "wikidata", "googlebooks"),
        # Wikidata has titles in their own script where the others often have them in Latin letters.
        "original_title": ("wikidata", "tmdb", "openlibrary", "googlebooks"),
        "year": ("tmdb", "wikidata", "openlibrary", "googlebooks"),
        "language": _FACTS,
        "genres": ("tmdb", "openlibrary", "googlebooks", "wikidata"),
        "keywords": ("tmdb", "openlibrary", "googlebooks", "wikidata"),
        "synopsis": ("tmdb", "openlibrary", "googlebooks", "wikidata"),
        "directors": _FACTS,
        "cast_names": _FACTS,
        "runtime_minutes": _FACTS,
        "imdb_id": _FACTS,
        "authors": ("openlibrary", "wikidata", "googlebooks"),
        "page_count": ("googlebooks", "openlibrary", "wikidata"),
        "isbn13": ("openlibrary", "googlebooks", "wikidata"),
    }
)


def stronger_sources(source: str) -> dict[str, tuple[str, ...]]:
    """By field the sources that `source` doesn't overrule."""
    return {field: order[: order.index(source)] if source in order else order for field, order in PRECEDENCE.items()}
