"""A sync that is killed at any point, and started again, ends in the state of one that was not."""

import asyncio
import random
from typing import Any

import pytest

from tests.conftest import EMPTY_TEMPLATE, cloned_database
from tests.fakes.service import RESET, TRUNCATED_JSON, Fault, status
from tests.fakes.tmdb import FakeTmdb, film
from tests.sql.sync_runs import TODAY, state, sync, sync_killed_at, tmdb

# Fixed, so that a failure can be had again.
SEEDS = range(4)
FILMS = 60


State = list[tuple[Any, ...]]


def _catalogue() -> FakeTmdb:
    films = [film(number, original_language=("hi", "ta", "bn")[number % 3]) for number in range(1, FILMS + 1)]
    # Two ids of one film, and a listed id that is not there.
    films += [film(500, imdb_id="tt0000001"), film(501, imdb_id="tt0000050", external_ids={})]
    fake = FakeTmdb(films, page_size=4)
    fake.listed = [{"id": 999, "original_language": "hi"}]
    return fake


def _change(fake: FakeTmdb) -> None:
    for number in range(1, FILMS, 5):
        fake.change(TODAY, number, overview=f"Told anew: {number}.", runtime=100)
    for number in (200, 201, 202):
        fake.change(TODAY, number)
    for number in {7, 8} & set(fake.films):
        fake.delete(TODAY, number)


def _faults(seed: int) -> list[Fault | None]:
    dice = random.Random(seed)
    return [dice.choice([RESET, TRUNCATED_JSON, status(500), status(429), *[None] * 36]) for _ in range(97)]


async def _run_undisturbed(cluster_url: str) -> list[State]:
    """The states after a first run, and after one through changes."""
    fake, states = _catalogue(), []
    async with fake.running(), cloned_database(cluster_url, EMPTY_TEMPLATE) as url:
        await sync(url, tmdb(fake))
        states.append(await state(url))
        _change(fake)
        await sync(url, tmdb(fake))
        states.append(await state(url))
        # To go through all again finds nothing else.
        await sync(url, tmdb(fake), full=True)
        assert await state(url) == states[1]
    return states


@pytest.fixture(scope="module")
def undisturbed(cluster_url: str) -> list[State]:
    """The states that killed runs have to reach."""
    return asyncio.run(_run_undisturbed(cluster_url))


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_sync_killed_anywhere_ends_in_the_same_state(
    cluster_url: str, undisturbed: list[State], seed: int
) -> None:
    dice, fake, faults = random.Random(seed), _catalogue(), _faults(seed)
    fake.fault = lambda request: faults[request.number % len(faults)]
    async with fake.running(), cloned_database(cluster_url, EMPTY_TEMPLATE) as url:
        for expected, most in zip(undisturbed, (60, 25), strict=True):
            kills = 0
            while await sync_killed_at(url, fake, tmdb, dice.randint(1, most + 10 * kills)):
                kills += 1
            assert kills
            assert await state(url) == expected
            _change(fake)
