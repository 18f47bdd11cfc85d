"""Sessions: access tokens, refresh, logout and password change."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from uuid import UUID, uuid4

import grpc
import jwt
import pytest
from cinelibre.v1 import auth_pb2, auth_pb2_grpc
from grpc.aio import AioRpcError, Channel

from cinelibre_server.config import Settings
from cinelibre_server.security.tokens import AccessTokens, refresh_token_hash
from cinelibre_server.store.database import Pool
from cinelibre_server.store.queries import load_queries
from cinelibre_server.store.sessions import ActiveSession, RefusedToken, SessionStore, SessionUser
from cinelibre_server.store.users import UserStore
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

SignedIn: TypeAlias = auth_pb2.RegisterResponse | auth_pb2.LoginResponse


@pytest.fixture
def stub(grpc_channel: Channel) -> AuthStub:
    return auth_pb2_grpc.AuthServiceStub(grpc_channel)


async def refresh(stub: AuthStub, refresh_token: str) -> auth_pb2.RefreshTokenResponse:
    return await stub.RefreshToken(auth_pb2.RefreshTokenRequest(refresh_token=refresh_token))


async def refusal(stub: AuthStub, access_token: str) -> str:
    """The reason why GetMe refuses the token, or "" if it doesn't."""
    try:
        await stub.GetMe(auth_pb2.GetMeRequest(), metadata=bearer(access_token))
    except AioRpcError as error:
        assert error.code() is grpc.StatusCode.UNAUTHENTICATED
        reason: str = error_info(error).reason
        return reason
    return ""


async def refresh_refusal(stub: AuthStub, refresh_token: str) -> str:
    with pytest.raises(AioRpcError) as raised:
        await refresh(stub, refresh_token)
    assert raised.value.code() is grpc.StatusCode.UNAUTHENTICATED
    reason: str = error_info(raised.value).reason
    return reason


async def test_refresh_goes_on_with_the_same_session(stub: AuthStub, pool: Pool) -> None:
    first = await register(stub)
    second = await refresh(stub, first.refresh_token)
    third = await refresh(stub, second.refresh_token)
    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3
    assert (third.token_type, third.expires_in) == ("Bearer", first.expires_in)
    for token in (first.access_token, second.access_token, third.access_token):
        assert await refusal(stub, token) == ""
    sessions = {
        jwt.decode(token, options={"verify_signature": False})["sid"]
        for token in (first.access_token, third.access_token)
    }
    assert sessions == {str(await pool.fetchval("select session_id from sessions"))}


async def test_a_used_refresh_token_ends_the_session_and_no_other(
    stub: AuthStub,
) -> None:
    stolen = await register(stub)
    elsewhere = await login(stub)
    latest = await refresh(stub, stolen.refresh_token)
    assert await refresh_refusal(stub, stolen.refresh_token) == "ERROR_REASON_REFRESH_TOKEN_REUSED"
    assert await refusal(stub, stolen.access_token) == "ERROR_REASON_SESSION_REVOKED"
    assert await refusal(stub, latest.access_token) == "ERROR_REASON_SESSION_REVOKED"
    assert await refresh_refusal(stub, latest.refresh_token) == "ERROR_REASON_REFRESH_TOKEN_INVALID"
    assert await refusal(stub, elsewhere.access_token) == ""
    assert (await refresh(stub, elsewhere.refresh_token)).access_token


async def test_of_simultaneous_refreshes_one_wins_and_the_others_are_reuse(stub: AuthStub, pool: Pool) -> None:
    registered = await register(stub)
    store = SessionStore(pool)
    used = refresh_token_hash(registered.refresh_token)
    outcomes = await asyncio.gather(*(store.rotate(used, refresh_token_hash(str(n))) for n in range(8)))
    assert sum(isinstance(outcome, ActiveSession) for outcome in outcomes) == 1
    assert outcomes.count(RefusedToken.REUSED) == 7
    assert await refusal(stub, registered.access_token) == "ERROR_REASON_SESSION_REVOKED"


