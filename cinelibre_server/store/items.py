"""Films and books: details by id, and catalogue listings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from cinelibre_server.store.batch_loader import BatchLoader
from cinelibre_server.store.database import Pool
from cinelibre_server.store.fresh_cache import FreshCache
from cinelibre_server.store.queries import load_queries

_SQL = load_queries("items")
_MAX_KEPT = 5_000

ItemKind = Literal["movie", "book"]
ListOrder = Literal["id", "title", "newest"]


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """What a caller wants to see; None everywhere lets everything pass. `genres` are lower case."""

    item_type: ItemKind | None = None
    languages: tuple[str, ...] | None = None
    genres: tuple[str, ...] | None = None
    year_from: int | None = None
    year_to: int | None = None

    @property
    def parameters(self) -> tuple[object, ...]:
        """The five SQL parameters of item_passes."""
        return (self.item_type, self.languages, self.genres, self.year_from, self.year_to)


@dataclass(frozen=True, slots=True)
class ItemDetails:
    """A film or a book. `directors`, `cast_names`, `runtime_minutes`, `imdb_id` are a film's; `authors`, `page_count`,
    `isbn13` a book's. `mean_stars` is None when nobody rated it."""

    item_id: int
    item_type: ItemKind
    title: str
    original_title: str
    year: int | None
    language: str | None
    genres: Sequence[str]
    keywords: Sequence[str]
    synopsis: str
    directors: Sequence[str] | None
    cast_names: Sequence[str] | None
    runtime_minutes: int | None
    imdb_id: str | None
    authors: Sequence[str] | None
    page_count: int | None
    isbn13: str | None
    rating_count: int
    mean_stars: float | None
    is_hidden: bool

    @property
    def people(self) -> Sequence[str]:
        """Directors, cast and authors, each once."""
        return tuple(dict.fromkeys([*(self.directors or ()), *(self.cast_names or ()), *(self.authors or ())]))


@dataclass(frozen=True, slots=True)
class ListKey:
    """Where a page of a listing ended: the sort key (the id's text for order `id`) and the id."""

    key: str
    item_id: int


@dataclass(frozen=True, slots=True)
class ItemCount:
    """Items of one type, language and decade (its first year); None where one is unknown."""

    item_type: ItemKind
    language: str | None
    decade: int | None
    item_count: int


class ItemStore:
    """Reads the catalogue. Details may be FRESH_SECONDS old, but what this process changes it sees at once."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._loader: BatchLoader[int, ItemDetails] = BatchLoader(self._fetch)
        self._kept: FreshCache[int, ItemDetails] = FreshCache(_MAX_KEPT)
        # For each query on its way, the items that were changed meanwhile.
        self._changed: dict[object, set[int]] = {}

    async def get(self, item_id: int) -> ItemDetails | None:
        """One item by id, unless it is hidden; calls that arrive together share one query."""
        item = self._kept.find(item_id) or await self._loader.load(item_id)
        return None if item is None or item.is_hidden else item

    async def get_many(self, item_ids: Sequence[int]) -> Mapping[int, ItemDetails]:
        """The items that exist, by id, hidden ones among them."""
        found = {item_id: item for item_id in item_ids if (item := self._kept.find(item_id))}
        if missing := [item_id for item_id in item_ids if item_id not in found]:
            found.update(await self._fetch(missing))
        return found

    async def count(self) -> list[ItemCount]:
        """How many items there are of each type, language and decade; hidden ones don't count."""
        return [ItemCount(*row) for row in await self._pool.fetch(_SQL["count_by_language_and_decade"])]

    def forget(self, item_id: int) -> None:
        """The item was changed: the next look reads it anew."""
        for changed in self._changed.values():
            changed.add(item_id)
        self._kept.forget(item_id)

    async def _fetch(self, item_ids: Sequence[int]) -> Mapping[int, ItemDetails]:
        query = object()
        changed = self._changed[query] = set()
        try:
            rows = await self._pool.fetch(_SQL["get_items"], item_ids)
        finally:
            del self._changed[query]
        items = {row[0]: ItemDetails(*row) for row in rows}
        for item_id, item in items.items():
            if item_id not in changed:  # else it may be from before the change
                self._kept.keep(item_id, item)
        return items

    async def list_page(
        self, wanted: ItemFilter, order: ListOrder, limit: int, *, title_contains: str, after: ListKey | None
    ) -> tuple[list[ItemDetails], ListKey | None]:
        """At most `limit` items in `order` after a key, and the key to go on from (None on the last page)."""
        like = f"%{_escape_like(title_contains.lower())}%" if title_contains else None
        rows = await self._pool.fetch(
            _SQL[f"list_by_{order}"],
            *wanted.parameters,
            like,
            after.key if after else None,
            after.item_id if after else None,
            limit + 1,
        )
        page = rows[:limit]
        details = await self.get_many([row["item_id"] for row in page])
        last = page[-1] if len(rows) > limit else None
        more = ListKey(last.get("key") or str(last["item_id"]), last["item_id"]) if last else None
        return [details[row["item_id"]] for row in page], more


def _escape_like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
