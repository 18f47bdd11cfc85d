"""Shows how far a long step is: a bar on a terminal, plain lines in a log. For the command line only.

Steps take a `Progress` as a parameter: `progress` when a person waits, `silent` otherwise.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TypeAlias

from rich.console import Console
from rich.progress import (
    BarColumn,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import (
    Progress as Bar,
)
from rich.text import Text

_PLAIN_LINE_SECONDS = 2.0
_BYTES_UNIT = "bytes"


class Step(Protocol):
    """A step on its way."""

    def advance(self, amount: float) -> None:
        """`amount` more of the step's unit is done."""


Progress: TypeAlias = Callable[[str, float | None, str], AbstractContextManager[Step]]


@contextmanager
def progress(description: str, total: float | None = None, unit: str = "") -> Iterator[Step]:
    """Shows the step `description` on stderr while the block runs.

    `total` is how much there is to do, or None when nobody knows. `unit` is what is counted; "bytes" is shown
    as megabytes.
    """
    if sys.stderr.isatty():
        columns = (TextColumn("{task.description}"), BarColumn(), _AmountColumn(unit), TimeElapsedColumn())
        with Bar(*columns, console=Console(stderr=True)) as bar:
            yield _BarStep(bar, bar.add_task(description, total=total))
        return
    step = _PlainStep(description, total, unit)
    yield step
    step.end()


@contextmanager
def silent(_description: str, _total: float | None = None, _unit: str = "") -> Iterator[Step]:
    """Shows nothing."""
    yield _SilentStep()


class _SilentStep:
    def advance(self, amount: float) -> None:
        pass


class _BarStep:
    def __init__(self, bar: Bar, task: TaskID) -> None:
        self._bar = bar
        self._task = task

    def advance(self, amount: float) -> None:
        self._bar.advance(self._task, amount)


class _PlainStep:
    def __init__(self, description: str, total: float | None, unit: str) -> None:
        self._description = description
        self._total = total
        self._unit = unit
        self._done = 0.0
        self._started = self._printed = time.monotonic()
        self._print("...")

    def advance(self, amount: float) -> None:
        self._done += amount
        now = time.monotonic()
        if now - self._printed >= _PLAIN_LINE_SECONDS:
            self._printed = now
            self._print(f": {_amount(self._done, self._total, self._unit)}")

    def end(self) -> None:
        self._print(f": done in {time.monotonic() - self._started:.1f} s")

    def _print(self, rest: str) -> None:
        print(self._description + rest, file=sys.stderr, flush=True)


class _AmountColumn(ProgressColumn):
    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        return Text(_amount(task.completed, task.total, self._unit))


def _amount(done: float, total: float | None, unit: str) -> str:
    if unit == _BYTES_UNIT:
        done, total, unit = done / 1e6, None if total is None else total / 1e6, "MB"
    digits = ".1f" if unit == "MB" else ",.0f"
    of_total = "" if total is None else f" of {total:{digits}}"
    return f"{done:{digits}}{of_total} {unit}".rstrip()
