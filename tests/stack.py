"""Runs `cinelibre up` the way a user does, as a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_START_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack: where it answers, and its process."""

    http_url: str
    grpc_target: str
    metrics_url: str
    process: "subprocess.Popen[str]"
    log: Path


@contextmanager
def running_stack(
    folder: Path, model_cache: Path, *arguments: str, environment: dict[str, str] | None = None
) -> Iterator[Stack]:
    """Starts it on free ports, waits until everything answers, and stops it with SIGTERM."""
    stack = start_stack(folder, model_cache, *arguments, environment=environment)
    try:
        yield stack
    finally:
        stop_stack(stack)


def start_stack(folder: Path, model_cache: Path, *arguments: str, environment: dict[str, str] | None = None) -> Stack:
    """Starts it on free ports and waits until everything answers."""
    ready, log = folder / "ready.json", folder / "stack.log"
    ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", "cinelibre_server", "up"]
    command += ["--grpc-port", "0", "--http-port", "0", "--ready-file", str(ready), *arguments]
    settings = {
        "CINELIBRE_CACHE_DIR": str(model_cache),
        "CINELIBRE_METRICS_PORT": "0",
        "CINELIBRE_BCRYPT_COST": "4",
        **(environment or {}),
    }
    if "--data-dir" not in arguments:
        command += ["--data-dir", str(folder / "data")]
    with log.open("a") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, text=True, env={**os.environ, **settings}
        )
    deadline = time.monotonic() + _START_SECONDS
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise AssertionError(f"cinelibre up did not start:\n{log.read_text()}")
        time.sleep(0.05)
    endpoints = json.loads(ready.read_text())
    return Stack(endpoints["http"], endpoints["grpc"], endpoints["metrics"], process, log)


def stop_stack(stack: Stack) -> None:
    """SIGTERM, and a clean end."""
    stack.process.send_signal(signal.SIGTERM)
    code = stack.process.wait(timeout=30)
    assert code == 0, f"cinelibre up ended with {code}:\n{stack.log.read_text()}"
