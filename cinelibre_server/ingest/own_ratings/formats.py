"""The formats, and the way from the bytes of a file to its ratings."""

import io
import zipfile
import zlib
from collections.abc import Sequence
from itertools import islice

from cinelibre_server.ingest.own_ratings.goodreads import GOODREADS
from cinelibre_server.ingest.own_ratings.imdb import IMDB
from cinelibre_server.ingest.own_ratings.letterboxd import LETTERBOXD
from cinelibre_server.ingest.own_ratings.rows import MAX_ROWS, FormatName, ParsedRow, RatingFormat, UnusableContent
from cinelibre_server.ingest.own_ratings.trakt import TRAKT

MAX_BYTES = 10 * 1024 * 1024
FORMATS: Sequence[RatingFormat] = (LETTERBOXD, IMDB, GOODREADS, TRAKT)

# What the files of ratings in a zip are called; the one that is least deep counts.
_IN_ZIP = ("ratings.csv", "goodreads_library_export.csv", "ratings-movies.json", "ratings_movies.json")


def parse_ratings(content: bytes, name: FormatName | None = None) -> tuple[FormatName, list[ParsedRow]]:
    """The format (told by the content unless named) and the rows of a file of ratings, or of a zip that has one.

    Raises:
        UnusableContent: it is too large, no text, or in none of the formats; says what is allowed.
    """
    if len(content) > MAX_BYTES:
        raise UnusableContent(f"must be at most {MAX_BYTES // 1024**2} MiB")
    text = _decode(_unzipped(content))
    wanted = [each for each in FORMATS if name in (None, each.name)]
    found = next((each for each in wanted if each.recognises(text)), None)
    if found is None:
        allowed = "; ".join(f"{each.name}: {each.description}" for each in wanted)
        raise UnusableContent(f"must begin like a known format ({allowed})")
    rows = list(islice(found.parse(text), MAX_ROWS + 1))
    if len(rows) > MAX_ROWS:
        raise UnusableContent(f"must have at most {MAX_ROWS:,} rows")
    return found.name, rows


def _unzipped(content: bytes) -> bytes:
    if not content.startswith(b"PK\x03\x04"):
        return content
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [info for info in archive.infolist() if info.filename.rpartition("/")[2].lower() in _IN_ZIP]
            if not names:
                raise UnusableContent(f"is a zip and must have one of {', '.join(_IN_ZIP)} in it")
            chosen = min(names, key=lambda info: info.filename.count("/"))
            with archive.open(chosen) as file:
                # What a zip says of a size need not be true.
                unpacked = file.read(MAX_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, OSError) as error:
        raise UnusableContent(f"is a zip that can't be read ({error})") from None
    if len(unpacked) > MAX_BYTES:
        raise UnusableContent(f"must be at most {MAX_BYTES // 1024**2} MiB when unpacked")
    return unpacked


def _decode(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnusableContent("must be in UTF-8, and is in UTF-16")
    if b"\0" in content:
        raise UnusableContent("must be text, CSV or JSON, and is neither")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnusableContent(f"must be in UTF-8, and line {line} is not") from None
    if not text.strip():
        raise UnusableContent("must not be empty")
    return text
