"""What search keeps: it finds the nearest passages, follows its items, and counts their terms."""

import numpy as np
import pytest
from numpy.typing import NDArray
from pgvector import HalfVector

from cinelibre_server.search.terms import count_terms as terms_of
from cinelibre_server.store.database import Pool
from cinelibre_server.store.items import ItemFilter
from cinelibre_server.store.search import SearchFilter
from cinelibre_server.store.search_index import count_terms, save_indexed
from tests.sql.builders import DIMENSIONS, add_items
from tests.sql.searching import asked, axis, find, find_ids, index, indexed

TABLES = ("passages", "search_names", "search_name_starts", "search_people", "search_terms")
CLUSTERED, RARE, QUERIES, TOP = 5_000, 50, 40, 10
ASKED = 150
"""As many passages as search looks at, of itself."""


def clustered(count: int, seed: int) -> NDArray[np.float32]:
    """Directions around 60 centres, as passages are around what stories are about; as float16 keeps them."""
    centres = np.random.default_rng(0).normal(size=(60, DIMENSIONS))
    random = np.random.default_rng(seed)
    vectors = centres[random.integers(0, 60, count)] + 0.8 * random.normal(size=(count, DIMENSIONS))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float16).astype(np.float32)


async def test_nearest_passages_are_those_of_an_exact_scan(pool: Pool) -> None:
    common = await add_items(pool, CLUSTERED - RARE)
    rare = await add_items(pool, RARE, language="ta")
    items = np.random.default_rng(1).permutation([*common, *rare])
    vectors = clustered(CLUSTERED, seed=2)
    await pool.copy_records_to_table(
        "passages",
        columns=("item_id", "place", "first_character", "character_count", "embedding"),
        records=[(int(item), 1, 0, 90, HalfVector(vector)) for item, vector in zip(items, vectors, strict=True)],
    )
    await pool.execute("analyze")
    is_rare = np.isin(items, rare)

    async def recall(filters: str, among: NDArray[np.bool_]) -> float:
        """Of the ten passages that an exact scan has first, how many are found."""
        found = 0
        for query in clustered(QUERIES, seed=3):
            near = await pool.fetchval(f"select get_nearest_passages($1{filters})", HalfVector(query))
            assert len(near) == len(set(near)) == min(ASKED, among.sum())
            assert set(near) <= set(items[among].tolist())
            exact = items[among][np.argsort(-(vectors[among] @ query), kind="stable")[:TOP]]
            found += len(set(near) & set(exact.tolist()))
        return found / (QUERIES * TOP)

    everything = np.ones(CLUSTERED, np.bool_)
    assert await recall("", everything) >= 0.98
    assert await recall(", p_languages => array['ta']", is_rare) >= 0.98
    several = "p_item_type => 'movie', p_languages => array['hi'], p_genres => array['drama']"
    assert await recall(f", {several}, p_year_from => 1990, p_year_to => 2010", ~is_rare) >= 0.98
    assert await recall(", p_among => (select array_agg(item_id) from items where language = 'ta')", is_rare) == 1


async def test_real_passages_are_found_as_by_an_exact_scan(starter_pool: Pool) -> None:
    rows = await starter_pool.fetch("select item_id, embedding from passages where place > 0 order by item_id, place")
    items = np.array([row["item_id"] for row in rows])
    vectors = np.stack([row["embedding"].to_numpy() for row in rows]).astype(np.float32)
    found = 0
    # As queries are when their mean is taken off.
    queries = (vectors - 0.8 * vectors.mean(axis=0))[::60]
    for query in queries:
        near = await starter_pool.fetchval("select get_nearest_passages($1)", HalfVector(query))
        exact = items[np.argsort(-(vectors @ query), kind="stable")[:TOP]]
        found += sum(item in near for item in exact)
    assert found / (len(queries) * TOP) >= 0.98


async def test_few_passing_are_listed_and_many_are_not(pool: Pool) -> None:
    tamil = await add_items(pool, 3, language="ta")
    await add_items(pool, 2, language="te")
    few = "select get_few_passing(null, $1, null, null, null, null, null, $2)"
    assert sorted(await pool.fetchval(few, ["ta"], 3)) == tamil
    assert await pool.fetchval(few, ["ta"], 2) is None
    assert await pool.fetchval(few, ["ta", "te"], 4) is None
    assert len(await pool.fetchval(few, ["ta", "te"], 5)) == 5
    assert await pool.fetchval(few, ["xx"], 0) == []


async def test_more_than_three_thousand_that_pass_are_searched_by_the_index(pool: Pool) -> None:
    hindi = await add_items(pool, 3_001)
    tamil = await add_items(pool, 20, language="ta")
    vectors = clustered(3_021, seed=4)
    await index(pool, [indexed(item, [vector]) for item, vector in zip([*hindi, *tamil], vectors, strict=True)])
    assert await pool.fetchval("select get_few_passing(null, '{hi}', null, null, null, null, null)") is None
    query = vectors[-1]
    found = await find_ids(pool, asked("", query), wanted=SearchFilter(ItemFilter(languages=("hi",))))
    exact = [hindi[place] for place in np.argsort(-(vectors[: len(hindi)] @ query))[:50]]
    # They have credits only.
    assert len(found) == ASKED // 3
    assert not set(found) & set(tamil)
    assert len(set(found[:50]) & set(exact)) >= 49