@pytest.mark.parametrize("token", ["unknown", "x" * 512, "'; drop table sessions; --", "நாயகன்"])
async def test_unknown_refresh_token(stub: AuthStub, token: str) -> None:
    assert await refresh_refusal(stub, token) == "ERROR_REASON_REFRESH_TOKEN_INVALID"


@pytest.mark.parametrize("token", ["", "x" * 513, "a\0b"])
async def test_malformed_refresh_token(stub: AuthStub, token: str) -> None:
    with pytest.raises(AioRpcError) as raised:
        await refresh(stub, token)
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert set(violated_fields(raised.value)) == {"refresh_token"}


async def test_expired_session_is_refused_and_forgotten_at_the_next_login(stub: AuthStub, pool: Pool) -> None:
    registered = await register(stub)
    other = await register(stub, "other@example.com")
    await pool.execute("update sessions set expires_at = now() - interval '1 second'")
    assert await refresh_refusal(stub, registered.refresh_token) == "ERROR_REASON_REFRESH_TOKEN_INVALID"
    assert await refusal(stub, registered.access_token) == "ERROR_REASON_SESSION_REVOKED"
    await login(stub)
    rows = await pool.fetch("select user_id, expires_at > now() as active from sessions order by user_id")
    assert [tuple(row) for row in rows] == [(registered.user.user_id, True), (other.user.user_id, False)]
    assert await pool.fetchval("select count(*) from refresh_tokens") == 2


async def test_access_token_does_not_outlive_its_session(stub: AuthStub, pool: Pool) -> None:
    registered = await register(stub)
    await pool.execute("update sessions set expires_at = now() + interval '100 seconds'")
    assert 95 <= (await refresh(stub, registered.refresh_token)).expires_in <= 100


async def test_logout_ends_one_session(stub: AuthStub) -> None:
    here, elsewhere = await register(stub), await login(stub)
    answer = await stub.Logout(auth_pb2.LogoutRequest(), metadata=bearer(here.access_token))
    assert answer.ended_sessions == 1
    assert await refusal(stub, here.access_token) == "ERROR_REASON_SESSION_REVOKED"
    assert await refresh_refusal(stub, here.refresh_token) == "ERROR_REASON_REFRESH_TOKEN_INVALID"
    assert await refusal(stub, elsewhere.access_token) == ""


async def test_logout_of_all_sessions_is_the_callers_only(stub: AuthStub) -> None:
    sessions: list[SignedIn] = [await register(stub), await login(stub), await login(stub)]
    other = await register(stub, "other@example.com")
    await stub.Logout(auth_pb2.LogoutRequest(), metadata=bearer(sessions[0].access_token))
    answer = await stub.Logout(auth_pb2.LogoutRequest(all_sessions=True), metadata=bearer(sessions[1].access_token))
    assert answer.ended_sessions == 2
    for session in sessions:
        assert await refusal(stub, session.access_token) == "ERROR_REASON_SESSION_REVOKED"
    assert await refusal(stub, other.access_token) == ""


async def test_forged_and_expired_tokens(stub: AuthStub, settings: Settings) -> None:
    registered = await register(stub)
    user_id = registered.user.user_id
    claims = jwt.decode(registered.access_token, options={"verify_signature": False})
    session_id = UUID(claims["sid"])
    ours = AccessTokens(settings.signing_keys, 60)
    assert await refusal(stub, ours.issue(user_id, session_id).text) == ""
    expired = ours.issue(user_id, session_id, not_after=datetime.now(UTC) - timedelta(seconds=5))
    assert await refusal(stub, expired.text) == "ERROR_REASON_TOKEN_EXPIRED"
    assert await refusal(stub, ours.issue(user_id, uuid4()).text) == "ERROR_REASON_SESSION_REVOKED"
    assert await refusal(stub, ours.issue(user_id + 1, session_id).text) == "ERROR_REASON_SESSION_REVOKED"
    key_id = next(iter(settings.signing_keys))
    theirs = AccessTokens({key_id: b"somebody-elses-key-0123456789abcd"}, 60).issue(user_id, session_id).text
    unsigned = jwt.encode(claims, None, algorithm="none", headers={"kid": key_id})
    for forged in (theirs, unsigned, "garbage", registered.access_token[:-3]):
        assert await refusal(stub, forged) == "ERROR_REASON_TOKEN_INVALID"


