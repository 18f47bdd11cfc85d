"""A cleared cache neither gives what it kept nor keeps what was on its way."""

import asyncio

from cinelibre_server.store.fresh_cache import FreshCache


async def test_clearing_forgets_what_is_kept() -> None:
    cache: FreshCache[str, int] = FreshCache(10)
    cache.keep("key", 1)
    assert cache.find("key") == 1
    cache.clear()
    assert cache.find("key") is None


async def test_what_was_being_fetched_is_not_kept() -> None:
    cache: FreshCache[str, int] = FreshCache(10)
    changed = asyncio.Event()

    async def fetch_slowly() -> int:
        await changed.wait()
        return 1

    async def fetch() -> int:
        return 2

    asked_before = asyncio.create_task(cache.find_or_fetch("key", fetch_slowly))
    await asyncio.sleep(0)
    cache.clear()
    changed.set()
    assert await asked_before == 1
    assert await cache.find_or_fetch("key", fetch) == 2
    assert cache.find("key") == 2
