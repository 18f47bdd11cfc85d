"""IMDb: the export of "Your ratings", in its present form and in that of before 2017."""

import re

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

# In lower case without spaces; other types are series, episodes and games.
_FILMS = frozenset({"", "movie", "featurefilm", "tvmovie", "video", "short", "tvshort", "tvspecial", "documentary"})


def _read(line: int, row: CsvRow) -> ParsedRow:
    title = row["title"]
    title_type = row.get("title type", "")
    if re.sub(r"[\s-]", "", title_type).lower() not in _FILMS:
        return UnusedRow(line, title, "not supported", f"it is not a film but a {title_type}")
    half_stars = half_stars_of(row["your rating"] if "your rating" in row else row["you rated"], per_point=1)
    if half_stars is None:
        return UnusedRow(line, title, "unreadable", "the rating must be a whole number of 1 to 10")
    if not half_stars:
        return UnratedRow(line)
    if not re.fullmatch(r"tt\d{7,10}", row["const"]):
        return UnusedRow(line, title, "unreadable", "Const must be an IMDb id such as tt0048473")
    titles = tuple(dict.fromkeys(filter(None, (title, row.get("original title", "")))))
    rated_at = date_of(row["date rated"] if "date rated" in row else row.get("created", ""))
    return OwnRating(
        line, "movie", titles, year_of(row.get("year", "")), half_stars, rated_at, (("imdb", row["const"]),)
    )


IMDB = CsvFormat("imdb", (("Const", "Your Rating", "Title"), ("const", "You rated", "Title")), _read).as_format()
