"""Recommendations over the real server: the way of a new user, what each list holds, and why each entry is there."""

from typing import Any, TypeAlias

import grpc
import pytest
from cinelibre.v1 import catalog_pb2, recommend_pb2, recommend_pb2_grpc
from grpc.aio import Channel

from cinelibre_server.store.database import Pool
from tests.grpc.list_calls import Metadata, assert_presentable, ids_by_title, item_ids, pages, rate, refused, sign_up
from tests.sql.builders import add_items, add_users, random_vectors, rate_all

RecommendStub: TypeAlias = "recommend_pb2_grpc.RecommendServiceAsyncStub"

LIKED_FILMS = ("Pather Panchali", "Aparajito", "Apur Sansar")
ACTION_FILMS = ("K.G.F: Chapter 1", "RRR", "Sholay", "Kaithi")
CROWD_SIZE = 6


@pytest.fixture
def stub(grpc_channel: Channel) -> RecommendStub:
    return recommend_pb2_grpc.RecommendServiceStub(grpc_channel)


@pytest.fixture
def starter_stub(starter_channel: Channel) -> RecommendStub:
    return recommend_pb2_grpc.RecommendServiceStub(starter_channel)


async def personal(stub: RecommendStub, metadata: Metadata, **request: Any) -> recommend_pb2.ListPersonalizedResponse:
    answer = await stub.ListPersonalized(recommend_pb2.ListPersonalizedRequest(limit=100, **request), metadata=metadata)
    assert_presentable(answer.recommendations)
    return answer


async def rate_by_crowd(channel: Channel, titles: dict[str, int]) -> None:
    """A crowd that loves the Apu films and books, likes its own favourites and finds action dull."""
    books = (titles["The Guide"], titles["Malgudi Days"], titles["Gitanjali"])
    favourites = (
        titles["Charulata"],
        titles["Mahanagar"],
        titles["Nayak"],
        titles["Jalsaghar"],
        titles["Meghe Dhaka Tara"],
    )
    for number in range(CROWD_SIZE):
        someone = await sign_up(channel, f"crowd{number}@example.com")
        for title in LIKED_FILMS:
            await rate(channel, someone, titles[title], 4.5 if number % 2 else 5.0)
        for title in ACTION_FILMS:
            await rate(channel, someone, titles[title], 2.0)
        for item in (*books, *favourites):
            await rate(channel, someone, item, 4.0)


async def test_the_way_of_a_new_user(starter_channel: Channel, starter_stub: RecommendStub) -> None:
    titles = await ids_by_title(starter_channel)
    me = await sign_up(starter_channel)

    # Nobody rated anything yet.
    answer = await personal(starter_stub, me)
    assert answer.algorithm == recommend_pb2.ALGORITHM_POPULAR
    assert all("catalogue" in entry.reason for entry in answer.recommendations)

    # One rating changes the very next call.
    await rate(starter_channel, me, titles["Pather Panchali"], 5.0)
    before, answer = answer, await personal(starter_stub, me)
    assert item_ids(answer.recommendations) != item_ids(before.recommendations)
    assert answer.algorithm == recommend_pb2.ALGORITHM_CONTENT
    assert titles["Pather Panchali"] not in item_ids(answer.recommendations)
    assert {titles["Aparajito"], titles["Apur Sansar"]} <= set(item_ids(answer.recommendations))
    assert answer.recommendations[0].reason == "Because you liked the film Pather Panchali."
    assert list(answer.recommendations[0].because_item_ids) == [titles["Pather Panchali"]]
    kinds = {entry.item.item_type for entry in answer.recommendations}
    assert kinds == {catalog_pb2.ITEM_TYPE_MOVIE, catalog_pb2.ITEM_TYPE_BOOK}

    # Others come, and what they like becomes popular.
    await rate_by_crowd(starter_channel, titles)
    answer = await personal(starter_stub, me)
    assert answer.algorithm == recommend_pb2.ALGORITHM_POPULAR
    assert answer.recommendations[0].reason.startswith("Rated 4.8 stars on average by 6 people")

    # From the third rating on people with the same taste lead.
    await rate(starter_channel, me, titles["Sholay"], 1.5)
    await rate(starter_channel, me, titles["The Guide"], 4.0)
    answer = await personal(starter_stub, me)
    assert answer.algorithm == recommend_pb2.ALGORITHM_COLLABORATIVE
    first = answer.recommendations[0]
    assert first.item.item_id in {titles["Aparajito"], titles["Apur Sansar"]}
    assert first.source == recommend_pb2.ALGORITHM_COLLABORATIVE
    assert first.predicted_stars > 4.0
    assert first.reason.startswith("6 people with taste like yours rated it; you would give it about 4.")
    predicted = {entry.item.item_id: entry.predicted_stars for entry in answer.recommendations}
    assert predicted[titles["RRR"]] < 3.0

    # What is rated never comes back, whichever way is asked for.
    await rate(starter_channel, me, first.item.item_id, 4.5)
    rated = {titles["Pather Panchali"], titles["Sholay"], titles["The Guide"], first.item.item_id}
    for algorithm in (
        recommend_pb2.ALGORITHM_AUTO,
        recommend_pb2.ALGORITHM_COLLABORATIVE,
        recommend_pb2.ALGORITHM_CONTENT,
        recommend_pb2.ALGORITHM_POPULAR,
    ):
        answer = await personal(starter_stub, me, algorithm=algorithm)
        assert answer.recommendations
        assert not rated & set(item_ids(answer.recommendations))
        if algorithm != recommend_pb2.ALGORITHM_AUTO:
            assert answer.algorithm == algorithm
            assert {entry.source for entry in answer.recommendations} == {algorithm}

    # Filters and pages.
    tamil = await personal(starter_stub, me, languages=["ta"], item_type=catalog_pb2.ITEM_TYPE_MOVIE)
    assert {entry.item.movie.language for entry in tamil.recommendations} == {"ta"}
    old = await personal(starter_stub, me, genres=["drama"], year_from=1950, year_to=1960)
    assert old.recommendations
    for entry in old.recommendations:
        detail = entry.item.movie if entry.item.HasField("movie") else entry.item.book
        assert 1950 <= detail.year <= 1960
        assert "Drama" in detail.genres
    everything = [
        entry
        async for page in pages(starter_stub.ListPersonalized, recommend_pb2.ListPersonalizedRequest(), 30, me)
        for entry in page.recommendations
    ]
    assert len(everything) > 30
    assert_presentable(everything)


