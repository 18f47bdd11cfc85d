"""Accounts: register, log in, change and delete."""

import asyncio

import bcrypt
import grpc
import pytest
from cinelibre.v1 import auth_pb2, auth_pb2_grpc
from google.protobuf.field_mask_pb2 import FieldMask
from grpc.aio import AioRpcError, Channel

from cinelibre_server.config import Settings
from cinelibre_server.store.database import Pool
from tests.grpc.auth_calls import (
    EMAIL,
    PASSWORD,
    AuthStub,
    bearer,
    error_info,
    login,
    register,
    violated_fields,
)


@pytest.fixture
def stub(grpc_channel: Channel) -> AuthStub:
    return auth_pb2_grpc.AuthServiceStub(grpc_channel)


async def test_register_login_and_me(stub: AuthStub, settings: Settings, pool: Pool) -> None:
    registered = await register(stub)
    assert registered.user.user_id >= 1
    assert (registered.user.email, registered.user.name) == (EMAIL, "Test")
    assert registered.user.HasField("create_time")
    assert (registered.token_type, registered.expires_in) == ("Bearer", settings.access_token_seconds)

    logged_in = await login(stub)
    assert logged_in.user == registered.user
    assert (logged_in.token_type, logged_in.expires_in) == ("Bearer", settings.access_token_seconds)
    assert logged_in.refresh_token != registered.refresh_token
    for token in (registered.access_token, logged_in.access_token):
        me = await stub.GetMe(auth_pb2.GetMeRequest(), metadata=bearer(token))
        assert me.user == registered.user

    stored = await pool.fetchval("select password_hash from users")
    assert stored.startswith("$2b$")
    hashes = await pool.fetch("select token_hash from refresh_tokens")
    assert registered.refresh_token.encode() not in {row["token_hash"] for row in hashes}
    assert {len(row["token_hash"]) for row in hashes} == {32}


async def test_email_is_one_account_in_any_case(stub: AuthStub) -> None:
    registered = await register(stub, "Anna.Rao@Example.com")
    assert registered.user.email == "Anna.Rao@Example.com"
    assert (await login(stub, "anna.rao@EXAMPLE.COM")).user == registered.user
    with pytest.raises(AioRpcError) as raised:
        await register(stub, "ANNA.RAO@example.com")
    assert raised.value.code() is grpc.StatusCode.ALREADY_EXISTS
    assert error_info(raised.value).reason == "ERROR_REASON_EMAIL_TAKEN"


async def test_of_simultaneous_registrations_one_wins(stub: AuthStub, pool: Pool) -> None:
    outcomes = await asyncio.gather(
        *(register(stub, email) for email in ("a@example.com", "A@example.com") * 4), return_exceptions=True
    )
    errors = [outcome for outcome in outcomes if isinstance(outcome, AioRpcError)]
    assert len(errors) == 7
    assert {error_info(error).reason for error in errors} == {"ERROR_REASON_EMAIL_TAKEN"}
    assert await pool.fetchval("select count(*) from users") == 1


