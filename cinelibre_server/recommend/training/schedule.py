"""Training on a schedule, beside a server, in a process of its own: the server stays as small and quick as it was."""

import asyncio
import os
import sys

import structlog

_log = structlog.get_logger(__name__)

_STOP_SECONDS = 10.0
_MOST_SAID = 500


class TrainingSchedule:
    """Runs `cinelibre train --if-changed` every so often until it is stopped; of several replicas one trains."""

    def __init__(self, database_url: str, interval_seconds: float) -> None:
        self._database_url = database_url
        self._interval_seconds = interval_seconds
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Returns at once; the first training begins after one interval."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Ends the schedule and a training that runs, which leaves the serving model as it is."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._interval_seconds)
            try:
                await self._train()
            except OSError as error:
                _log.warning("training not started", reason=error.strerror)

    async def _train(self) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "cinelibre_server",
            "train",
            "--if-changed",
            env={**os.environ, "CINELIBRE_DATABASE_URL": self._database_url},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            printed, complaints = await process.communicate()
        except asyncio.CancelledError:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), _STOP_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()
            raise
        # It may be wrapped.
        said = " ".join((printed if process.returncode == 0 else complaints).decode(errors="replace").split())
        if process.returncode == 0:
            _log.info("training ended", result=said[-_MOST_SAID:])
        else:
            _log.warning("training failed", reason=said[-_MOST_SAID:] or f"exit code {process.returncode}")
