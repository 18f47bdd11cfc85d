"""The supervisor: order, restarts and a clean end, with plain parts and with the real ones."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from cinelibre_server.errors import StartupError
from cinelibre_server.local import orphans
from cinelibre_server.local.paths import DataFolder
from cinelibre_server.local.supervisor import Supervisor, run_stack

REPO = Path(__file__).parents[2]


class Recorded:
    """A part that writes down what happens to it, and fails when told to."""

    def __init__(self, name: str, events: list[str], *, broken: bool = False) -> None:
        self.name = name
        self.failed = asyncio.Event()
        self._events = events
        self._broken = broken

    async def start(self) -> str:
        self._events.append(f"start {self.name}")
        if self._broken:
            raise StartupError(f"{self.name} is broken")
        self.failed.clear()
        return self.name

    async def stop(self) -> None:
        self._events.append(f"stop {self.name}")

    async def wait_failed(self) -> str:
        await self.failed.wait()
        return "failed"


def signal_ourselves() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


async def test_parts_start_in_order_and_stop_in_reverse() -> None:
    events: list[str] = []

    async def assemble(stack: Supervisor) -> None:
        assert await stack.start(Recorded("one", events)) == "one"
        await stack.start(Recorded("two", events))
        asyncio.get_running_loop().call_later(0.05, signal_ourselves)

    await run_stack(assemble)
    assert events == ["start one", "start two", "stop two", "stop one"]


async def test_a_part_that_does_not_start_stops_those_before_it() -> None:
    events: list[str] = []

    async def assemble(stack: Supervisor) -> None:
        await stack.start(Recorded("one", events))
        await stack.start(Recorded("two", events, broken=True))

    with pytest.raises(StartupError, match="two is broken"):
        await run_stack(assemble)
    assert events == ["start one", "start two", "stop one"]


async def test_a_signal_during_the_start_stops_what_runs() -> None:
    events: list[str] = []

    async def assemble(stack: Supervisor) -> None:
        await stack.start(Recorded("one", events))
        signal_ourselves()
        await asyncio.sleep(60)
        await stack.start(Recorded("two", events))

    await asyncio.wait_for(run_stack(assemble), 5)
    assert events == ["start one", "stop one"]


async def test_a_failed_part_is_restarted_alone() -> None:
    events: list[str] = []

    async def assemble(stack: Supervisor) -> None:
        part = Recorded("one", events)
        await stack.start(part)
        await stack.start(Recorded("two", events))
        part.failed.set()
        asyncio.get_running_loop().call_later(1.0, signal_ourselves)

    await run_stack(assemble)
    assert events == ["start one", "start two", "stop one", "start one", "stop two", "stop one"]


async def test_a_part_that_hangs_while_stopping_does_not_keep_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    events: list[str] = []
    monkeypatch.setattr("cinelibre_server.local.supervisor.STOP_SECONDS", 0.2)

    class Hanging(Recorded):
        async def stop(self) -> None:
            await asyncio.sleep(60)

    stack = Supervisor()
    await stack.start(Recorded("one", events))
    await stack.start(Hanging("two", events))
    await asyncio.wait_for(stack.stop(), 5)
    assert events == ["start one", "start two", "stop one"]


class SmallStack:
    """PostgreSQL and Envoy under a supervisor in another process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> dict[str, str]:
        ready = self.folder / "ready.json"
        ready.unlink(missing_ok=True)
        self.process = subprocess.Popen([sys.executable, "-m", "tests.local.small_stack", str(self.folder)], cwd=REPO)
        wait_until(lambda: ready.exists() or self.process is None or self.process.poll() is not None)
        return dict(json.loads(ready.read_text()))

    def end(self, signal_number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(signal_number)
        return self.process.wait(timeout=12)

    def children(self) -> list[int]:
        servers = orphans.processes_in(DataFolder.at(self.folder).cluster, "postgres")
        return servers + orphans.processes_given(str(self.folder / "envoy" / "envoy.yaml"))


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture
def small_stack(data_dir: Path) -> Iterator[SmallStack]:
    """A stack that is not started yet, and is gone after the test whatever happened."""
    stack = SmallStack(data_dir)
    yield stack
    if stack.process is not None and stack.process.poll() is None:
        stack.process.kill()
        stack.process.wait()
    wait_until(lambda: stack.children() == [])


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_everything(small_stack: SmallStack, signal_number: signal.Signals) -> None:
    small_stack.start()
    assert len(small_stack.children()) >= 2
    began = time.monotonic()
    assert small_stack.end(signal_number) == 0
    assert small_stack.children() == []
    assert time.monotonic() - began < 10


def answers(ready: dict[str, str]) -> bool:
    async def ask() -> bool:
        connection = await asyncpg.connect(ready["address"])
        await connection.close()
        async with httpx.AsyncClient() as client:
            return (await client.get(f"http://127.0.0.1:{ready['port']}/healthz")).status_code == 200

    try:
        return asyncio.run(ask())
    except (OSError, httpx.TransportError, asyncpg.PostgresError):
        return False


def test_killed_parts_come_back_where_they_were(small_stack: SmallStack) -> None:
    ready = small_stack.start()
    for part in ("postgres", "envoy"):
        began = time.monotonic()
        os.kill(int(ready[part]), signal.SIGKILL)
        wait_until(lambda: not answers(ready), 5)
        wait_until(lambda: answers(ready))
        assert time.monotonic() - began < 5
    assert small_stack.end(signal.SIGTERM) == 0


def test_kill_of_the_supervisor_takes_its_parts_along(small_stack: SmallStack) -> None:
    small_stack.start()
    assert small_stack.end(signal.SIGKILL) == -signal.SIGKILL
    ready = small_stack.start()
    assert answers(ready)
    assert small_stack.end(signal.SIGTERM) == 0
    assert small_stack.children() == []
