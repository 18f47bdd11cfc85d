"""Imports films and books of a file into the catalogue, as often as you like."""

import time
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cinelibre_server.errors import StartupError
from cinelibre_server.ingest.items.entries import SOURCE_NAME, EntryMaker
from cinelibre_server.ingest.items.repairs import FindingCount, RepairLog, RowRejected, open_report
from cinelibre_server.ingest.items.row_files import RowFile, UnreadableRow, file_size, open_rows
from cinelibre_server.ingest.items.schema import Columns
from cinelibre_server.progress import Progress, silent
from cinelibre_server.store.catalog_load import BookEntry, LoadCounts, MovieEntry, Overlap, load_items
from cinelibre_server.store.database import connect
from cinelibre_server.store.items import ItemKind
from cinelibre_server.store.migrate import check_schema

SOURCE = "items"

_OVERLAPS = {
    "same id": "the same id as an earlier row",
    "same item": "the same item as an earlier row",
    "other type": "the id of an item of the other type",
}
_TAKEN = {"imdb_id taken": "imdb_id", "isbn13 taken": "isbn13"}


@dataclass(frozen=True, slots=True)
class ItemOptions:
    """How to read a file. `item_type` None lets the rows tell; `mapping` has fields by column names.

    `source` names the catalogue whose ids the column `id` holds. With `overwrite` the file's values win over those
    that the catalogue has; otherwise they only fill its gaps.
    """

    item_type: ItemKind | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    source: str | None = None
    overwrite: bool = False
    report: Path | None = None


@dataclass(frozen=True, slots=True)
class ItemReport:
    """The outcome: `rows` of the file, what became of its items, and each kind of repair and reject."""

    rows: int
    items: LoadCounts
    rejected: int
    findings: tuple[FindingCount, ...]
    unused_columns: tuple[str, ...]
    seconds: float

    def lines(self) -> list[str]:
        """The report for people, a line a fact."""
        items = self.items
        lines = [
            f"items:    {items.added:,} new, {items.changed:,} changed, {items.unchanged:,} unchanged",
            f"rows:     {self.rows:,} read, {self.rejected:,} rejected",
            f"time:     {self.seconds:.1f} s",
        ]
        lines += [counted.line() for counted in self.findings]
        if self.unused_columns:
            lines.append(f"not used: the columns {', '.join(self.unused_columns)}")
        return lines


async def import_items(url: str, path: Path, options: ItemOptions, progress: Progress = silent) -> ItemReport:
    """Brings the films or books of `path` (CSV with a header or JSON lines, plain or gzipped) into the catalogue.

    A row is an item that we have if one of its ids says so; see load_items. Of rows with the same id the first
    counts. Importing again changes nothing. New and changed items have no embedding yet.

    Raises:
        StartupError: the file can't be read, no column is a title, or there is no database.
    """
    started = time.monotonic()
    columns = Columns(options.mapping)
    if options.source is not None and not SOURCE_NAME.fullmatch(options.source):
        raise StartupError(f"--source {options.source}: must be a short name in lower case, as in tmdb")
    connection = await connect(url)
    try:
        await check_schema(connection)
        with open_report(options.report) as write:
            log = RepairLog(write)
            with (
                progress("Reading items", file_size(path), "bytes") as step,
                open_rows(path, step.advance) as file,
            ):
                if file.columns is not None:
                    columns.require_title(file.columns)
                reader = _EntryReader(EntryMaker(columns, log, options.item_type, options.source), log, file)
                counts = await load_items(
                    connection, SOURCE, reader.entries(), overwrite=options.overwrite, note=reader.note
                )
    finally:
        await connection.close()
    return ItemReport(
        reader.rows, counts, log.rejected(), log.counts(), tuple(columns.unused), time.monotonic() - started
    )


class _EntryReader:
    """The entries of a file, in its order, and the line of each."""

    def __init__(self, maker: EntryMaker, log: RepairLog, file: RowFile) -> None:
        self._maker = maker
        self._log = log
        self._file = file
        self._lines = array("L")
        self.rows = 0

    def entries(self) -> Iterator[MovieEntry | BookEntry]:
        for row in self._file.rows:
            self.rows += 1
            if isinstance(row, UnreadableRow):
                self._log.reject(row.line, "row", row.reason, "")
                continue
            try:
                entry = self._maker.entry(row.line, row.values)
            except RowRejected as rejected:
                self._log.reject(row.line, rejected.field, rejected.reason, rejected.found)
            else:
                self._log.keep()
                self._lines.append(row.line)
                yield entry

    def note(self, overlap: Overlap) -> None:
        """What the catalogue or earlier rows have to say about one of the entries."""
        line = self._lines[overlap.position]
        if overlap.kind in _TAKEN:
            self._log.repair(line, _TAKEN[overlap.kind], "the id of another item", overlap.value, None)
            self._log.keep()
        else:
            earlier = f"line {self._lines[overlap.earlier]}" if overlap.earlier is not None else overlap.value
            self._log.reject(line, "id", _OVERLAPS[overlap.kind], earlier)
