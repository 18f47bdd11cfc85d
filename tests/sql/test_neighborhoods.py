"""The neighbourhoods kept between calls are what a fresh computation gives, whatever happened to the ratings since."""

import asyncio
import random
from dataclasses import dataclass

import asyncpg
import pytest

from cinelibre_server.store.database import Pool
from tests.sql.builders import add_items, add_user, add_users, rate, rate_all
from tests.sql.neighborhoods import (
    FRESH_NEIGHBORS,
    KEPT_NEIGHBORS,
    KEPT_PREDICTIONS,
    MAX_NEIGHBORS,
    assert_exact,
    fresh_predictions,
)


class RandomChanges:
    """Ratings that come, change and go; few stars and few items, so that correlations are often equal."""

    def __init__(self, pool: Pool, seed: int, users: list[int], items: list[int]) -> None:
        self.pool = pool
        self.random = random.Random(seed)
        self.users = users
        self.items = items

    def rating(self) -> tuple[int, int, int]:
        """Of one common taste, more or less: most users are neighbours, and many correlations are exactly 1."""
        item_id = self.random.choice(self.items)
        return self.random.choice(self.users), item_id, 3 + 2 * (item_id % 3) + self.random.choice((0, 0, 0, 1))

    async def change(self) -> None:
        kind = self.random.choices(
            ("one", "some", "many", "delete", "withdraw", "leave", "remove"), (40, 10, 3, 30, 5, 2, 1)
        )[0]
        some_user = self.random.choice(self.users)
        if kind == "one":
            await rate(self.pool, *self.rating())
        elif kind in ("some", "many"):
            ratings = {rating[:2]: rating for rating in (self.rating() for _ in range(20 if kind == "some" else 200))}
            await rate_all(self.pool, ratings.values())
        elif kind == "delete":
            await self.pool.execute(
                "delete from ratings where user_id = $1 and item_id = $2", some_user, self.random.choice(self.items)
            )
        elif kind == "withdraw":
            await self.pool.execute("delete from ratings where user_id = $1", some_user)
        elif kind == "leave":
            await self.pool.execute("delete from users where user_id = $1", some_user)
            self.users.remove(some_user)
        else:
            item_id = self.random.choice(self.items)
            await self.pool.execute("delete from items where item_id = $1", item_id)
            self.items.remove(item_id)


@pytest.mark.parametrize(("seed", "user_count", "item_count"), [(1, 12, 6), (2, 80, 9), (3, 140, 8), (4, 140, 12)])
async def test_exact_after_every_change(pool: Pool, seed: int, user_count: int, item_count: int) -> None:
    changes = RandomChanges(pool, seed, await add_users(pool, user_count), await add_items(pool, item_count))
    ratings = {rating[:2]: rating for rating in (changes.rating() for _ in range(6 * user_count))}
    await rate_all(pool, ratings.values())
    watched = changes.users[:6]
    for _step in range(100):
        for _ in range(changes.random.choice((1, 1, 3))):
            await changes.change()
        await assert_exact(pool, changes.random.choice(watched))
    for user_id in changes.users:
        await assert_exact(pool, user_id)


@dataclass(frozen=True, slots=True)
class Crowd:
    """Twelve users with the same taste over six items, and a seventh item that none of them rated."""

    users: list[int]
    items: list[int]
    unseen_item: int


@pytest.fixture
async def crowd(pool: Pool) -> Crowd:
    users, items = await add_users(pool, 12), await add_items(pool, 7)
    await rate_all(
        pool,
        [
            (user, item, 2 + place + user % 2)
            for user in users
            for place, item in enumerate(items[:6])
            if (user + place) % 4
        ],
    )
    return Crowd(users, items[:6], items[6])


async def kept_row(pool: Pool, user_id: int) -> asyncpg.Record:
    row = await pool.fetchrow(
        "select ctid, computed_xmin::text, neighbor_ids, item_ids from user_neighborhoods where user_id = $1",
        user_id,
    )
    assert row is not None
    return row


async def all_changes_are_past(pool: Pool) -> None:
    """Until a transaction ends, in whatever database of the server, all later changes are looked at again."""
    await pool.execute(
        "do $$ begin"
        " while pg_snapshot_xmin(pg_current_snapshot()) <= (select max(changed_xid) from user_rating_totals) loop"
        " perform pg_sleep(0.01); end loop; end $$"
    )


