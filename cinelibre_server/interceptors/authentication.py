"""Finds out who calls, from the bearer token, and refuses what needs a user or an admin."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import grpc
from cinelibre.v1 import errors_pb2

from cinelibre_server.errors import DomainError
from cinelibre_server.interceptors.call import (
    AuthenticatedUser,
    Call,
    Proceed,
    current_user,
    set_current_user,
)
from cinelibre_server.security.tokens import AccessTokens
from cinelibre_server.store.sessions import SessionUser

FindSessionUser = Callable[[UUID], Awaitable[SessionUser | None]]


class Authentication:
    """A token is checked wherever one is sent, on public RPCs too: a bad one is an error, never an anonymous call."""

    def __init__(self, tokens: AccessTokens, find_session_user: FindSessionUser) -> None:
        """`find_session_user` gives the user of a session that is neither ended nor expired, else None."""
        self._tokens = tokens
        self._find_session_user = find_session_user

    async def __call__(self, call: Call, proceed: Proceed) -> None:
        header = call.metadata.get("authorization")
        if call.method.is_ours and header is not None:
            call.user = await self._authenticate(header)
        set_current_user(call.user)
        if call.method.needs_user:
            user = current_user()
            if call.method.needs_admin and not user.is_admin:
                raise DomainError(
                    grpc.StatusCode.PERMISSION_DENIED,
                    errors_pb2.ERROR_REASON_ADMIN_REQUIRED,
                    "Only admins may do this: whoever runs the server makes one with `cinelibre users promote EMAIL`.",
                )
        await proceed(call)

    async def _authenticate(self, header: str | bytes) -> AuthenticatedUser:
        scheme, _, token = (header if isinstance(header, str) else header.decode("latin-1")).partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise DomainError(
                grpc.StatusCode.UNAUTHENTICATED,
                errors_pb2.ERROR_REASON_TOKEN_INVALID,
                "The authorization header must be `Bearer <access_token>`.",
            )
        claims = self._tokens.verify(token.strip())
        user = await self._find_session_user(claims.session_id)
        if user is None or user.user_id != claims.user_id:
            raise DomainError(
                grpc.StatusCode.UNAUTHENTICATED,
                errors_pb2.ERROR_REASON_SESSION_REVOKED,
                "This session has ended: log in again.",
            )
        return AuthenticatedUser(claims.user_id, claims.session_id, user.is_admin)
