"""Access tokens (signed JWTs, RFC 7519), refresh tokens (random, stored only as hashes) and their checks."""

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import grpc
import jwt
from cinelibre.v1 import errors_pb2

from cinelibre_server.errors import DomainError

_ALGORITHM = "HS256"
_ISSUER = "cinelibre"
_AUDIENCE = "cinelibre"
_REQUIRED_CLAIMS = ("sub", "sid", "iat", "exp", "iss", "aud")
_REFRESH_TOKEN_BYTES = 32
_MAX_KEPT = 2_000


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What a valid access token says. That the session goes on is for the caller to find out."""

    user_id: int
    session_id: UUID


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A new access token and the seconds until it expires."""

    text: str = field(repr=False)
    expires_in: int


class AccessTokens:
    """Issues and checks access tokens; several keys may be active, so that they can be replaced."""

    def __init__(self, keys: Mapping[str, bytes], lifetime_seconds: int) -> None:
        """`keys` maps key ids to secrets: the first one signs, all of them verify."""
        self._keys = dict(keys)
        self._signing_key_id = next(iter(self._keys))
        self._lifetime_seconds = lifetime_seconds
        # Checked before: who calls now is likely to call again. Claims and when they expire.
        self._kept: OrderedDict[str, tuple[AccessClaims, float]] = OrderedDict()
        # The ids of the keys by the headers of valid tokens, as they are encoded: our tokens share a few.
        self._key_ids: dict[str, str] = {}

    def issue(self, user_id: int, session_id: UUID, *, not_after: datetime | None = None) -> AccessToken:
        """A token that lasts the configured time, but not beyond `not_after`, the end of its session."""
        now = int(time.time())
        expires_at = now + self._lifetime_seconds
        if not_after is not None:
            expires_at = min(expires_at, int(not_after.timestamp()))
        claims = {
            "sub": str(user_id),
            "sid": str(session_id),
            "iat": now,
            "exp": expires_at,
            "iss": _ISSUER,
            "aud": _AUDIENCE,
        }
        key_id = self._signing_key_id
        text = jwt.encode(claims, self._keys[key_id], algorithm=_ALGORITHM, headers={"kid": key_id})
        return AccessToken(text, max(expires_at - now, 0))

    def verify(self, token: str) -> AccessClaims:
        """The claims of a token that we signed and whose time is not over.

        Raises:
            DomainError: UNAUTHENTICATED; TOKEN_EXPIRED for one of ours after its time, else TOKEN_INVALID.
        """
        claims, expires_at = self._kept.get(token) or self._check(token)
        if expires_at <= time.time():
            raise _expired()
        self._kept[token] = claims, expires_at
        self._kept.move_to_end(token)
        if len(self._kept) > _MAX_KEPT:
            self._kept.popitem(last=False)
        return claims

    def _check(self, token: str) -> tuple[AccessClaims, float]:
        header = token.partition(".")[0]
        try:
            key_id = self._key_ids.get(header) or jwt.get_unverified_header(token)["kid"]
            claims = jwt.decode(
                token,
                self._keys[key_id],
                algorithms=[_ALGORITHM],
                issuer=_ISSUER,
                audience=_AUDIENCE,
                # `iat` is not compared with our clock: a replica's may be a second ahead.
                options={"require": list(_REQUIRED_CLAIMS), "verify_iat": False},
            )
            checked = AccessClaims(int(claims["sub"]), UUID(claims["sid"])), float(claims["exp"])
        except jwt.ExpiredSignatureError:
            raise _expired() from None
        # Deeply nested JSON in a forged token ends in RecursionError.
        except (jwt.PyJWTError, KeyError, ValueError, TypeError, AttributeError, RecursionError):
            raise DomainError(
                grpc.StatusCode.UNAUTHENTICATED,
                errors_pb2.ERROR_REASON_TOKEN_INVALID,
                "The access token is not valid: log in again.",
            ) from None
        self._key_ids[header] = key_id
        return checked


def _expired() -> DomainError:
    return DomainError(
        grpc.StatusCode.UNAUTHENTICATED,
        errors_pb2.ERROR_REASON_TOKEN_EXPIRED,
        "The access token has expired: get a new one with RefreshToken or Login.",
    )


def new_refresh_token() -> str:
    """32 random bytes in URL-safe Base64: 43 characters that go to the client and are stored nowhere."""
    return secrets.token_urlsafe(_REFRESH_TOKEN_BYTES)


def refresh_token_hash(token: str) -> bytes:
    """The SHA-256 that is stored for a refresh token, 32 bytes; a random token needs no salt or slow hash."""
    return hashlib.sha256(token.encode()).digest()
