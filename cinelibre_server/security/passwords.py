"""Password hashes by bcrypt, off the event loop and never more at a time than the machine can take."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import bcrypt

_Result = TypeVar("_Result")

# The checksum part of a bcrypt hash, in characters of its alphabet.
_CHECKSUM_LENGTH = 31


class PasswordHasher:
    """Makes and checks hashes in its own threads; work that is cancelled in the queue never runs."""

    def __init__(self, cost: int, concurrency: int) -> None:
        """`cost` is the log2 of bcrypt's rounds, `concurrency` the number of hashes computed at a time."""
        self._cost = cost
        self._threads = ThreadPoolExecutor(concurrency, thread_name_prefix="bcrypt")
        # A well-formed hash with an arbitrary checksum: a check against it takes as long as any other.
        self._nobodys_hash = bcrypt.gensalt(cost) + b"." * _CHECKSUM_LENGTH

    async def hash(self, password: str) -> str:
        """A salted hash of `password`, 60 ASCII characters.

        Raises:
            ValueError: the password is longer than 72 bytes in UTF-8; bcrypt would ignore the rest.
        """
        hashed = await self._run(partial(bcrypt.hashpw, password.encode(), bcrypt.gensalt(self._cost)))
        return hashed.decode("ascii")

    async def verify(self, password: str, hashed: str | None) -> bool:
        """Whether `password` has this hash. None (no such account) is false after the same time.

        Raises:
            ValueError: the password is longer than 72 bytes in UTF-8, or `hashed` is no bcrypt hash.
        """
        expected = self._nobodys_hash if hashed is None else hashed.encode("ascii")
        matches = await self._run(partial(bcrypt.checkpw, password.encode(), expected))
        return matches and hashed is not None

    def close(self) -> None:
        """Ends the threads; what is still queued is dropped."""
        self._threads.shutdown(cancel_futures=True)

    async def _run(self, work: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)
