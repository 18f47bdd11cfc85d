"""Brings the films and books that a source describes into the catalogue, many at a time and set-based."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from cinelibre_server.store.database import Connection
from cinelibre_server.store.queries import load_queries

_QUERIES = load_queries("catalog_load")

_COLUMNS = (
    *("position", "item_type", "external_id", "title", "original_title", "year", "language", "genres"),
    *("keywords", "synopsis", "directors", "cast_names", "runtime_minutes", "imdb_id", "authors"),
    *("page_count", "isbn13", "openlibrary_id"),
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
    `language` is an ISO 639-1 code.
    """

    external_id: str
    title: str
    original_title: str
    year: int | None = None
    language: str | None = None
    genres: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    synopsis: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MovieEntry(CatalogEntry):
    """A film; `imdb_id` has its `tt` and leading zeros."""

    directors: tuple[str, ...] = ()
    cast: tuple[str, ...] = ()
    runtime_minutes: int | None = None
    imdb_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BookEntry(CatalogEntry):
    """A book; `isbn13` is 13 digits, `openlibrary_id` a work such as OL45883W."""

    authors: tuple[str, ...] = ()
    page_count: int | None = None
    isbn13: str | None = None
    openlibrary_id: str | None = None


@dataclass(frozen=True, slots=True)
class LoadCounts:
    """What became of the rows of a source."""

    added: int
    changed: int
    unchanged: int


async def load_items(
    connection: Connection, source: str, entries: Iterable[MovieEntry | BookEntry], *, overwrite: bool
) -> LoadCounts:
    """Adds the items of `source` that are new, and updates those that differ, in one transaction.

    An entry is an item we have if the source named it before, or if an item of the same type has its IMDb id,
    ISBN or Open Library id. With `overwrite` the entry's values win over ours; without it they only fill our
    gaps; a field that an admin set stays as it is. Nothing is deleted, and rows that stay the same are not
    written. New items get ascending ids in the order of `entries`; new and changed ones wait for an embedding
    (embedded_text_hash is null).

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
        await connection.execute(_QUERIES["merge_known_items"], overwrite)
        for name in _WRITES:
            await connection.execute(_QUERIES[name])
        await connection.execute(_QUERIES["insert_external_ids"], source)
        row = await connection.fetchrow(_QUERIES["count_staged_items"])
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
        if isinstance(entry, MovieEntry):
            film = (entry.directors, entry.cast, entry.runtime_minutes, entry.imdb_id)
            yield (position, "movie", *common, *film, (), None, None, None)
        else:
            book = (entry.authors, entry.page_count, entry.isbn13, entry.openlibrary_id)
            yield (position, "book", *common, (), (), None, None, *book)
