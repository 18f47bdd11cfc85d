"""Ratings that arrive together share a statement, and are as good as alone."""

import asyncio

import asyncpg
import pytest

from cinelibre_server.store.database import Pool
from cinelibre_server.store.ratings import RatingStore
from tests.sql.builders import add_items, add_user, add_users


async def test_all_are_stored_and_unknown_items_are_not(pool: Pool) -> None:
    users, items = await add_users(pool, 20), await add_items(pool, 3)
    store = RatingStore(pool)
    answers = await asyncio.gather(
        *(store.upsert(user, item, 1 + user % 10) for user in users for item in (*items, 2_000_000_000))
    )
    for place, user in enumerate(users):
        *known, unknown = answers[4 * place : 4 * place + 4]
        assert unknown is None
        assert [(stored.item_id, stored.half_stars) for stored in known if stored] == [
            (i, 1 + user % 10) for i in items
        ]
    assert await pool.fetchval("select count(*) from ratings") == 60
    assert await pool.fetchval("select sum(rating_count) from item_rating_totals") == 60


async def test_who_rates_an_item_twice_at_once_ends_with_the_later_rating(pool: Pool) -> None:
    user, (item,) = await add_user(pool), await add_items(pool, 1)
    store = RatingStore(pool)
    answers = await asyncio.gather(*(store.upsert(user, item, half_stars) for half_stars in (3, 9, 3, 7, 5)))
    assert [stored.half_stars for stored in answers if stored] == [3, 9, 3, 7, 5]
    rows = await pool.fetch("select half_stars from ratings")
    assert [row["half_stars"] for row in rows] == [5]
    assert await pool.fetchval("select half_stars_sum from item_rating_totals") == 5


async def test_a_rating_that_fails_fails_alone(pool: Pool) -> None:
    users, items = await add_users(pool, 5), await add_items(pool, 2)
    gone = users[2]
    await pool.execute("delete from users where user_id = $1", gone)
    store = RatingStore(pool)
    answers = await asyncio.gather(
        *(store.upsert(user, item, 8) for user in users for item in items), return_exceptions=True
    )
    failed = [answer for answer in answers if isinstance(answer, BaseException)]
    assert [type(error) for error in failed] == [asyncpg.ForeignKeyViolationError] * 2
    assert await pool.fetchval("select count(*) from ratings") == 8
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await store.upsert(gone, items[0], 8)
