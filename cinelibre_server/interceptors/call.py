"""One call on its way through the interceptors."""

from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import grpc
from cinelibre.v1 import access_pb2, errors_pb2
from google.protobuf.descriptor import MethodDescriptor

from cinelibre_server.errors import DomainError


@dataclass(frozen=True, slots=True)
class AuthenticatedUser:
    """Who calls: an existing user in a session that is neither ended nor expired."""

    user_id: int
    session_id: UUID
    is_admin: bool = False


@dataclass(frozen=True, slots=True)
class MethodInfo:
    """What the contract says about the called method. Methods of other contracts (health, reflection) are public."""

    full_name: str
    needs_user: bool
    needs_admin: bool
    is_ours: bool
    request_streaming: bool
    response_streaming: bool
    parse: Callable[[bytes], Any]

    @classmethod
    def from_descriptor(cls, full_name: str, descriptor: MethodDescriptor | None, handler: Any) -> "MethodInfo":
        """The facts of `/package.Service/Method`; `descriptor` is None for what is not in our contract."""
        access = descriptor.GetOptions().Extensions[access_pb2.access] if descriptor else access_pb2.ACCESS_PUBLIC
        return cls(
            full_name=full_name,
            needs_user=access != access_pb2.ACCESS_PUBLIC,
            needs_admin=access == access_pb2.ACCESS_ADMIN,
            is_ours=descriptor is not None,
            request_streaming=handler.request_streaming,
            response_streaming=handler.response_streaming,
            parse=handler.request_deserializer or bytes,
        )


@dataclass(slots=True)
class Call:
    """The state that interceptors add to.

    `request` is a message, or an async iterator of them for a streaming request; bytes until Validation has parsed it.
    """

    method: MethodInfo
    context: grpc.aio.ServicerContext[Any, Any]
    request: Any
    metadata: Mapping[str, str | bytes]
    request_id: str = ""
    user: AuthenticatedUser | None = None
    response: Any = None


Proceed = Callable[[Call], Awaitable[None]]


class Interceptor(Protocol):
    """One concern: does its part, and calls `proceed` for the rest of the chain, or raises."""

    async def __call__(self, call: Call, proceed: Proceed) -> None: ...


_current_user: ContextVar[AuthenticatedUser | None] = ContextVar("current_user", default=None)


def set_current_user(user: AuthenticatedUser | None) -> None:
    """Makes the caller known to the handler that runs in this task."""
    _current_user.set(user)


def find_current_user() -> AuthenticatedUser | None:
    """The caller, or None for an anonymous call of a public RPC."""
    return _current_user.get()


def current_user() -> AuthenticatedUser:
    """The caller of an RPC that needs a user.

    Raises:
        DomainError: UNAUTHENTICATED; the interceptor has refused such a call before, so this is the second lock.
    """
    user = _current_user.get()
    if user is None:
        raise DomainError(
            grpc.StatusCode.UNAUTHENTICATED,
            errors_pb2.ERROR_REASON_TOKEN_MISSING,
            "Sign in first: send `authorization: Bearer <access_token>`.",
        )
    return user
