"""Runs `cinelibre up` under any command line and any user, and sees to it that nothing of it stays behind."""

import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_START_SECONDS = 240
_STOP_SECONDS = 30
_ENDED_STATES = "ZX"


@dataclass(frozen=True, slots=True)
class Launched:
    """A running `cinelibre up`: where it answers, its process, and what it printed so far."""

    grpc_target: str
    http_url: str
    process: "subprocess.Popen[bytes]"
    output_file: Path

    @property
    def output(self) -> str:
        """Standard output; standard error goes to the file beside it."""
        return self.output_file.read_text()

    def stop(self, signal_number: signal.Signals = signal.SIGTERM, *, as_group: bool = False) -> int:
        """Signals it, or like a terminal its whole group, and returns its exit code once it has ended.

        Raises:
            AssertionError: a process that it had started still runs.
        """
        started = descendants(self.process.pid)
        if as_group:
            os.killpg(self.process.pid, signal_number)
        else:
            self.process.send_signal(signal_number)
        code = self.process.wait(_STOP_SECONDS)
        assert [pid for pid, fields in _statuses() if pid in started and fields[0] not in _ENDED_STATES] == []
        return code


@contextmanager
def launched(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    *,
    options: Sequence[str] = (),
    cwd: Path | None = None,
    user: str | None = None,
) -> Iterator[Launched]:
    """Runs `command` with options for free ports and a data folder in `folder`, or with them as ARGS for make.

    `environment` is all it gets besides PATH. Whatever the block does, nothing runs after it.
    """
    ready, output = folder / "ready.json", folder / "output"
    ready.unlink(missing_ok=True)
    arguments = ["--grpc-port", "0", "--http-port", "0", "--ready-file", str(ready)]
    arguments += ["--data-dir", str(folder / "data"), *options]
    whole = [*command, f"ARGS={' '.join(arguments)}"] if command[0] == "make" else [*command, *arguments]
    with output.open("wb") as stdout, (folder / "errors").open("wb") as stderr:
        process = subprocess.Popen(
            whole,
            stdout=stdout,
            stderr=stderr,
            env={"PATH": os.environ["PATH"], "CINELIBRE_METRICS_PORT": "0", **environment},
            cwd=cwd,
            start_new_session=True,
            user=user,
            group=None if user is None else pwd.getpwnam(user).pw_gid,
            extra_groups=None if user is None else [],
        )
    try:
        endpoints = _wait_ready(process, ready)
        yield Launched(endpoints["grpc"] or "", endpoints["http"] or "", process, output)
    finally:
        _end(process)


@contextmanager
def open_folder(user: str | None = None) -> Iterator[Path]:
    """A folder that everybody may enter, unlike pytest's, and that belongs to `user`."""
    folder = Path(tempfile.mkdtemp(prefix="cl-", dir="/tmp"))
    folder.chmod(0o755)
    if user is not None:
        shutil.chown(folder, user)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def descendants(pid: int) -> set[int]:
    """The processes that `pid` started, and theirs."""
    found = {pid}
    while more := {child for child, parent in _parents() if parent in found} - found:
        found |= more
    return found - {pid}


def _parents() -> list[tuple[int, int]]:
    return [(pid, int(fields[1])) for pid, fields in _statuses()]


def _statuses() -> Iterator[tuple[int, list[str]]]:
    """Process ids with state, parent and what else the kernel tells after the name."""
    for entry in Path("/proc").glob("[0-9]*"):
        # A process may end while we look at it.
        with suppress(OSError):
            yield int(entry.name), (entry / "stat").read_text().rpartition(")")[2].split()


def _wait_ready(process: "subprocess.Popen[bytes]", ready: Path) -> dict[str, str | None]:
    deadline = time.monotonic() + _START_SECONDS
    while not ready.exists():
        assert process.poll() is None, f"it ended:\n{(ready.parent / 'errors').read_text()}"
        assert time.monotonic() < deadline, f"it did not start in time:\n{(ready.parent / 'errors').read_text()}"
        time.sleep(0.05)
    return dict(json.loads(ready.read_text()))


def _end(process: "subprocess.Popen[bytes]") -> None:
    """For a test that failed half way: the stack ends by itself when its process does."""
    if process.poll() is None:
        started = descendants(process.pid)
        for pid in [process.pid, *started]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        process.wait(_STOP_SECONDS)
