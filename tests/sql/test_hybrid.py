"""The blend of AUTO: who leads for which user, what it adds up to, and that it lists the same things page by page."""

import random
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import pytest

from cinelibre_server.store.database import Pool
from tests.sql.builders import add_items, add_user, add_users, random_vectors, rate, rate_all

WARM_WEIGHTS = {"collaborative": 1.0, "content": 0.5, "popular": 0.3}
COLD_WEIGHTS = {"content": 0.5, "popular": 1.0}
PARTS = {
    "collaborative": "select item_id from get_collaborative_recommendations($1, 100)",
    "content": "select item_id from get_content_recommendations($1, 100)",
    "popular": "select item_id from get_popular_items(100, p_without_rated_by => $1)",
}


@dataclass(frozen=True, slots=True)
class Library:
    """Films in two languages and books, all embedded, rated by a crowd or by nobody."""

    hindi: list[int]
    tamil: list[int]
    books: list[int]
    crowd: list[int]

    @property
    def items(self) -> list[int]:
        return self.hindi + self.tamil + self.books


async def add_library(pool: Pool) -> Library:
    return Library(
        await add_items(pool, 20, language="hi", genres=["Drama"], year=1990, embeddings=random_vectors(20, seed=1)),
        await add_items(pool, 20, language="ta", genres=["Action"], year=2010, embeddings=random_vectors(20, seed=2)),
        await add_items(
            pool, 10, item_type="book", genres=["Classic"], year=1950, embeddings=random_vectors(10, seed=3)
        ),
        await add_users(pool, 25),
    )


@pytest.fixture
async def unrated(pool: Pool) -> Library:
    return await add_library(pool)


@pytest.fixture
async def library(pool: Pool) -> Library:
    """Rated by a crowd of two tastes. Some items have too few ratings to be popular."""
    library = await add_library(pool)
    generator = random.Random(4)
    await rate_all(
        pool,
        [
            (user, item, 3 + (item + user % 2 * 3) % 6 + generator.randrange(2))
            for place, item in enumerate(library.items)
            for user in generator.sample(library.crowd, 3 if place % 5 == 0 else 14)
        ],
    )
    return library


async def hybrid(pool: Pool, user_id: int, *, limit: int = 100, **filters: Any) -> list[dict[str, Any]]:
    names = "".join(f", {name} => ${place}" for place, name in enumerate(filters, start=3))
    rows = await pool.fetch(
        "select item_id, score, source, predicted_stars, neighbor_count, strategy"
        f" from get_hybrid_recommendations($1, $2{names})",
        user_id,
        limit,
        *filters.values(),
    )
    return [dict(row) for row in rows]


def ids(rows: list[dict[str, Any]]) -> list[int]:
    return [row["item_id"] for row in rows]


async def assert_fused(pool: Pool, user_id: int, weights: dict[str, float]) -> None:
    """The list is the reciprocal rank fusion of the single algorithms' lists."""
    scores: dict[int, float] = defaultdict(float)
    for part, weight in weights.items():
        for rank, row in enumerate(await pool.fetch(PARTS[part], user_id), start=1):
            scores[row["item_id"]] += weight / (60 + rank)
    rows = await hybrid(pool, user_id, limit=300)
    assert {row["item_id"]: row["score"] for row in rows} == pytest.approx(scores, abs=1e-12)
    order = [(-row["score"], row["item_id"]) for row in rows]
    assert order == sorted(order)


async def test_without_ratings_the_popular_lead(pool: Pool, library: Library) -> None:
    me = await add_user(pool)
    rows = await hybrid(pool, me)
    popular = await pool.fetch("select item_id from get_popular_items(100)")
    assert ids(rows) == [row["item_id"] for row in popular]
    assert {(row["source"], row["strategy"], row["predicted_stars"]) for row in rows} == {("popular", "popular", None)}
    await assert_fused(pool, me, COLD_WEIGHTS)


@pytest.mark.parametrize("count", [1, 2])
async def test_before_three_ratings_the_popular_lead_and_content_enriches(
    pool: Pool, library: Library, count: int
) -> None:
    me = await add_user(pool)
    rated = library.hindi[:count]
    await rate_all(pool, [(me, item, 10) for item in rated])
    rows = await hybrid(pool, me)
    assert {row["strategy"] for row in rows} == {"popular"}
    assert {row["source"] for row in rows} == {"popular", "content"}
    assert rows[0]["source"] == "popular"
    assert sorted(ids(rows)) == [item for item in library.items if item not in rated]
    await assert_fused(pool, me, COLD_WEIGHTS)


async def test_from_three_ratings_on_collaborative_filtering_leads(pool: Pool, library: Library) -> None:
    me = await add_user(pool)
    rated = library.items[1:40:7]
    await rate_all(pool, [(me, item, 3 + item % 6) for item in rated])
    rows = await hybrid(pool, me)
    assert {row["strategy"] for row in rows} == {"collaborative"}
    assert rows[0]["source"] == "collaborative"
    assert not set(ids(rows)) & set(rated)
    predictions = {
        row["item_id"]: (row["predicted_stars"], row["neighbor_count"])
        for row in await pool.fetch("select item_id, predicted_stars, neighbor_count from get_predictions($1)", me)
    }
    assert predictions
    for row in rows:
        expected = predictions.get(row["item_id"], (None, None))
        assert (row["predicted_stars"], row["neighbor_count"]) == expected
    await assert_fused(pool, me, WARM_WEIGHTS)


