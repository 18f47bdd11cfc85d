"""Access tokens: what is accepted, and the reason for each refusal."""

import base64
import json
import string
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import grpc
import jwt
import pytest
from cinelibre.v1 import errors_pb2
from hypothesis import assume, given
from hypothesis import strategies as st

from cinelibre_server.errors import DomainError
from cinelibre_server.security.tokens import (
    AccessClaims,
    AccessTokens,
    new_refresh_token,
    refresh_token_hash,
)

OLD_KEY = b"old-key-0123456789abcdef01234567"
NEW_KEY = b"new-key-0123456789abcdef01234567"
OTHER_KEY = b"other-key-0123456789abcdef012345"
SESSION = UUID("6f2b7c1e-0d7e-4a51-9d0f-6f1d6f2f3a01")


def tokens(lifetime_seconds: int = 60) -> AccessTokens:
    return AccessTokens({"new": NEW_KEY, "old": OLD_KEY}, lifetime_seconds)


def claims(**changes: Any) -> dict[str, Any]:
    now = int(datetime.now(UTC).timestamp())
    whole = {
        "sub": "7",
        "sid": str(SESSION),
        "iat": now,
        # Parameters are made when tests are collected, minutes before the last of them runs.
        "exp": now + 3600,
        "iss": "cinelibre",
        "aud": "cinelibre",
    } | changes
    return {name: value for name, value in whole.items() if value is not None}


def signed(content: dict[str, Any], key: bytes = NEW_KEY, key_id: Any = "new", algorithm: str = "HS256") -> str:
    return jwt.encode(content, key, algorithm=algorithm, headers={"kid": key_id} if key_id else None)


def part(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def refusal(token: str) -> int:
    with pytest.raises(DomainError) as raised:
        tokens().verify(token)
    assert raised.value.code is grpc.StatusCode.UNAUTHENTICATED
    return raised.value.reason


@given(user_id=st.integers(1, 2**31 - 1), session_id=st.uuids())
def test_round_trip(user_id: int, session_id: UUID) -> None:
    issued = tokens().issue(user_id, session_id)
    assert tokens().verify(issued.text) == AccessClaims(user_id, session_id)
    assert issued.expires_in == 60


def test_first_key_signs_and_all_keys_verify() -> None:
    before_rotation = AccessTokens({"old": OLD_KEY}, 60).issue(7, SESSION).text
    assert tokens().verify(before_rotation) == AccessClaims(7, SESSION)
    after_rotation = tokens().issue(7, SESSION).text
    assert jwt.get_unverified_header(after_rotation) == {"alg": "HS256", "kid": "new", "typ": "JWT"}
    with pytest.raises(DomainError):
        AccessTokens({"old": OLD_KEY}, 60).verify(after_rotation)


def test_a_token_ends_with_its_session() -> None:
    session_end = datetime.now(UTC) + timedelta(seconds=20)
    issued = tokens(3600).issue(7, SESSION, not_after=session_end)
    assert 18 <= issued.expires_in <= 20
    assert tokens(10).issue(7, SESSION, not_after=session_end).expires_in == 10


def test_expired() -> None:
    issued = tokens().issue(7, SESSION, not_after=datetime.now(UTC) - timedelta(seconds=1))
    assert issued.expires_in == 0
    assert refusal(issued.text) == errors_pb2.ERROR_REASON_TOKEN_EXPIRED


def test_a_token_that_was_good_before_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = tokens()
    issued = keys.issue(7, SESSION)
    for _ in range(2):
        assert keys.verify(issued.text) == AccessClaims(7, SESSION)
    later = datetime.now(UTC).timestamp() + 61
    monkeypatch.setattr("cinelibre_server.security.tokens.time.time", lambda: later)
    with pytest.raises(DomainError) as raised:
        keys.verify(issued.text)
    assert raised.value.reason == errors_pb2.ERROR_REASON_TOKEN_EXPIRED


def test_who_called_long_ago_is_checked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cinelibre_server.security.tokens._MAX_KEPT", 3)
    keys = tokens()
    issued = [keys.issue(user, SESSION).text for user in range(1, 8)]
    for _ in range(2):
        assert [keys.verify(text).user_id for text in issued] == list(range(1, 8))


def test_expired_and_forged_is_only_forged() -> None:
    forged = signed(claims(exp=1), key=OTHER_KEY)
    assert refusal(forged) == errors_pb2.ERROR_REASON_TOKEN_INVALID


def test_clock_of_another_replica_may_be_ahead() -> None:
    ahead = signed(claims(iat=int(datetime.now(UTC).timestamp()) + 5))
    assert tokens().verify(ahead) == AccessClaims(7, SESSION)


@pytest.mark.parametrize("claim", ["sub", "sid", "iat", "exp", "iss", "aud"])
def test_every_claim_is_required(claim: str) -> None:
    assert tokens().verify(signed(claims())) == AccessClaims(7, SESSION)
    assert refusal(signed(claims(**{claim: None}))) == errors_pb2.ERROR_REASON_TOKEN_INVALID


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(signed(claims(), key=OTHER_KEY), id="other key"),
        pytest.param(signed(claims(), key=OLD_KEY), id="key of another id"),
        pytest.param(signed(claims(), key_id="unknown"), id="unknown key id"),
        pytest.param(signed(claims(), key_id=None), id="no key id"),
        pytest.param(signed(claims(), key=NEW_KEY * 2, algorithm="HS512"), id="other key and algorithm"),
        pytest.param(signed(claims(iss="elsewhere")), id="other issuer"),
        pytest.param(signed(claims(aud="elsewhere")), id="other audience"),
        pytest.param(signed(claims(sub="anna")), id="user is no number"),
        pytest.param(signed(claims(sid="1")), id="session is no uuid"),
        pytest.param(signed(claims(sid=1)), id="session is a number"),
        pytest.param(f"{part({'alg': 'none', 'kid': 'new'})}.{part(claims())}.", id="alg none"),
        pytest.param(f"{part({'alg': 'None', 'kid': 'new'})}.{part(claims())}.", id="alg None"),
        pytest.param(f"{part({'alg': 'HS256', 'kid': ['new']})}.{part(claims())}.AA", id="key id is a list"),
        pytest.param(f"{part(['HS256'])}.{part(claims())}.AA", id="header is a list"),
        pytest.param(f"{base64.urlsafe_b64encode(b'[' * 5001).decode()}.e30.AA", id="deeply nested header"),
        pytest.param("", id="empty"),
        pytest.param("..", id="dots"),
        pytest.param("test", id="a word"),
        pytest.param("தமிழ்.தமிழ்.தமிழ்", id="not ascii"),
    ],
)
def test_refused(token: str) -> None:
    assert refusal(token) == errors_pb2.ERROR_REASON_TOKEN_INVALID


