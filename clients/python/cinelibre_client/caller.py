"""Makes calls: tokens, deadline, retries, refresh, errors."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from typing import TypeVar

import grpc

from .errors import CineLibreError, to_client_error
from .session import Session, Tokens

_Request = TypeVar("_Request")
_Response = TypeVar("_Response")

# The longest wait before the n-th repetition is FIRST * 2^(n-1) seconds, at most LONGEST. The wait is drawn
# from 0 to that, so that clients don't come back all at once ("full jitter", AWS Architecture Blog, 2015).
_FIRST_BACKOFF_SECONDS = 0.2
_LONGEST_BACKOFF_SECONDS = 5.0

# The server gives streams six times the time of other calls.
_STREAM_FACTOR = 6

_RETRIED_CODES = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.ABORTED})
# The server's word that it did nothing: then even a call that isn't idempotent may be repeated.
_NOTHING_DONE = frozenset(
    {"ERROR_REASON_RATE_LIMITED", "ERROR_REASON_CONCURRENT_UPDATE", "ERROR_REASON_SERVER_NOT_READY"}
)
_TOKEN_EXPIRED = "ERROR_REASON_TOKEN_EXPIRED"  # noqa: S105 the name of a reason, not a secret


class Caller:
    """Makes the calls of one client."""

    def __init__(self, session: Session, *, timeout_seconds: float, retries: int) -> None:
        self._session = session
        self._timeout_seconds = timeout_seconds
        self._retries = retries

    async def unary(
        self,
        rpc: "grpc.aio.UnaryUnaryMultiCallable[_Request, _Response]",
        request: _Request,
        *,
        signed_in: bool = False,
        idempotent: bool = True,
    ) -> _Response:
        """Calls until there is an answer, or an error that a repetition wouldn't mend, or the time is over.

        signed_in: send the access token. idempotent: a second call after a lost answer does no harm.
        Raises CineLibreError.
        """
        attempts = self._begin(self._timeout_seconds, signed_in=signed_in, idempotent=idempotent)
        while True:
            try:
                return await rpc(request, timeout=attempts.remaining(), metadata=attempts.metadata())
            except grpc.aio.AioRpcError as error:
                await attempts.recover(error)

    async def upload(
        self, rpc: "grpc.aio.StreamUnaryMultiCallable[_Request, _Response]", requests: Sequence[_Request]
    ) -> _Response:
        """The same for a signed-in, idempotent call with a stream of requests; a repetition sends them all again."""
        attempts = self._begin(self._timeout_seconds * _STREAM_FACTOR, signed_in=True, idempotent=True)
        while True:
            try:
                return await rpc(_each(requests), timeout=attempts.remaining(), metadata=attempts.metadata())
            except grpc.aio.AioRpcError as error:
                await attempts.recover(error)

    async def stream(
        self, rpc: "grpc.aio.UnaryStreamMultiCallable[_Request, _Response]", request: _Request
    ) -> AsyncIterator[_Response]:
        """The same for a signed-in, idempotent call with a stream of answers; never repeated midway."""
        attempts = self._begin(self._timeout_seconds * _STREAM_FACTOR, signed_in=True, idempotent=True)
        started = False
        while True:
            call = rpc(request, timeout=attempts.remaining(), metadata=attempts.metadata())
            try:
                async for message in call:
                    started = True
                    yield message
                return
            except grpc.aio.AioRpcError as error:
                if started:
                    raise to_client_error(error) from error
                await attempts.recover(error)
            finally:
                call.cancel()

    def _begin(self, seconds: float, *, signed_in: bool, idempotent: bool) -> "_Attempts":
        return _Attempts(
            self._session,
            deadline=time.monotonic() + seconds,
            retries=self._retries,
            signed_in=signed_in,
            idempotent=idempotent,
        )


class _Attempts:
    """The attempts at one call."""

    def __init__(self, session: Session, *, deadline: float, retries: int, signed_in: bool, idempotent: bool) -> None:
        self._session = session
        self._deadline = deadline
        self._retries = retries
        self._signed_in = signed_in
        self._idempotent = idempotent
        self._retried = 0
        self._renewed = False
        self._used: Tokens | None = None

    def remaining(self) -> float:
        """Seconds until the deadline of all attempts together."""
        return max(self._deadline - time.monotonic(), 0)

    def metadata(self) -> tuple[tuple[str, str], ...]:
        """The metadata of the next attempt."""
        self._used = self._session.tokens if self._signed_in else None
        return (("authorization", f"Bearer {self._used.access_token}"),) if self._used else ()

    async def recover(self, error: grpc.aio.AioRpcError) -> None:
        """Returns when the call may be made again; otherwise raises the error as CineLibreError."""
        failure = to_client_error(error)
        if failure.reason == _TOKEN_EXPIRED and self._used is not None and not self._renewed:
            await self._renew(self._used, failure)
            return
        delay = self._delay(failure)
        if delay is None or delay >= self.remaining():
            raise failure from error
        self._retried += 1
        await asyncio.sleep(delay)

    async def _renew(self, used: Tokens, failure: CineLibreError) -> None:
        self._renewed = True
        try:
            async with asyncio.timeout(self.remaining()):
                await self._session.renew(used)
        except TimeoutError:
            raise failure from None

    def _delay(self, failure: CineLibreError) -> float | None:
        """Seconds to wait before the next attempt; None if there must be none."""
        repeatable = failure.reason in _NOTHING_DONE or (self._idempotent and failure.code in _RETRIED_CODES)
        if not repeatable or self._retried >= self._retries:
            return None
        longest = min(_FIRST_BACKOFF_SECONDS * 2**self._retried, _LONGEST_BACKOFF_SECONDS)
        return (failure.retry_after or 0) + random.uniform(0, longest)  # noqa: S311 it spreads load, it hides nothing


async def _each(requests: Sequence[_Request]) -> AsyncIterator[_Request]:
    for request in requests:
        yield request
