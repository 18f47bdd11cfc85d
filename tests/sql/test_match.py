"""Vector search: as exact as a scan, honest with filters, whole in pages."""

from collections.abc import AsyncIterator, Sequence
from itertools import pairwise

import asyncpg
import numpy as np
import pytest

from cinelibre_server.store.database import Connection, Pool
from tests.sql.builders import DIMENSIONS, Database, Vector, add_items, add_user, random_vectors, rate

FUNCTIONS = ("match_movies", "match_books", "match_items")


async def match(
    database: Database, function: str, query: Vector | None, count: int = 20, **filters: object
) -> list[tuple[int, float]]:
    names = "".join(f", {name} => ${place}" for place, name in enumerate(filters, start=3))
    rows = await database.fetch(f"select * from {function}($1, $2{names})", query, count, *filters.values())
    return [tuple(row) for row in rows]


async def match_ids(
    database: Database, function: str, query: Vector | None, count: int = 20, **filters: object
) -> list[int]:
    return [item_id for item_id, _similarity in await match(database, function, query, count, **filters)]


async def match_all_pages(database: Database, function: str, query: Vector, size: int, **filters: object) -> list[int]:
    found: list[int] = []
    key: dict[str, object] = {}
    while page := await match(database, function, query, size, **filters, **key):
        found += [item_id for item_id, _similarity in page]
        key = {"p_after_similarity": page[-1][1], "p_after_id": page[-1][0]}
    return found


async def stored_embeddings(pool: Pool, table: str = "both") -> dict[int, Vector]:
    rows = await pool.fetch(
        "select movie_id as item_id, embedding from movies where $1 in ('movies', 'both')"
        " union all select book_id, embedding from books where $1 in ('books', 'both')",
        table,
    )
    return {row["item_id"]: row["embedding"].to_numpy() for row in rows}


def exact_order(query: Vector, embeddings: dict[int, Vector]) -> list[int]:
    similarity = {
        item: float(query.astype(np.float64) @ vector.astype(np.float64)) for item, vector in embeddings.items()
    }
    return sorted(similarity, key=lambda item: -similarity[item])


@pytest.mark.parametrize(("function", "table"), list(zip(FUNCTIONS, ("movies", "books", "both"), strict=True)))
async def test_starter_catalogue_agrees_with_an_exact_scan(starter_pool: Pool, function: str, table: str) -> None:
    embeddings = await stored_embeddings(starter_pool, table)
    queries = list((await stored_embeddings(starter_pool)).values())[::9]
    assert len(queries) >= 20
    for query in queries:
        rows = await match(starter_pool, function, query, 10)
        assert len(rows) == 10
        assert {item for item, _similarity in rows} == set(exact_order(query, embeddings)[:10])
        for item, similarity in rows:
            assert similarity == pytest.approx(float(query @ embeddings[item]), abs=1e-5)
        assert rows == sorted(rows, key=lambda row: (-row[1], row[0]))


def assert_nearly_all(found: Sequence[int], expected: Sequence[int]) -> None:
    """A vector index may come upon some too late, but what it finds is right, and in the right order."""
    places = {item: place for place, item in enumerate(expected)}
    assert set(found) <= places.keys()
    assert len(found) >= 0.98 * len(expected)
    out_of_order = sum(places[one] > places[next_one] for one, next_one in pairwise(found))
    # Vectors in the index and here differ in the last bits.
    assert out_of_order <= 0.01 * len(found)


async def test_starter_catalogue_in_pages_is_nearly_whole(starter_pool: Pool) -> None:
    embeddings = await stored_embeddings(starter_pool)
    query = next(iter(embeddings.values()))
    expected = exact_order(query, embeddings)
    assert_nearly_all(await match_ids(starter_pool, "match_items", query, 500), expected[:500])
    for size in (37, 100):
        found = await match_all_pages(starter_pool, "match_items", query, size)
        assert len(set(found)) == len(found)
        assert_nearly_all(found, expected)


async def test_filters_let_through_what_passes_in_the_same_order(starter_pool: Pool) -> None:
    query = random_vectors(1, seed=1)[0]
    order = exact_order(query, await stored_embeddings(starter_pool))
    facts = {
        row["item_id"]: row
        for row in await starter_pool.fetch("select item_id, item_type::text, language, genres, year from items")
    }
    languages = sorted({row["language"] for row in facts.values()})
    assert len(languages) >= 8
    for language in languages:
        expected = [item for item in order if facts[item]["language"] == language]
        assert expected
        found = await match_ids(starter_pool, "match_items", query, 1000, p_languages=[language])
        assert_nearly_all(found, expected)
    found = await match_ids(
        starter_pool,
        "match_items",
        query,
        1000,
        p_item_type="movie",
        p_genres=["drama"],
        p_year_from=1990,
        p_year_to=2005,
    )
    assert_nearly_all(
        found,
        [
            item
            for item in order
            if facts[item]["item_type"] == "movie"
            and "Drama" in facts[item]["genres"]
            and 1990 <= facts[item]["year"] <= 2005
        ],
    )
    assert await match_ids(starter_pool, "match_items", query, 20, p_languages=["xx"]) == []


