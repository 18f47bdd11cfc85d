"""Brings the films and books that a source describes into the catalogue, many at a time and set-based."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cinelibre_server.store.database import Connection
from cinelibre_server.store.queries import load_queries

_QUERIES = load_queries("catalog_load")

_COLUMNS = (
    *("position", "item_type", "external_id", "title", "original_title", "year", "language", "genres"),
    *("keywords", "synopsis", "directors", "cast_names", "runtime_minutes", "imdb_id", "authors"),
    *("page_count", "isbn13", "shared_sources", "shared_ids"),
)
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

    `external_id` is the source's own id of it; `original_title` is the title again where there is no other;
    `language` is an ISO 639-1 code; `other_ids` are pairs of another source and its id of the item.
    """

    external_id: str
    title: str
    original_title: str
    year: int | None = None
    language: str | None = None
    genres: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    synopsis: str = ""
    other_ids: tuple[tuple[str, str], ...] = ()

    @property
    def shared_ids(self) -> tuple[tuple[str, str], ...]:
        """All ids by which other sources know the item, the surest first."""
        return self.other_ids


@dataclass(frozen=True, slots=True, kw_only=True)
class MovieEntry(CatalogEntry):
    """A film; `imdb_id` has its `tt` and leading zeros."""

    directors: tuple[str, ...] = ()
    cast: tuple[str, ...] = ()
    runtime_minutes: int | None = None
    imdb_id: str | None = None

    @property
    def shared_ids(self) -> tuple[tuple[str, str], ...]:
        """All ids by which other sources know the film, the surest first."""
        return ((("imdb", self.imdb_id),) if self.imdb_id else ()) + self.other_ids


@dataclass(frozen=True, slots=True, kw_only=True)
class BookEntry(CatalogEntry):
    """A book; `isbn13` is 13 digits, `openlibrary_id` a work such as OL45883W."""

    authors: tuple[str, ...] = ()
    page_count: int | None = None
    isbn13: str | None = None
    openlibrary_id: str | None = None

    @property
    def shared_ids(self) -> tuple[tuple[str, str], ...]:
        """All ids by which other sources know the book, the surest first."""
        own = (("isbn13", self.isbn13), ("openlibrary", self.openlibrary_id))
        return tuple((source, value) for source, value in own if value) + self.other_ids


@dataclass(frozen=True, slots=True)
class LoadCounts:
    """What became of the rows of a source."""

    added: int
    changed: int
    unchanged: int

    def __add__(self, other: "LoadCounts") -> "LoadCounts":
        return LoadCounts(self.added + other.added, self.changed + other.changed, self.unchanged + other.unchanged)


async def load_items(
    connection: Connection,
    source: str,
    entries: Iterable[MovieEntry | BookEntry],
    *,
    overwrite: bool,
    stronger: Mapping[str, Sequence[str]] | None = None,
) -> LoadCounts:
    """Adds the items of `source` that are new, and updates those that differ, in one transaction.

    An entry is an item we have if the source named it before, or if an item of the same type has one of its
    `shared_ids`. With `overwrite` the entry's values win over ours, without it they only fill our gaps; a field that an
    admin set stays as it is. What an upstream source said is overwritten by no other; `stronger` makes `source` one of
    them: it names by field those that `source` doesn't overrule, and the fields where it wins are recorded as its own.
    Nothing is deleted, and rows that stay the same are not written. New items get ascending ids in the order of
    `entries`; new ones and those whose text changed wait for an embedding (embedded_text_hash is null).

    Raises:
        ValueError: two entries have the same external_id.
        asyncpg.PostgresError: a value breaks a constraint of the schema; nothing is loaded then.
    """
    async with connection.transaction():
        await connection.execute(_QUERIES["lock_catalog"])
        await connection.execute(_QUERIES["create_staged_items"])
        # As a list: an entry that can't be read must fail before the COPY begins, not within it.
        await connection.copy_records_to_table("staged_items", records=list(_records(entries)), columns=_COLUMNS)
        await connection.execute(_QUERIES["analyze_staged_items"])
        if not await connection.fetchval(_QUERIES["staged_items_are_distinct"]):
            raise ValueError(f"{source} has two entries with the same id")
        await connection.execute(_QUERIES["match_staged_items"], source)
        await connection.execute(_QUERIES["number_new_items"])
        await connection.execute(_QUERIES["drop_second_descriptions"], source)
        await connection.execute(_QUERIES["clear_taken_imdb_ids"])
        await connection.execute(_QUERIES["clear_taken_isbns"])
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
    return LoadCounts(added=row["added"], changed=row["changed"], unchanged=row["unchanged"])


def _records(entries: Iterable[MovieEntry | BookEntry]) -> Iterator[tuple[Any, ...]]:
    for position, entry in enumerate(entries):
        common = (
            entry.external_id,
            entry.title,
            entry.original_title,
            entry.year,
            entry.language,
            entry.genres,
            entry.keywords,
            entry.synopsis,
        )
        shared = tuple(zip(*entry.shared_ids, strict=True)) or ((), ())
        if isinstance(entry, MovieEntry):
            film = (entry.directors, entry.cast, entry.runtime_minutes, entry.imdb_id)
            yield (position, "movie", *common, *film, (), None, None, *shared)
        else:
            book = (entry.authors, entry.page_count, entry.isbn13)
            yield (position, "book", *common, (), (), None, None, *book, *shared)
