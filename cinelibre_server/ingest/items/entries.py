"""Makes catalogue entries of the rows of a file."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from cinelibre_server.ingest.items.repairs import RepairLog, RowRejected
from cinelibre_server.ingest.items.schema import ID_FIELDS, Columns, tells_of_books
from cinelibre_server.ingest.items.values import ValueReader
from cinelibre_server.store.catalog_load import BookEntry, ExternalId, MovieEntry
from cinelibre_server.store.items import ItemKind

T = TypeVar("T")

_MAX_TITLE = 500
_MAX_ID = 200
SOURCE_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,49}")
_TYPES: Mapping[str, ItemKind] = {
    **dict.fromkeys(("movie", "movies", "film", "feature", "item_type_movie"), "movie"),
    **dict.fromkeys(("book", "books", "novel", "item_type_book"), "book"),
}
# What catalogues share says more than a file's own id.
_SHARED = ("imdb", "isbn13", "tmdb", "openlibrary", "goodreads", "wikidata")


@dataclass(frozen=True, slots=True)
class EntryMaker:
    """Reads rows as items of `item_type`, or of the type they tell where that is None.

    `source` is the catalogue that the column `id` numbers; None files these ids by type under the source of all
    such files.
    """

    columns: Columns
    log: RepairLog
    item_type: ItemKind | None
    source: str | None

    def entry(self, line: int, values: Mapping[str, Any]) -> MovieEntry | BookEntry:
        """The entry of a row.

        Raises:
            RowRejected: it can't be used.
        """
        row = _Row(ValueReader(self.log, line), values, dict(self.columns.sources(values)))
        item_type = self._type(row)
        title, original_title = row.title()
        year = row.read("year", lambda value: row.reader.year(value, item_type), None)
        language = row.read("language", row.reader.language, None)
        imdb_id = row.read("imdb_id", row.reader.imdb_id, None) if item_type == "movie" else None
        isbn13 = row.read("isbn13", row.reader.isbn13, None) if item_type == "book" else None
        own_id = row.text("id")
        if item_type == "movie" and re.fullmatch(r"tt\d{7,10}", own_id):
            imdb_id, own_id = imdb_id or own_id, ""
        external_ids = row.external_ids()
        if self.source and own_id:
            external_ids = ((self.source, own_id), *external_ids)
        shared = [*((("imdb", imdb_id),) if imdb_id else ()), *((("isbn13", isbn13),) if isbn13 else ()), *external_ids]
        if self.source:
            own_id = ""
        common: dict[str, Any] = {
            "external_id": _key(item_type, own_id, shared, title, year, language),
            "is_own_id": bool(own_id) or not shared,
            "title": title,
            "original_title": original_title,
            "year": year,
            "language": language,
            "genres": row.names("genres"),
            "keywords": row.names("keywords"),
            "synopsis": row.text("synopsis", long=True),
            "external_ids": external_ids,
            "is_hidden": row.read("hidden", row.reader.hidden, False),
        }
        if item_type == "book":
            return BookEntry(**common, authors=row.names("authors"), page_count=row.number("page_count"), isbn13=isbn13)
        return MovieEntry(
            **common,
            directors=row.names("directors"),
            cast=row.names("cast"),
            runtime_minutes=row.number("runtime_minutes"),
            imdb_id=imdb_id,
        )

    def _type(self, row: "_Row") -> ItemKind:
        text = row.text("type").lower()
        if text and text not in _TYPES:
            raise RowRejected("type", "neither movie nor book", text)
        told = _TYPES.get(text)
        if told and self.item_type and told != self.item_type:
            raise RowRejected("type", f"not a {self.item_type}", text)
        return told or self.item_type or ("book" if tells_of_books(row.sources) else "movie")


@dataclass(frozen=True, slots=True)
class _Row:
    """The values of a row by field. Of several columns that tell a field the first with a value counts."""

    reader: ValueReader
    values: Mapping[str, Any]
    sources: Mapping[str, tuple[str, ...]]

    def read(self, field: str, read: Callable[[Any], T], nothing: T) -> T:
        for column in self.sources.get(field, ()):
            value = self.values[column]
            if value is not None and (found := read(value)) != nothing:
                return found
        return nothing

    def text(self, field: str, *, long: bool = False) -> str:
        return self.read(field, lambda value: self.reader.optional_text(field, value, long=long), "")

    def names(self, field: str) -> tuple[str, ...]:
        return self.read(field, lambda value: self.reader.names(field, value), ())

    def number(self, field: str) -> int | None:
        return self.read(field, lambda value: self.reader.number(field, value), None)

    def title(self) -> tuple[str, str]:
        """The title and the original title, each in the other's place where there is only one."""
        title, original = (
            self.read(field, lambda value, field=field: self.reader.name(field, value), "")  # type: ignore[misc]
            for field in ("title", "original_title")
        )
        if not title and original:
            self.reader.log.repair(self.reader.line, "title", "original title instead", "", original)
        title = title or original
        if not title:
            raise RowRejected("title", "no title", "")
        for field, text in (("title", title), ("original_title", original)):
            if len(text) > _MAX_TITLE:
                raise RowRejected(field, f"title longer than {_MAX_TITLE} characters", text)
        return title, original or title

    def external_ids(self) -> tuple[ExternalId, ...]:
        nothing: tuple[ExternalId, ...] = ()
        found = self.read("external_ids", self._listed_ids, nothing)
        found += tuple((source, text) for field, source in ID_FIELDS.items() if (text := self.text(field)))
        for source, text in found:
            if not SOURCE_NAME.fullmatch(source) or len(text) > _MAX_ID:
                raise RowRejected("external_ids", "not source:id", f"{source}:{text}")
        return tuple(dict.fromkeys(found))

    def _listed_ids(self, value: Any) -> tuple[ExternalId, ...]:
        if isinstance(value, str) and value.lstrip().startswith("{"):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                raise RowRejected("external_ids", "not source:id", value) from None
        if isinstance(value, dict):
            return tuple((source, self.reader.text("external_ids", text)) for source, text in value.items())
        parts = (name.partition(":") for name in self.reader.names("external_ids", value))
        return tuple((source.strip(), text.strip()) for source, _, text in parts)


def _key(
    item_type: ItemKind,
    own_id: str,
    shared: list[ExternalId],
    title: str,
    year: int | None,
    language: str | None,
) -> str:
    """What tells the row from others, now and when it is imported again."""
    if own_id:
        if len(own_id) > _MAX_ID:
            raise RowRejected("id", f"id longer than {_MAX_ID} characters", own_id)
        return f"{item_type}:{own_id}"
    if shared:
        known = dict(reversed(shared))
        source = next((name for name in _SHARED if name in known), shared[0][0])
        return f"{source}:{known[source]}"
    return f"title:{item_type}:{title.casefold()}|{year or ''}|{language or ''}"
