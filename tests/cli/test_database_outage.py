"""Parts of a running stack are killed while users write: it recovers, and nothing acknowledged is lost."""

import asyncio
import os
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import httpx
import pytest
from cinelibre.v1 import auth_pb2, auth_pb2_grpc, ratings_pb2, ratings_pb2_grpc
from google.rpc import error_details_pb2, status_pb2
from grpc.aio import AioRpcError

from cinelibre_server.local import orphans
from cinelibre_server.local.account import current_account
from cinelibre_server.local.paths import DataFolder
from cinelibre_server.local.postgres import EmbeddedPostgres
from cinelibre_server.local.process import run_program
from tests.stack import Stack, start_stack, stop_stack
from tests.waiting import seconds_until

WRITERS = 4
ITEMS_OF_EACH = 25
RECOVERY_SECONDS = 5.0


@dataclass
class Writer:
    """Rates its own items again and again, and keeps what it may find afterwards.

    `possible` holds for each item the stars of the last acknowledged call, and those of later calls that failed,
    of which nobody knows whether they were stored.
    """

    items: range
    possible: dict[int, set[float]] = field(default_factory=dict)
    acknowledged_at: list[float] = field(default_factory=list)
    errors: list[AioRpcError] = field(default_factory=list)

    async def write(self, target: str, token: str) -> None:
        """Goes on until cancelled."""
        metadata = (("authorization", f"Bearer {token}"),)
        async with grpc.aio.insecure_channel(target) as channel:
            stub = ratings_pb2_grpc.RatingsServiceStub(channel)
            turn = 0
            while True:
                turn += 1
                item_id, stars = self.items[turn % len(self.items)], (turn // len(self.items) % 10 + 1) / 2
                self.possible.setdefault(item_id, set()).add(stars)
                try:
                    rated = await stub.RateItem(
                        ratings_pb2.RateItemRequest(item_id=item_id, stars=stars), metadata=metadata, timeout=10
                    )
                    assert rated.rating.stars == stars
                    self.possible[item_id] = {stars}
                    self.acknowledged_at.append(time.monotonic())
                except AioRpcError as error:
                    self.errors.append(error)
                    await asyncio.sleep(0.05)


@asynccontextmanager
async def writing(stack: Stack, token: str) -> AsyncIterator[list[Writer]]:
    """Four users' worth of writes at the same time, for the block."""
    writers = [Writer(range(1 + i * ITEMS_OF_EACH, 1 + (i + 1) * ITEMS_OF_EACH)) for i in range(WRITERS)]
    tasks = [asyncio.create_task(writer.write(stack.grpc_target, token)) for writer in writers]
    try:
        async with asyncio.timeout(RECOVERY_SECONDS):
            while not all(len(writer.acknowledged_at) >= ITEMS_OF_EACH for writer in writers):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        yield writers
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ends), ends


async def stored_stars(stack: Stack, token: str) -> dict[int, float]:
    """Item id to stars of everything the user has rated."""
    metadata = (("authorization", f"Bearer {token}"),)
    found: dict[int, float] = {}
    async with grpc.aio.insecure_channel(stack.grpc_target) as channel:
        stub = ratings_pb2_grpc.RatingsServiceStub(channel)
        # All in one page: a cancelled write that still arrives would move its rating to a page that was read before.
        page = ratings_pb2.ListMyRatingsRequest(page_size=WRITERS * ITEMS_OF_EACH)
        while True:
            answer = await stub.ListMyRatings(page, metadata=metadata)
            found |= {entry.rating.item_id: entry.rating.stars for entry in answer.ratings}
            if not answer.next_page_token:
                return found
            page.page_token = answer.next_page_token


async def assert_nothing_is_lost(stack: Stack, token: str, writers: list[Writer]) -> None:
    stored = await stored_stars(stack, token)
    possible = {item_id: stars for writer in writers for item_id, stars in writer.possible.items()}
    wrong = {item_id: (stored.get(item_id), stars) for item_id, stars in possible.items()}
    assert {item_id: told for item_id, told in wrong.items() if told[0] not in told[1]} == {}
    assert len(possible) == WRITERS * ITEMS_OF_EACH


def retry_seconds(error: AioRpcError) -> float:
    """Of an error that says when to try again."""
    details = dict(error.trailing_metadata())["grpc-status-details-bin"]
    assert isinstance(details, bytes)
    retry = error_details_pb2.RetryInfo()
    assert any(detail.Unpack(retry) for detail in status_pb2.Status.FromString(details).details), error
    return float(retry.retry_delay.ToNanoseconds() / 1e9)