def test_right_key_with_another_algorithm_is_refused() -> None:
    long_key = NEW_KEY * 2
    keys = AccessTokens({"new": long_key}, 60)
    assert keys.verify(signed(claims(), key=long_key)) == AccessClaims(7, SESSION)
    with pytest.raises(DomainError) as raised:
        keys.verify(signed(claims(), key=long_key, algorithm="HS512"))
    assert raised.value.reason == errors_pb2.ERROR_REASON_TOKEN_INVALID


@given(position=st.integers(0, 1000), character=st.sampled_from(string.ascii_letters + string.digits + "-_."))
def test_no_changed_character_survives(position: int, character: str) -> None:
    original = tokens().issue(7, SESSION).text
    # The last character of all has two bits that mean nothing, so it may change without effect.
    position %= len(original) - 1
    assume(original[position] != character)
    changed = original[:position] + character + original[position + 1 :]
    assert refusal(changed) == errors_pb2.ERROR_REASON_TOKEN_INVALID


@given(st.text(max_size=200))
def test_garbage_is_refused(token: str) -> None:
    assert refusal(token) == errors_pb2.ERROR_REASON_TOKEN_INVALID


def test_tokens_stay_out_of_logs() -> None:
    issued = tokens().issue(7, SESSION)
    assert issued.text not in repr(issued)


def test_refresh_tokens_are_random_and_stored_as_hashes() -> None:
    made = {new_refresh_token() for _ in range(100)}
    assert len(made) == 100
    assert {len(token) for token in made} == {43}
    token = made.pop()
    assert len(refresh_token_hash(token)) == 32
    assert refresh_token_hash(token) == refresh_token_hash(token)
    assert refresh_token_hash(token) != refresh_token_hash(str(uuid4()))
