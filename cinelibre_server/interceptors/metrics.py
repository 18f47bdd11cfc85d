"""Counts and times every call by RPC and status code, rejected ones too."""

import asyncio
import functools
import time

import grpc
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from cinelibre_server.interceptors.call import Call, Proceed
from cinelibre_server.interceptors.errors import public_code

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class CallMetrics:
    """`cinelibre_rpc_total{rpc,code}`, `cinelibre_rpc_seconds{rpc}` and `cinelibre_rpc_running`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._total = Counter("cinelibre_rpc", "Calls by RPC and status code", ["rpc", "code"], registry=registry)
        self._seconds = Histogram(
            "cinelibre_rpc_seconds", "Time of a call by RPC", ["rpc"], registry=registry, buckets=_BUCKETS
        )
        self._running = Gauge("cinelibre_rpc_running", "Calls being answered", registry=registry)
        # Finding the child of a label costs more than counting does; there are few.
        self._total_of = functools.cache(self._total.labels)
        self._seconds_of = functools.cache(self._seconds.labels)

    async def __call__(self, call: Call, proceed: Proceed) -> None:
        started = time.perf_counter()
        code = grpc.StatusCode.OK
        self._running.inc()
        try:
            await proceed(call)
        except asyncio.CancelledError:
            code = grpc.StatusCode.CANCELLED
            raise
        except Exception as error:
            code = public_code(error, call)
            raise
        finally:
            self._running.dec()
            rpc = call.method.full_name
            self._total_of(rpc, code.name).inc()
            self._seconds_of(rpc).observe(time.perf_counter() - started)