async def test_popular_items(stub: RecommendStub, pool: Pool) -> None:
    films = await add_items(pool, 6, language="hi", genres=["Drama"], year=1990)
    books = await add_items(pool, 3, item_type="book", language="ta", genres=["Classic"], year=1950)
    users = await add_users(pool, 5)
    await rate_all(pool, [(user, item, 4 + item % 3 * 2) for user in users for item in (*films[:5], *books)])
    await rate_all(pool, [(user, films[5], 10) for user in users[:4]])

    async def found(**request: Any) -> list[int]:
        answer = await stub.ListPopular(recommend_pb2.ListPopularRequest(**request))
        assert_presentable(answer.recommendations)
        assert {entry.source for entry in answer.recommendations} <= {recommend_pb2.ALGORITHM_POPULAR}
        return item_ids(answer.recommendations)

    expected = sorted((*films[:5], *books), key=lambda item: (-(item % 3), item))
    assert await found() == expected
    assert await found(item_type=catalog_pb2.ITEM_TYPE_BOOK) == [item for item in expected if item in books]
    assert await found(languages=["hi"]) == [item for item in expected if item in films]
    assert await found(genres=["CLASSIC"], year_to=1950) == [item for item in expected if item in books]
    for size in (1, 3, 8):
        request = recommend_pb2.ListPopularRequest()
        paged = [entry async for page in pages(stub.ListPopular, request, size) for entry in page.recommendations]
        assert item_ids(paged) == expected

    first = (await stub.ListPopular(recommend_pb2.ListPopularRequest(limit=1))).recommendations[0]
    assert first.reason == "Rated 4.0 stars on average by 5 people."


async def test_popular_in_the_last_30_days(stub: RecommendStub, pool: Pool) -> None:
    old, new, changed = await add_items(pool, 3)
    users = await add_users(pool, 5)
    await rate_all(pool, [(user, item, 4 * place) for user in users for place, item in enumerate((new, old), start=1)])
    await rate_all(pool, [(user, changed, 10) for user in users])
    await pool.execute("update ratings set updated_at = now() - interval '31 days' where item_id <> $1", new)
    await rate_all(pool, [(user, changed, 2) for user in users])
    request = recommend_pb2.ListPopularRequest(window=recommend_pb2.POPULAR_WINDOW_30_DAYS)
    answer = await stub.ListPopular(request)
    assert_presentable(answer.recommendations)
    assert item_ids(answer.recommendations) == [new, changed]
    assert answer.recommendations[0].reason == "Rated 2.0 stars on average by 5 people in the last 30 days."
    all_time = await stub.ListPopular(recommend_pb2.ListPopularRequest())
    assert item_ids(all_time.recommendations) == [old, new, changed]


