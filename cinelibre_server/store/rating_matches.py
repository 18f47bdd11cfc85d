"""Finds items by what other services call them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cinelibre_server.store.catalog_load import ExternalId
from cinelibre_server.store.database import Pool
from cinelibre_server.store.items import ItemKind
from cinelibre_server.store.queries import load_queries

_SQL = load_queries("rating_matches")


@dataclass(frozen=True, slots=True)
class TitleMatch:
    """An item with the title in question. `imdb_id` is a film's, `authors` are a book's."""

    item_id: int
    year: int | None
    imdb_id: str | None
    authors: Sequence[str]


class RatingMatches:
    """Looks many up at once. What is looked for has a number of the caller's, its place."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def by_ids(self, wanted: Sequence[tuple[int, ItemKind, Sequence[ExternalId]]]) -> Mapping[int, int]:
        """The item id by place, of the first of its ids that is known."""
        flat = [
            (place, kind, source, text, preference)
            for place, kind, ids in wanted
            for preference, (source, text) in enumerate(ids)
        ]
        rows = await self._pool.fetch(_SQL["match_ids"], *_columns(flat, 5))
        return {row["place"]: row["item_id"] for row in rows}

    async def by_titles(self, wanted: Sequence[tuple[int, ItemKind, Sequence[str]]]) -> Mapping[int, list[TitleMatch]]:
        """The items by place that are called by one of its titles, but for case, accents and punctuation."""
        flat = [(place, kind, title) for place, kind, titles in wanted for title in titles]
        found: dict[int, list[TitleMatch]] = defaultdict(list)
        for row in await self._pool.fetch(_SQL["match_titles"], *_columns(flat, 3)):
            found[row["place"]].append(TitleMatch(row["item_id"], row["year"], row["imdb_id"], row["authors"]))
        return found


def _columns(rows: Sequence[tuple[object, ...]], width: int) -> list[list[object]]:
    return [[row[column] for row in rows] for column in range(width)]
