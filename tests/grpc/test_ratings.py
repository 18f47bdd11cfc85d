"""A user's own ratings and interactions, and nobody else's."""

import asyncio
from datetime import UTC, datetime
from typing import Any, TypeAlias

import grpc
import pytest
from cinelibre.v1 import auth_pb2, auth_pb2_grpc, catalog_pb2, ratings_pb2, ratings_pb2_grpc
from grpc.aio import Channel

from cinelibre_server.store.database import Pool
from tests.grpc.list_calls import Metadata, pages, rate, refused, sign_up
from tests.sql.builders import add_items

RatingsStub: TypeAlias = "ratings_pb2_grpc.RatingsServiceAsyncStub"

UNKNOWN_ITEM = 2**31 - 1


@pytest.fixture
def stub(grpc_channel: Channel) -> RatingsStub:
    return ratings_pb2_grpc.RatingsServiceStub(grpc_channel)


@pytest.fixture
async def me(grpc_channel: Channel) -> Metadata:
    return await sign_up(grpc_channel)


@pytest.fixture
async def other(grpc_channel: Channel) -> Metadata:
    return await sign_up(grpc_channel, "other@example.com")


async def my_stars(stub: RatingsStub, metadata: Metadata) -> dict[int, float]:
    answer = await stub.ListMyRatings(ratings_pb2.ListMyRatingsRequest(page_size=100), metadata=metadata)
    return {entry.rating.item_id: entry.rating.stars for entry in answer.ratings}


async def my_user_id(channel: Channel, metadata: Metadata) -> int:
    stub = auth_pb2_grpc.AuthServiceStub(channel)
    return (await stub.GetMe(auth_pb2.GetMeRequest(), metadata=metadata)).user.user_id


async def test_rate_change_and_take_back(stub: RatingsStub, pool: Pool, grpc_channel: Channel, me: Metadata) -> None:
    [movie], [book] = await add_items(pool, 1), await add_items(pool, 1, item_type="book")
    first = await rate(grpc_channel, me, movie, 4.5)
    assert (first.item_id, first.stars) == (movie, 4.5)
    assert first.create_time == first.update_time
    assert abs((first.create_time.ToDatetime(UTC) - datetime.now(UTC)).total_seconds()) < 60
    await rate(grpc_channel, me, book, 0.5)
    changed = await rate(grpc_channel, me, movie, 2.0)
    assert changed.stars == 2.0
    assert changed.create_time == first.create_time
    assert changed.update_time.ToDatetime() > first.update_time.ToDatetime()

    answer = await stub.ListMyRatings(ratings_pb2.ListMyRatingsRequest(), metadata=me)
    assert [(entry.rating.item_id, entry.rating.stars) for entry in answer.ratings] == [(movie, 2.0), (book, 0.5)]
    assert answer.ratings[0].rating == changed
    assert [entry.item.WhichOneof("detail") for entry in answer.ratings] == ["movie", "book"]
    assert answer.ratings[0].item.item_id == answer.ratings[0].item.movie.movie_id == movie

    await stub.DeleteRating(ratings_pb2.DeleteRatingRequest(item_id=movie), metadata=me)
    assert await my_stars(stub, me) == {book: 0.5}
    async with refused(grpc.StatusCode.NOT_FOUND, "RATING_NOT_FOUND"):
        await stub.DeleteRating(ratings_pb2.DeleteRatingRequest(item_id=movie), metadata=me)


@pytest.mark.parametrize("stars", [half / 2 for half in range(1, 11)])
async def test_every_half_star_comes_back_as_it_was_given(
    stub: RatingsStub, pool: Pool, grpc_channel: Channel, me: Metadata, stars: float
) -> None:
    [movie] = await add_items(pool, 1)
    await rate(grpc_channel, me, movie, stars)
    assert await my_stars(stub, me) == {movie: stars}


@pytest.mark.parametrize("stars", [0.0, -1.0, 0.25, 3.3, 5.5, 10.0, float("nan"), float("inf")])
async def test_other_stars_are_refused(pool: Pool, grpc_channel: Channel, me: Metadata, stars: float) -> None:
    [movie] = await add_items(pool, 1)
    async with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", "stars"):
        await rate(grpc_channel, me, movie, stars)
    assert await pool.fetchval("select count(*) from ratings") == 0


