"""Keeps what was read a moment ago: many callers look at the same films and lists."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

# How much later than in the database a change by another process may be seen.
FRESH_SECONDS = 2.0


class FreshCache(Generic[Key, Value]):
    """Values by key for FRESH_SECONDS, at most `size` of them; the oldest go first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[Key, tuple[float, Value]] = OrderedDict()
        self._times_cleared = 0

    def find(self, key: Key) -> Value | None:
        """The value, if it is still fresh."""
        kept = self._kept.get(key)
        return kept[1] if kept and kept[0] > time.monotonic() else None

    async def find_or_fetch(self, key: Key, fetch: Callable[[], Awaitable[Value]]) -> Value:
        """The fresh value, or what `fetch` gives, which is then kept."""
        kept = self.find(key)
        if kept is None:
            times_cleared = self._times_cleared
            kept = await fetch()
            if times_cleared == self._times_cleared:  # else it may be from before the change
                self.keep(key, kept)
        return kept

    def keep(self, key: Key, value: Value) -> None:
        """Keeps a value that was read just now."""
        self._kept[key] = (time.monotonic() + FRESH_SECONDS, value)
        self._kept.move_to_end(key)
        if len(self._kept) > self._size:
            self._kept.popitem(last=False)

    def forget(self, key: Key) -> None:
        """The value was changed."""
        self._kept.pop(key, None)

    def clear(self) -> None:
        """Any value may have changed, also one that is being fetched."""
        self._times_cleared += 1
        self._kept.clear()
