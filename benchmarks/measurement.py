"""What a benchmark says: numbers with their targets, as a table and as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.table import Table


@dataclass(frozen=True, slots=True)
class Measurement:
    """One number. `target` reads like "<= 40" and `ok` says whether it was met; None where there is no target."""

    name: str
    value: float
    unit: str
    target: str | None = None
    ok: bool | None = None


class BenchmarkError(Exception):
    """A measurement that can't be made: one line that says why, and what to do."""


def at_most(name: str, value: float, unit: str, limit: float) -> Measurement:
    """A number that should not be above `limit`."""
    return Measurement(name, value, unit, f"<= {limit:g}", value <= limit)


def at_least(name: str, value: float, unit: str, limit: float) -> Measurement:
    """A number that should not be below `limit`."""
    return Measurement(name, value, unit, f">= {limit:g}", value >= limit)


def table(measurements: Sequence[Measurement]) -> Table:
    """For people."""
    result = Table(title="CineLibre benchmarks")
    result.add_column("what")
    result.add_column("measured", justify="right")
    result.add_column("target", justify="right")
    result.add_column("")
    for entry in measurements:
        verdict = {True: "[green]ok[/]", False: "[red]missed[/]", None: ""}[entry.ok]
        value = f"{entry.value:,.{_digits(entry.value)}f} {entry.unit}"
        result.add_row(entry.name, value, entry.target, verdict)
    return result


def write_json(measurements: Sequence[Measurement], path: Path) -> None:
    """For programs: a list of {name, value, unit, target, ok}."""
    rows = [{**asdict(entry), "value": round(entry.value, 4)} for entry in measurements]
    path.write_text(json.dumps(rows, indent=2) + "\n")


def _digits(value: float) -> int:
    return 0 if value >= 1000 else 1 if value >= 100 else 2
