"""Incremental training: the serving model brought up to date, as good as by a full training, and never worse."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import numpy as np
import pytest

from cinelibre_server.commands.train import run_train
from cinelibre_server.errors import StartupError
from cinelibre_server.progress import silent
from cinelibre_server.recommend.training.incremental import NoModelToUpdate, update_model
from cinelibre_server.recommend.training.pipeline import train_model
from cinelibre_server.store.database import Pool
from cinelibre_server.store.models import ServingModel, get_serving_model
from tests.sql.builders import add_items, add_users, rate_all, rate_by_taste

USERS, ITEMS, NEWCOMERS = 80, 60, 60


@dataclass(frozen=True)
class Ids:
    """The users and items of a full training, those that came after it, and the even one and the odd one of these."""

    users: list[int]
    items: list[int]
    newcomers: list[int]
    new_items: list[int]


@pytest.fixture
async def trained(pool: Pool, database_url: str) -> AsyncIterator[tuple[list[int], list[int]]]:
    users, items = await add_users(pool, USERS), await add_items(pool, ITEMS)
    await rate_by_taste(pool, users, items, 3)
    # As if it were an hour ago: what follows is new.
    await pool.execute(
        "update ratings set created_at = now() - '1 hour'::interval, updated_at = now() - '1 hour'::interval"
    )
    assert (await train_model(database_url, silent)).promoted
    # What follows is compared by the second: nothing of it may fall into that of a training's beginning.
    await pool.execute("update models set started_at = started_at - '10 minutes'::interval")
    yield users, items


@pytest.fixture
async def grown(pool: Pool, trained: tuple[list[int], list[int]]) -> Ids:
    """After the training come users of the same tastes, an item that the even ones love, and one for the odd ones."""
    users, items = trained
    newcomers, new_items = await add_users(pool, NEWCOMERS), await add_items(pool, 2)
    await rate_by_taste(pool, newcomers, items, 4)
    raters = [*newcomers[:40], *users[:20]]
    await rate_all(
        pool,
        [(user, item, 10 if user % 2 == raters[0] % 2 else 3) for user in raters for item in new_items[:1]]
        + [(user, item, 3 if user % 2 == raters[0] % 2 else 10) for user in raters for item in new_items[1:]],
    )
    await pool.execute(
        "update ratings set updated_at = now() - '5 minutes'::interval where updated_at > now() - '9 minutes'::interval"
    )
    return Ids(users, items, newcomers, new_items)


async def serving(pool: Pool) -> ServingModel:
    async with pool.acquire() as connection:
        found = await get_serving_model(connection)
    assert found is not None
    return found


async def best(pool: Pool, function: str, user: int, limit: int) -> list[int]:
    return [row["item_id"] for row in await pool.fetch(f"select item_id from {function}($1, $2)", user, limit)]


async def test_an_update_serves_what_came_since(pool: Pool, database_url: str, grown: Ids) -> None:
    before = await serving(pool)
    stars = "select predicted_stars from get_predicted_stars($1, array[$2]::integer[])"
    asked = grown.newcomers[40:]
    unknown = [await pool.fetchval(stars, user, grown.new_items[0]) for user in asked]
    result = await update_model(database_url, silent)
    assert result.promoted
    assert result.question_count is not None
    assert result.question_count >= 30
    assert result.measures["nDCG@10"] > result.serving_measures["nDCG@10"]
    after = await serving(pool)
    assert after.model_id == result.model_id > before.model_id
    assert await pool.fetchval("select model_id from model.settings") == after.model_id
    assert after.rating_count == USERS * 25 + NEWCOMERS * 25 + 120
    # What a full training is compared with next time.
    assert {name: after.measures[name] for name in before.measures} == before.measures
    assert after.full_rating_count == before.rating_count == USERS * 25
    # Loved by one half, at 5 stars, and not by the other, at 1.5.
    known = [await pool.fetchval(stars, user, grown.new_items[0]) for user in asked]
    assert abs(np.mean(known) - 3.25) < abs(np.mean(unknown) - 3.25) + 0.05
    for place, user in enumerate(asked):
        loved, other = grown.new_items if place % 2 == 0 else grown.new_items[::-1]
        for function in ("get_hybrid_recommendations", "get_factor_recommendations", "get_item_item_recommendations"):
            listed = await best(pool, function, user, 100)
            assert loved in listed[:10]
            assert other not in listed or listed.index(other) > listed.index(loved)


async def test_an_update_ranks_as_a_full_training_does(pool: Pool, database_url: str, grown: Ids) -> None:
    assert (await update_model(database_url, silent)).promoted
    asked = [*grown.users[::8], *grown.newcomers[::8]]
    functions = ("get_hybrid_recommendations", "get_factor_recommendations")
    updated = {(name, user): await best(pool, name, user, 10) for name in functions for user in asked}
    assert (await train_model(database_url, silent, force=True)).promoted
    for name in functions:
        shared = [len(set(updated[name, user]) & set(await best(pool, name, user, 10))) for user in asked]
        assert np.mean(shared) >= 8


async def test_profiles_are_those_of_the_updated_model(pool: Pool, database_url: str, grown: Ids) -> None:
    assert (await update_model(database_url, silent)).promoted
    current = "select count(*) from model.profiles p join user_rating_totals t using (user_id, changed_xid)"
    assert await pool.fetchval(current) == USERS + NEWCOMERS
    stars = "select item_id, predicted_stars from get_predicted_stars($1, $2)"
    tastes = "select item_id, score from get_factor_recommendations($1, 60)"
    for user in (grown.users[0], grown.newcomers[0]):
        calls = ((stars, user, [*grown.items, *grown.new_items]), (tastes, user))
        written = [dict([tuple(row) for row in await pool.fetch(*call)]) for call in calls]
        await pool.execute("delete from model.profiles where user_id = $1", user)
        folded = [dict([tuple(row) for row in await pool.fetch(*call)]) for call in calls]
        assert folded[0] == pytest.approx(written[0], abs=2e-2)
        assert folded[1] == pytest.approx(written[1], abs=2e-2)


async def test_updates_can_follow_each_other(pool: Pool, database_url: str, grown: Ids) -> None:
    assert (await update_model(database_url, silent)).promoted
    first = await serving(pool)
    result = await update_model(database_url, silent)
    assert result.promoted
    # Nothing has come since: there is nothing to compare on.
    assert (result.question_count, result.measures) == (0, {})
    second = await serving(pool)
    assert (second.measures, second.full_rating_count) == (first.measures, USERS * 25)


async def test_a_spoiled_update_is_rejected(pool: Pool, database_url: str, grown: Ids) -> None:
    before = await serving(pool)
    # What was learned from is gone; in its place are ratings by tastes that none of the new users has.
    await pool.execute("delete from ratings where updated_at < now() - '30 minutes'::interval")
    await pool.execute(
        "insert into ratings (user_id, item_id, half_stars, created_at, updated_at)"
        " select u, i, case when (i / 2 + u) % 2 = 0 and i > 40 then 10 else 1 end, '2001-01-01', '2001-01-01'"
        " from unnest($1::integer[]) u, unnest($2::integer[]) i",
        await add_users(pool, 400),
        grown.items,
    )
    result = await update_model(database_url, silent)
    assert not result.promoted
    assert result.measures["nDCG@10"] < result.serving_measures["nDCG@10"]
    assert await serving(pool) == before
    assert await pool.fetchval("select status from models where model_id = $1", result.model_id) == "rejected"
    with pytest.raises(StartupError, match=r"not promoted: model 3,.*updated; for .* is worse than the serving one"):
        await run_train(database_url, force=False, if_changed=False, incremental=True)
    said = await run_train(database_url, force=True, if_changed=False, incremental=True)
    assert said.startswith("Serving model 4, of 25,620 ratings by 480 users of 62 items (updated; for")


async def test_without_a_model_to_go_on_from_it_says_what_to_do(pool: Pool, database_url: str) -> None:
    with pytest.raises(NoModelToUpdate, match="run `cinelibre train` first"):
        await update_model(database_url, silent)
    with pytest.raises(StartupError, match="--incremental and --spark exclude each other"):
        await run_train(database_url, force=False, if_changed=False, incremental=True, spark="local")


async def test_a_model_of_another_form_is_not_updated_but_replaced_when_due(
    pool: Pool, database_url: str, trained: tuple[list[int], list[int]]
) -> None:
    _, items = trained
    await rate_by_taste(pool, await add_users(pool, 8), items, 5)
    await pool.execute("update model.settings set taste_weights[10] = 7")
    with pytest.raises(NoModelToUpdate, match="another form than this version's"):
        await update_model(database_url, silent)
    said = await run_train(database_url, force=True, if_changed=True)
    assert "updated" not in said
    assert await pool.fetchval("select taste_weights[10] from model.settings") != 7


async def test_what_is_due_depends_on_how_much_came(
    pool: Pool, database_url: str, trained: tuple[list[int], list[int]]
) -> None:
    _, items = trained
    assert await run_train(database_url, force=False, if_changed=True) == (
        "Nothing to do: 0 ratings changed since the last training."
    )
    newcomers = await add_users(pool, 8)
    await rate_by_taste(pool, newcomers, items, 5)
    said = await run_train(database_url, force=False, if_changed=True)
    assert said == (
        "Serving model 2, of 2,200 ratings by 88 users of 60 items (updated; too few ratings were made since the"
        " last training to compare it with the one before: fewer than 30 users like one of those held back, and"
        " imported ratings keep their times)."
    )
    # Ratings that were imported have times of long ago.
    await rate_by_taste(pool, await add_users(pool, 8), items, 6)
    await pool.execute("update ratings set updated_at = '2001-01-01' where updated_at > now() - '1 minute'::interval")
    said = await run_train(database_url, force=True, if_changed=True)
    assert said.startswith("Serving model 3, of 2,400 ratings by 96 users of 60 items (nDCG@10")
    assert (await serving(pool)).full_rating_count == 2400
