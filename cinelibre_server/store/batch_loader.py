"""Answers look-ups by key that arrive together with one query."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")

# So many in a batch come faster than they are answered. Fewer would go on to meet only because they were made to wait.
_BUSY_KEYS = 4


class BatchLoader(Generic[Key, Value]):
    """While one batch is fetched the next fills up: a busy server makes few queries, a quiet one waits for nobody.

    With `gather_seconds`, a busy one also waits so long after it began a batch: it makes fewer and larger ones.

    Nothing is cached: each call sees the database as it is after the call was made. A batch whose callers have all
    gone, by their deadlines or otherwise, is given up.
    """

    def __init__(
        self,
        fetch: Callable[[Sequence[Key]], Awaitable[Mapping[Key, Value]]],
        max_batches: int = 2,
        gather_seconds: float = 0.0,
    ) -> None:
        """`fetch` gives the values of the keys that exist; at most `max_batches` run at the same time."""
        self._fetch = fetch
        self._free_batches = max_batches
        self._gather_seconds = gather_seconds
        self._next_begin = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: defaultdict[Key, list[asyncio.Future[Value | None]]] = defaultdict(list)
        self._tasks: set[asyncio.Task[None]] = set()

    async def load(self, key: Key) -> Value | None:
        """The value of `key`, or None if there is none.

        Raises:
            Exception: whatever `fetch` raised for the batch.
        """
        # One for each caller, whose cancellation must not take the answer from the others.
        future: asyncio.Future[Value | None] = asyncio.get_running_loop().create_future()
        self._waiting[key].append(future)
        self._start_batch()
        return await future

    def _start_batch(self) -> None:
        if not self._free_batches or not self._waiting or self._timer:
            return
        loop = asyncio.get_running_loop()
        if loop.time() < self._next_begin:
            self._timer = loop.call_at(self._next_begin, self._stop_gathering)
            return
        self._free_batches -= 1
        task = asyncio.create_task(self._run_batch())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _stop_gathering(self) -> None:
        self._timer = None
        self._start_batch()

    async def _run_batch(self) -> None:
        waiting, self._waiting = self._waiting, defaultdict(list)
        batch = {key: wanted for key, futures in waiting.items() if (wanted := [f for f in futures if not f.done()])}
        if len(batch) >= _BUSY_KEYS:
            self._next_begin = asyncio.get_running_loop().time() + self._gather_seconds
        task, left = asyncio.current_task(), {future for futures in batch.values() for future in futures}

        def give_up(future: asyncio.Future[Value | None]) -> None:
            left.discard(future)
            if future.cancelled() and not left and task:
                task.cancel()

        for future in left.copy():
            future.add_done_callback(give_up)
        try:
            # Calls of the same moment start a task each, and the first one takes all their keys.
            found = await self._fetch(list(batch)) if batch else {}
            for key, futures in batch.items():
                for future in futures:
                    if not future.done():
                        future.set_result(found.get(key))
        except Exception as error:
            for future in left:
                if not future.done():
                    future.set_exception(error)
                    future.exception()  # all callers may be gone: that is no fault to report
        finally:
            self._free_batches += 1
            self._start_batch()
