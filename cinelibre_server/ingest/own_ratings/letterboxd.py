"""Letterboxd: ratings.csv of the export (Settings, Data), or the whole zip."""

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
    half_stars = half_stars_of(row["rating"], per_point=2)
    if half_stars is None:
        return UnusedRow(line, row["name"], "unreadable", "Rating must be 0.5 to 5 in halves")
    if not half_stars:
        return UnratedRow(line)
    if not row["name"]:
        return UnusedRow(line, "", "unreadable", "Name is empty")
    return OwnRating(line, "movie", (row["name"],), year_of(row["year"]), half_stars, date_of(row["date"]))


LETTERBOXD = CsvFormat("letterboxd", (("Date", "Name", "Year", "Letterboxd URI", "Rating"),), _read).as_format()