async def test_unknown_items(stub: RatingsStub, pool: Pool, grpc_channel: Channel, me: Metadata) -> None:
    async with refused(grpc.StatusCode.NOT_FOUND, "ITEM_NOT_FOUND"):
        await rate(grpc_channel, me, UNKNOWN_ITEM, 3.0)
    async with refused(grpc.StatusCode.NOT_FOUND, "RATING_NOT_FOUND"):
        await stub.DeleteRating(ratings_pb2.DeleteRatingRequest(item_id=UNKNOWN_ITEM), metadata=me)
    async with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", "item_id"):
        await rate(grpc_channel, me, 0, 3.0)
    assert await pool.fetchval("select count(*) from ratings") == 0


async def test_a_hundred_ratings_at_once_leave_one(
    stub: RatingsStub, pool: Pool, grpc_channel: Channel, me: Metadata
) -> None:
    [movie] = await add_items(pool, 1)
    answers = await asyncio.gather(*(rate(grpc_channel, me, movie, (1 + place % 10) / 2) for place in range(100)))
    assert len({answer.stars for answer in answers}) == 10
    row = await pool.fetchrow(
        "select count(*), sum(r.half_stars), sum(t.rating_count), sum(t.half_stars_sum), sum(u.half_stars_sum)"
        " from ratings r join item_rating_totals t using (item_id) join user_rating_totals u using (user_id)"
    )
    assert row is not None
    count, half_stars, rating_count, item_sum, user_sum = row
    assert (count, rating_count) == (1, 1)
    assert half_stars == item_sum == user_sum
    assert await my_stars(stub, me) == {movie: half_stars / 2}


async def test_many_users_and_items_at_once(pool: Pool, grpc_channel: Channel) -> None:
    people = [await sign_up(grpc_channel, f"user{number}@example.com") for number in range(6)]
    items = await add_items(pool, 5)
    await asyncio.gather(
        *(rate(grpc_channel, metadata, item, 1.0 + turn) for turn in range(3) for metadata in people for item in items)
    )
    totals = await pool.fetch("select rating_count, half_stars_sum from item_rating_totals")
    expected = await pool.fetch("select count(*), sum(half_stars) from ratings group by item_id")
    assert sorted(map(tuple, totals)) == sorted(map(tuple, expected))
    assert await pool.fetchval("select count(*) from ratings") == 30


async def test_users_neither_see_nor_touch_each_other(
    stub: RatingsStub, pool: Pool, grpc_channel: Channel, me: Metadata, other: Metadata
) -> None:
    ours, mine = await add_items(pool, 2)
    await rate(grpc_channel, me, ours, 5.0)
    await rate(grpc_channel, me, mine, 4.0)
    await rate(grpc_channel, other, ours, 1.0)
    assert await my_stars(stub, me) == {ours: 5.0, mine: 4.0}
    assert await my_stars(stub, other) == {ours: 1.0}
    async with refused(grpc.StatusCode.NOT_FOUND, "RATING_NOT_FOUND"):
        await stub.DeleteRating(ratings_pb2.DeleteRatingRequest(item_id=mine), metadata=other)
    await stub.DeleteRating(ratings_pb2.DeleteRatingRequest(item_id=ours), metadata=other)
    assert await my_stars(stub, me) == {ours: 5.0, mine: 4.0}
    assert await my_stars(stub, other) == {}


async def test_pages_are_stable_where_times_are_equal(
    stub: RatingsStub, pool: Pool, grpc_channel: Channel, me: Metadata
) -> None:
    items = await add_items(pool, 12) + await add_items(pool, 11, item_type="book")
    user_id = await my_user_id(grpc_channel, me)
    await pool.execute(
        "insert into ratings (user_id, item_id, half_stars, updated_at)"
        " select $1, i, 7, timestamptz '2024-01-01 00:00:00.123457+00' + (i % 3) * interval '1 microsecond'"
        " from unnest($2::integer[]) i",
        user_id,
        items,
    )
    latest_first = sorted(items, key=lambda item: (-(item % 3), item))
    for kind, expected in (
        (catalog_pb2.ITEM_TYPE_UNSPECIFIED, latest_first),
        (catalog_pb2.ITEM_TYPE_MOVIE, [item for item in latest_first if item in items[:12]]),
        (catalog_pb2.ITEM_TYPE_BOOK, [item for item in latest_first if item in items[12:]]),
    ):
        for size in (1, 4, 100):
            request = ratings_pb2.ListMyRatingsRequest(item_type=kind)
            found = [
                entry.rating.item_id
                async for page in pages(stub.ListMyRatings, request, size, me)
                for entry in page.ratings
            ]
            assert found == expected


