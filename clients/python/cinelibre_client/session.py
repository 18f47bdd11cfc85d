"""The tokens of the signed-in user and their exchange for new ones."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import grpc
from cinelibre.v1 import auth_pb2

from .errors import to_client_error

if TYPE_CHECKING:
    from cinelibre.v1.auth_pb2_grpc import AuthServiceAsyncStub


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a signed-in user holds. Both are secrets, so neither is shown in a repr."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)


class TokenPair(Protocol):
    """Any response that carries new tokens."""

    @property
    def access_token(self) -> str:
        """Sent with every call."""

    @property
    def refresh_token(self) -> str:
        """Exchanged once for the next pair."""


class Session:
    """Holds the tokens. However many calls need new ones at once, they are exchanged once."""

    def __init__(
        self,
        auth: "AuthServiceAsyncStub",
        tokens: Tokens | None,
        on_tokens: Callable[[Tokens], None] | None,
        *,
        timeout_seconds: float,
    ) -> None:
        self._auth = auth
        self._tokens = tokens
        self._on_tokens = on_tokens
        self._timeout_seconds = timeout_seconds
        self._exchange: asyncio.Task[None] | None = None

    @property
    def tokens(self) -> Tokens | None:
        """The pair in use; None while nobody is signed in."""
        return self._tokens

    def sign_in(self, pair: TokenPair) -> None:
        """Takes a response's tokens into use and hands them to `on_tokens`."""
        self._tokens = Tokens(pair.access_token, pair.refresh_token)
        if self._on_tokens is not None:
            self._on_tokens(self._tokens)

    def sign_out(self) -> None:
        """Forgets the tokens."""
        self._tokens = None

    async def renew(self, used: Tokens) -> None:
        """Replaces `used`, whose access token has expired, unless that was done already.

        Raises CineLibreError: ERROR_REASON_REFRESH_TOKEN_INVALID or _REUSED: the user has to log in again.
        """
        if self._tokens is not used:
            return
        if self._exchange is None:
            self._exchange = asyncio.create_task(self._exchange_tokens(used))
            self._exchange.add_done_callback(self._forget_exchange)
        # A caller that gives up must not stop it: a refresh token works once, and the answer holds the next.
        await asyncio.shield(self._exchange)

    async def settle(self) -> None:
        """Waits for an exchange that is under way, whatever comes of it."""
        if self._exchange is not None:
            await asyncio.wait([self._exchange])

    async def _exchange_tokens(self, used: Tokens) -> None:
        request = auth_pb2.RefreshTokenRequest(refresh_token=used.refresh_token)
        try:
            pair = await self._auth.RefreshToken(request, timeout=self._timeout_seconds)
        except grpc.aio.AioRpcError as error:
            raise to_client_error(error) from error
        # Whoever signed in or out meanwhile has the last word.
        if self._tokens is used:
            self.sign_in(pair)

    def _forget_exchange(self, _: "asyncio.Task[None]") -> None:
        self._exchange = None