@pytest.mark.parametrize("function", FUNCTIONS)
async def test_identical_vectors_page_by_id(pool: Pool, function: str) -> None:
    near, far = random_vectors(2, seed=2)
    ids = await add_items(pool, 30, embeddings=[near] * 25 + [far] * 5)
    ids += await add_items(pool, 30, item_type="book", embeddings=[near] * 25 + [far] * 5)
    wanted = {"match_movies": slice(0, 30), "match_books": slice(30, 60), "match_items": slice(0, 60)}[function]
    twins = [item for item in ids[wanted] if (item - ids[0]) % 30 < 25]
    expected = twins + [item for item in ids[wanted] if item not in twins]
    for size in (1, 4, 100):
        assert await match_all_pages(pool, function, near, size) == expected


async def test_items_without_embedding_are_not_found_and_find_nothing(pool: Pool) -> None:
    vector = random_vectors(1, seed=3)[0]
    embedded, bare = await add_items(pool, 2, embeddings=[vector, None])
    assert await match_ids(pool, "match_items", vector) == [embedded]
    assert await pool.fetchval("select item_embedding($1)", bare) is None
    for function in FUNCTIONS:
        assert await match(pool, function, None) == []


async def test_empty_catalogue(pool: Pool) -> None:
    for function in FUNCTIONS:
        assert await match(pool, function, random_vectors(1, seed=4)[0]) == []


async def test_rated_items_are_left_out_on_request(pool: Pool) -> None:
    vectors = random_vectors(4, seed=5)
    films = await add_items(pool, 2, embeddings=vectors[:2])
    books = await add_items(pool, 2, item_type="book", embeddings=vectors[2:])
    me = await add_user(pool)
    for item in (films[0], books[1]):
        await rate(pool, me, item, 8)
    assert set(await match_ids(pool, "match_items", vectors[0], p_without_rated_by=me)) == {films[1], books[0]}
    assert len(await match_ids(pool, "match_items", vectors[0])) == 4


class TestIndex:
    """The HNSW index, which the planner leaves aside in a small catalogue."""

    COUNT = 1200
    RARE = 12

    @pytest.fixture
    async def connection(self, pool: Pool) -> AsyncIterator[Connection]:
        """A catalogue of one common and one rare language, and a connection that uses the index."""
        await pool.execute("drop index movies_embedding_idx")
        await add_items(pool, self.COUNT - self.RARE, embeddings=random_vectors(self.COUNT - self.RARE, seed=6))
        await add_items(pool, self.RARE, language="kn", embeddings=random_vectors(self.RARE, seed=7))
        await pool.execute("create index movies_embedding_idx on movies using hnsw (embedding vector_cosine_ops)")
        await pool.execute("analyze")
        async with pool.acquire() as connection:
            await connection.execute("set enable_sort = off")
            yield connection

    async def test_is_used_and_recalls_what_is_near(self, pool: Pool, connection: asyncpg.Connection) -> None:
        before = await self.index_scans(connection)
        embeddings = await stored_embeddings(pool)
        near = 0
        for query in random_vectors(20, seed=8):
            found = await match_ids(connection, "match_movies", query, 10)
            near += len(set(found) & set(exact_order(query, embeddings)[:10]))
        assert near >= 190
        assert await self.index_scans(connection) >= before + 20

    async def test_filters_do_not_empty_a_result(self, connection: Connection) -> None:
        for query in random_vectors(5, seed=9):
            assert len(await match_ids(connection, "match_movies", query, 10, p_languages=["kn"])) == 10
            assert len(await match_ids(connection, "match_movies", query, 20, p_languages=["kn"])) == self.RARE

    async def test_pages_hold_no_item_twice(self, connection: Connection) -> None:
        for query in random_vectors(3, seed=10):
            found = await match_all_pages(connection, "match_movies", query, 100)
            assert len(set(found)) == len(found)
            assert len(found) >= 0.9 * self.COUNT

    @staticmethod
    async def index_scans(connection: Connection) -> int:
        await connection.execute("select pg_stat_force_next_flush()")
        scans: int = await connection.fetchval(
            "select idx_scan from pg_stat_user_indexes where indexrelname = 'movies_embedding_idx'"
        )
        return scans


async def test_dimensions_are_checked(pool: Pool) -> None:
    with pytest.raises(asyncpg.DataError, match=f"expected {DIMENSIONS} dimensions"):
        await add_items(pool, 1, embeddings=[np.zeros(3, dtype=np.float32)])