async def test_rating_changed_between_pages_moves_to_the_front(
    stub: RatingsStub, pool: Pool, grpc_channel: Channel, me: Metadata
) -> None:
    items = await add_items(pool, 4)
    for item in items:
        await rate(grpc_channel, me, item, 3.0)
    seen: list[int] = []
    async for page in pages(stub.ListMyRatings, ratings_pb2.ListMyRatingsRequest(), 2, me):
        seen += [entry.rating.item_id for entry in page.ratings]
        if len(seen) == 2:
            await rate(grpc_channel, me, items[0], 4.0)
    assert seen == [items[3], items[2], items[1]]
    assert next(iter(await my_stars(stub, me))) == items[0]


async def test_page_tokens_belong_to_their_user(
    stub: RatingsStub, pool: Pool, grpc_channel: Channel, me: Metadata, other: Metadata
) -> None:
    for item in await add_items(pool, 3):
        await rate(grpc_channel, me, item, 3.0)
        await rate(grpc_channel, other, item, 3.0)
    answer = await stub.ListMyRatings(ratings_pb2.ListMyRatingsRequest(page_size=1), metadata=me)
    request = ratings_pb2.ListMyRatingsRequest(page_size=1, page_token=answer.next_page_token)
    assert len((await stub.ListMyRatings(request, metadata=me)).ratings) == 1
    async with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_PAGE_TOKEN", "page_token"):
        await stub.ListMyRatings(request, metadata=other)
    request.item_type = catalog_pb2.ITEM_TYPE_MOVIE
    async with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_PAGE_TOKEN", "page_token"):
        await stub.ListMyRatings(request, metadata=me)


@pytest.mark.parametrize(
    ("fields", "stored"),
    [
        ({"kind": "VIEW", "item": True}, ("view", True, None, None)),
        ({"kind": "CLICK", "item": True}, ("click", True, None, None)),
        (
            {"kind": "CLICK", "item": True, "query": "डाकू", "position": 3},
            ("click", True, "डाकू", 3),
        ),
        ({"kind": "SEARCH", "query": "a train"}, ("search", False, "a train", None)),
    ],
)
async def test_interactions_of_every_kind(
    stub: RatingsStub, pool: Pool, grpc_channel: Channel, me: Metadata, fields: dict[str, Any], stored: tuple[Any, ...]
) -> None:
    [movie] = await add_items(pool, 1)
    request = ratings_pb2.RecordInteractionRequest(
        kind=ratings_pb2.InteractionKind.Value(f"INTERACTION_KIND_{fields['kind']}"),
        item_id=movie if fields.get("item") else 0,
        query=fields.get("query", ""),
        position=fields.get("position", 0),
    )
    answer = await stub.RecordInteraction(request, metadata=me)
    [row] = await pool.fetch("select user_id, kind::text, item_id, query, position, created_at from interactions")
    assert tuple(row)[:5] == (
        await my_user_id(grpc_channel, me),
        stored[0],
        movie if stored[1] else None,
        *stored[2:],
    )
    assert answer.create_time.ToDatetime(UTC) == row["created_at"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": ratings_pb2.INTERACTION_KIND_VIEW}, "item_id"),
        ({"kind": ratings_pb2.INTERACTION_KIND_CLICK, "query": "a train"}, "item_id"),
        ({"kind": ratings_pb2.INTERACTION_KIND_SEARCH}, "query"),
        ({"kind": ratings_pb2.INTERACTION_KIND_SEARCH, "query": "x" * 1001}, "query"),
        ({"kind": ratings_pb2.INTERACTION_KIND_SEARCH, "query": "x", "position": 10001}, "position"),
        ({"item_id": 1}, "kind"),
        ({"kind": 9, "item_id": 1}, "kind"),
    ],
)
async def test_incomplete_interactions_are_refused(
    stub: RatingsStub, pool: Pool, me: Metadata, fields: dict[str, Any], field: str
) -> None:
    await add_items(pool, 1)
    async with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", field):
        await stub.RecordInteraction(ratings_pb2.RecordInteractionRequest(**fields), metadata=me)
    assert await pool.fetchval("select count(*) from interactions") == 0


async def test_interaction_with_an_unknown_item(stub: RatingsStub, pool: Pool, me: Metadata) -> None:
    request = ratings_pb2.RecordInteractionRequest(kind=ratings_pb2.INTERACTION_KIND_VIEW, item_id=UNKNOWN_ITEM)
    async with refused(grpc.StatusCode.NOT_FOUND, "ITEM_NOT_FOUND"):
        await stub.RecordInteraction(request, metadata=me)
    assert await pool.fetchval("select count(*) from interactions") == 0
