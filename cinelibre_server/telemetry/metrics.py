"""The Prometheus endpoint and the gauges that are read when it is asked."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    start_http_server,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from cinelibre_server.embedding.runtime import Embedder
from cinelibre_server.errors import StartupError
from cinelibre_server.store.database import Pool


class StateCollector(Collector):
    """The pool and the embedding cache at the moment of asking."""

    def __init__(self, pool: Pool, embedder: Embedder) -> None:
        self._pool = pool
        self._embedder = embedder

    def collect(self) -> Iterator[Metric]:
        pool = GaugeMetricFamily("cinelibre_pool_connections", "Database connections", labels=["state"])
        idle = self._pool.get_idle_size()
        pool.add_metric(["idle"], idle)
        pool.add_metric(["busy"], self._pool.get_size() - idle)
        yield pool
        cache = self._embedder.cache_stats
        lookups = CounterMetricFamily("cinelibre_query_cache_lookups", "Query embeddings looked up", labels=["result"])
        lookups.add_metric(["hit"], cache.hits)
        lookups.add_metric(["miss"], cache.misses)
        yield lookups
        yield GaugeMetricFamily("cinelibre_query_cache_entries", "Query embeddings kept", value=cache.size)


@dataclass(frozen=True, slots=True)
class MetricsEndpoint:
    """A running /metrics server."""

    port: int
    _server: Any
    _thread: Any

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def new_registry() -> CollectorRegistry:
    """A registry with the process's own figures; one for each server, so that tests don't share counters."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def start_metrics_endpoint(registry: CollectorRegistry, host: str, port: int) -> MetricsEndpoint:
    """Serves `registry` at http://host:port/metrics; port 0 picks a free one.

    Raises:
        StartupError: the port is taken.
    """
    try:
        server, thread = start_http_server(port, addr=host, registry=registry)
    except OSError:
        raise StartupError(
            f"port {port} of the metrics endpoint is taken: stop the other program or set CINELIBRE_METRICS_PORT"
        ) from None
    return MetricsEndpoint(server.server_port, server, thread)
