"""Ratings in parts: each user is in one range, and a sample is random, bounded and always the same."""

from cinelibre_server.store.database import Pool
from cinelibre_server.store.rating_matrix import read_rating_matrix
from cinelibre_server.store.rating_parts import (
    count_rated,
    read_ratings_of_range,
    read_ratings_of_users,
    sample_users,
    split_users,
)
from tests.sql.builders import add_items, add_users, rate_all

USERS, ITEMS = 20, 12


async def _fill(pool: Pool) -> list[int]:
    users, items = await add_users(pool, USERS), await add_items(pool, ITEMS)
    ratings = [
        (user, item, 1 + (user + item) % 10) for user in users[1:] for item in items[: 1 + user % ITEMS]
    ]  # the first user has none
    await rate_all(pool, ratings)
    return users


async def test_ranges_hold_all_ratings_once(pool: Pool) -> None:
    await _fill(pool)
    async with pool.acquire() as connection:
        everything = await read_rating_matrix(connection)
        assert await count_rated(connection) == (len(everything.stars), USERS - 1)
        ranges = await split_users(connection, 25)
        parts = [await read_ratings_of_range(connection, *users) for users in ranges]
    assert len(parts) > 3
    assert [user for part in parts for user in part.user_ids.tolist()] == everything.user_ids.tolist()
    assert [star for part in parts for star in part.stars.tolist()] == everything.stars.tolist()
    assert all(len(part.stars) < 25 + ITEMS for part in parts)


async def test_a_sample_has_at_most_so_many_ratings(pool: Pool) -> None:
    users = await _fill(pool)
    async with pool.acquire() as connection:
        chosen = await sample_users(connection, 60, 1)
        again = await sample_users(connection, 60, 1)
        others = await sample_users(connection, 60, 2)
        whole = await sample_users(connection, 1_000_000, 1)
        sample = await read_ratings_of_users(connection, list(chosen))
        changed = await connection.fetchval(
            "select changed_xid::text::bigint from user_rating_totals where user_id = $1", min(chosen)
        )
    assert 40 < len(sample.stars) <= 60
    assert sample.user_ids.tolist() == sorted(chosen)
    assert chosen == again
    assert set(chosen) != set(others)
    assert sorted(whole) == users[1:]
    assert chosen[min(chosen)] == changed


async def test_without_ratings_there_are_no_parts(pool: Pool) -> None:
    async with pool.acquire() as connection:
        assert await count_rated(connection) == (0, 0)
        assert await split_users(connection, 10) == []
        assert await sample_users(connection, 10, 1) == {}
