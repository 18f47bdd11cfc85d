"""Collects what was repaired in a file's rows and which rows could not be used, and writes it to a report."""

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import IO, Any, Literal

from cinelibre_server.errors import StartupError

_MAX_SHOWN = 200


class RowRejected(Exception):
    """A row that can't be used: the `field` at fault, why, and what was found there."""

    def __init__(self, field: str, reason: str, found: object) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason
        self.found = found


@dataclass(frozen=True, slots=True)
class Finding:
    """A line of the report. `used` is what took the place of `found`; "" where the value was left out."""

    line: int
    action: Literal["repaired", "rejected"]
    kind: str
    field: str
    found: str
    used: str

    def columns(self) -> dict[str, str | int]:
        """Its values by name. dataclasses.asdict takes ten times as long."""
        return {name: getattr(self, name) for name in _COLUMNS}


_COLUMNS = tuple(field.name for field in fields(Finding))


@dataclass(frozen=True, slots=True)
class FindingCount:
    """How often there was one kind of finding, and the first of them."""

    count: int
    first: Finding

    def line(self) -> str:
        """For people."""
        first = self.first
        used = f" → {first.used!r}" if first.used else ""
        found = f": {first.found!r}{used}" if first.found or used else ""
        return f"{first.action}: {self.count:,} × {first.field}, {first.kind} (line {first.line}{found})"


class RepairLog:
    """Counts findings by kind, keeps the first of each and hands all to `write`."""

    def __init__(self, write: Callable[[Finding], None]) -> None:
        self._write = write
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._first: dict[tuple[str, str, str], Finding] = {}
        self._pending: list[Finding] = []

    def repair(self, line: int, field: str, kind: str, found: object, used: object) -> None:
        """If the row at `line` is kept, then with `used` for what was `found` in the field; None leaves it out."""
        used_text = "" if used is None else _shown(used)
        self._pending.append(Finding(line, "repaired", kind, field, _shown(found), used_text))

    def keep(self) -> None:
        """The row that was repaired is used."""
        for finding in self._pending:
            self._add(finding)
        self._pending.clear()

    def drop(self) -> None:
        """The row that was repaired is not used, so that its repairs are none."""
        self._pending.clear()

    def reject(self, line: int, field: str, reason: str, found: object) -> None:
        """The row at `line` is not used."""
        self.drop()
        self._add(Finding(line, "rejected", reason, field, _shown(found), ""))

    def counts(self) -> tuple[FindingCount, ...]:
        """Each kind, rejected rows first, the most frequent first."""
        order = sorted(self._counts.items(), key=lambda entry: (entry[0][0] == "repaired", -entry[1], entry[0]))
        return tuple(FindingCount(count, self._first[key]) for key, count in order)

    def rejected(self) -> int:
        """How many rows were not used."""
        return sum(count for (action, _, _), count in self._counts.items() if action == "rejected")

    def _add(self, finding: Finding) -> None:
        key = (finding.action, finding.field, finding.kind)
        self._counts[key] += 1
        self._first.setdefault(key, finding)
        self._write(finding)


@contextmanager
def open_report(path: Path | None) -> Iterator[Callable[[Finding], None]]:
    """Writes findings to `path` as they come: CSV if its name ends so, else JSON lines; None writes nothing.

    Raises:
        StartupError: the file can't be written.
    """
    if path is None:
        yield lambda _finding: None
        return
    try:
        file = path.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise StartupError(f"--report {path} can't be written ({error.strerror}): choose another file") from None
    with file:
        yield _csv_writer(file) if path.suffix.lower() == ".csv" else _json_writer(file)


def _csv_writer(file: IO[str]) -> Callable[[Finding], None]:
    writer = csv.DictWriter(file, _COLUMNS)
    writer.writeheader()
    return lambda finding: writer.writerow(finding.columns()) and None


def _json_writer(file: IO[str]) -> Callable[[Finding], None]:
    def write(finding: Finding) -> None:
        file.write(json.dumps(finding.columns(), ensure_ascii=False) + "\n")

    return write


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = text.encode(errors="replace").decode()
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + "…"
