"""Turns lines of MovieLens files into rows, and names what is wrong with those that are none."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from cinelibre_server.errors import StartupError
from cinelibre_server.ingest.import_report import BadRowLog
from cinelibre_server.ingest.movielens_files import Format, MovieLensFiles

WRONG_FIELDS = "wrong number of fields"
NOT_A_NUMBER = "an id or a time is not a whole number"
BAD_STARS = "stars are not 0.5 to 5.0 in halves"
BAD_TIME = "the time is not between 1970 and 2999"
BAD_TEXT = "the text is not in the file's encoding"
BAD_QUOTES = "quotation marks don't pair"
NO_TITLE = "no title"
REPEATED_MOVIE = "movie id repeated"
REPEATED_BOOK = "book id missing or repeated"
UNKNOWN_MOVIE = "unknown movie id"
BAD_TAG = "the tag is empty or longer than 60 characters"
BAD_IMDB_ID = "not an IMDb id"

FileRating: TypeAlias = tuple[int, int, int, int, int]
"""Line, the file's user id, item id, half stars 1-10, seconds since 1970."""

END_OF_TIME = 32_503_680_000  # the year 3000
_MAX_ID_DIGITS = 18
_MAX_TAG_CHARACTERS = 60


# The 1M files are the one, the 10M files the other.
UTF_8_OR_LATIN_1 = "utf-8 or latin-1"


@dataclass(frozen=True, slots=True)
class Layout:
    """How the lines of a file are built. A file with a header is CSV, and may have quoted fields.

    `rated_at` is the time of all ratings, in seconds since 1970, in a file that has none of its own.
    """

    file: str
    separator: str
    field_count: int
    encoding: str = "utf-8"
    header: str | None = None
    rated_at: int | None = None


U_ITEM = Layout("u.item", "|", 24, encoding="latin-1")
U_USER = Layout("u.user", "|", 5, encoding="latin-1")
U_DATA = Layout("u.data", "\t", 4)
MOVIES_CSV = Layout("movies.csv", ",", 3, header="movieId,title,genres")
LINKS_CSV = Layout("links.csv", ",", 3, header="movieId,imdbId,tmdbId")
TAGS_CSV = Layout("tags.csv", ",", 4, header="userId,movieId,tag,timestamp")
RATINGS_CSV = Layout("ratings.csv", ",", 4, header="userId,movieId,rating,timestamp")
MOVIES_DAT = Layout("movies.dat", "::", 3, encoding=UTF_8_OR_LATIN_1)
USERS_DAT = Layout("users.dat", "::", 5, encoding=UTF_8_OR_LATIN_1)
TAGS_DAT = Layout("tags.dat", "::", 4, encoding=UTF_8_OR_LATIN_1)
RATINGS_DAT = Layout("ratings.dat", "::", 4)
# The ratings have no times: they are as old as the data set, of September 2017.
GOODBOOKS_CSV = Layout("ratings.csv", ",", 3, header="user_id,book_id,rating", rated_at=1_504_224_000)

MOVIES: Mapping[Format, Layout] = {
    "movielens-100k": U_ITEM,
    "movielens-1m": MOVIES_DAT,
    "movielens-10m": MOVIES_DAT,
    "movielens": MOVIES_CSV,
}
RATINGS: Mapping[Format, Layout] = {
    "movielens-100k": U_DATA,
    "movielens-1m": RATINGS_DAT,
    "movielens-10m": RATINGS_DAT,
    "movielens": RATINGS_CSV,
    "goodbooks-10k": GOODBOOKS_CSV,
}
USERS: Mapping[Format, Layout] = {"movielens-100k": U_USER, "movielens-1m": USERS_DAT}
TAGS: Mapping[Format, Layout] = {"movielens-10m": TAGS_DAT, "movielens": TAGS_CSV}


