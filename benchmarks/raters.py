"""`python -m benchmarks.raters TARGET FILE PER_SECOND SECONDS`: rates at a steady pace, in a process of its own.

In the process that asks for recommendations, ratings would hold up the clock that times those. FILE has the ratings as
JSON; what the calls took is printed, in ms, as JSON.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from itertools import cycle
from pathlib import Path

import grpc
import uvloop
from cinelibre.v1 import ratings_pb2, ratings_pb2_grpc

from benchmarks.callers import metadata
from benchmarks.load import Load
from benchmarks.measurement import BenchmarkError


@dataclass(frozen=True, slots=True)
class Rating:
    """What a user rates; `token` is the user's."""

    token: str
    item_id: int
    stars: float


async def rate(target: str, ratings: Sequence[Rating], per_second: int, seconds: int, folder: Path) -> Load:
    """So many ratings a second, whether or not the last was answered; the file goes to `folder`.

    Raises:
        BenchmarkError: a call failed.
    """
    file = folder / "ratings.json"
    file.write_text(json.dumps([astuple(rating) for rating in ratings]))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.raters", target, str(file), str(per_second), str(seconds),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    printed, errors = await process.communicate()
    if process.returncode:
        raise BenchmarkError(f"rating failed: {errors.decode().strip()[-300:]}")
    done = json.loads(printed)
    return Load(len(done["times"]) / done["seconds"], tuple(sorted(done["times"])))


async def _rate(target: str, ratings: Sequence[Rating], per_second: int, seconds: int) -> None:
    times: list[float] = []
    async with grpc.aio.insecure_channel(target) as channel:
        stub = ratings_pb2_grpc.RatingsServiceStub(channel)

        async def write(rating: Rating) -> None:
            begun = time.perf_counter()
            await stub.RateItem(
                ratings_pb2.RateItemRequest(item_id=rating.item_id, stars=rating.stars),
                metadata=metadata(rating.token),
            )
            times.append((time.perf_counter() - begun) * 1000)

        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number, rating in zip(range(per_second * seconds), cycle(ratings), strict=False):
                await asyncio.sleep(max(0.0, started + number / per_second - time.perf_counter()))
                group.create_task(write(rating))
        took = time.perf_counter() - started
    print(json.dumps({"seconds": took, "times": times}))


if __name__ == "__main__":
    target, file, *numbers = sys.argv[1:]
    ratings = [Rating(*row) for row in json.loads(Path(file).read_text())]
    uvloop.run(_rate(target, ratings, *map(int, numbers)))
