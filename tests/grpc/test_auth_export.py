"""ExportMyData: everything about the caller, nothing about others, and an end that can be told from a cut."""

import asyncio

import grpc
import pytest
from cinelibre.v1 import auth_pb2, auth_pb2_grpc, ratings_pb2
from grpc.aio import AioRpcError, Channel

from cinelibre_server.store.database import Pool
from tests.grpc.auth_calls import AuthStub, bearer, error_info, login, register

ITEMS = 1200


@pytest.fixture
def stub(grpc_channel: Channel) -> AuthStub:
    return auth_pb2_grpc.AuthServiceStub(grpc_channel)


async def add_history(pool: Pool, user_id: int) -> None:
    """Rates every item, the first ITEMS of which are made here, and adds one interaction of each kind."""
    await pool.execute(
        "insert into items (item_type, title, original_title)"
        " select 'movie', 'Film ' || n, 'Film ' || n from generate_series(1, $1::int) as n",
        ITEMS - await pool.fetchval("select count(*) from items"),
    )
    await pool.execute(
        "insert into ratings (user_id, item_id, half_stars)"
        " select $1::int, item_id, 1 + row_number() over (order by item_id) % 10 from items",
        user_id,
    )
    await pool.execute(
        "insert into interactions (user_id, kind, item_id, query, position)"
        " select $1::int, kind::interaction_kind,"
        " case when kind <> 'search' then (select min(item_id) from items) end,"
        " case when kind <> 'view' then 'ரஜினி' end, case when kind = 'click' then 3 end"
        " from unnest(array['view', 'click', 'search']) with ordinality as kinds (kind, place)"
        " order by place",
        user_id,
    )


async def export(stub: AuthStub, access_token: str) -> list[auth_pb2.ExportMyDataResponse]:
    return [record async for record in stub.ExportMyData(auth_pb2.ExportMyDataRequest(), metadata=bearer(access_token))]


async def test_export_is_complete_and_the_callers_own(stub: AuthStub, pool: Pool) -> None:
    registered = await register(stub)
    elsewhere = await login(stub)
    await stub.Logout(auth_pb2.LogoutRequest(), metadata=bearer(elsewhere.access_token))
    other = await register(stub, "other@example.com")
    await add_history(pool, registered.user.user_id)
    await add_history(pool, other.user.user_id)

    records = await export(stub, registered.access_token)
    kinds = [record.WhichOneof("record") for record in records]
    assert kinds == ["user", "session", "session", *["rating"] * ITEMS, *["interaction"] * 3, "end"]
    assert records[0].user == registered.user
    assert records[-1].end == auth_pb2.ExportEnd(session_count=2, rating_count=ITEMS, interaction_count=3)

    active, ended = (record.session for record in records[1:3])
    assert not active.HasField("revoke_time")
    assert ended.HasField("revoke_time")
    assert active.expire_time.ToDatetime() > active.create_time.ToDatetime()
    own = await pool.fetch("select session_id from sessions where user_id = $1", registered.user.user_id)
    assert {active.session_id, ended.session_id} == {str(row["session_id"]) for row in own}

    stored = await pool.fetch("select item_id, half_stars from ratings where user_id = $1", registered.user.user_id)
    ratings = [record.rating for record in records if record.HasField("rating")]
    assert {rating.item_id: rating.stars for rating in ratings} == {
        row["item_id"]: row["half_stars"] / 2 for row in stored
    }
    assert all(rating.HasField("create_time") and rating.HasField("update_time") for rating in ratings)

    view, click, search = (record.interaction for record in records[-4:-1])
    assert (view.kind, view.query, view.position) == (ratings_pb2.INTERACTION_KIND_VIEW, "", 0)
    assert (click.kind, click.query, click.position) == (ratings_pb2.INTERACTION_KIND_CLICK, "ரஜினி", 3)
    assert (search.kind, search.query, search.item_id) == (ratings_pb2.INTERACTION_KIND_SEARCH, "ரஜினி", 0)
    assert view.item_id == click.item_id >= 1


async def test_export_of_a_new_account(stub: AuthStub) -> None:
    registered = await register(stub)
    records = await export(stub, registered.access_token)
    assert [record.WhichOneof("record") for record in records] == ["user", "session", "end"]
    assert records[-1].end == auth_pb2.ExportEnd(session_count=1)


async def test_export_needs_a_user(stub: AuthStub) -> None:
    with pytest.raises(AioRpcError) as raised:
        await stub.ExportMyData(auth_pb2.ExportMyDataRequest()).read()
    assert raised.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert error_info(raised.value).reason == "ERROR_REASON_TOKEN_MISSING"


async def test_readers_who_leave_give_their_connections_back(stub: AuthStub, pool: Pool) -> None:
    registered = await register(stub)
    await add_history(pool, registered.user.user_id)
    for _ in range(30):
        call = stub.ExportMyData(auth_pb2.ExportMyDataRequest(), metadata=bearer(registered.access_token))
        first = await call.read()
        assert isinstance(first, auth_pb2.ExportMyDataResponse)
        assert first.HasField("user")
        call.cancel()
    async with asyncio.timeout(5):
        records = await export(stub, registered.access_token)
    for _ in range(100):
        if await open_transactions(pool) == 0:
            break
        await asyncio.sleep(0.02)
    assert records[-1].end.rating_count == ITEMS
    assert await open_transactions(pool) == 0


async def open_transactions(pool: Pool) -> int:
    """Transactions on the test's database that wait for their client."""
    count: int = await pool.fetchval(
        "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in %'"
    )
    return count
