"""Popular items: the damped mean, who may be listed, filters, window and pages."""

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cinelibre_server.store.database import Pool
from tests.sql.builders import add_items, add_user, add_users, rate, rate_all

DAMPING = 10
MIN_COUNT = 5


async def popular(pool: Pool, *, limit: int = 100, **filters: Any) -> list[tuple[Any, ...]]:
    """Item, damped mean, count and mean in stars, the best first."""
    names = "".join(f", {name} => ${place}" for place, name in enumerate(filters, start=2))
    rows = await pool.fetch(
        f"select item_id, score, rating_count, mean_stars from get_popular_items($1{names})", limit, *filters.values()
    )
    return [tuple(row) for row in rows]


async def popular_ids(pool: Pool, **filters: Any) -> list[int]:
    return [row[0] for row in await popular(pool, **filters)]


def reference(ratings: list[tuple[int, int, int]]) -> list[tuple[int, float, int, float]]:
    """The same computed from (user, item, half stars)."""
    by_item = defaultdict(list)
    for _user, item, half_stars in ratings:
        by_item[item].append(half_stars / 2)
    overall = sum(half_stars / 2 for _user, _item, half_stars in ratings) / len(ratings)
    rows = [
        (item, (sum(stars) + DAMPING * overall) / (len(stars) + DAMPING), len(stars), sum(stars) / len(stars))
        for item, stars in by_item.items()
        if len(stars) >= MIN_COUNT
    ]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


async def rate_by_crowd(pool: Pool, half_stars_by_item: dict[int, list[int]]) -> None:
    """Each item gets these ratings, one a user."""
    users = await add_users(pool, max(map(len, half_stars_by_item.values())))
    await rate_all(
        pool,
        [
            (user, item, half_stars)
            for item, all_half_stars in half_stars_by_item.items()
            for user, half_stars in zip(users, all_half_stars, strict=False)
        ],
    )


async def test_damped_mean_agrees_with_the_reference(pool: Pool) -> None:
    generator = random.Random(1)
    users, items = await add_users(pool, 60), await add_items(pool, 40)
    ratings = [
        (user, item, min(10, max(1, round(generator.gauss(4 + item % 5, 2)))))
        for item in items
        for user in generator.sample(users, generator.randrange(1, 60))
    ]
    await rate_all(pool, ratings)
    found, expected = await popular(pool), reference(ratings)
    assert [(row[0], row[2]) for row in found] == [(row[0], row[2]) for row in expected]
    assert [row[1] for row in found] == pytest.approx([row[1] for row in expected], abs=1e-12)
    assert [row[3] for row in found] == pytest.approx([row[3] for row in expected], abs=1e-12)

    # The same after ratings have changed and gone.
    changed = [(user, item, 11 - half_stars) for user, item, half_stars in ratings[::3]]
    await rate_all(pool, changed)
    gone = ratings[1::3]
    await pool.executemany("delete from ratings where user_id = $1 and item_id = $2", [row[:2] for row in gone])
    found, expected = await popular(pool), reference(changed + ratings[2::3])
    assert [(row[0], row[2]) for row in found] == [(row[0], row[2]) for row in expected]
    assert [row[1] for row in found] == pytest.approx([row[1] for row in expected], abs=1e-12)


async def test_five_ratings_are_enough_and_four_are_not(pool: Pool) -> None:
    four, five = await add_items(pool, 2)
    await rate_by_crowd(pool, {four: [10] * 4, five: [6] * 5})
    assert await popular_ids(pool) == [five]
    await rate(pool, await add_user(pool), four, 10)
    assert await popular_ids(pool) == [four, five]


async def test_one_vote_of_five_stars_never_tops_the_list(pool: Pool) -> None:
    once, few, many, bad = await add_items(pool, 4)
    await rate_by_crowd(pool, {once: [10], few: [10] * 5, many: [9] * 60, bad: [4] * 60})
    assert await popular_ids(pool) == [many, few, bad]
    # Not even where one rating is allowed to count.
    assert (await popular_ids(pool, p_min_count=1))[0] == many


async def test_nothing_is_popular_without_ratings(pool: Pool) -> None:
    items = await add_items(pool, 3)
    assert await popular(pool) == []
    await rate_by_crowd(pool, {items[0]: [8] * 4})
    assert await popular(pool) == []