async def register(stack: Stack) -> str:
    async with grpc.aio.insecure_channel(stack.grpc_target) as channel:
        stub = auth_pb2_grpc.AuthServiceStub(channel)
        account = auth_pb2.RegisterRequest(email="writer@example.com", password="test123")
        return (await stub.Register(account)).access_token


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not tmp_path: PostgreSQL's user can't enter it when we are root."""
    folder = Path(tempfile.mkdtemp(prefix="cl-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
async def data(folder: Path, starter_database_url: str) -> DataFolder:
    """A data folder with the embedded starter catalogue, copied: embedding it again would take many seconds."""
    postgres = EmbeddedPostgres(folder / "data")
    url = await postgres.start()
    dump = str(folder / "dump.sql")
    # Functions set parameters of pgvector, which exist only once its library is loaded.
    load_pgvector = "select '[1]'::vector"
    try:
        for program, *arguments in (
            ("pg_dump", "--no-owner", "--no-comments", "--file", dump, starter_database_url),
            ("psql", "--quiet", "--set", "ON_ERROR_STOP=1", "--command", load_pgvector, "--file", dump, url),
        ):
            path = postgres.psql.with_name(program)
            done = await run_program([str(path), *arguments], account=current_account())
            assert done.code == 0, done.output
    finally:
        await postgres.stop()
    return DataFolder.at(folder / "data")


def processes_of(data: DataFolder) -> dict[str, list[int]]:
    """What runs for a data folder besides `cinelibre up` itself."""
    return {
        "postgres": orphans.processes_in(data.cluster, "postgres"),
        "envoy": orphans.processes_given(str(data.root / "envoy" / "envoy.yaml")),
    }


async def test_whatever_is_killed_comes_back_with_everything(folder: Path, data: DataFolder, model_cache: Path) -> None:
    def start() -> Stack:
        return start_stack(folder, model_cache, "--data-dir", str(data.root))

    stack = await asyncio.to_thread(start)
    try:
        token = await register(stack)
        await _kill_the_database(stack, data, token)
        await _kill_envoy(stack, data)
        writers = await _kill_everything(stack, data, token)
        stack = await asyncio.to_thread(start)
        # The signing key is the same one, so the user is still signed in.
        await assert_nothing_is_lost(stack, token, writers)
    finally:
        await asyncio.to_thread(stop_stack, stack)
    assert processes_of(data) == {"postgres": [], "envoy": []}


async def _kill_the_database(stack: Stack, data: DataFolder, token: str) -> None:
    async with writing(stack, token) as writers:
        postmaster = int((data.cluster / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGKILL)
        killed = time.monotonic()

        async def all_write_again() -> bool:
            return all(writer.errors and _writes_steadily(writer, killed) for writer in writers)

        assert await seconds_until(all_write_again, RECOVERY_SECONDS) <= RECOVERY_SECONDS
        # And they go on.
        await asyncio.sleep(0.3)
    errors = [error for writer in writers for error in writer.errors]
    assert {error.code() for error in errors} == {grpc.StatusCode.UNAVAILABLE}
    assert {retry_seconds(error) for error in errors} == {1.0}
    assert stack.process.poll() is None
    await assert_nothing_is_lost(stack, token, writers)


def _writes_steadily(writer: Writer, since: float) -> bool:
    """More than the one answer that may have been on its way when the database was killed."""
    return sum(moment > since for moment in writer.acknowledged_at) >= 10


async def _kill_envoy(stack: Stack, data: DataFolder) -> None:
    [envoy] = processes_of(data)["envoy"]
    os.kill(envoy, signal.SIGKILL)
    async with httpx.AsyncClient(base_url=stack.http_url) as client:

        async def answers() -> bool:
            try:
                return (await client.get("/movies/1")).status_code == 200
            except httpx.TransportError:
                return False

        assert await seconds_until(answers, RECOVERY_SECONDS) <= RECOVERY_SECONDS
    assert processes_of(data)["envoy"] not in ([], [envoy])


async def _kill_everything(stack: Stack, data: DataFolder, token: str) -> list[Writer]:
    async with writing(stack, token) as writers:
        stack.process.kill()
        await asyncio.to_thread(stack.process.wait)
        await asyncio.sleep(0.1)

    async def all_gone() -> bool:
        return processes_of(data) == {"postgres": [], "envoy": []}

    assert await seconds_until(all_gone, RECOVERY_SECONDS) <= RECOVERY_SECONDS
    return writers
