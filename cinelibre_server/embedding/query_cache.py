"""A bounded, least-recently-used cache of query embeddings that computes each query once at a time."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class CacheStats:
    """Totals since start, and the entries held now. A call that joined a running computation is a hit."""

    hits: int
    misses: int
    size: int


@dataclass
class _Running:
    future: asyncio.Future[NDArray[np.float32]]
    waiters: int = 0


class QueryCache:
    """For one event loop: it is never touched from another thread."""

    def __init__(self, capacity: int) -> None:
        """`capacity` is in entries, 1.6 kB each for 384 dimensions; 0 keeps none."""
        self._capacity = capacity
        self._entries: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()
        self._running: dict[bytes, _Running] = {}
        self._hits = 0
        self._misses = 0

    @property
    def stats(self) -> CacheStats:
        return CacheStats(self._hits, self._misses, len(self._entries))

    async def get(self, text: str, start: Callable[[], asyncio.Future[NDArray[np.float32]]]) -> NDArray[np.float32]:
        """The embedding of `text`, from the cache or from the computation that `start` begins.

        A cancelled caller leaves the computation to the others who wait for it; without any it is dropped.
        """
        # A digest, so that long queries take no more memory than short ones.
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        cached = self._entries.get(key)
        if cached is not None:
            self._hits += 1
            self._entries.move_to_end(key)
            return cached
        running = self._running.get(key)
        if running is None:
            self._misses += 1
            running = self._running[key] = _Running(start())
            running.future.add_done_callback(lambda done: self._finish(key, done))
        else:
            self._hits += 1
        return await self._join(key, running)

    async def _join(self, key: bytes, running: _Running) -> NDArray[np.float32]:
        running.waiters += 1
        try:
            return await asyncio.shield(running.future)
        finally:
            running.waiters -= 1
            if running.waiters == 0 and not running.future.done():
                running.future.cancel()
                self._running.pop(key, None)

    def _finish(self, key: bytes, done: asyncio.Future[NDArray[np.float32]]) -> None:
        running = self._running.get(key)
        if running is not None and running.future is done:
            del self._running[key]
        if done.cancelled() or done.exception() is not None or self._capacity == 0:
            return
        self._entries[key] = done.result()
        self._entries.move_to_end(key)
        if len(self._entries) > self._capacity:
            self._entries.popitem(last=False)
