"""Reads files of rows: CSV with a header, or JSON lines, plain or gzipped, and never the whole of one."""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from cinelibre_server.errors import StartupError

_MAX_LINE = 1_000_000
_PROGRESS_BYTES = 250_000
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_DELIMITERS = ",;\t|"

NOT_UTF_8 = "not UTF-8"
BAD_QUOTES = "quotation marks don't pair"
WRONG_FIELDS = "wrong number of fields"
NOT_JSON = "not a JSON object"
TOO_LONG = "line longer than 1,000,000 characters"


@dataclass(frozen=True, slots=True)
class Row:
    """A row and the number of its (first) line, from 1."""

    line: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class UnreadableRow:
    """A line that is no row, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class RowFile:
    """An open file; `columns` is its header, or None where each row has its own keys."""

    columns: Sequence[str] | None
    rows: Iterator[Row | UnreadableRow]


@contextmanager
def open_rows(path: Path, advance: Callable[[float], None]) -> Iterator[RowFile]:
    """The rows of `path`; `advance` is told the bytes of the file that were read, now and then.

    Raises:
        StartupError: there is no such file, it is neither CSV nor JSON lines, or can't be read to its end.
    """
    with ExitStack() as stack:
        with _readable(path):
            raw = stack.enter_context(path.open("rb"))
            begin = raw.peek(4)
            if begin.startswith(_ZIP):
                raise StartupError(f"{path} is a zip: unpack it first")
            packed = begin.startswith(_GZIP)
            buffered = stack.enter_context(io.BufferedReader(gzip.GzipFile(fileobj=raw))) if packed else raw
            kind = _kind(path, buffered.peek(65536))
        text = io.TextIOWrapper(buffered, "utf-8-sig", errors="surrogateescape", newline="")
        lines = _lines(path, text, raw, advance)
        yield RowFile(None, _json_rows(lines)) if kind == "json" else _csv_file(path, lines)


def file_size(path: Path) -> int:
    """Its bytes. Raises StartupError if it can't be read."""
    with _readable(path):
        return path.stat().st_size
    raise AssertionError("the block above returns or raises")


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Faults of the file in one line. Not around a `yield` to others, whose faults are none of the file."""
    try:
        yield
    except FileNotFoundError:
        raise StartupError(f"{path} does not exist: give a file of CSV or JSON lines") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise StartupError(f"{path} can't be unpacked ({error}): get it again") from None
    except OSError as error:
        raise StartupError(f"{path} can't be read ({error.strerror}): give a file, and check its permissions") from None


def _kind(path: Path, begin: bytes) -> str:
    if begin.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise StartupError(f"{path} is in UTF-16: save it as UTF-8")
    if b"\0" in begin:
        raise StartupError(f"{path} is no text: give a file of CSV or JSON lines")
    first = begin.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if not first:
        raise StartupError(f"{path} is empty: give a file of CSV (with a header) or JSON lines")
    if first == b"[":
        raise StartupError(f"{path} is one JSON array: give JSON lines, an object a line, as `jq -c '.[]'` makes them")
    return "json" if first == b"{" else "csv"


def _lines(path: Path, text: IO[str], raw: IO[bytes], advance: Callable[[float], None]) -> Iterator[str]:
    """The lines with their ends; a line that is too long comes in parts, of which only the last has one."""
    told = 0
    with _readable(path):
        while line := text.readline(_MAX_LINE):
            if (at := raw.tell()) - told > _PROGRESS_BYTES:
                advance(at - told)
                told = at
            yield line
        advance(raw.tell() - told)


def _json_rows(lines: Iterator[str]) -> Iterator[Row | UnreadableRow]:
    number, is_begun = 0, False
    for line in lines:
        was_begun, is_begun = is_begun, not line.endswith("\n")
        if was_begun:
            continue
        number += 1
        if len(line) >= _MAX_LINE:
            yield UnreadableRow(number, TOO_LONG)
        elif not _is_unicode(line):
            yield UnreadableRow(number, NOT_UTF_8)
        elif line.strip():
            try:
                values = json.loads(line)
            except (ValueError, RecursionError):
                values = None
            yield Row(number, values) if isinstance(values, dict) else UnreadableRow(number, NOT_JSON)


def _csv_file(path: Path, lines: Iterator[str]) -> RowFile:
    header = next(lines)
    delimiter = max(_DELIMITERS, key=header.count)
    try:
        columns = [name.strip() for name in next(csv.reader([header], delimiter=delimiter, strict=True))]
    except (csv.Error, StopIteration):
        raise StartupError(f"the first line of {path} is no CSV header: write the names of the columns there") from None
    if repeated := [name for name in columns if name and columns.count(name) > 1]:
        raise StartupError(f"{path} has two columns {repeated[0]!r}: rename or remove one")
    return RowFile(columns, _csv_rows(columns, lines, delimiter))


def _csv_rows(columns: list[str], lines: Iterator[str], delimiter: str) -> Iterator[Row | UnreadableRow]:
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        line = reader.line_num + 2  # the header is line 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error:
            # A field that never ends: all up to here is lost, and said to be.
            yield UnreadableRow(line, BAD_QUOTES)
            continue
        if not any(fields):
            continue
        if len(fields) != len(columns):
            yield UnreadableRow(line, WRONG_FIELDS)
        elif not all(map(_is_unicode, fields)):
            yield UnreadableRow(line, NOT_UTF_8)
        else:
            yield Row(line, dict(zip(columns, fields, strict=True)))


def _is_unicode(text: str) -> bool:
    # Bytes that are no UTF-8 were decoded as lone surrogates.
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)
