"""The columns that a file of films or books can have, and the names by which other catalogues know them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cinelibre_server.errors import StartupError


@dataclass(frozen=True, slots=True)
class Field:
    """What a column can mean; `aliases` are other names for it, the most telling first."""

    name: str
    description: str
    aliases: tuple[str, ...] = ()


FIELDS = (
    Field("title", "the name to show; needed, at most 500 characters", ("name", "movie_name", "movie_title",
          "book_title", "primary_title")),
    Field("type", "movie or book; else --type, else book if there is a column for authors, pages or an ISBN",
          ("item_type", "media_type")),
    Field("original_title", "the name in the original language", ("original_name", "title_original")),
    Field("year", "of release or first publication; a date will do", ("release_year", "original_publication_year",
          "publication_year", "year_published", "start_year", "release_date", "published")),
    Field("language", "ISO 639-1 code or English name of the language", ("original_language", "language_code", "lang",
          "languages")),
    Field("genres", "a list", ("genre",)),
    Field("keywords", "a list", ("keyword", "tags")),
    Field("synopsis", "what happens, in any language", ("plot", "overview", "description", "summary")),
    Field("directors", "a list; films only", ("director", "directed_by")),
    Field("cast", "a list; films only", ("actors", "starring", "cast_names")),
    Field("runtime_minutes", "1 to 32,767; films only", ("runtime", "minutes", "duration", "timing_min", "timing")),
    Field("imdb_id", "as in tt0048473; films only", ("imdb", "tconst", "const", "imdb_title_id")),
    Field("authors", "a list; books only", ("author",)),
    Field("page_count", "1 to 32,767; books only", ("pages", "num_pages", "number_of_pages")),
    Field("isbn13", "13 digits, or an ISBN of 10; books only", ("isbn", "isbn10")),
    Field("id", "the file's own id of it, filed under --source; an IMDb id is taken as such", ("item_id", "movie_id",
          "book_id", "key")),
    Field("external_ids", "a list of source:id, or a JSON object of ids by source"),
    Field("hidden", "true for a new item that only admins shall see"),
    Field("tmdb_id", "the id at The Movie Database", ("tmdb",)),
    Field("openlibrary_id", "the work's id at Open Library, as in OL45883W", ("openlibrary", "ol_work_id")),
    Field("goodreads_id", "the book's id at Goodreads", ("goodreads_book_id",)),
    Field("wikidata_id", "the id at Wikidata, as in Q244315", ("wikidata", "wikidata_qid")),
)  # fmt: skip
ID_FIELDS = {f"{source}_id": source for source in ("tmdb", "openlibrary", "goodreads", "wikidata")}
_BOOK_FIELDS = frozenset({"authors", "page_count", "isbn13", "openlibrary_id", "goodreads_id"})
_NAMES = {
    name.replace("_", ""): (field.name, place)
    for field in FIELDS
    for place, name in enumerate((field.name, *field.aliases))
}
_FIELD_NAMES = tuple(field.name for field in FIELDS)


class Columns:
    """Which columns of a file mean what. Case, spaces and punctuation of their names make no difference."""

    def __init__(self, mapping: Mapping[str, str]) -> None:
        """`mapping` has fields by column names, as the user chose them; `ignore` leaves a column out.

        Raises:
            StartupError: no such field.
        """
        for column, name in mapping.items():
            if name not in (*_FIELD_NAMES, "ignore"):
                raise StartupError(
                    f"--map {column}={name}: there is no field {name}; choose of {', '.join(_FIELD_NAMES)}, ignore"
                )
        self._mapping = dict(mapping)
        self._known: dict[tuple[str, ...], tuple[tuple[str, tuple[str, ...]], ...]] = {}
        self._seen: set[str] = set()

    def sources(self, columns: Iterable[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Each field that some of the columns can tell, and these columns, the most telling first."""
        names = tuple(columns)
        found = self._known.get(names)
        if found is None:
            self._seen.update(names)
            found = self._known[names] = self._match(names)
        return found

    def require_title(self, columns: Sequence[str]) -> None:
        """Raises StartupError if the columns of a CSV file lack a title or one that --map names."""
        missing = [column for column in self._mapping if column not in columns]
        shown = ", ".join(column[:40] for column in columns[:30])
        if missing:
            raise StartupError(f"--map {missing[0]}=…: the file has no column {missing[0]}, only {shown}")
        if not {"title", "original_title"} & {field for field, _ in self.sources(columns)}:
            raise StartupError(f"no column is a title, of {shown}: name it with --map COLUMN=title")

    @property
    def unused(self) -> list[str]:
        """The columns that meant nothing, in alphabetical order."""
        return sorted(column for column in self._seen if self._meaning(column) is None)

    def _match(self, columns: tuple[str, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
        places: dict[str, list[tuple[int, str]]] = {}
        for column in columns:
            if (meaning := self._meaning(column)) is not None:
                places.setdefault(meaning[0], []).append((meaning[1], column))
        return tuple((field, tuple(column for _, column in sorted(found))) for field, found in places.items())

    def _meaning(self, column: str) -> tuple[str, int] | None:
        """The field and how telling the column's name is for it, 0 the most."""
        if (chosen := self._mapping.get(column)) is not None:
            return None if chosen == "ignore" else (chosen, -1)
        return _NAMES.get(re.sub(r"[\W_]+", "", column).lower())


def tells_of_books(fields: Iterable[str]) -> bool:
    """Whether a file with these fields is one of books, if it doesn't say so."""
    return not _BOOK_FIELDS.isdisjoint(fields)


def describe() -> str:
    """The schema for people, a field a line."""
    width = max(len(name) for name in _FIELD_NAMES)
    lines = [
        f"{field.name:{width}}  {field.description}" + (f" (also: {', '.join(field.aliases)})" if field.aliases else "")
        for field in FIELDS
    ]
    return "\n".join(
        (
            "CSV with a header or JSON lines, UTF-8, plain or gzipped; other columns are ignored.",
            "--map COLUMN=FIELD says what another column means.",
            "A list is a JSON array, or has | or ; or commas between. Empty, -, N/A and null mean: not known.",
            "",
            *lines,
        )
    )
