"""Search among 50,000 titles: queries that have to be embedded, queries that are known, and suggestions."""

import asyncio
import random
from urllib.parse import quote

from cinelibre.v1 import search_pb2

from benchmarks.load import CLIENTS, grpc_client, json_client
from benchmarks.measurement import Measurement
from benchmarks.processes import data_dir
from benchmarks.queries import distinct_paths, distinct_queries
from benchmarks.stage import ROUNDS, Stage, compare_grpc, compare_json, p95_measurements
from benchmarks.titles import TITLES, add_titles

_LEAST_TYPED, _MOST_TYPED = 3, 10
_PREFIXES_A_CLIENT = 300


def measure(stage: Stage) -> list[Measurement]:
    """The p95 at eight clients: cached over gRPC, the others through Envoy, where a client can vary its requests.

    All are set against the empty server over gRPC: the Envoy in between is at our cost.
    """
    titles = asyncio.run(add_titles(data_dir(stage.folder), TITLES))
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
    draw = random.Random(1)
    suggested = compare_json(
        stage,
        [
            [json_client([_typed(draw, titles) for _ in range(_PREFIXES_A_CLIENT)]) for _ in range(CLIENTS)]
            for _ in range(ROUNDS)
        ],
    )
    return [
        *p95_measurements("search, cached", cached, 8, cached.echo_p95()),
        *p95_measurements("search, uncached", uncached, 40, cached.echo_p95()),
        Measurement("search, uncached", uncached.per_second(), "req/s"),
        *p95_measurements("suggestions", suggested, 15, cached.echo_p95()),
    ]


def _typed(draw: random.Random, titles: list[str]) -> str:
    """The path that asks for a title of which some letters have been typed."""
    title = draw.choice(titles)
    return f"/search/suggest?q={quote(title[: draw.randint(_LEAST_TYPED, _MOST_TYPED)])}"