@pytest.mark.parametrize(
    ("request_fields", "field"),
    [
        ({"email": "no address"}, "email"),
        ({"email": ""}, "email"),
        ({"email": f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 63}.example.com"}, "email"),
        ({"password": "12345"}, "password"),
        ({"password": ""}, "password"),
        ({"password": "x" * 73}, "password"),
        ({"password": "ந" * 25}, "password"),
        ({"password": "with\0nul"}, "password"),
        ({"name": "n" * 101}, "name"),
    ],
)
async def test_bad_registration_names_the_field(
    stub: AuthStub, pool: Pool, request_fields: dict[str, str], field: str
) -> None:
    request = auth_pb2.RegisterRequest(**({"email": EMAIL, "password": PASSWORD} | request_fields))
    with pytest.raises(AioRpcError) as raised:
        await stub.Register(request)
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert set(violated_fields(raised.value)) == {field}
    assert await pool.fetchval("select count(*) from users") == 0


async def test_passwords_from_6_characters_to_72_bytes_work_whole(
    stub: AuthStub,
) -> None:
    for number, password in enumerate(("secret", "தமிழ்6", "x" * 72, "ந" * 24)):
        email = f"user{number}@example.com"
        await stub.Register(auth_pb2.RegisterRequest(email=email, password=password))
        assert (await login(stub, email, password)).access_token
        with pytest.raises(AioRpcError) as raised:
            await login(stub, email, password[:-1])
        assert error_info(raised.value).reason == "ERROR_REASON_INVALID_CREDENTIALS"


async def test_unknown_email_is_refused_as_a_wrong_password_is(stub: AuthStub, monkeypatch: pytest.MonkeyPatch) -> None:
    await register(stub)
    checked: list[bytes] = []
    check = bcrypt.checkpw

    def recording(password: bytes, expected: bytes) -> bool:
        checked.append(expected)
        return check(password, expected)

    monkeypatch.setattr(bcrypt, "checkpw", recording)
    refusals = []
    for email, password in ((EMAIL, "wrong password"), ("nobody@example.com", PASSWORD)):
        with pytest.raises(AioRpcError) as raised:
            await login(stub, email, password)
        assert raised.value.code() is grpc.StatusCode.UNAUTHENTICATED
        refusals.append((raised.value.details(), error_info(raised.value)))
    assert refusals[0] == refusals[1]
    assert refusals[0][1].reason == "ERROR_REASON_INVALID_CREDENTIALS"
    # The work, and so the time, is the same: one check of the same cost.
    wrong_password, unknown_email = checked
    assert unknown_email[:7] == wrong_password[:7]
    assert len(unknown_email) == len(wrong_password)


async def test_imported_user_cannot_log_in(stub: AuthStub, pool: Pool) -> None:
    await pool.execute("insert into users (name, source, external_id) values ('', 'movielens', '1')")
    with pytest.raises(AioRpcError) as raised:
        await login(stub, "1", PASSWORD)
    assert error_info(raised.value).reason == "ERROR_REASON_INVALID_CREDENTIALS"


async def test_update_me_changes_the_name_only(stub: AuthStub) -> None:
    registered = await register(stub)
    updated = await stub.UpdateMe(
        auth_pb2.UpdateMeRequest(
            user=auth_pb2.User(user_id=99, email="other@example.com", name="நந்தினி"),
            update_mask=FieldMask(paths=["name"]),
        ),
        metadata=bearer(registered.access_token),
    )
    assert updated.user.name == "நந்தினி"
    registered.user.name = "நந்தினி"
    assert updated.user == registered.user
    me = await stub.GetMe(auth_pb2.GetMeRequest(), metadata=bearer(registered.access_token))
    assert me.user == updated.user


@pytest.mark.parametrize("paths", [[], ["email"], ["name", "email"], ["*"], ["user.name"], [""]])
async def test_update_me_refuses_other_masks(stub: AuthStub, paths: list[str]) -> None:
    registered = await register(stub)
    request = auth_pb2.UpdateMeRequest(user=auth_pb2.User(name="New"), update_mask=FieldMask(paths=paths))
    with pytest.raises(AioRpcError) as raised:
        await stub.UpdateMe(request, metadata=bearer(registered.access_token))
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    info = error_info(raised.value)
    assert (info.reason, dict(info.metadata)) == ("ERROR_REASON_INVALID_UPDATE_MASK", {"allowed": "name"})
    assert set(violated_fields(raised.value)) == {"update_mask"}
    me = await stub.GetMe(auth_pb2.GetMeRequest(), metadata=bearer(registered.access_token))
    assert me.user.name == "Test"


@pytest.mark.parametrize("user", [None, auth_pb2.User(name="n" * 101)])
async def test_update_me_refuses_a_bad_user(stub: AuthStub, user: auth_pb2.User | None) -> None:
    registered = await register(stub)
    request = auth_pb2.UpdateMeRequest(user=user, update_mask=FieldMask(paths=["name"]))
    with pytest.raises(AioRpcError) as raised:
        await stub.UpdateMe(request, metadata=bearer(registered.access_token))
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert error_info(raised.value).reason == "ERROR_REASON_INVALID_FIELD"


async def test_delete_me_takes_everything_along(stub: AuthStub, pool: Pool) -> None:
    other = await register(stub, "other@example.com")
    leaving = await register(stub)
    item_id = await pool.fetchval(
        "insert into items (item_type, title, original_title) values ('movie', 'Nayakan', 'நாயகன்') returning item_id"
    )
    for account in (other, leaving):
        await pool.execute(
            "insert into ratings (user_id, item_id, half_stars) values ($1, $2, 9)",
            account.user.user_id,
            item_id,
        )
        await pool.execute(
            "insert into interactions (user_id, kind, item_id) values ($1, 'view', $2)",
            account.user.user_id,
            item_id,
        )
    await stub.DeleteMe(auth_pb2.DeleteMeRequest(), metadata=bearer(leaving.access_token))

    for table in ("users", "sessions", "ratings", "interactions"):
        rows = await pool.fetch(f"select user_id from {table}")
        assert [row["user_id"] for row in rows] == [other.user.user_id], table
    assert await pool.fetchval("select count(*) from refresh_tokens") == 1
    with pytest.raises(AioRpcError) as raised:
        await stub.GetMe(auth_pb2.GetMeRequest(), metadata=bearer(leaving.access_token))
    assert error_info(raised.value).reason == "ERROR_REASON_SESSION_REVOKED"
    with pytest.raises(AioRpcError) as raised:
        await login(stub)
    assert error_info(raised.value).reason == "ERROR_REASON_INVALID_CREDENTIALS"
    assert (await register(stub)).user.user_id != leaving.user.user_id