async def test_an_item_that_changed_is_found_by_what_it_is_now(pool: Pool) -> None:
    changed, other = await add_items(pool, 2)
    await index(
        pool,
        [
            indexed(changed, [axis(0), axis(0), axis(2)], title="Sholay", people=["Basanti"], synopsis="A bandit."),
            indexed(other, [axis(9), axis(1, 0.5)], title="Devdas", synopsis="A drinker."),
        ],
    )
    people = SearchFilter(people=("basanti",))
    assert (await find_ids(pool, asked("", axis(0))))[0] == changed
    assert await find_ids(pool, asked("", axis(0)), wanted=people) == [changed]
    await index(pool, [indexed(changed, [axis(9), axis(3)], title="Charulata", people=["Amal"], synopsis="A wife.")])
    assert (await find(pool, asked("", axis(0))))[0].score == pytest.approx(0.5)
    assert (await find_ids(pool, asked("", axis(3))))[0] == changed
    assert await find(pool, asked("sholay bandit")) == []
    assert await find_ids(pool, asked("charulata")) == await find_ids(pool, asked("wife")) == [changed]
    assert await find_ids(pool, asked("", axis(3)), wanted=people) == []
    assert await find_ids(pool, asked("drinker")) == [other]
    assert await pool.fetchval("select count(*) from passages where item_id = $1", changed) == 2


async def test_an_item_that_is_deleted_is_gone_from_search(pool: Pool) -> None:
    gone, kept = await add_items(pool, 2)
    await index(
        pool,
        [
            indexed(item, [axis(0), axis(0)], title="Sholay", people=["Basanti"], synopsis="A bandit.")
            for item in (gone, kept)
        ],
    )  # fmt: skip
    await pool.execute("delete from items where item_id = $1", gone)
    assert await find_ids(pool, asked("sholay bandit", axis(0))) == [kept]
    assert [
        row["item_id"] for row in await pool.fetch("select item_id from suggest_titles('{sol}', 'sol', 'sol')")
    ] == [kept]
    for table in TABLES:
        assert await pool.fetchval(f"select array_agg(distinct item_id) from {table}") == [kept]


async def test_indexing_the_same_again_changes_nothing(pool: Pool) -> None:
    items = await add_items(pool, 3)
    made = [indexed(item, [axis(0), axis(item % 7)], title=f"Film {item}", synopsis="A bandit.") for item in items]
    await index(pool, made)
    before = {table: await pool.fetchval(f"select count(*) from {table}") for table in TABLES}
    hits = await find(pool, asked("bandit", axis(0)))
    await index(pool, made)
    assert {table: await pool.fetchval(f"select count(*) from {table}") for table in TABLES} == before
    assert await find(pool, asked("bandit", axis(0))) == hits


async def counted(pool: Pool) -> dict[str, int]:
    rows = await pool.fetch("select term, item_count from search_term_counts")
    return {row["term"]: row["item_count"] for row in rows}


async def test_terms_are_counted_with_the_items(pool: Pool) -> None:
    items = await add_items(pool, 3)
    (bandit,), (village,) = terms_of("bandit"), terms_of("village")
    texts = ("A bandit, bandits.", "A bandit in a village.", "Villages!")
    await index(pool, [indexed(item, synopsis=text) for item, text in zip(items, texts, strict=True)])
    counts = await counted(pool)
    assert (counts[bandit], counts[village], counts[""]) == (2, 2, 3)
    await index(pool, [indexed(items[0], synopsis="A river.")])
    counts = await counted(pool)
    assert (counts[bandit], counts[""]) == (1, 3)
    await index(pool, [indexed(items[1], synopsis="A river.")])
    assert bandit not in await counted(pool)


async def test_few_new_items_do_not_count_all_terms_anew(pool: Pool) -> None:
    items = await add_items(pool, 42)
    (bandit,) = terms_of("bandit")
    await index(pool, [indexed(item, synopsis="A bandit.") for item in items[:40]])
    known = "select item_count from search_term_counts where term = $1"
    for item in items[40:]:
        async with pool.acquire() as connection, connection.transaction():
            await save_indexed(connection, [indexed(item, synopsis="A bandit.")])
            await count_terms(connection, 1)
        assert await pool.fetchval(known, bandit) == 40
    async with pool.acquire() as connection:
        await count_terms(connection, 2)
    assert await pool.fetchval(known, bandit) == 42


async def test_a_term_of_more_items_than_were_counted_still_counts(pool: Pool) -> None:
    """Between two counts a term can be in more items than were known, or in none that were."""
    items = await add_items(pool, 30)
    await index(pool, [indexed(items[0], synopsis="A bandit.")])
    async with pool.acquire() as connection, connection.transaction():
        await save_indexed(connection, [indexed(item, synopsis="A bandit at a river.") for item in items[1:]])
    rows = await pool.fetch("select item_id, score from get_term_scores($1, $2)", ["bandit", "river"], [1, 1])
    assert len(rows) == 30
    assert all(row["score"] > 0 for row in rows)
