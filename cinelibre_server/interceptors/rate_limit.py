"""Bounds the calls of one client address with a token bucket."""

import time
from collections import OrderedDict
from dataclasses import dataclass

import grpc
from cinelibre.v1 import errors_pb2

from cinelibre_server.errors import DomainError
from cinelibre_server.interceptors.call import Call, Proceed

_MAX_CLIENTS = 20_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    refilled: float


class RateLimit:
    """`per_second` calls an address on average, `burst` at once; 0 per second means no limit.

    Envoy sets `x-envoy-external-address` and removes a client's own; callers without Envoy count by their peer address.
    """

    def __init__(self, per_second: float, burst: int) -> None:
        self._per_second = per_second
        self._burst = burst
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    async def __call__(self, call: Call, proceed: Proceed) -> None:
        if self._per_second > 0 and call.method.is_ours:
            self._take(_client_address(call))
        await proceed(call)

    def _take(self, address: str) -> None:
        now = time.monotonic()
        bucket = self._buckets.pop(address, None) or _Bucket(self._burst, now)
        bucket.tokens = min(self._burst, bucket.tokens + (now - bucket.refilled) * self._per_second)
        bucket.refilled = now
        self._buckets[address] = bucket
        if len(self._buckets) > _MAX_CLIENTS:
            self._buckets.popitem(last=False)
        if bucket.tokens < 1:
            raise DomainError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                errors_pb2.ERROR_REASON_RATE_LIMITED,
                "Too many calls from this address; wait a moment.",
                retry_after_seconds=(1 - bucket.tokens) / self._per_second,
            )
        bucket.tokens -= 1


def _client_address(call: Call) -> str:
    forwarded = call.metadata.get("x-envoy-external-address")
    if isinstance(forwarded, str) and forwarded:
        return forwarded
    return call.context.peer().rsplit(":", 1)[0]
