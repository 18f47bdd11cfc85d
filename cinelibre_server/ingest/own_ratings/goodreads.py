"""Goodreads: goodreads_library_export.csv (My Books, Import and export)."""

from cinelibre_server.ingest.book_titles import without_series
from cinelibre_server.ingest.isbn import isbn13_of
from cinelibre_server.ingest.own_ratings.csv_format import CsvFormat, CsvRow
from cinelibre_server.ingest.own_ratings.rows import (
    OwnRating,
    ParsedRow,
    UnratedRow,
    UnusedRow,
    date_of,
    half_stars_of,
    year_of,
)


def _read(line: int, row: CsvRow) -> ParsedRow:
    title = row["title"]
    half_stars = half_stars_of(row["my rating"], per_point=2)
    if half_stars is None or half_stars % 2:
        return UnusedRow(line, title, "unreadable", "My Rating must be a whole number of 0 to 5")
    if not half_stars:
        return UnratedRow(line)
    if not title:
        return UnusedRow(line, "", "unreadable", "Title is empty")
    isbns = dict.fromkeys(filter(None, (isbn13_of(row.get(name, "")) for name in ("isbn13", "isbn"))))
    ids = [("isbn13", isbn) for isbn in isbns]
    if row["book id"]:
        ids.append(("goodreads", row["book id"]))
    return OwnRating(
        line,
        "book",
        tuple(dict.fromkeys((title, without_series(title)))),
        year_of(row.get("original publication year", "") or row.get("year published", "")),
        half_stars,
        date_of(row.get("date read", "")) or date_of(row.get("date added", "")),
        tuple(ids),
        row["author"],
    )


GOODREADS = CsvFormat("goodreads", (("Book Id", "Title", "Author", "My Rating"),), _read).as_format()
