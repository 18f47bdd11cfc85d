"""The totals of items and users agree with their ratings, whatever is done to these."""

import asyncio
import random
from collections.abc import Sequence

from cinelibre_server.store import migrate as migrations
from cinelibre_server.store.database import Pool, connect
from tests.sql.builders import add_items, add_user, add_users, rate, rate_all

_WRONG_TOTALS = """
with expected as (
    select 'item' as side, item_id as id, count(*) as rating_count, sum(half_stars) as half_stars_sum
    from ratings group by item_id
    union all select 'user', user_id, count(*), sum(half_stars) from ratings group by user_id
), stored as (
    select 'item' as side, item_id as id, rating_count, half_stars_sum from item_rating_totals
    union all select 'user', user_id, rating_count, half_stars_sum from user_rating_totals
)
select * from expected full join stored using (side, id)
where (expected.rating_count, expected.half_stars_sum)
    is distinct from (stored.rating_count, stored.half_stars_sum)
"""


async def totals_are_exact(pool: Pool) -> bool:
    return await pool.fetch(_WRONG_TOTALS) == []


async def _item_totals(pool: Pool, item_id: int) -> tuple[int, int] | None:
    row = await pool.fetchrow("select rating_count, half_stars_sum from item_rating_totals where item_id = $1", item_id)
    return (row[0], row[1]) if row else None


async def test_each_kind_of_write_moves_the_totals(pool: Pool) -> None:
    user, other = await add_users(pool, 2)
    (item,) = await add_items(pool, 1)
    await rate(pool, user, item, 7)
    assert await _item_totals(pool, item) == (1, 7)
    await rate(pool, other, item, 10)
    assert await _item_totals(pool, item) == (2, 17)
    await rate(pool, user, item, 2)
    assert await _item_totals(pool, item) == (2, 12)
    await pool.execute("delete from ratings where user_id = $1", user)
    assert await _item_totals(pool, item) == (1, 10)
    await pool.execute("delete from ratings where user_id = $1", other)
    assert await _item_totals(pool, item) is None
    assert await pool.fetchval("select count(*) from user_rating_totals") == 0


async def test_one_statement_may_insert_and_update(pool: Pool) -> None:
    user = await add_user(pool)
    items = await add_items(pool, 3)
    await rate_all(pool, [(user, items[0], 4), (user, items[1], 6)])
    await rate_all(pool, [(user, items[1], 1), (user, items[2], 9)])
    assert await _item_totals(pool, items[1]) == (1, 1)
    assert await totals_are_exact(pool)


async def test_a_rating_can_be_handed_to_another_item(pool: Pool) -> None:
    user = await add_user(pool)
    first, second = await add_items(pool, 2)
    await rate(pool, user, first, 5)
    await pool.execute("update ratings set item_id = $1, half_stars = 6", second)
    assert await _item_totals(pool, first) is None
    assert await _item_totals(pool, second) == (1, 6)
    assert await totals_are_exact(pool)


async def test_writing_the_same_stars_again_changes_nothing(pool: Pool) -> None:
    user = await add_user(pool)
    (item,) = await add_items(pool, 1)
    await rate(pool, user, item, 5)
    before = await pool.fetch("select ctid, * from item_rating_totals")
    await rate(pool, user, item, 5)
    assert await pool.fetch("select ctid, * from item_rating_totals") == before


async def test_deleting_a_user_or_an_item_takes_their_ratings_out(pool: Pool) -> None:
    users = await add_users(pool, 3)
    items = await add_items(pool, 4)
    await rate_all(pool, [(user, item, 1 + (user + item) % 10) for user in users for item in items])
    await pool.execute("delete from users where user_id = $1", users[0])
    assert await totals_are_exact(pool)
    await pool.execute("delete from items where item_id = $1", items[0])
    assert await totals_are_exact(pool)
    assert await pool.fetchval("select count(*) from user_rating_totals") == 2
    assert await pool.fetchval("select count(*) from item_rating_totals") == 3


async def test_any_order_of_writes_leaves_exact_totals(pool: Pool) -> None:
    choice = random.Random(2)
    users = await add_users(pool, 6)
    items = await add_items(pool, 8)
    for _ in range(150):
        pairs = choice.sample([(user, item) for user in users for item in items], choice.randint(1, 12))
        if choice.random() < 0.6:
            await rate_all(pool, [(user, item, choice.randint(1, 10)) for user, item in pairs])
        else:
            await pool.executemany("delete from ratings where user_id = $1 and item_id = $2", pairs)
    assert await pool.fetchval("select count(*) from ratings") > 0
    assert await totals_are_exact(pool)


async def test_100_writes_of_one_pair_at_the_same_time_leave_one_rating(pool: Pool) -> None:
    user = await add_user(pool)
    (item,) = await add_items(pool, 1)
    await asyncio.gather(*(rate(pool, user, item, 1 + n % 10) for n in range(100)))
    assert await pool.fetchval("select count(*) from ratings") == 1
    assert await totals_are_exact(pool)


async def test_writes_and_deletions_at_the_same_time_leave_exact_totals(pool: Pool) -> None:
    users = await add_users(pool, 5)
    (item,) = await add_items(pool, 1)

    async def flicker(user: int) -> None:
        for n in range(10):
            await rate(pool, user, item, 1 + n % 10)
            if n % 4 == 0:
                await pool.execute("delete from ratings where user_id = $1 and item_id = $2", user, item)

    await asyncio.gather(*(flicker(user) for user in users))
    assert await _item_totals(pool, item) == (5, 50)
    assert await totals_are_exact(pool)


async def test_statements_that_list_the_same_items_in_opposite_order_do_not_deadlock(pool: Pool) -> None:
    users = await add_users(pool, 8)
    items = await add_items(pool, 200)

    async def write(user: int, order: Sequence[int]) -> None:
        for half_stars in (3, 8):
            await rate_all(pool, [(user, item, half_stars) for item in order])
        await pool.execute("delete from ratings where user_id = $1 and item_id = any($2)", user, order[:50])

    await asyncio.gather(*(write(user, items if n % 2 else items[::-1]) for n, user in enumerate(users)))
    assert await pool.fetchval("select count(*) from ratings") == 8 * 150
    assert await totals_are_exact(pool)


async def test_the_triggers_come_back_with_changed_functions(pool: Pool, database_url: str) -> None:
    await pool.execute("update schema_functions set checksum = 'of another version'")
    await migrations.migrate(database_url)
    connection = await connect(database_url)
    user = await add_user(connection)
    (item,) = await add_items(connection, 1)
    await rate(connection, user, item, 5)
    await connection.close()
    assert await _item_totals(pool, item) == (1, 5)
