"""Starts the parts of the stack in order, restarts what dies, and stops everything in reverse order."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from time import monotonic
from typing import Protocol, TypeVar

import structlog

from cinelibre_server.errors import StartupError

STOP_SECONDS = 10.0
# Every part gets at least this long, however slow the ones before it were.
LEAST_STOP_SECONDS = 0.5
FIRST_RETRY_SECONDS = 0.5
LAST_RETRY_SECONDS = 30.0
# A part that ran this long has recovered: its next failure is a new one.
STEADY_SECONDS = 60.0

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")

log = structlog.get_logger("cinelibre.local")


class Part(Protocol[T_co]):
    """One thing that runs as long as the stack does."""

    @property
    def name(self) -> str:
        """What to call it in the log."""

    async def start(self) -> T_co:
        """Return when it serves, with what later parts need of it, the same after each restart.

        Errors: StartupError; nothing of it is left running then.
        """

    async def stop(self) -> None:
        """End it and free what it held; when cancelled, at once. Harmless when it does not run."""

    async def wait_failed(self) -> str:
        """Return only when it has ended by itself, with how; never for a part that cannot."""


class Supervisor:
    """The running parts, in the order in which they were started."""

    def __init__(self) -> None:
        self._parts: list[Part[object]] = []

    async def start(self, part: Part[T]) -> T:
        """Start a part, to be stopped before all that are started already; returns what it returns."""
        started = await part.start()
        self._parts.append(part)
        return started

    async def watch(self) -> None:
        """Restart every part that fails, until cancelled."""
        async with asyncio.TaskGroup() as watchers:
            for part in self._parts:
                watchers.create_task(_keep_running(part))

    async def stop(self) -> None:
        """Stop the parts, the last started first, within 10 s or half a second each."""
        deadline = monotonic() + STOP_SECONDS
        while self._parts:
            part = self._parts.pop()
            seconds = max(LEAST_STOP_SECONDS, deadline - monotonic())
            try:
                await asyncio.wait_for(part.stop(), seconds)
            except TimeoutError:
                log.warning("part_stopped_late", part=part.name, seconds=round(seconds, 1))
            except Exception:
                # The parts below it must still be stopped.
                log.exception("part_stop_failed", part=part.name)


async def run_stack(assemble: Callable[[Supervisor], Awaitable[None]]) -> None:
    """Run the stack that `assemble` starts, until SIGINT, SIGTERM or SIGHUP; then stop it and return.

    `assemble` starts parts with `Supervisor.start` and does what is needed between them; a signal meanwhile
    cancels it. Errors: whatever `assemble` raises, after what it had started is stopped.
    """
    supervisor = Supervisor()
    async with _stop_signal() as stop_requested:
        try:
            if await _finish_unless(stop_requested, assemble(supervisor)):
                await _finish_unless(stop_requested, supervisor.watch())
        finally:
            await supervisor.stop()


async def _finish_unless(stop_requested: asyncio.Event, work: Awaitable[None]) -> bool:
    """Await `work`, or cancel it when the event comes first; whether it finished. Errors: those of `work`."""
    working = asyncio.ensure_future(work)
    stopping = asyncio.ensure_future(stop_requested.wait())
    try:
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
            return True
        return False
    finally:
        for task in (working, stopping):
            task.cancel()
        # What was cancelled may have children to end first.
        await asyncio.gather(working, stopping, return_exceptions=True)


@contextlib.asynccontextmanager
async def _stop_signal() -> AsyncIterator[asyncio.Event]:
    loop = asyncio.get_running_loop()
    requested = asyncio.Event()
    signals = [signal.SIGINT, signal.SIGTERM]
    # nohup asks for this signal to be ignored.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signals.append(signal.SIGHUP)
    for number in signals:
        loop.add_signal_handler(number, requested.set)
    try:
        yield requested
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


async def _keep_running(part: Part[object]) -> None:
    delay = FIRST_RETRY_SECONDS
    while True:
        since = monotonic()
        how = await part.wait_failed()
        if monotonic() - since > STEADY_SECONDS:
            delay = FIRST_RETRY_SECONDS
        log.error("part_failed", part=part.name, how=how, restart_in_seconds=delay)
        delay = await _restart(part, delay)


async def _restart(part: Part[object], delay: float) -> float:
    """Restart a part, trying as often as it takes; returns the delay before its next restart."""
    while True:
        await asyncio.sleep(delay)
        delay = min(delay * 2, LAST_RETRY_SECONDS)
        await part.stop()
        try:
            await part.start()
        except (StartupError, OSError) as error:
            log.error("part_restart_failed", part=part.name, reason=str(error), retry_in_seconds=delay)
        else:
            log.info("part_restarted", part=part.name)
            return delay