async def test_popular_lists_the_catalogue_while_nothing_is_popular(stub: RecommendStub, pool: Pool) -> None:
    films, books = await add_items(pool, 5), await add_items(pool, 3, item_type="book")
    request = recommend_pb2.ListPopularRequest()
    for size in (1, 3, 100):
        found = [entry async for page in pages(stub.ListPopular, request, size) for entry in page.recommendations]
        assert item_ids(found) == films + books
        assert all("catalogue" in entry.reason for entry in found)
    answer = await stub.ListPopular(recommend_pb2.ListPopularRequest(item_type=catalog_pb2.ITEM_TYPE_BOOK))
    assert item_ids(answer.recommendations) == books
    answer = await stub.ListPopular(recommend_pb2.ListPopularRequest(languages=["xx"]))
    assert item_ids(answer.recommendations) == []


@pytest.mark.parametrize(
    "algorithm",
    [
        recommend_pb2.ALGORITHM_COLLABORATIVE,
        recommend_pb2.ALGORITHM_CONTENT,
        recommend_pb2.ALGORITHM_POPULAR,
        recommend_pb2.ALGORITHM_AUTO,
    ],
)
async def test_empty_list_still_says_what_was_asked(stub: RecommendStub, grpc_channel: Channel, algorithm: Any) -> None:
    answer = await personal(stub, await sign_up(grpc_channel), algorithm=algorithm)
    assert (list(answer.recommendations), answer.algorithm) == ([], algorithm)


async def test_page_tokens_belong_to_their_user_and_filters(
    stub: RecommendStub, pool: Pool, grpc_channel: Channel
) -> None:
    films = await add_items(pool, 5, embeddings=random_vectors(5, seed=2))
    me, other = await sign_up(grpc_channel), await sign_up(grpc_channel, "other@example.com")
    token = (await stub.ListPersonalized(recommend_pb2.ListPersonalizedRequest(limit=2), metadata=me)).next_page_token
    mine = recommend_pb2.ListPersonalizedRequest(page_token=token)
    assert item_ids((await stub.ListPersonalized(mine, metadata=me)).recommendations) == films[2:]
    for request, metadata in (
        (mine, other),
        (recommend_pb2.ListPersonalizedRequest(page_token=token, languages=["hi"]), me),
        (recommend_pb2.ListPersonalizedRequest(page_token=token, algorithm=recommend_pb2.ALGORITHM_AUTO), me),
    ):
        async with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_PAGE_TOKEN", "page_token"):
            await stub.ListPersonalized(request, metadata=metadata)
    async with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_PAGE_TOKEN", "page_token"):
        await stub.ListPopular(recommend_pb2.ListPopularRequest(page_token=token), metadata=me)
    similar = recommend_pb2.ListSimilarRequest(item_type="movie", item_id=films[0], limit=2)
    similar.page_token = (await stub.ListSimilar(similar)).next_page_token
    assert len((await stub.ListSimilar(similar)).recommendations) == 2
    similar.item_id = films[1]
    async with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_PAGE_TOKEN", "page_token"):
        await stub.ListSimilar(similar)


async def test_bad_filters_name_their_field(stub: RecommendStub, grpc_channel: Channel) -> None:
    me = await sign_up(grpc_channel)
    fields: dict[str, Any]
    for fields, field in (
        ({"year_from": 2001, "year_to": 2000}, "year_to"),
        ({"limit": 101}, "limit"),
        ({"limit": -1}, "limit"),
        ({"languages": ["HI"]}, "languages[0]"),
        ({"item_type": 9}, "item_type"),
    ):
        async with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", field):
            await stub.ListPersonalized(recommend_pb2.ListPersonalizedRequest(**fields), metadata=me)
        async with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", field):
            await stub.ListPopular(recommend_pb2.ListPopularRequest(**fields))
    async with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", "algorithm"):
        await stub.ListPersonalized(recommend_pb2.ListPersonalizedRequest(algorithm=9), metadata=me)  # type: ignore[arg-type]


async def test_personal_recommendations_need_a_user(stub: RecommendStub) -> None:
    async with refused(grpc.StatusCode.UNAUTHENTICATED, "TOKEN_MISSING"):
        await stub.ListPersonalized(recommend_pb2.ListPersonalizedRequest())
