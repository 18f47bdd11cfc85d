"""Look-ups that share a query, and what becomes of it when callers go."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from cinelibre_server.store.batch_loader import BatchLoader


class Source:
    """Answers when told to, with the squares of even numbers."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.given_up = 0
        self.answer = asyncio.Event()

    async def fetch(self, keys: Sequence[int]) -> Mapping[int, int]:
        self.asked.append(sorted(keys))
        try:
            await self.answer.wait()
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        if 13 in keys:
            raise ValueError("thirteen")
        return {key: key * key for key in keys if key % 2 == 0}


async def test_what_comes_while_a_batch_is_fetched_shares_the_next() -> None:
    source = Source()
    loader = BatchLoader(source.fetch, 1)
    first = asyncio.create_task(loader.load(2))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    rest = [asyncio.create_task(loader.load(key)) for key in (4, 5, 4)]
    await asyncio.sleep(0.01)
    source.answer.set()
    assert await asyncio.gather(first, *rest) == [4, 16, None, 16]
    assert source.asked == [[2], [4, 5]]


@pytest.mark.parametrize("max_batches", [1, 2])
async def test_a_busy_one_gathers_and_a_quiet_one_does_not(max_batches: int) -> None:
    source = Source()
    source.answer.set()
    loader = BatchLoader(source.fetch, max_batches, gather_seconds=0.2)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    assert [await loader.load(key) for key in (2, 4)] == [4, 16]
    await asyncio.gather(loader.load(6), loader.load(8))
    await asyncio.gather(*map(loader.load, (6, 8, 10, 12)))
    assert loop.time() - begun < 0.2, "a few at a time are quiet"
    later = [asyncio.create_task(loader.load(10))]
    await asyncio.sleep(0.02)
    later.append(asyncio.create_task(loader.load(12)))
    assert await asyncio.gather(*later) == [100, 144]
    assert loop.time() - begun >= 0.2
    assert source.asked == [[2], [4], [6, 8], [6, 8, 10, 12], [10, 12]]


async def test_a_fault_reaches_every_caller_of_the_batch() -> None:
    source = Source()
    source.answer.set()
    loader = BatchLoader(source.fetch)
    answers = await asyncio.gather(*(loader.load(key) for key in (12, 13)), return_exceptions=True)
    assert [str(answer) for answer in answers] == ["thirteen"] * 2
    assert await loader.load(6) == 36


async def test_one_callers_end_is_not_the_others() -> None:
    source = Source()
    loader = BatchLoader(source.fetch)
    impatient, patient = asyncio.create_task(loader.load(2)), asyncio.create_task(loader.load(2))
    await asyncio.sleep(0.01)
    impatient.cancel()
    await asyncio.sleep(0.01)
    source.answer.set()
    assert await patient == 4
    assert source.given_up == 0
    with pytest.raises(asyncio.CancelledError):
        await impatient


async def test_a_batch_without_callers_is_given_up() -> None:
    source = Source()
    loader = BatchLoader(source.fetch, 1)
    running = [asyncio.create_task(loader.load(key)) for key in (2, 4)]
    await asyncio.sleep(0.01)
    waiting = asyncio.create_task(loader.load(6))
    await asyncio.sleep(0.01)
    for caller in (*running, waiting):
        caller.cancel()
    again = asyncio.create_task(loader.load(6))
    await asyncio.sleep(0.01)
    assert source.given_up == 1
    source.answer.set()
    assert await again == 36
    assert source.asked == [[2, 4], [6]]
