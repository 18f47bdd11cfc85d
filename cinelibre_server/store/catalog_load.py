"""Brings the films and books that a source describes into the catalogue, many at a time and set-based."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal, TypeAlias

from cinelibre_server.store.database import Connection
from cinelibre_server.store.queries import load_queries

_QUERIES = load_queries("catalog_load")
_OVERLAPS = load_queries("catalog_overlaps")

_COLUMNS = (
    *("position", "item_type", "external_id", "is_own_id", "title", "original_title", "year", "language", "genres"),
    *("keywords", "synopsis", "directors", "cast_names", "runtime_minutes", "imdb_id", "authors"),
    *("page_count", "isbn13", "shared_sources", "shared_ids", "is_hidden"),
)
# Held in memory at a time.
_CHUNK_ENTRIES = 2_000
# Enough to make the planner's statistics wrong before autovacuum comes by.
_MANY_ITEMS = 1_000

ExternalId: TypeAlias = tuple[str, str]
"""A catalogue such as tmdb, and its id of an item."""

_WRITES = (
    "insert_items",
    "insert_movies",
    "insert_books",
    "update_items",
    "update_movies",
    "update_books",
    "delete_stale_external_ids",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogEntry:
    """An item as a source describes it. None, "" and () mean that the source doesn't know.

    `external_id` is the source's own id of it or, without `is_own_id`, one of the shared ids as `imdb:tt0048473`: it
    tells entries apart, but is nothing to keep. `original_title` is the title again where there is no other;
    `language` is an ISO 639-1 code; `external_ids` are what yet other catalogues call it.
    An item `is_hidden` from the start: one that we have stays as it is.
    """

    external_id: str
    title: str
    original_title: str
    year: int | None = None
    language: str | None = None
    genres: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    synopsis: str = ""
    external_ids: tuple[ExternalId, ...] = ()
    is_own_id: bool = True
    is_hidden: bool = False

    @property
    def shared_ids(self) -> tuple[ExternalId, ...]:
        """All ids by which other sources know the item, the surest first."""
        return self.external_ids


@dataclass(frozen=True, slots=True, kw_only=True)
class MovieEntry(CatalogEntry):
    """A film; `imdb_id` has its `tt` and leading zeros."""

    directors: tuple[str, ...] = ()
    cast: tuple[str, ...] = ()
    runtime_minutes: int | None = None
    imdb_id: str | None = None

    @property
    def shared_ids(self) -> tuple[ExternalId, ...]:
        """All ids by which other sources know the film, the surest first."""
        return ((("imdb", self.imdb_id),) if self.imdb_id else ()) + self.external_ids


@dataclass(frozen=True, slots=True, kw_only=True)
class BookEntry(CatalogEntry):
    """A book; `isbn13` is 13 digits, `openlibrary_id` a work such as OL45883W."""

    authors: tuple[str, ...] = ()
    page_count: int | None = None
    isbn13: str | None = None
    openlibrary_id: str | None = None

    @property
    def shared_ids(self) -> tuple[ExternalId, ...]:
        """All ids by which other sources know the book, the surest first."""
        own = (("isbn13", self.isbn13), ("openlibrary", self.openlibrary_id))
        return tuple((source, value) for source, value in own if value) + self.external_ids


@dataclass(frozen=True, slots=True)
class LoadCounts:
    """What became of the rows of a source."""

    added: int
    changed: int
    unchanged: int

    def __add__(self, other: "LoadCounts") -> "LoadCounts":
        return LoadCounts(self.added + other.added, self.changed + other.changed, self.unchanged + other.unchanged)


@dataclass(frozen=True, slots=True)
class Overlap:
    """What kept an entry, or an id of it, out of the catalogue. `position` is its place in the entries, from 0.

    `kind` tells what: an earlier entry (at `earlier`) has the "same id", or is the "same item" of ours by other ids,
    so that this one is left out; its id is that of an item of the "other type"; or its IMDb id or ISBN, `value`, is
    that of another item and was left out.
    """

    kind: Literal["same id", "same item", "other type", "imdb_id taken", "isbn13 taken"]
    position: int
    earlier: int | None
    value: str


Note: TypeAlias = Callable[[Overlap], None]


async def load_items(
    connection: Connection,
    source: str,
    entries: Iterable[MovieEntry | BookEntry],
    *,
    overwrite: bool,
    stronger: Mapping[str, Sequence[str]] | None = None,
    note: Note | None = None,
) -> LoadCounts:
    """Adds the items of `source` that are new, and updates those that differ, in one transaction.

    An entry is an item we have if the source named it before, or if an item of the same type has one of its
    `shared_ids`. With `overwrite` the entry's values win over ours, without it they only fill our gaps; a field that an
    admin set stays as it is. What an upstream source said is overwritten by no other; `stronger` makes `source` one of
    them: it names by field those that `source` doesn't overrule, and the fields where it wins are recorded as its own.
    Nothing is deleted, and rows that stay the same are not written. New items get ascending ids in the order of
    `entries`; new ones and those whose text changed wait for an embedding (embedded_text_hash is null). `note` is told
    of each entry that was left out for another, and of each IMDb id or ISBN.

    Raises:
        ValueError: two entries have the same external_id, and there is no `note` to tell.
        asyncpg.PostgresError: a value breaks a constraint of the schema; nothing is loaded then.
    """
    async with connection.transaction():
        await connection.execute(_QUERIES["lock_catalog"])
        await connection.execute(_QUERIES["create_staged_items"])
        records = _records(entries)
        # In chunks, each a list: an entry that can't be read must fail before a COPY begins, not within it.
        while chunk := list(islice(records, _CHUNK_ENTRIES)):
            await connection.copy_records_to_table("staged_items", records=chunk, columns=_COLUMNS)
        await connection.execute(_QUERIES["analyze_staged_items"])
        if await _noted(connection, note, "same id", "drop_repeated_ids") and note is None:
            raise ValueError(f"{source} has two entries with the same id")
        await connection.execute(_QUERIES["match_staged_items"], source)
        await _noted(connection, note, "other type", "drop_other_types")
        await connection.execute(_QUERIES["number_new_items"])
        await connection.execute(_QUERIES["index_staged_items"])
        await _noted(connection, note, "same item", "drop_second_descriptions", source)
        await _noted(connection, note, "imdb_id taken", "clear_taken_imdb_ids")
        await _noted(connection, note, "isbn13 taken", "clear_taken_isbns")
        await connection.execute(_QUERIES["find_outranked_fields"], None if stronger is None else json.dumps(stronger))
        await connection.execute(_QUERIES["choose_fields"], overwrite)
        await connection.execute(_QUERIES["merge_known_items"])
        for name in _WRITES:
            await connection.execute(_QUERIES[name])
        await connection.execute(_QUERIES["insert_external_ids"], source)
        if stronger is not None:
            await connection.execute(_QUERIES["record_field_sources"], source)
        row = await connection.fetchrow(_QUERIES["count_staged_items"])
        await connection.execute(_QUERIES["drop_staged_items"])
    assert row is not None
    counts = LoadCounts(added=row["added"], changed=row["changed"], unchanged=row["unchanged"])
    if counts.added + counts.changed >= _MANY_ITEMS:
        await connection.execute(_QUERIES["analyze_catalog"])
    return counts


async def _noted(
    connection: Connection,
    note: Note | None,
    kind: Literal["same id", "same item", "other type", "imdb_id taken", "isbn13 taken"],
    query: str,
    *parameters: object,
) -> int:
    """Runs a query that answers the position, the earlier position and the value of overlaps; returns how many."""
    rows = await connection.fetch(_OVERLAPS[query], *parameters)
    if note is not None:
        for row in rows:
            note(Overlap(kind, row["position"], row["earlier"], row["value"]))
    return len(rows)


def _records(entries: Iterable[MovieEntry | BookEntry]) -> Iterator[tuple[Any, ...]]:
    for position, entry in enumerate(entries):
        common = (
            entry.external_id,
            entry.is_own_id,
            entry.title,
            entry.original_title,
            entry.year,
            entry.language,
            entry.genres,
            entry.keywords,
            entry.synopsis,
        )
        last = (*(tuple(zip(*entry.shared_ids, strict=True)) or ((), ())), entry.is_hidden)
        if isinstance(entry, MovieEntry):
            film = (entry.directors, entry.cast, entry.runtime_minutes, entry.imdb_id)
            yield (position, "movie", *common, *film, (), None, None, *last)
        else:
            book = (entry.authors, entry.page_count, entry.isbn13)
            yield (position, "book", *common, (), (), None, None, *book, *last)
