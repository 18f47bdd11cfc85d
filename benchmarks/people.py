"""Users who sign up through the API and rate what users of MovieLens 100K rated."""

import random
from dataclasses import dataclass

import grpc
from cinelibre.v1 import auth_pb2, auth_pb2_grpc, ratings_pb2, ratings_pb2_grpc

from benchmarks.catalogue import list_films, read_ratings
from benchmarks.stage import Stage

_RATINGS = range(20, 401)


@dataclass(frozen=True, slots=True)
class Person:
    """A signed-in user, and one of the items that were rated."""

    token: str
    rated_item_id: int


def sign_up(stage: Stage, count: int) -> list[Person]:
    """`count` users with 20 to 400 ratings each, in chance order."""
    histories = read_ratings(stage.movielens, list_films(stage.product))
    suitable = [user for user, ratings in sorted(histories.items()) if len(ratings) in _RATINGS]
    chosen = random.Random(2).sample(suitable, count)
    with grpc.insecure_channel(stage.product.grpc_target) as channel:
        auth = auth_pb2_grpc.AuthServiceStub(channel)
        ratings = ratings_pb2_grpc.RatingsServiceStub(channel)
        return [_sign_up(auth, ratings, user, histories[user]) for user in chosen]


def _sign_up(
    auth: auth_pb2_grpc.AuthServiceStub,
    ratings: ratings_pb2_grpc.RatingsServiceStub,
    user: int,
    history: list[tuple[int, float]],
) -> Person:
    request = auth_pb2.RegisterRequest(email=f"bench{user}@example.com", password=f"benchmark {user}")
    token = auth.Register(request).access_token
    metadata = (("authorization", f"Bearer {token}"),)
    for item_id, stars in history:
        ratings.RateItem(ratings_pb2.RateItemRequest(item_id=item_id, stars=stars), metadata=metadata)
    return Person(token, history[0][0])
