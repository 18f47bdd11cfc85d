"""Item details that are kept are never older than what this process changed."""

import asyncio

import pytest

from cinelibre_server.store.database import Pool
from cinelibre_server.store.items import ItemStore
from tests.sql.builders import add_items


async def test_what_changes_while_it_is_read_is_read_again(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = await add_items(pool, 3)
    store = ItemStore(pool)
    fetch, held_back = pool.fetch, asyncio.Event()

    async def slow_fetch(query: str, *arguments: object) -> object:
        rows = await fetch(query, *arguments)
        await held_back.wait()
        return rows

    with monkeypatch.context() as patched:
        patched.setattr(store, "_pool", type("Slow", (), {"fetch": staticmethod(slow_fetch)}))
        readers = [asyncio.create_task(store.get_many([first, second])), asyncio.create_task(store.get_many([third]))]
        await asyncio.sleep(0.2)
        await pool.execute("update items set title = 'New ' || item_id")
        store.forget(first)
        store.forget(third)
        held_back.set()
        old, others = await asyncio.gather(*readers)
    assert {old[first].title, old[second].title, others[third].title} == {"Item 1", "Item 2", "Item 3"}
    again = await store.get_many([first, second, third])
    # The second was changed by another process, so far as the store knows.
    assert [again[item].title for item in (first, second, third)] == [f"New {first}", "Item 2", f"New {third}"]
