"""Starts what is measured, each a process of its own on loopback, and stops it again."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.echo import READY_FILE
from benchmarks.measurement import BenchmarkError

_START_SECONDS = 180
_STOP_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Endpoints:
    """A running server with its Envoy. The addresses read http://host:port; no `metrics_url` in the empty one."""

    grpc_url: str
    json_url: str
    metrics_url: str | None
    pid: int
    start_seconds: float

    @property
    def grpc_target(self) -> str:
        """The gRPC address as host:port."""
        return self.grpc_url.removeprefix("http://")


@contextmanager
def running_product(folder: Path, model_cache: Path) -> Iterator[Endpoints]:
    """`cinelibre up` on the data folder `folder`/data, as a user starts it; stopped by SIGTERM."""
    ready = folder / "ready.json"
    command = [*cinelibre_command("up"), "--grpc-port", "0", "--http-port", "0", "--ready-file", str(ready)]
    command += ["--data-dir", str(data_dir(folder))]
    with _running(command, ready, folder / "product.log", product_settings(model_cache)) as endpoints:
        yield endpoints


@contextmanager
def running_echo(folder: Path) -> Iterator[Endpoints]:
    """The empty server of benchmarks.echo."""
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "benchmarks.echo", str(folder)]
    with _running(command, folder / READY_FILE, folder / "echo.log", {}) as endpoints:
        yield endpoints


def run_cinelibre(arguments: Sequence[str], model_cache: Path) -> str:
    """What the command prints.

    Raises:
        BenchmarkError: it failed; the text is its own.
    """
    environment = {**os.environ, **product_settings(model_cache)}
    done = subprocess.run(cinelibre_command(*arguments), capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise BenchmarkError(f"cinelibre {arguments[0]} failed: {done.stderr.strip()[-500:]}")
    return done.stdout


def data_dir(folder: Path) -> Path:
    """The product's data folder in the benchmark's."""
    return folder / "data"


def product_settings(model_cache: Path) -> dict[str, str]:
    """All else is as the user has it: by default, the product's defaults."""
    return {"CINELIBRE_CACHE_DIR": str(model_cache), "CINELIBRE_METRICS_PORT": "0"}


def cinelibre_command(*arguments: str) -> list[str]:
    """The command line of the product's own command."""
    return [sys.executable, "-m", "cinelibre_server", *arguments]


@contextmanager
def _running(command: Sequence[str], ready: Path, log: Path, settings: Mapping[str, str]) -> Iterator[Endpoints]:
    ready.unlink(missing_ok=True)
    started = time.monotonic()
    with log.open("a") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **settings})
    try:
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > started + _START_SECONDS:
                raise BenchmarkError(f"{command[2]} did not start: {log.read_text()[-1000:]}")
            time.sleep(0.01)
        seconds = time.monotonic() - started
        found = json.loads(ready.read_text())
        yield Endpoints(f"http://{found['grpc']}", found["http"], found.get("metrics"), process.pid, seconds)
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=_STOP_SECONDS)
    finally:
        process.kill()


def memory_mib(pid: int, key: str) -> float:
    """A field of smaps_rollup in MiB; PSS divides a shared page among the processes that share it."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (ProcessLookupError, FileNotFoundError):  # a database session that has just ended
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith(f"{key}:")) / 1024


def descendants(ancestor: int) -> list[int]:
    """The processes that it started, and those that they did."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # pid (name) state parent: the name may hold anything, also parentheses.
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    found: list[int] = []
    waiting = [ancestor]
    while waiting:
        waiting += (below := children.get(waiting.pop(), []))
        found += below
    return found