class RowReader:
    """Reads the files of one data set; bad rows go to `log` and never further. `advance` is told the bytes read."""

    def __init__(self, files: MovieLensFiles, log: BadRowLog, advance: Callable[[float], None]) -> None:
        self._files = files
        self._log = log
        self.advance = advance

    def texts(self, layout: Layout) -> Iterator[tuple[int, list[str]]]:
        """The line number and the fields of each row of a text file."""
        for line_number, line in self._lines(layout):
            fields, reason = _split(line, layout)
            if reason:
                self.reject(layout, line_number, reason)
            else:
                yield line_number, fields

    def blocks(self, layout: Layout) -> Iterator[tuple[int, bytes]]:
        """The file in blocks of whole lines, without its header, and the number of each block's first line."""
        line_number = 1
        for block in self._files.blocks(layout.file, self.advance):
            if line_number == 1 and layout.header is not None:
                header, _, block = block.partition(b"\n")
                _check_header(header, layout)
                line_number = 2
            if block:
                yield line_number, block
            line_number += block.count(b"\n")
        if line_number == 1 and layout.header is not None:
            _check_header(b"", layout)

    def ratings(
        self, layout: Layout, lines: Iterable[tuple[int, bytes]], items: Mapping[int, int]
    ) -> Iterator[FileRating]:
        """The ratings in some lines (with their numbers) of films in `items`, their item ids by the file's ids."""
        for line_number, line in lines:
            if line.isspace():
                continue
            reason, rating = _examine_rating(line, line_number, layout, items)
            if rating is None:
                self.reject(layout, line_number, reason)
            else:
                yield rating

    def reject(self, layout: Layout, line_number: int, reason: str) -> None:
        """Notes that a row can't be used."""
        self._log.add(layout.file, line_number, reason)

    def _lines(self, layout: Layout) -> Iterator[tuple[int, bytes]]:
        lines = enumerate(self._files.lines(layout.file, self.advance), start=1)
        if layout.header is not None:
            _, first = next(lines, (0, b""))
            _check_header(first, layout)
        return ((number, line) for number, line in lines if not line.isspace())


def parse_id(text: str) -> int | None:
    """A positive whole number of at most 18 digits, or None."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_ID_DIGITS else None


def parse_imdb_id(text: str) -> str | None:
    """The IMDb id of links.csv, which leaves `tt` and zeros out, or None."""
    number = parse_id(text.strip().removeprefix("tt"))
    return f"tt{number:07d}" if number and number < 10**10 else None


def clean_tag(text: str) -> str:
    """A tag in lower case without needless spaces; "" if it is too long to be a keyword."""
    tag = " ".join(text.lower().split())
    return tag if len(tag) <= _MAX_TAG_CHARACTERS else ""


def _check_header(line: bytes, layout: Layout) -> None:
    header = line.removeprefix(b"\xef\xbb\xbf").replace(b'"', b"").strip().decode(errors="replace")
    if header != layout.header:
        raise StartupError(f"{layout.file} starts with {header[:60]!r}: expected {layout.header}")


def _split(line: bytes, layout: Layout) -> tuple[list[str], str]:
    try:
        text = _decode(line, layout.encoding).rstrip("\r\n")
    except UnicodeDecodeError:
        return [], BAD_TEXT
    if "\0" in text:
        return [], BAD_TEXT
    if layout.header is not None and '"' in text:
        # A line is a row, so that one stray quotation mark spoils one row only.
        try:
            fields = next(csv.reader([text], delimiter=layout.separator, strict=True))
        except csv.Error:
            return [], BAD_QUOTES
    else:
        fields = text.split(layout.separator)
    return fields, "" if len(fields) == layout.field_count else WRONG_FIELDS


def _decode(line: bytes, encoding: str) -> str:
    if encoding != UTF_8_OR_LATIN_1:
        return line.decode(encoding)
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _examine_rating(
    line: bytes, line_number: int, layout: Layout, items: Mapping[int, int]
) -> tuple[str, FileRating | None]:
    fields, reason = _split(line, layout)
    if reason:
        return reason, None
    user_ref, movie_ref = parse_id(fields[0]), parse_id(fields[1])
    rated_at = layout.rated_at if layout.rated_at is not None else parse_id(fields[3])
    if user_ref is None or movie_ref is None or rated_at is None:
        return NOT_A_NUMBER, None
    half_stars = _half_stars(fields[2])
    if half_stars is None:
        return BAD_STARS, None
    if rated_at >= END_OF_TIME:
        return BAD_TIME, None
    item_id = items.get(movie_ref)
    if item_id is None:
        return UNKNOWN_MOVIE, None
    return "", (line_number, user_ref, item_id, half_stars, rated_at)


def _half_stars(text: str) -> int | None:
    try:
        half_stars = float(text) * 2
    except ValueError:
        return None
    return int(half_stars) if half_stars in range(1, 11) else None
