"""Waiting for what comes about by itself."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic


async def seconds_until(condition: Callable[[], Awaitable[bool]], most: float) -> float:
    """How long it takes; TimeoutError after `most` seconds."""
    started = monotonic()
    async with asyncio.timeout(most):
        while not await condition():  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(0.02)
    return monotonic() - started
