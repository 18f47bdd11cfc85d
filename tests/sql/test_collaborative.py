"""Pearson neighbours and collaborative predictions against a reference of its own kind: two-pass, on floats, numpy."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from cinelibre_server.store.database import Pool
from tests.sql.builders import add_items, add_user, add_users, load_movielens_100k, rate_all

MIN_OVERLAP = 3
MIN_CORRELATION = 0.3
MAX_NEIGHBORS = 50
SHRINKAGE = 2
TOLERANCE = 1e-9

NEIGHBORS = "select neighbor_id, correlation, overlap from get_neighbors($1)"
RECOMMENDATIONS = (
    "select item_id, score, predicted_stars, neighbor_count from get_collaborative_recommendations($1, $2)"
)

RISING = (1, 2, 3, 4, 5)

Stars = NDArray[np.float64]


def reference_neighbors(stars: Stars, user: int) -> dict[int, tuple[float, int]]:
    """Neighbour to (correlation, common items); `stars` is [user, item] with NaN where unrated."""
    found = {}
    for other in range(len(stars)):
        common = ~np.isnan(stars[user]) & ~np.isnan(stars[other])
        if other == user or common.sum() < MIN_OVERLAP:
            continue
        x, y = stars[user, common], stars[other, common]
        x, y = x - x.mean(), y - y.mean()
        norm = np.sqrt((x @ x) * (y @ y))
        if norm > 0 and x @ y / norm > MIN_CORRELATION:
            found[other] = (float(x @ y / norm), int(common.sum()))
    return found


def reference_predictions(
    stars: Stars, user: int, neighbors: Mapping[int, tuple[float, int]]
) -> dict[int, tuple[float, float, int]]:
    """Item to (score, predicted stars, neighbours) by the 50 best neighbours; rated items are left out."""
    # Correlations that are equal in theory differ in their last bits here.
    best = sorted(neighbors, key=lambda v: (-round(neighbors[v][0] * min(neighbors[v][1], 50), 9), v))
    best = best[:MAX_NEIGHBORS]
    correlations = np.array([neighbors[v][0] for v in best])
    deviations = stars[best] - np.nanmean(stars[best], axis=1, keepdims=True)
    rated = ~np.isnan(deviations)
    weight = correlations @ rated
    weighted = correlations @ np.nan_to_num(deviations)
    mine = np.nanmean(stars[user])
    return {
        int(item): (
            float(mine + weighted[item] / (weight[item] + SHRINKAGE)),
            float(np.clip(mine + weighted[item] / weight[item], 0.5, 5.0)),
            int(rated[:, item].sum()),
        )
        for item in np.flatnonzero(rated.any(axis=0) & np.isnan(stars[user]))
    }


async def test_movielens_100k_agrees_with_the_reference(pool: Pool, shared_data: Path) -> None:
    stars = await load_movielens_100k(pool, shared_data / "ml-100k")
    users = range(5, 943, 19)
    assert len(users) == 50
    for user in users:
        expected = reference_neighbors(stars, user)
        found = {row["neighbor_id"]: (row["correlation"], row["overlap"]) for row in await pool.fetch(NEIGHBORS, user)}
        # Whoever stands on the threshold may fall on either side of it in floats.
        for other in expected.keys() ^ found.keys():
            correlation, _overlap = expected.get(other) or found[other]
            assert correlation == pytest.approx(MIN_CORRELATION, abs=TOLERANCE)
        both = sorted(expected.keys() & found.keys())
        assert len(both) > 50
        assert [found[v][1] for v in both] == [expected[v][1] for v in both]
        assert [found[v][0] for v in both] == pytest.approx([expected[v][0] for v in both], abs=TOLERANCE)

        predictions = reference_predictions(stars, user, expected)
        rows = await pool.fetch(RECOMMENDATIONS, user, 2000)
        assert {row["item_id"] for row in rows} == predictions.keys()
        assert not any(stars[user, row["item_id"]] > 0 for row in rows)
        for item_id, score, predicted_stars, neighbor_count in rows:
            assert (score, predicted_stars) == pytest.approx(predictions[item_id][:2], abs=TOLERANCE)
            assert neighbor_count == predictions[item_id][2]
        order = [(-row["score"], row["item_id"]) for row in rows]
        assert order == sorted(order)


async def test_formula_by_hand(pool: Pool) -> None:
    """Me 2.0, 3.0, 4.0 (mean 3.0); a neighbour with r = 1 whose mean is 3.5 gives 5.0 to a fourth film: 3.0 + 1.5."""
    me, other = await add_users(pool, 2)
    items = await add_items(pool, 4)
    await rate_all(pool, [(me, item, half_stars) for item, half_stars in zip(items, (4, 6, 8), strict=False)])
    await rate_all(pool, [(other, item, half_stars) for item, half_stars in zip(items, (4, 6, 8, 10), strict=True)])
    [row] = await pool.fetch(RECOMMENDATIONS, me, 10)
    assert tuple(row) == (items[3], pytest.approx(3.0 + 1.5 / 3), pytest.approx(4.5), 1)
    assert await pool.fetch(RECOMMENDATIONS, other, 10) == []


async def test_predicted_stars_stay_on_the_scale(pool: Pool) -> None:
    me, other = await add_users(pool, 2)
    items = await add_items(pool, 8)
    await rate_all(pool, [(me, item, half_stars) for item, half_stars in zip(items, (8, 9, 10), strict=False)])
    await rate_all(
        pool, [(other, item, half_stars) for item, half_stars in zip(items, (1, 2, 3, 10, 1, 1, 1, 1), strict=True)]
    )
    rows = await pool.fetch(RECOMMENDATIONS, me, 10)
    assert rows[0]["item_id"] == items[3]
    assert rows[0]["predicted_stars"] == 5.0
    assert all(0.5 <= row["predicted_stars"] <= 5.0 for row in rows)


@pytest.mark.parametrize(("common", "neighbors"), [(2, 0), (3, 1), (4, 1)])
async def test_neighbors_have_three_items_in_common(pool: Pool, common: int, neighbors: int) -> None:
    me, other = await add_users(pool, 2)
    items = await add_items(pool, 6)
    await rate_all(pool, [(me, item, 2 + place) for place, item in enumerate(items[:common])])
    await rate_all(pool, [(other, item, 2 + place) for place, item in enumerate(items)])
    rows = await pool.fetch(NEIGHBORS, me)
    assert [(row["neighbor_id"], row["overlap"]) for row in rows] == [(other, common)] * neighbors


@pytest.mark.parametrize(
    ("theirs", "correlation"),
    [((1, 3, 5, 4, 2), 0.3), ((2, 1, 4, 5, 3), 0.6), ((2, 4, 1, 5, 3), 0.3), ((5, 4, 3, 2, 1), -1.0)],
)
async def test_correlation_of_the_threshold_itself_is_too_low(
    pool: Pool, theirs: tuple[int, ...], correlation: float
) -> None:
    assert np.corrcoef(RISING, theirs)[0, 1] == pytest.approx(correlation)
    me, other = await add_users(pool, 2)
    items = await add_items(pool, 5)
    await rate_all(pool, [(me, item, half_stars) for item, half_stars in zip(items, RISING, strict=True)])
    await rate_all(pool, [(other, item, half_stars) for item, half_stars in zip(items, theirs, strict=True)])
    rows = await pool.fetch(NEIGHBORS, me)
    expected = [(other, pytest.approx(correlation), 5)] if correlation > MIN_CORRELATION else []
    assert [tuple(row) for row in rows] == expected


async def test_thresholds_are_parameters(pool: Pool) -> None:
    me, other = await add_users(pool, 2)
    items = await add_items(pool, 2)
    await rate_all(pool, [(user, item, 5 + place) for user in (me, other) for place, item in enumerate(items)])
    assert await pool.fetch("select neighbor_id from get_neighbors($1, p_min_overlap => 3)", me) == []
    rows = await pool.fetch(
        "select neighbor_id from get_neighbors($1, p_min_overlap => 2, p_min_correlation => 0.99)", me
    )
    assert [row["neighbor_id"] for row in rows] == [other]
    assert await pool.fetch("select neighbor_id from get_neighbors($1, 2, p_among => '{}')", me) == []


async def test_only_user_has_no_neighbors(pool: Pool) -> None:
    me = await add_user(pool)
    await rate_all(pool, [(me, item, 1 + place) for place, item in enumerate(await add_items(pool, 5))])
    await assert_nothing_found(pool, me)


@pytest.mark.parametrize("constant_side", [0, 1])
async def test_constant_ratings_correlate_with_nothing(pool: Pool, constant_side: int) -> None:
    users = await add_users(pool, 2)
    items = await add_items(pool, 6)
    await rate_all(
        pool,
        [
            (user, item, 7 if side == constant_side else 1 + place)
            for side, user in enumerate(users)
            for place, item in enumerate(items[side:])
        ],
    )
    for user in users:
        await assert_nothing_found(pool, user)


async def test_ratings_of_other_items_make_no_neighbors(pool: Pool) -> None:
    me, other = await add_users(pool, 2)
    items = await add_items(pool, 8)
    await rate_all(pool, [(me, item, 1 + place) for place, item in enumerate(items[:4])])
    await rate_all(pool, [(other, item, 1 + place) for place, item in enumerate(items[4:])])
    await assert_nothing_found(pool, me)


async def test_user_without_ratings_and_unknown_user(pool: Pool) -> None:
    me, *others = await add_users(pool, 3)
    items = await add_items(pool, 4)
    await rate_all(pool, [(user, item, 2 + place) for user in others for place, item in enumerate(items)])
    await assert_nothing_found(pool, me)
    await assert_nothing_found(pool, 2_000_000_000)
    assert await pool.fetchval("select count(*) from user_neighborhoods") == 0


async def test_empty_database(pool: Pool) -> None:
    await assert_nothing_found(pool, 1)


async def assert_nothing_found(pool: Pool, user_id: int) -> None:
    assert await pool.fetch(NEIGHBORS, user_id) == []
    assert await pool.fetch("select neighbor_id from get_nearest_neighbors($1)", user_id) == []
    assert await pool.fetch(RECOMMENDATIONS, user_id, 10) == []


async def test_filters_and_pages(pool: Pool) -> None:
    me, *others = await add_users(pool, 6)
    shared = await add_items(pool, 4)
    hindi = await add_items(pool, 10, language="hi", genres=["Drama", "Family"], year=1990)
    tamil = await add_items(pool, 10, language="ta", genres=["Action"], year=2010)
    books = await add_items(pool, 10, item_type="book", language="hi", genres=["Classic"], year=1950)
    await rate_all(pool, [(user, item, 3 + place) for user in (me, *others) for place, item in enumerate(shared)])
    rated = hindi + tamil + books
    # Few different ratings, so that scores are often equal.
    await rate_all(pool, [(user, item, 4 + (item + user) % 3) for user in others for item in rated])

    async def found(**filters: object) -> list[int]:
        names = "".join(f", {name} => ${place}" for place, name in enumerate(filters, start=2))
        rows = await pool.fetch(
            f"select item_id from get_collaborative_recommendations($1, 100{names})", me, *filters.values()
        )
        return [row["item_id"] for row in rows]

    everything = await found()
    assert sorted(everything) == sorted(rated)
    assert sorted(await found(p_item_type="book")) == books
    assert sorted(await found(p_languages=["ta"])) == tamil
    assert sorted(await found(p_languages=["ta", "hi"], p_item_type="movie")) == hindi + tamil
    assert sorted(await found(p_genres=["family", "classic"])) == hindi + books
    assert sorted(await found(p_year_from=1951, p_year_to=2009)) == hindi
    assert await found(p_languages=["xx"]) == []

    paged: list[int] = []
    key: tuple[float | None, int | None] = (None, None)
    while page := await pool.fetch(
        "select item_id, score from get_collaborative_recommendations($1, 7, p_after_score => $2, p_after_id => $3)",
        me,
        *key,
    ):
        paged += [row["item_id"] for row in page]
        key = (page[-1]["score"], page[-1]["item_id"])
    assert paged == everything
