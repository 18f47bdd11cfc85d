"""`python -m tests.fakes 10000`: a TMDB of so many films. Prints its address, and answers until it is stopped."""

import asyncio
import sys

from tests.fakes.tmdb import FakeTmdb, film

_LANGUAGES = ("hi", "ta", "te", "bn")


async def _serve(count: int) -> None:
    fake = FakeTmdb([film(number, original_language=_LANGUAGES[number % 4]) for number in range(1, count + 1)])
    async with fake.running():
        print(fake.url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