async def test_change_password_ends_all_sessions_and_starts_one(
    stub: AuthStub,
) -> None:
    sessions: list[SignedIn] = [await register(stub), await login(stub)]
    changed = await stub.ChangePassword(
        auth_pb2.ChangePasswordRequest(current_password=PASSWORD, new_password="another secret"),
        metadata=bearer(sessions[0].access_token),
    )
    for session in sessions:
        assert await refusal(stub, session.access_token) == "ERROR_REASON_SESSION_REVOKED"
        assert await refresh_refusal(stub, session.refresh_token) == "ERROR_REASON_REFRESH_TOKEN_INVALID"
    assert (changed.token_type, changed.expires_in) == ("Bearer", sessions[0].expires_in)
    assert await refusal(stub, changed.access_token) == ""
    assert (await refresh(stub, changed.refresh_token)).access_token
    with pytest.raises(AioRpcError) as raised:
        await login(stub)
    assert error_info(raised.value).reason == "ERROR_REASON_INVALID_CREDENTIALS"
    assert (await login(stub, EMAIL, "another secret")).access_token


@pytest.mark.parametrize(
    ("current", "new", "code", "reason"),
    [
        ("wrong", "long enough", grpc.StatusCode.UNAUTHENTICATED, "ERROR_REASON_INVALID_CREDENTIALS"),
        (PASSWORD, "short", grpc.StatusCode.INVALID_ARGUMENT, "ERROR_REASON_INVALID_FIELD"),
        (PASSWORD, "x" * 73, grpc.StatusCode.INVALID_ARGUMENT, "ERROR_REASON_INVALID_FIELD"),
    ],
)
async def test_refused_password_change_changes_nothing(
    stub: AuthStub, current: str, new: str, code: grpc.StatusCode, reason: str
) -> None:
    registered = await register(stub)
    with pytest.raises(AioRpcError) as raised:
        await stub.ChangePassword(
            auth_pb2.ChangePasswordRequest(current_password=current, new_password=new),
            metadata=bearer(registered.access_token),
        )
    assert (raised.value.code(), error_info(raised.value).reason) == (code, reason)
    if code is grpc.StatusCode.INVALID_ARGUMENT:
        assert set(violated_fields(raised.value)) == {"new_password"}
    assert await refusal(stub, registered.access_token) == ""
    assert (await login(stub)).access_token


async def test_login_with_the_old_password_does_not_survive_its_change(pool: Pool) -> None:
    users, sessions = UserStore(pool), SessionStore(pool)
    user = await users.create(EMAIL, "old hash", "")
    assert user is not None
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        login_ahead = await connection.fetchrow(
            load_queries("sessions")["create_session"], user.user_id, "old hash", b"1", 60.0
        )
        assert login_ahead is not None
        change = asyncio.create_task(users.change_password(user.user_id, "old hash", "new hash"))
        await asyncio.wait([change], timeout=0.3)
        assert not change.done(), "the change must wait for the login that is ahead of it"
        await transaction.commit()
    assert await change
    assert await sessions.active_sessions([login_ahead["session_id"]]) == {}
    assert await sessions.create(user.user_id, "old hash", b"2", 60) is None
    assert not await users.change_password(user.user_id, "old hash", "newest hash")
    after = await sessions.create(user.user_id, "new hash", b"3", 60)
    assert after is not None
    assert await sessions.active_sessions([after.session_id, uuid4()]) == {
        after.session_id: SessionUser(user.user_id, is_admin=False)
    }
