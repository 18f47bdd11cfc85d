"""What the benchmarks need to know of the catalogue, asked of the product."""

import random
from pathlib import Path

import grpc
from cinelibre.v1 import catalog_pb2, catalog_pb2_grpc

from benchmarks.processes import Endpoints
from cinelibre_server.ingest.movielens_titles import parse_title


def list_films(product: Endpoints) -> list[catalog_pb2.Movie]:
    """All films, starter catalogue and MovieLens alike."""
    films: list[catalog_pb2.Movie] = []
    request = catalog_pb2.ListMoviesRequest(page_size=100)
    with grpc.insecure_channel(product.grpc_target) as channel:
        catalog = catalog_pb2_grpc.CatalogServiceStub(channel)
        while True:
            page = catalog.ListMovies(request)
            films += page.movies
            if not page.next_page_token:
                return films
            request.page_token = page.next_page_token


def sample_films(product: Endpoints, count: int) -> list[catalog_pb2.Movie]:
    """`count` of them, the same for the same catalogue."""
    return random.Random(1).sample(list_films(product), count)


def read_ratings(movielens: Path, films: list[catalog_pb2.Movie]) -> dict[int, list[tuple[int, float]]]:
    """The (item id, stars) that each user of MovieLens 100K gave, with the ids of the product."""
    ids = {(film.title, film.year): film.movie_id for film in films}
    item_ids: dict[str, int] = {}
    for line in (movielens / "u.item").read_text("latin-1").splitlines():
        ref, name, *_ = line.split("|")
        title = parse_title(name)
        if item_id := ids.get((title.title, title.year or 0)):
            item_ids[ref] = item_id
    ratings: dict[int, list[tuple[int, float]]] = {}
    for line in (movielens / "u.data").read_text().splitlines():
        user, ref, stars, _ = line.split("\t")
        if ref in item_ids:
            ratings.setdefault(int(user), []).append((item_ids[ref], float(stars)))
    return ratings
