"""Training: what it learns is what the SQL functions answer, at once for new ratings, and never worse than before."""

import random
from collections.abc import AsyncIterator

import numpy as np
import pytest
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from cinelibre_server.errors import StartupError
from cinelibre_server.progress import silent
from cinelibre_server.recommend.training.blend import candidate_parts
from cinelibre_server.recommend.training.fit import FittedModels, fit_models
from cinelibre_server.recommend.training.pipeline import SEED, train_model
from cinelibre_server.recommend.training.stars import predict
from cinelibre_server.store.database import Pool, connect
from cinelibre_server.store.models import get_serving_model
from cinelibre_server.store.rating_matrix import RatingMatrix, read_rating_matrix
from tests.sql.builders import add_items, add_user, add_users, random_vectors, rate_all, rate_by_taste

USERS, ITEMS = 80, 60
AUTO = "select item_id, score, source, predicted_stars from get_hybrid_recommendations($1, $2)"


async def add_ratings(pool: Pool) -> tuple[list[int], list[int]]:
    """Users of two tastes, and the items that they rated."""
    users, items = await add_users(pool, USERS), await add_items(pool, ITEMS)
    await rate_by_taste(pool, users, items, 3)
    return users, items


@pytest.fixture
async def trained(pool: Pool, database_url: str) -> AsyncIterator[tuple[list[int], list[int]]]:
    ids = await add_ratings(pool)
    result = await train_model(database_url, silent)
    assert result.promoted
    assert (result.rating_count, result.user_count, result.item_count) == (USERS * 25, USERS, ITEMS)
    yield ids


async def learned(url: str) -> tuple[RatingMatrix, FittedModels]:
    """The same training in this process."""
    connection = await connect(url)
    try:
        matrix = await read_rating_matrix(connection)
    finally:
        await connection.close()
    with threadpool_limits(1):  # as in training: sums in another order end in other samples
        return matrix, fit_models(matrix, SEED, lambda _: None)


