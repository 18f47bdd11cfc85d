"""Child processes: started without forking this process, logged to a bounded file, stopped step by step."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cinelibre_server.errors import StartupError
from cinelibre_server.local.account import Account
from cinelibre_server.local.logfile import BoundedLog

LAUNCHER = Path(__file__).with_name("launch.py")
POLL_SECONDS = 0.02
WATCH_SECONDS = 0.2
WATCHES_PER_LOG_TRIM = 25


@dataclass(frozen=True)
class StopStep:
    """One attempt to end a process: a signal, and how long it gets before the next attempt."""

    signal: signal.Signals
    seconds: float


@dataclass(frozen=True)
class Finished:
    """A program that ran to its end: its exit code, and what it wrote to standard output and error."""

    code: int
    output: str


class ChildProcess:
    """A long-running child. It ends with this process too: the kernel then sends it `death_signal`.

    The kernel watches the thread that started it, so start children from the event loop's thread.
    """

    def __init__(
        self, command: Sequence[str], *, log: BoundedLog, account: Account, death_signal: signal.Signals
    ) -> None:
        self._log = log
        self._log_start = log.size()
        descriptor = log.open()
        try:
            self._process = _spawn(command, account, death_signal, stdin=subprocess.DEVNULL, output=descriptor)
        finally:
            os.close(descriptor)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def log_text(self) -> str:
        """What this process wrote to its log last."""
        return self._log.tail(self._log_start)

    async def wait_exit(self) -> str:
        """Wait for its end, keeping its log within bounds meanwhile; says how it ended."""
        watches = 0
        while (code := self._process.poll()) is None:
            watches += 1
            if watches % WATCHES_PER_LOG_TRIM == 0:
                await self._log.trim()
            await asyncio.sleep(WATCH_SECONDS)
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    async def stop(self, *steps: StopStep) -> None:
        """Try each step until it has ended, and kill it after the last, or at once when cancelled."""
        try:
            for step in steps:
                if not self.running:
                    return
                self._process.send_signal(step.signal)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(step.seconds):
                        await _end_of(self._process)
        finally:
            if self.running:
                self._process.kill()
                self._process.wait()


async def run_program(command: Sequence[str], *, account: Account, stdin: str = "") -> Finished:
    """Run a short program to its end. It is killed when this process dies or the wait is cancelled."""
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as output:
        source.write(stdin.encode())
        source.seek(0)
        process = _spawn(command, account, signal.SIGKILL, stdin=source.fileno(), output=output.fileno())
        try:
            code = await _end_of(process)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        output.seek(0)
        return Finished(code, output.read().decode(errors="replace"))


async def _end_of(process: subprocess.Popen[bytes]) -> int:
    # Polled: asyncio's own subprocesses would fork under uvloop.
    while (code := process.poll()) is None:  # noqa: ASYNC110
        await asyncio.sleep(POLL_SECONDS)
    return code


def _spawn(
    command: Sequence[str], account: Account, death_signal: signal.Signals, *, stdin: int, output: int
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own, so that Ctrl-C at the terminal reaches only us."""
    user = "-" if account.is_current else f"{account.uid}:{account.gid}"
    python = [sys.executable, "-I", "-S", str(LAUNCHER)]
    wishes = [str(os.getpid()), str(int(death_signal)), user, "--"]
    try:
        return subprocess.Popen(
            [*python, *wishes, *command],
            stdin=stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        raise StartupError(f"could not start {command[0]}: {error.strerror}") from error
