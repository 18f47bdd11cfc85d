"""Personal recommendations: for users who only look, and for users who rate at the same time."""

from cinelibre.v1 import ratings_pb2, recommend_pb2

from benchmarks.load import CLIENTS, Client, grpc_client
from benchmarks.measurement import Measurement
from benchmarks.people import Person, sign_up
from benchmarks.stage import ROUNDS, Stage, compare_grpc, p95_measurements

# Each rater changes a rating of its user so often; two of them keep it going to and fro.
_CHANGES_PER_SECOND = 2
_STARS = (2.0, 4.5)


def measure(stage: Stage) -> list[Measurement]:
    """The p95 at eight clients, over gRPC; every client of every round is another user."""
    people = sign_up(stage, ROUNDS * CLIENTS)
    groups = [people[n::ROUNDS] for n in range(ROUNDS)]
    looking = compare_grpc(stage, [[_looks(person) for person in group] for group in groups])
    rating = compare_grpc(
        stage,
        [[_looks(person) for person in group] + [r for person in group for r in _rates(person)] for group in groups],
    )
    changes = CLIENTS * len(_STARS) * _CHANGES_PER_SECOND
    name = f"personalised, {changes} of the users' own ratings changed a second"
    return [
        *p95_measurements("personalised", looking, 40, looking.echo_p95()),
        Measurement(f"{name}: median", rating.quantile(0.5), "ms"),
        Measurement(f"{name}: p95", rating.quantile(0.95), "ms"),
    ]


def _looks(person: Person) -> Client:
    request = recommend_pb2.ListPersonalizedRequest()
    return grpc_client("cinelibre.v1.RecommendService/ListPersonalized", request, token=person.token)


def _rates(person: Person) -> list[Client]:
    return [
        grpc_client(
            "cinelibre.v1.RatingsService/RateItem",
            ratings_pb2.RateItemRequest(item_id=person.rated_item_id, stars=stars),
            token=person.token,
            per_second=_CHANGES_PER_SECOND,
        )
        for stars in _STARS
    ]