async def history(pool: Pool, matrix: RatingMatrix, user_id: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """What the user rated, newest first, as places in the matrix and stars."""
    rows = await pool.fetch(
        "select item_id, half_stars from ratings where user_id = $1 order by updated_at desc, item_id", user_id
    )
    items = np.searchsorted(matrix.item_ids, [row["item_id"] for row in rows]).astype(np.int32)
    return items, np.array([row["half_stars"] / 2 for row in rows], np.float32)


async def test_predicted_stars_are_those_of_the_formula(
    pool: Pool, database_url: str, trained: tuple[list[int], list[int]]
) -> None:
    users, items = trained
    matrix, fitted = await learned(database_url)
    newcomer = await add_user(pool)
    await rate_all(pool, [(newcomer, items[0], 10), (newcomer, items[1], 2), (newcomer, items[3], 3)])
    await rate_all(pool, [(users[1], items[7], 1)])
    for user in (users[0], users[1], newcomer):
        rated, stars = await history(pool, matrix, user)
        expected = predict(fitted.stars, rated[::-1], stars[::-1], np.arange(ITEMS, dtype=np.int32))
        rows = await pool.fetch("select item_id, predicted_stars from get_predicted_stars($1, $2)", user, items)
        said = {row["item_id"]: row["predicted_stars"] for row in rows}
        assert [said[item] for item in items] == pytest.approx(expected.tolist(), abs=2e-3)
    assert said[items[2]] > said[items[5]] + 1


async def test_auto_ranks_by_the_learned_blend(
    pool: Pool, database_url: str, trained: tuple[list[int], list[int]]
) -> None:
    users, _ = trained
    matrix, fitted = await learned(database_url)
    for user in (users[0], users[41]):
        rated, stars = await history(pool, matrix, user)
        weights = await pool.fetchrow(
            "select item_item, factors, stars, popularity, companions from get_blend($1)",
            len(rated),
        )
        assert weights is not None
        candidates, parts = candidate_parts(fitted, rated, stars)
        totals = (parts - parts.mean(axis=0)) @ np.array(list(weights))
        expected = {int(matrix.item_ids[c]): 1 / (1 + np.exp(-t)) for c, t in zip(candidates, totals, strict=True)}
        rows = await pool.fetch(AUTO, user, 100)
        assert {row["item_id"]: row["score"] for row in rows} == pytest.approx(expected, abs=1e-3)
        assert [row["score"] for row in rows] == sorted((row["score"] for row in rows), reverse=True)
        assert all(0.5 <= row["predicted_stars"] <= 5 for row in rows)
        # A second look reads the kept list.
        assert await pool.fetch(AUTO, user, 100) == rows


async def test_a_rating_counts_in_the_very_next_call(pool: Pool, trained: tuple[list[int], list[int]]) -> None:
    _, items = trained
    me = await add_user(pool)
    await rate_all(pool, [(me, items[0], 10), (me, items[2], 10), (me, items[1], 1)])
    even = [row["item_id"] for row in await pool.fetch(AUTO, me, 10)]
    assert items[1] not in even
    assert sum(items.index(item) % 2 == 0 for item in even) >= 7
    await rate_all(pool, [(me, items[0], 1), (me, items[2], 1), (me, items[1], 10), (me, items[3], 10)])
    odd = [row["item_id"] for row in await pool.fetch(AUTO, me, 10)]
    assert sum(items.index(item) % 2 == 1 for item in odd) >= 7
    assert not {items[0], items[1], items[2], items[3]} & set(odd)
    for function in ("get_item_item_recommendations", "get_factor_recommendations"):
        rows = await pool.fetch(f"select item_id, score from {function}($1, 5)", me)
        assert all(items.index(row["item_id"]) % 2 == 1 for row in rows[:3])
        assert not {items[0], items[1], items[2], items[3]} & {row["item_id"] for row in rows}


async def test_what_is_folded_in_from_the_kept_vectors_is_what_is_folded_in_anew(
    pool: Pool, trained: tuple[list[int], list[int]]
) -> None:
    users, items = trained

    async def answers() -> list[dict[int, float]]:
        stars = await pool.fetch("select item_id, predicted_stars from get_predicted_stars($1, $2)", users[0], items)
        tastes = await pool.fetch("select item_id, score from get_factor_recommendations($1, 60)", users[0])
        return [{row[0]: row[1] for row in rows} for rows in (stars, tastes)]

    for half_stars in (10, 1):
        kept = await answers()
        await rate_all(pool, [(users[0], items[5], half_stars), (users[0], items[6], 11 - half_stars)])
        warm = await answers()
        await pool.execute("delete from model.profiles where user_id = $1", users[0])
        cold = await answers()
        for before, at_once, anew in zip(kept, warm, cold, strict=True):
            assert max(abs(anew[item] - before[item]) for item in anew) > 0.05
            assert at_once == pytest.approx(anew, abs=2e-2)


async def test_pages_and_filters_hold_with_a_model(pool: Pool, trained: tuple[list[int], list[int]]) -> None:
    users, items = trained
    await pool.execute("update items set language = 'ta' where item_id = any($1)", items[::3])
    unrated = await add_items(pool, 3, language="ta")
    everything = [dict(row) for row in await pool.fetch(AUTO, users[5], 300)]
    rated = {row["item_id"] for row in await pool.fetch("select item_id from ratings where user_id = $1", users[5])}
    assert {row["item_id"] for row in everything} == set(items) - rated | set(unrated)
    paged: list[dict[str, object]] = []
    while True:
        after = (paged[-1]["score"], paged[-1]["item_id"]) if paged else (None, None)
        page = await pool.fetch(
            "select item_id, score, source, predicted_stars"
            " from get_hybrid_recommendations($1, 7, p_after_score => $2, p_after_id => $3)",
            users[5],
            *after,
        )
        if not page:
            break
        paged += [dict(row) for row in page]
    assert paged == everything
    tamil = await pool.fetch("select item_id from get_hybrid_recommendations($1, 300, p_languages => '{ta}')", users[5])
    assert {row["item_id"] for row in tamil} == (set(items[::3]) - rated) | set(unrated)


async def test_a_worse_model_is_not_promoted(
    pool: Pool, database_url: str, trained: tuple[list[int], list[int]]
) -> None:
    async with pool.acquire() as connection:
        before = await get_serving_model(connection)
    await pool.execute("update ratings set half_stars = 1 + (random() * 9)::integer")
    result = await train_model(database_url, silent)
    assert not result.promoted
    assert result.measures["RMSE"] > result.serving_measures["RMSE"]
    async with pool.acquire() as connection:
        assert await get_serving_model(connection) == before
    assert before is not None
    assert await pool.fetchval("select model_id from model.settings") == before.model_id
    forced = await train_model(database_url, silent, force=True)
    assert forced.promoted
    assert await pool.fetchval("select model_id from model.settings") == forced.model_id
    assert [row["status"] for row in await pool.fetch("select status from models order by model_id")] == [
        "retired",
        "rejected",
        "serving",
    ]


async def test_ratings_of_other_people_and_items_are_learned_of_however_hard_they_are_to_foretell(
    pool: Pool, database_url: str, trained: tuple[list[int], list[int]]
) -> None:
    others, other_items = await add_users(pool, USERS), await add_items(pool, ITEMS)
    generator = random.Random(5)
    await rate_all(
        pool,
        [(user, item, generator.randint(1, 10)) for user in others for item in generator.sample(other_items, 25)],
    )
    result = await train_model(database_url, silent)
    assert result.promoted
    # For all together it is found worse, by far.
    assert result.measures["RMSE"] > 1.2 * result.serving_measures["RMSE"]
    assert result.item_count == 2 * ITEMS


async def test_who_rated_what_the_model_does_not_know_gets_what_is_like_it(
    pool: Pool, trained: tuple[list[int], list[int]]
) -> None:
    _, items = trained
    unknown = await add_items(pool, 12, embeddings=random_vectors(12, seed=6))
    me = await add_user(pool)
    await rate_all(pool, [(me, item, 9) for item in unknown[:6]])
    fused = "select item_id, score, source from get_fused_recommendations($1, 20)"
    auto = [tuple(row)[:3] for row in await pool.fetch(AUTO, me, 20)]
    assert auto == [tuple(row) for row in await pool.fetch(fused, me)]
    assert {item for item, _score, _source in auto} >= set(unknown[6:])
    # Half of the latest is enough for the model.
    await rate_all(pool, [(me, item, 10) for item in items[:12:2]])
    assert {row["source"] for row in await pool.fetch(AUTO, me, 10)} <= {"item_item", "factors", "popular"}


async def test_a_broken_off_training_leaves_the_serving_model(
    pool: Pool, database_url: str, trained: tuple[list[int], list[int]]
) -> None:
    users, _ = trained
    before = await pool.fetch(AUTO, users[0], 5)
    await pool.execute("create schema model_next; create table model_next.items (item_id integer)")
    await pool.execute("insert into models (rating_count, user_count, item_count) values (1, 1, 1)")
    assert await pool.fetch(AUTO, users[0], 5) == before
    assert (await train_model(database_url, silent)).promoted
    assert await pool.fetchval("select count(*) from models where status = 'training'") == 0


async def test_deleting_a_user_deletes_the_profile(pool: Pool, trained: tuple[list[int], list[int]]) -> None:
    users, _ = trained
    await pool.fetch(AUTO, users[0], 5)
    await pool.execute("delete from users where user_id = $1", users[0])
    assert not await pool.fetch("select user_id from model.profiles where user_id = $1", users[0])


async def test_too_few_ratings_say_so(pool: Pool, database_url: str) -> None:
    with pytest.raises(StartupError, match="training needs 200 ratings of 10 users"):
        await train_model(database_url, silent)


async def test_one_training_at_a_time(pool: Pool, database_url: str) -> None:
    await pool.fetchval("select pg_advisory_lock(1724361504)")
    with pytest.raises(StartupError, match="another training"):
        await train_model(database_url, silent)
