"""What get_nearest_neighbors and get_predictions must answer, computed afresh from the ratings."""

import pytest

from cinelibre_server.store.database import Pool

MAX_NEIGHBORS = 50
SHRINKAGE = 2

FRESH_NEIGHBORS = """
    select neighbor_id, correlation, overlap from get_neighbors($1)
    order by correlation * least(overlap, 50) desc, neighbor_id limit 50
"""
KEPT_NEIGHBORS = "select neighbor_id, correlation, overlap from get_nearest_neighbors($1)"
KEPT_PREDICTIONS = "select item_id, score, predicted_stars, neighbor_count from get_predictions($1)"


async def fresh_predictions(pool: Pool, user_id: int) -> dict[int, tuple[float, float, int]]:
    """Item to (score, predicted stars, neighbours), from the ratings and get_neighbors alone."""
    ratings: dict[int, dict[int, int]] = {}
    for user, item, half_stars in await pool.fetch("select user_id, item_id, half_stars from ratings"):
        ratings.setdefault(user, {})[item] = half_stars
    mine = ratings.get(user_id)
    if not mine:
        return {}
    my_mean = sum(mine.values()) / len(mine)
    sums: dict[int, tuple[float, float, int]] = {}
    for neighbor, correlation, _overlap in await pool.fetch(FRESH_NEIGHBORS, user_id):
        theirs = ratings[neighbor]
        mean = sum(theirs.values()) / len(theirs)
        for item in theirs.keys() - mine.keys():
            weighted, weight, count = sums.get(item, (0.0, 0.0, 0))
            sums[item] = (weighted + correlation * (theirs[item] - mean), weight + correlation, count + 1)
    return {
        item: (
            (my_mean + weighted / (weight + SHRINKAGE)) / 2,
            min(5.0, max(0.5, (my_mean + weighted / weight) / 2)),
            count,
        )
        for item, (weighted, weight, count) in sums.items()
    }


async def assert_exact(pool: Pool, user_id: int) -> None:
    """What the kept neighbourhood answers now is what a fresh computation answers."""
    kept = await pool.fetch(KEPT_NEIGHBORS, user_id)
    fresh = await pool.fetch(FRESH_NEIGHBORS, user_id)
    assert [(row["neighbor_id"], row["overlap"]) for row in kept] == [
        (row["neighbor_id"], row["overlap"]) for row in fresh
    ]
    assert [row["correlation"] for row in kept] == pytest.approx([row["correlation"] for row in fresh], abs=1e-12)

    expected = await fresh_predictions(pool, user_id)
    rows = await pool.fetch(KEPT_PREDICTIONS, user_id)
    assert {row["item_id"] for row in rows} == expected.keys()
    for item_id, score, predicted_stars, neighbor_count in rows:
        assert (score, predicted_stars) == pytest.approx(expected[item_id][:2], abs=1e-9)
        assert neighbor_count == expected[item_id][2]
