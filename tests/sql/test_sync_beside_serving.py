"""A sync never blocks serving: neither while it waits for its source, nor while it writes."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from cinelibre_server.store.database import Pool
from cinelibre_server.store.items import ItemStore
from cinelibre_server.store.ratings import RatingStore
from tests.fakes.service import HANG
from tests.fakes.tmdb import FakeTmdb, film
from tests.sql.builders import add_users
from tests.sql.searching import asked, find_ids
from tests.sql.sync_runs import TODAY, one, rows, sync, tmdb
from tests.waiting import seconds_until

HELD = 4711
# A run that is about to commit waits for whoever holds the lock.
WAIT_BEFORE_COMMIT = f"""
    create function wait_before_commit() returns trigger language plpgsql as $$
    begin
        perform pg_advisory_xact_lock_shared({HELD});
        return new;
    end
    $$;
    create trigger wait_before_commit before insert or update on sync_checkpoints
    for each row execute function wait_before_commit();
"""
WAITING = "select exists (select from pg_locks where locktype = 'advisory' and objid = $1 and not granted)"
# Sessions of others with a transaction open, and what they hold.
HELD_BY_OTHERS = """
    select a.state, l.locktype, l.mode from pg_stat_activity a
    left join pg_locks l on l.pid = a.pid and l.locktype <> 'advisory'
    where a.datname = current_database() and a.pid <> pg_backend_pid()
        and (a.xact_start is not null or l.pid is not null)
"""


@pytest.fixture
async def fake() -> AsyncIterator[FakeTmdb]:
    fake = FakeTmdb([film(number) for number in range(1, 31)], page_size=8)
    async with fake.running():
        yield fake


async def test_while_it_waits_for_its_source_it_holds_nothing(database_url: str, fake: FakeTmdb) -> None:
    fake.fault = lambda request: HANG if request.path == "/movie/20" else None
    running = asyncio.create_task(sync(database_url, tmdb(fake, timeout_seconds=60.0)))
    try:

        async def hangs() -> bool:
            return "/movie/20" in [request.path for request in fake.requests] and not await rows(
                database_url, HELD_BY_OTHERS
            )

        # It writes what came before, and then has nothing to do.
        await seconds_until(hangs, 20)
        await asyncio.sleep(0.2)
        assert not running.done()
        assert await rows(database_url, HELD_BY_OTHERS) == []
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_what_it_is_writing_is_read_rated_and_searched_meanwhile(
    database_url: str, pool: Pool, fake: FakeTmdb
) -> None:
    await sync(database_url, tmdb(fake))
    (user,) = await add_users(pool, 1)
    await pool.execute(WAIT_BEFORE_COMMIT)
    for number in range(1, 31):
        fake.change(TODAY, number, overview=f"Story {number} told anew.")
    holder = await asyncpg.connect(database_url)
    await holder.execute("select pg_advisory_lock($1)", HELD)
    running = asyncio.create_task(sync(database_url, tmdb(fake)))
    try:

        async def waits() -> bool:
            return bool(await one(database_url, WAITING, HELD))

        await seconds_until(waits, 20)
        items = [row[0] for row in await rows(database_url, "select item_id from items order by item_id")]
        # Whoever had to wait would wait for us.
        async with asyncio.timeout(20):
            found = await ItemStore(pool).get_many(items)
            assert {item.synopsis.endswith("told anew.") for item in found.values()} == {False}
            for item in items:
                assert await RatingStore(pool).upsert(user, item, 8)
            assert await RatingStore(pool).delete(user, items[0])
            await find_ids(pool, asked("Film 7"))
        assert not running.done()
    finally:
        await holder.close()
    report = await running
    assert report.items.changed == 30
    assert await one(database_url, "select count(*) from ratings") == len(items) - 1
