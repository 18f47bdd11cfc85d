"""One film by its id: how much of an empty server's throughput is left."""

from cinelibre.v1 import catalog_pb2

from benchmarks.catalogue import sample_films
from benchmarks.load import CLIENTS, grpc_client, json_client
from benchmarks.measurement import Measurement, at_least
from benchmarks.stage import ROUNDS, Comparison, Stage, compare_grpc, compare_json

_LEAST_SHARE = 0.60


def measure(stage: Stage) -> list[Measurement]:
    """Answers a second over gRPC and through Envoy; every client of every round asks for another film."""
    films = sample_films(stage.product, ROUNDS * CLIENTS)
    ids = [[film.movie_id for film in films[n::ROUNDS]] for n in range(ROUNDS)]
    over_grpc = compare_grpc(
        stage,
        [
            [
                grpc_client("cinelibre.v1.CatalogService/GetMovie", catalog_pb2.GetMovieRequest(movie_id=id))
                for id in row
            ]
            for row in ids
        ],
    )
    through_envoy = compare_json(stage, [[json_client([f"/movies/{id}"]) for id in row] for row in ids])
    return [*_share("GetMovie over gRPC", over_grpc), *_share("GET /movies/{id} through Envoy", through_envoy)]


def _share(name: str, comparison: Comparison) -> list[Measurement]:
    rate, empty = comparison.per_second(), comparison.echo_per_second()
    return [
        Measurement(f"{name}: empty server", empty, "req/s"),
        Measurement(name, rate, "req/s"),
        at_least(f"{name} / empty server", rate / empty, "x", _LEAST_SHARE),
    ]