async def test_window_counts_what_was_rated_or_changed_since(pool: Pool) -> None:
    old, new, mixed = await add_items(pool, 3)
    await rate_by_crowd(pool, {old: [10] * 9, new: [8] * 6, mixed: [10, 10, 10, 4, 4, 4, 4, 4]})
    now = datetime.now(UTC)
    await pool.execute("update ratings set updated_at = $1 where item_id = $2", now - timedelta(days=31), old)
    await pool.execute(
        "update ratings set updated_at = $1 where item_id = $2 and half_stars = 10", now - timedelta(days=31), mixed
    )
    await pool.execute("update ratings set updated_at = $1 where item_id = $2", now - timedelta(days=29), new)
    assert await popular_ids(pool) == [old, new, mixed]
    found = await popular(pool, p_since=now - timedelta(days=30))
    overall = (6 * 4.0 + 5 * 2.0) / 11
    assert found == [
        (new, pytest.approx((24 + DAMPING * overall) / (6 + DAMPING)), 6, 4.0),
        (mixed, pytest.approx((10 + DAMPING * overall) / (5 + DAMPING)), 5, 2.0),
    ]
    assert await popular(pool, p_since=now + timedelta(days=1)) == []


async def test_filters(pool: Pool) -> None:
    hindi = await add_items(pool, 2, language="hi", genres=["Drama", "Family"], year=1990)
    tamil = await add_items(pool, 2, language="ta", genres=["Action"], year=2010)
    books = await add_items(pool, 2, item_type="book", language="hi", genres=["Classic"], year=1950)
    undated = await add_items(pool, 1, language=None, genres=[], year=None)
    everything = hindi + tamil + books + undated
    await rate_by_crowd(pool, {item: [8] * 5 for item in everything})
    assert await popular_ids(pool) == everything
    assert await popular_ids(pool, p_item_type="movie") == hindi + tamil + undated
    assert await popular_ids(pool, p_item_type="book") == books
    assert await popular_ids(pool, p_languages=["ta"]) == tamil
    assert await popular_ids(pool, p_languages=["ta", "hi"]) == hindi + tamil + books
    assert await popular_ids(pool, p_genres=["family", "classic"]) == hindi + books
    assert await popular_ids(pool, p_genres=["fam"]) == []
    assert await popular_ids(pool, p_year_from=1990) == hindi + tamil
    assert await popular_ids(pool, p_year_to=1990) == hindi + books
    assert await popular_ids(pool, p_year_from=1990, p_year_to=1990, p_languages=["hi"]) == hindi
    assert await popular_ids(pool, p_languages=["xx"]) == []


async def test_what_a_user_rated_is_left_out_on_request(pool: Pool) -> None:
    items = await add_items(pool, 3)
    me = await add_user(pool)
    await rate_by_crowd(pool, {item: [8] * 5 for item in items})
    await rate(pool, me, items[1], 2)
    assert await popular_ids(pool, p_without_rated_by=me) == [items[0], items[2]]


async def test_pages_are_complete_and_free_of_duplicates(pool: Pool) -> None:
    generator = random.Random(2)
    items = await add_items(pool, 53)
    # Few kinds of items, so that many scores are equal.
    await rate_by_crowd(pool, {item: [generator.choice((4, 8))] * generator.choice((5, 6)) for item in items})
    everything = await popular_ids(pool)
    assert sorted(everything) == items
    paged: list[int] = []
    key: dict[str, Any] = {}
    while page := await popular(pool, limit=10, **key):
        paged += [row[0] for row in page]
        key = {"p_after_score": page[-1][1], "p_after_id": page[-1][0]}
    assert paged == everything


async def test_last_item_of_a_page_is_not_repeated_when_a_rating_lowers_all_scores(pool: Pool) -> None:
    items = await add_items(pool, 4)
    await rate_by_crowd(pool, {item: [9 - place] * 5 for place, item in enumerate(items)})
    *_, last = first_page = await popular(pool, limit=2)
    await rate(pool, await add_user(pool), items[3], 1)
    second_page = await popular(pool, limit=2, p_after_score=last[1], p_after_id=last[0])
    assert [row[0] for row in first_page + second_page] == items
