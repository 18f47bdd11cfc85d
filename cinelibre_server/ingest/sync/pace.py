"""How fast a source is asked, and how long is waited before it is asked again."""

import asyncio
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_RANDOM = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a call is tried, and the pauses between: each up to twice as long as the one before.

    A service that asks for a longer pause than `longest_wait_seconds` is left alone for this run.
    """

    attempts: int = 6
    first_pause_seconds: float = 0.5
    longest_pause_seconds: float = 30.0
    longest_wait_seconds: float = 300.0

    def pause_seconds(self, attempt: int) -> float:
        """The pause after the failed `attempt` (from 0): half of it by chance, so that callers don't come in step."""
        whole = min(self.longest_pause_seconds, self.first_pause_seconds * 2.0**attempt)
        return _RANDOM.uniform(whole / 2, whole)


class Pace:
    """Gives calls their turns, at most so many a second, and none while the service wants a pause."""

    def __init__(self, per_second: float) -> None:
        self._interval = 1.0 / per_second
        self._next = self._held_until = 0.0

    async def turn(self) -> None:
        """Waits for a call's turn."""
        loop = asyncio.get_running_loop()
        while True:
            mine = max(self._next, self._held_until, loop.time())
            self._next = mine + self._interval
            await asyncio.sleep(mine - loop.time())
            # A pause that began meanwhile sends everybody to the end of the queue, and not off at once.
            if mine >= self._held_until:
                return

    def hold(self, seconds: float) -> None:
        """No call has its turn for so long."""
        self._held_until = max(self._held_until, asyncio.get_running_loop().time() + seconds)


def retry_after_seconds(header: str | None) -> float | None:
    """What a Retry-After header asks for, in seconds or as a date; None if it says neither."""
    if header is None:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        at = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
