"""Processes that outlived a killed cinelibre. Found through /proc; elsewhere there is nothing to find."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Iterable
from pathlib import Path
from time import monotonic

PROC = Path("/proc")
POLL_SECONDS = 0.02


def processes_in(folder: Path, program: str) -> list[int]:
    """Ids of the processes running `program` (a file name) whose working directory is `folder`."""
    return _processes_where(
        lambda entry: (entry / "cwd").readlink() == folder and (entry / "exe").readlink().name == program
    )


def processes_given(argument: str) -> list[int]:
    """Ids of the processes that have `argument`, whole, on their command line."""
    wanted = os.fsencode(argument)
    return _processes_where(lambda entry: wanted in (entry / "cmdline").read_bytes().split(b"\0"))


def _processes_where(matches: Callable[[Path], bool]) -> list[int]:
    found = []
    for entry in PROC.glob("[0-9]*"):
        # A process may end while we look at it, or be another user's.
        with contextlib.suppress(OSError):
            if int(entry.name) != os.getpid() and matches(entry):
                found.append(int(entry.name))
    return found


def send(processes: Iterable[int], signal_number: int) -> None:
    """Signal each process that is still there."""
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal_number)


async def end(find: Callable[[], list[int]], polite: Callable[[list[int]], None], seconds: float) -> bool:
    """End what `find` finds: `polite` asks, after `seconds` they are killed. False when there was none."""
    found = find()
    if not found:
        return False
    polite(found)
    deadline = monotonic() + seconds
    while found := find():
        if monotonic() > deadline:
            send(found, signal.SIGKILL)
        await asyncio.sleep(POLL_SECONDS)
    return True
