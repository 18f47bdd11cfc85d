"""Semantic search: queries that have to be embedded, and queries whose embedding is kept."""

from cinelibre.v1 import search_pb2

from benchmarks.load import CLIENTS, grpc_client, json_client
from benchmarks.measurement import Measurement
from benchmarks.queries import distinct_paths, distinct_queries
from benchmarks.stage import ROUNDS, Stage, compare_grpc, compare_json, p95_measurements


def measure(stage: Stage) -> list[Measurement]:
    """The p95 at eight clients: cached over gRPC, uncached through Envoy, as only there a client can vary its request.

    Both are set against the empty server over gRPC: the Envoy in between is at our cost.
    """
    queries = distinct_queries("cached", ROUNDS * CLIENTS)
    clients = [
        grpc_client("cinelibre.v1.SearchService/SemanticSearch", search_pb2.SemanticSearchRequest(q=query))
        for query in queries
    ]
    cached = compare_grpc(stage, [clients[n::ROUNDS] for n in range(ROUNDS)])
    uncached = compare_json(
        stage,
        [[json_client(paths) for paths in distinct_paths(f"uncached {n}", CLIENTS)] for n in range(ROUNDS)],
    )
    return [
        *p95_measurements("search, cached", cached, 12, cached.echo_p95()),
        *p95_measurements("search, uncached", uncached, 60, cached.echo_p95()),
        Measurement("search, uncached", uncached.per_second(), "req/s"),
    ]
