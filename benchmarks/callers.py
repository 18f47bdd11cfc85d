"""Callers that ask as another user each time, which h2load can't: closed loops over gRPC in this process.

What Python costs here is part of every time, also of the empty server's.
"""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence

import grpc
from cinelibre.v1 import (
    recommend_pb2,
    recommend_pb2_grpc,
    system_pb2,
    system_pb2_grpc,
)

from benchmarks.load import CLIENTS, Load


async def ask_empty(channel: grpc.aio.Channel, seconds: float) -> Load:
    """The empty server, by eight clients."""
    stub = system_pb2_grpc.SystemServiceStub(channel)
    request = system_pb2.GetHealthRequest()
    return await _loops((lambda: stub.GetHealth(request) for _ in itertools.count()), seconds)


async def ask_again(channel: grpc.aio.Channel, tokens: Sequence[str], seconds: float) -> Load:
    """AUTO by eight clients, as one user after the other; round and round until the time is over."""
    return await _loops(_recommendations(channel, itertools.cycle(tokens)), seconds)


async def ask_once(channel: grpc.aio.Channel, tokens: Sequence[str]) -> Load:
    """AUTO by eight clients, once as each user."""
    return await _loops(_recommendations(channel, iter(tokens)), None)


def _recommendations(channel: grpc.aio.Channel, tokens: Iterator[str]) -> Iterator[Callable[[], Awaitable[object]]]:
    stub = recommend_pb2_grpc.RecommendServiceStub(channel)
    request = recommend_pb2.ListPersonalizedRequest()
    for token in tokens:
        yield lambda token=token: stub.ListPersonalized(request, metadata=metadata(token))  # type: ignore[misc]


def metadata(token: str) -> tuple[tuple[str, str], ...]:
    """What a call as the token's user carries."""
    return (("authorization", f"Bearer {token}"),)


async def _loops(calls: Iterator[Callable[[], Awaitable[object]]], seconds: float | None) -> Load:
    times: list[float] = []
    started = time.perf_counter()

    async def client() -> None:
        for call in calls:
            begun = time.perf_counter()
            if seconds is not None and begun - started > seconds:
                return
            await call()
            times.append((time.perf_counter() - begun) * 1000)

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return _load(times, started)


def _load(times: list[float], started: float) -> Load:
    return Load(len(times) / (time.perf_counter() - started), tuple(sorted(times)))
