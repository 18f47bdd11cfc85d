"""A log file that a child process writes to and that never grows past a bound."""

from __future__ import annotations

import asyncio
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

TAIL_BYTES = 16_384


@dataclass(frozen=True)
class BoundedLog:
    """A log file and one predecessor (`<name>.1`), each kept to about `max_bytes`."""

    path: Path
    max_bytes: int = 8 * 1024 * 1024

    def open(self) -> int:
        """Open for appending and return the descriptor; the caller closes it. Errors: OSError."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def size(self) -> int:
        """Bytes written so far, 0 when there is no file yet."""
        return self.path.stat().st_size if self.path.exists() else 0

    def tail(self, start: int = 0) -> str:
        """The last 16 KiB written at or after byte `start`."""
        with self.path.open("rb") as file:
            file.seek(max(start, self.size() - TAIL_BYTES))
            return file.read().decode(errors="replace")

    async def trim(self) -> None:
        """Move what is there to the predecessor once it is past the bound.

        The writer keeps its descriptor, so the file is copied and emptied rather than renamed; it was
        opened for appending, so the writer goes on at the new end.
        """
        if self.size() > self.max_bytes:
            await asyncio.to_thread(self._rotate)

    def _rotate(self) -> None:
        shutil.copy2(self.path, self.path.with_name(self.path.name + ".1"))
        os.truncate(self.path, 0)
