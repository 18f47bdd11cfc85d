"""Imports goodbooks-10k: 10,000 books and six million ratings of Goodreads users, as often as you like.

The format is that of https://github.com/zygmuntz/goodbooks-10k.
"""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from cinelibre_server.errors import StartupError
from cinelibre_server.ingest.book_titles import without_series
from cinelibre_server.ingest.import_report import ImportReport
from cinelibre_server.ingest.isbn import isbn13_of, isbn13_of_float
from cinelibre_server.ingest.items.entries import EntryMaker
from cinelibre_server.ingest.items.repairs import RepairLog, RowRejected
from cinelibre_server.ingest.items.schema import Columns
from cinelibre_server.ingest.movielens import LoadedItems, import_data_set
from cinelibre_server.ingest.movielens_files import MovieLensFiles, open_data_set
from cinelibre_server.ingest.movielens_rows import REPEATED_BOOK, Layout, RowReader, parse_id
from cinelibre_server.progress import Progress, silent
from cinelibre_server.store import rating_load
from cinelibre_server.store.catalog_load import BookEntry, load_items
from cinelibre_server.store.database import Connection

_BOOKS = Layout("books.csv", ",", 0)
_TAGS = Layout("tags.csv", ",", 2, header="tag_id,tag_name")
_BOOK_TAGS = Layout("book_tags.csv", ",", 3, header="goodreads_book_id,tag_id,count")
_NEEDED = ("book_id", "goodreads_book_id", "isbn", "isbn13", "authors", "original_publication_year", "title")
_MAPPING = {
    "goodreads_book_id": "goodreads_id",
    "original_publication_year": "year",
    "language_code": "language",
    # Read by _isbn and by the key of the entry.
    "book_id": "ignore",
    "isbn": "ignore",
}
# Of some 34,000 shelves of Goodreads users those that are genres.
_GENRES = {
    shelf: shelf.replace("-", " ").title()
    for shelf in (
        *("adventure", "biography", "business", "children", "classics", "comics", "contemporary", "cookbooks", "crime"),
        *("dystopia", "essays", "fantasy", "fiction", "graphic-novels", "historical-fiction", "history", "horror"),
        *("humor", "magical-realism", "manga", "memoir", "mystery", "mythology", "non-fiction", "paranormal"),
        *("philosophy", "plays", "poetry", "politics", "psychology", "religion", "romance", "science"),
        *("science-fiction", "self-help", "short-stories", "spirituality", "suspense", "thriller", "travel"),
        *("true-crime", "war", "western", "young-adult"),
    )
}
_MOST_GENRES = 5


async def import_goodbooks(url: str, path: Path, progress: Progress = silent) -> ImportReport:
    """Imports the data set at `path` (a folder or zip with books.csv and ratings.csv) into the database at `url`.

    Users and books are filed under the source `goodbooks-10k`; a book whose ISBN or Goodreads id is in the catalogue
    is that book. The ratings have no times: all get that of the data set, 1 September 2017. Genres are of the shelves
    of book_tags.csv, if it is there. Importing again changes nothing.

    Raises:
        StartupError: no such data set, a damaged one, or no database; one line that says what to do.
    """
    with open_data_set(path, "goodbooks-10k", ("goodbooks-10k",)) as files:
        return await import_data_set(url, files, _load_books, progress)


async def _load_books(connection: Connection, files: MovieLensFiles, reader: RowReader) -> LoadedItems:
    log = RepairLog(lambda _finding: None)
    books = _books(files, reader, log)
    if files.has(_TAGS.file) and files.has(_BOOK_TAGS.file):
        goodreads_ids = {book.external_ids[0][1]: ref for ref, book in books.items() if book.external_ids}
        for goodreads_id, genres in _genres(reader).items():
            if (ref := goodreads_ids.get(goodreads_id)) is not None:
                books[ref] = replace(books[ref], genres=genres)
    counts = await load_items(connection, files.format, books.values(), overwrite=False)
    items = await rating_load.items_of_source(connection, files.format)
    return LoadedItems("book", counts, {ref: items[str(ref)] for ref in books}, log.counts())


def _books(files: MovieLensFiles, reader: RowReader, log: RepairLog) -> dict[int, BookEntry]:
    """The books by their id in the file, in its order."""
    maker = EntryMaker(Columns(_MAPPING), log, "book", None)
    books: dict[int, BookEntry] = {}
    for line, values in _rows(files, reader.advance):
        ref = parse_id(values.get("book_id") or "")
        if ref is None or ref in books:
            reader.reject(_BOOKS, line, REPEATED_BOOK)
            continue
        values["isbn13"] = _isbn(values)
        values["title"] = without_series(values.get("title") or "")
        try:
            book = maker.entry(line, values)
        except RowRejected as rejected:
            log.drop()
            reader.reject(_BOOKS, line, rejected.reason)
        else:
            assert isinstance(book, BookEntry)
            log.keep()
            books[ref] = replace(book, external_id=str(ref), is_own_id=True)
    return books


def _rows(files: MovieLensFiles, advance: Callable[[float], None]) -> Iterator[tuple[int, dict[str, str]]]:
    lines = (line.decode("utf-8-sig", errors="replace") for line in files.lines(_BOOKS.file, advance))
    reader = csv.DictReader(lines)
    if missing := [name for name in _NEEDED if name not in (reader.fieldnames or ())]:
        raise StartupError(f"books.csv has no column {missing[0]}: get goodbooks-10k again")
    for row in reader:
        yield reader.line_num, {name: value or "" for name, value in row.items() if isinstance(name, str)}


def _isbn(values: Mapping[str, str]) -> str:
    """The ISBN of 10 digits is whole, while the one of 13 lost its last digit."""
    return isbn13_of(values["isbn"]) or isbn13_of_float(values["isbn13"]) or ""


def _genres(reader: RowReader) -> dict[str, tuple[str, ...]]:
    """The genres of each book, by its Goodreads id, those that most people gave it first."""
    genres = {tag_id: _GENRES[name] for _, (tag_id, name) in reader.texts(_TAGS) if name in _GENRES}
    counted: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for line, (goodreads_id, tag_id, count) in reader.texts(_BOOK_TAGS):
        if tag_id in genres:
            # Mistaken counts are below zero.
            if (number := parse_id(count.removeprefix("-"))) is None:
                reader.reject(_BOOK_TAGS, line, "a count is not a whole number")
            else:
                counted[goodreads_id].append((-number, genres[tag_id]))
    return {
        goodreads_id: tuple(genre for _, genre in sorted(found)[:_MOST_GENRES])
        for goodreads_id, found in counted.items()
    }
