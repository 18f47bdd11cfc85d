"""Popular and similar items: what every visitor sees, with no account."""

from cinelibre.v1 import catalog_pb2, recommend_pb2

from benchmarks.catalogue import sample_films
from benchmarks.load import CLIENTS, grpc_client
from benchmarks.measurement import Measurement
from benchmarks.stage import ROUNDS, Stage, compare_grpc, p95_measurements

# One for each client: the plain list and the filters a page offers.
_POPULAR = (
    recommend_pb2.ListPopularRequest(),
    recommend_pb2.ListPopularRequest(limit=50),
    recommend_pb2.ListPopularRequest(window=recommend_pb2.POPULAR_WINDOW_30_DAYS),
    recommend_pb2.ListPopularRequest(item_type=catalog_pb2.ITEM_TYPE_MOVIE),
    recommend_pb2.ListPopularRequest(item_type=catalog_pb2.ITEM_TYPE_BOOK),
    recommend_pb2.ListPopularRequest(languages=["hi"]),
    recommend_pb2.ListPopularRequest(genres=["Drama"]),
    recommend_pb2.ListPopularRequest(year_from=1990, year_to=1999),
)


def measure(stage: Stage) -> list[Measurement]:
    """The p95 of both at eight clients, over gRPC."""
    popular = compare_grpc(
        stage,
        [[grpc_client("cinelibre.v1.RecommendService/ListPopular", request) for request in _POPULAR]] * ROUNDS,
    )
    films = sample_films(stage.product, ROUNDS * CLIENTS)
    requests = [recommend_pb2.ListSimilarRequest(item_type="movie", item_id=film.movie_id) for film in films]
    clients = [grpc_client("cinelibre.v1.RecommendService/ListSimilar", request) for request in requests]
    similar = compare_grpc(stage, [clients[n::ROUNDS] for n in range(ROUNDS)])
    return [
        *p95_measurements("popular", popular, 10, popular.echo_p95()),
        *p95_measurements("similar", similar, 15, similar.echo_p95()),
    ]