async def test_own_rating_counts_in_the_very_next_call(pool: Pool, crowd: Crowd) -> None:
    me, other = crowd.users[:2]
    await rate(pool, other, crowd.unseen_item, 9)
    await assert_exact(pool, me)
    assert crowd.unseen_item in await fresh_predictions(pool, me)
    await rate(pool, me, crowd.unseen_item, 1)
    assert crowd.unseen_item not in {row["item_id"] for row in await pool.fetch(KEPT_PREDICTIONS, me)}
    await assert_exact(pool, me)
    await pool.execute("delete from ratings where user_id = $1 and item_id = $2", me, crowd.unseen_item)
    assert crowd.unseen_item in {row["item_id"] for row in await pool.fetch(KEPT_PREDICTIONS, me)}
    await assert_exact(pool, me)


async def test_rating_committed_late_is_not_missed(pool: Pool, crowd: Crowd) -> None:
    me, early, late = crowd.users[:3]
    await assert_exact(pool, me)
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await rate(connection, late, crowd.unseen_item, 10)
        # Transactions that begin later and end sooner must not hide the open one.
        for half_stars in (2, 9):
            await rate(pool, early, crowd.items[1], half_stars)
            await assert_exact(pool, me)
        assert crowd.unseen_item not in await fresh_predictions(pool, me)
        await transaction.commit()
    assert crowd.unseen_item in await fresh_predictions(pool, me)
    await assert_exact(pool, me)


async def test_two_ratings_of_one_user_that_wait_for_each_other(pool: Pool, crowd: Crowd) -> None:
    me, other = crowd.users[:2]
    async with pool.acquire() as first, pool.acquire() as second:
        older, younger = first.transaction(), second.transaction()
        await older.start()
        await first.execute("select pg_current_xact_id()")
        await younger.start()
        await rate(second, other, crowd.unseen_item, 10)
        waiting = asyncio.create_task(rate(first, other, crowd.items[0], 10))
        await assert_exact(pool, me)
        assert not waiting.done()
        await younger.commit()
        await waiting
        await assert_exact(pool, me)
        await older.commit()
    await assert_exact(pool, me)


async def test_own_transaction_sees_its_ratings_and_takes_them_back(pool: Pool, crowd: Crowd) -> None:
    me, other = crowd.users[:2]
    await assert_exact(pool, me)
    before = await pool.fetch(KEPT_NEIGHBORS, me)
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await rate_all(connection, [(other, item, 10 - 2 * place) for place, item in enumerate(crowd.items[:5])])
        inside = await connection.fetch(KEPT_NEIGHBORS, me)
        assert inside == await connection.fetch(FRESH_NEIGHBORS, me)
        assert inside != before
        await transaction.rollback()
    assert await pool.fetch(KEPT_NEIGHBORS, me) == before
    await assert_exact(pool, me)


async def test_neighbor_who_leaves_is_forgotten(pool: Pool, crowd: Crowd) -> None:
    me = crowd.users[0]
    neighbors = [row["neighbor_id"] for row in await pool.fetch(KEPT_NEIGHBORS, me)]
    leaving, withdrawing = neighbors[:2]
    await rate(pool, leaving, crowd.unseen_item, 10)
    await assert_exact(pool, me)
    await pool.execute("delete from users where user_id = $1", leaving)
    await assert_exact(pool, me)
    assert crowd.unseen_item not in {row["item_id"] for row in await pool.fetch(KEPT_PREDICTIONS, me)}
    await pool.execute("delete from ratings where user_id = $1", withdrawing)
    remaining = [row["neighbor_id"] for row in await pool.fetch(KEPT_NEIGHBORS, me)]
    assert remaining == neighbors[2:]
    await assert_exact(pool, me)


async def test_user_who_takes_all_ratings_back_has_no_neighbors(pool: Pool, crowd: Crowd) -> None:
    me = crowd.users[0]
    assert await pool.fetch(KEPT_NEIGHBORS, me)
    await pool.execute("delete from ratings where user_id = $1", me)
    assert await pool.fetch(KEPT_NEIGHBORS, me) == []
    assert await pool.fetch(KEPT_PREDICTIONS, me) == []
    await rate_all(pool, [(me, item, 3 + place) for place, item in enumerate(crowd.items[:4])])
    assert await pool.fetch(KEPT_NEIGHBORS, me)
    await assert_exact(pool, me)


