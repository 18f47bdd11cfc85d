"""What the formats of CSV have in common."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from cinelibre_server.ingest.own_ratings.rows import FormatName, ParsedRow, RatingFormat, UnusedRow

CsvRow = Mapping[str, str]
"""The values of a row by the names of its columns in lower case, without white space around them."""


@dataclass(frozen=True, slots=True)
class CsvFormat:
    """A format known by columns of its header: `headers` has one set for each form it has had."""

    name: FormatName
    headers: tuple[tuple[str, ...], ...]
    read: Callable[[int, CsvRow], ParsedRow]

    def as_format(self) -> RatingFormat:
        """The same as all other formats."""
        columns = " or ".join(", ".join(header) for header in self.headers)
        return RatingFormat(self.name, f"CSV with the columns {columns}", self._recognises, self._parse)

    def _recognises(self, text: str) -> bool:
        columns = _columns(text)
        return any({name.lower() for name in header} <= set(columns) for header in self.headers)

    def _parse(self, text: str) -> Iterator[ParsedRow]:
        columns = _columns(text)
        reader = csv.reader(io.StringIO(text, newline=""))
        next(reader)
        while True:
            line = reader.line_num + 1
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield UnusedRow(line, "", "unreadable", "a field never ends: quotation marks don't pair")
                continue
            if not any(fields):
                continue
            if len(fields) != len(columns):
                yield UnusedRow(line, "", "unreadable", f"{len(fields)} fields where the header has {len(columns)}")
            else:
                yield self.read(line, {name: field.strip() for name, field in zip(columns, fields, strict=True)})


def _columns(text: str) -> list[str]:
    try:
        header = next(csv.reader(io.StringIO(text[:10_000], newline="")), [])
    except csv.Error:
        return []
    return [name.strip().lower() for name in header]