async def test_without_neighbors_content_leads_for_who_has_rated_enough(pool: Pool, library: Library) -> None:
    me = await add_user(pool)
    await rate_all(pool, [(me, item, 9) for item in library.hindi[:4]])
    assert await pool.fetch("select neighbor_id from get_nearest_neighbors($1)", me) == []
    rows = await hybrid(pool, me)
    assert {row["strategy"] for row in rows} == {"content"}
    assert rows[0]["source"] == "content"
    await assert_fused(pool, me, WARM_WEIGHTS)


async def test_rated_items_never_come_back(pool: Pool, library: Library) -> None:
    me = await add_user(pool)
    generator = random.Random(5)
    left = set(library.items)
    while left:
        rows = await hybrid(pool, me)
        assert set(ids(rows)) <= left
        item = generator.choice(sorted(left))
        await rate(pool, me, item, generator.randrange(1, 11))
        left.remove(item)
    assert await hybrid(pool, me) == []


@pytest.mark.parametrize("ratings", [0, 2, 6])
async def test_filters(pool: Pool, library: Library, ratings: int) -> None:
    me = await add_user(pool)
    if ratings:
        await rate_all(pool, [(me, item, 3 + item % 6) for item in library.items[1 : ratings * 7 : 7]])
    everything = set(ids(await hybrid(pool, me)))
    for wanted, filters in (
        (library.hindi, {"p_languages": ["hi"], "p_item_type": "movie"}),
        (library.tamil, {"p_languages": ["ta"]}),
        (library.tamil, {"p_genres": ["action", "romance"]}),
        (library.books, {"p_item_type": "book"}),
        (library.hindi, {"p_year_from": 1951, "p_year_to": 2009}),
    ):
        found = ids(await hybrid(pool, me, **filters))
        assert set(found) == everything & set(wanted)
        assert len(found) >= 5
    assert await hybrid(pool, me, p_languages=["xx"]) == []


@pytest.mark.parametrize("ratings", [0, 2, 6])
@pytest.mark.parametrize("size", [1, 7, 100])
async def test_pages_are_stable_and_whole(pool: Pool, library: Library, ratings: int, size: int) -> None:
    me = await add_user(pool)
    if ratings:
        await rate_all(pool, [(me, item, 3 + item % 6) for item in library.items[1 : ratings * 7 : 7]])
    everything = await hybrid(pool, me)
    assert len(everything) > 20
    paged: list[dict[str, Any]] = []
    key: dict[str, Any] = {}
    while page := await hybrid(pool, me, limit=size, **key):
        paged += page
        key = {"p_after_score": page[-1]["score"], "p_after_id": page[-1]["item_id"]}
    assert paged == everything


async def test_nothing_rated_yet_lists_the_catalogue(pool: Pool, unrated: Library) -> None:
    me = await add_user(pool)
    rows = await hybrid(pool, me)
    assert ids(rows) == unrated.items
    assert {(row["source"], row["strategy"]) for row in rows} == {("catalogue", "catalogue")}
    assert ids(await hybrid(pool, me, p_item_type="book")) == unrated.books


@pytest.mark.parametrize("count", [1, 4])
async def test_only_user_of_a_fresh_catalogue_gets_what_is_like_their_ratings(
    pool: Pool, unrated: Library, count: int
) -> None:
    me = await add_user(pool)
    rated = unrated.tamil[:count]
    await rate_all(pool, [(me, item, 10) for item in rated])
    rows = await hybrid(pool, me)
    assert sorted(ids(rows)) == [item for item in unrated.items if item not in rated]
    assert {(row["source"], row["strategy"]) for row in rows} == {("content", "content")}
    content = await pool.fetch(PARTS["content"], me)
    assert rows[0]["item_id"] == content[0]["item_id"]


async def test_content_follows_what_was_liked_not_what_was_disliked(pool: Pool, unrated: Library) -> None:
    me = await add_user(pool)
    liked, disliked = unrated.hindi[0], unrated.tamil[0]
    await rate_all(pool, [(me, liked, 9), (me, disliked, 2)])
    nearest = await pool.fetch(
        "select item_id from match_items(item_embedding($1), 5, p_without_rated_by => $2)", liked, me
    )
    found = await pool.fetch("select item_id from get_content_recommendations($1, 5)", me)
    assert found == nearest
    because = await pool.fetch(
        "select item_id, because_item_ids from get_because_items($1, $2)", me, [row["item_id"] for row in found]
    )
    assert {row["item_id"] for row in because} == {row["item_id"] for row in found}
    assert all(row["because_item_ids"] == [liked] for row in because)


async def test_who_likes_nothing_gets_no_content(pool: Pool, unrated: Library) -> None:
    me = await add_user(pool)
    await rate_all(pool, [(me, item, 3) for item in unrated.hindi[:3]])
    assert await pool.fetch(PARTS["content"], me) == []
    rows = await hybrid(pool, me)
    assert {row["strategy"] for row in rows} == {"catalogue"}
    assert sorted(ids(rows)) == [item for item in unrated.items if item not in unrated.hindi[:3]]