async def test_row_of_the_future_is_ignored(pool: Pool, crowd: Crowd) -> None:
    me = crowd.users[0]
    await assert_exact(pool, me)
    await pool.execute(
        "update user_neighborhoods set computed_xmin = (pg_current_xact_id()::text::bigint + 1000)::text::xid8,"
        " neighbor_ids = '{}', correlations = '{}', common_counts = '{}', item_ids = '{}' where user_id = $1",
        me,
    )
    await assert_exact(pool, me)
    assert (await kept_row(pool, me))["neighbor_ids"]


async def test_ratings_restored_from_another_cluster_cost_no_second_look(pool: Pool, crowd: Crowd) -> None:
    me, other = crowd.users[:2]
    await pool.execute(
        "update user_rating_totals set changed_xid = (pg_current_xact_id()::text::bigint + 100000)::text::xid8"
    )
    await assert_exact(pool, me)
    before = await kept_row(pool, me)
    await assert_exact(pool, me)
    assert await kept_row(pool, me) == before
    await rate(pool, other, crowd.unseen_item, 10)
    await assert_exact(pool, me)


async def test_may_be_emptied_at_any_time(pool: Pool, crowd: Crowd) -> None:
    await assert_exact(pool, crowd.users[0])
    await pool.execute("truncate user_neighborhoods")
    await assert_exact(pool, crowd.users[0])


async def test_who_enters_a_full_list_does_not_overtake_an_equal(pool: Pool) -> None:
    me, *others = await add_users(pool, 1 + MAX_NEIGHBORS + 2)
    leaving, equal, entering = others[9], others[-2], others[-1]
    items = await add_items(pool, 3)
    rising = {item: 4 + place for place, item in enumerate(items)}
    falling = {item: 8 - place for place, item in enumerate(items)}
    taste = dict.fromkeys([me, *others], rising) | {entering: falling}
    await rate_all(pool, [(user, item, taste[user][item]) for user in taste for item in items])
    await assert_exact(pool, me)
    assert equal not in (await kept_row(pool, me))["neighbor_ids"]
    taste = {leaving: falling, entering: rising}
    await rate_all(pool, [(user, item, taste[user][item]) for user in taste for item in items])
    await assert_exact(pool, me)
    assert equal in (await kept_row(pool, me))["neighbor_ids"]


async def test_nothing_is_written_while_nothing_changes(pool: Pool, crowd: Crowd) -> None:
    me = crowd.users[0]
    await all_changes_are_past(pool)
    await assert_exact(pool, me)
    before = await kept_row(pool, me)
    await assert_exact(pool, me)
    assert await kept_row(pool, me) == before


async def test_predictions_stand_when_a_stranger_rates(pool: Pool, crowd: Crowd) -> None:
    me = crowd.users[0]
    stranger = await add_user(pool)
    await all_changes_are_past(pool)
    await assert_exact(pool, me)
    before = await kept_row(pool, me)
    assert before["item_ids"] is not None
    await rate(pool, stranger, crowd.unseen_item, 10)
    await pool.fetch(KEPT_NEIGHBORS, me)
    after = await kept_row(pool, me)
    assert after["item_ids"] == before["item_ids"]
    assert after["ctid"] != before["ctid"]
    await rate(pool, crowd.users[1], crowd.unseen_item, 10)
    await pool.fetch(KEPT_NEIGHBORS, me)
    assert (await kept_row(pool, me))["item_ids"] is None
    await assert_exact(pool, me)


async def test_exact_after_calls_and_changes_at_the_same_time(pool: Pool) -> None:
    users, items = await add_users(pool, 70), await add_items(pool, 8)
    changes = RandomChanges(pool, 5, list(users), list(items))
    ratings = {rating[:2]: rating for rating in (changes.rating() for _ in range(350))}
    await rate_all(pool, ratings.values())
    watched = users[:4]

    async def write() -> None:
        for _ in range(40):
            await rate(pool, *changes.rating())

    async def read() -> None:
        for _ in range(40):
            await pool.fetch(KEPT_PREDICTIONS, changes.random.choice(watched))

    async def write_and_read(me: int) -> None:
        for _ in range(20):
            item_id = changes.random.choice(items)
            await rate(pool, me, item_id, changes.random.choice((2, 9)))
            assert item_id not in {row["item_id"] for row in await pool.fetch(KEPT_PREDICTIONS, me)}

    await asyncio.gather(write(), write(), read(), read(), *(write_and_read(me) for me in watched))
    for user_id in users:
        await assert_exact(pool, user_id)
