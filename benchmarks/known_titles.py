"""Titles that somebody knows, among 50,000: as they are, in their own script, in another spelling, with one typo."""

import asyncio
import random
from collections.abc import Callable

import grpc
from cinelibre.v1 import catalog_pb2, search_pb2, search_pb2_grpc

from benchmarks.catalogue import list_films
from benchmarks.measurement import Measurement, at_least
from benchmarks.processes import data_dir
from benchmarks.stage import Stage
from benchmarks.titles import TITLES, add_titles
from cinelibre_server.search.romanization import romanize, script_of

_FILMS = 500
_HITS = 3
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_LEAST_LETTERS = 4


def measure(stage: Stage) -> list[Measurement]:
    """The share of the starter catalogue's films that are among the first three hits, or one of the same title is."""
    draw = random.Random(3)
    # Only the starter catalogue tells titles in their own script.
    films = [film for film in list_films(stage.product) if script_of(film.original_title)]
    sample = draw.sample(films, min(_FILMS, len(films)))
    asyncio.run(add_titles(data_dir(stage.folder), TITLES))
    forms: dict[str, Callable[[catalog_pb2.Movie], str]] = {
        "as it is": lambda film: film.title,
        "in its own script": lambda film: film.original_title,
        "spelled by its own script": lambda film: romanize(film.original_title),
        "with one typo": lambda film: _mistyped(draw, film.title),
    }
    with grpc.insecure_channel(stage.product.grpc_target) as channel:
        search = search_pb2_grpc.SearchServiceStub(channel)
        return [
            at_least(
                f"title {name}: success@{_HITS} of {len(sample)} films",
                sum(_is_found(search, form(film), film) for film in sample) / len(sample),
                "", 0.97,
            )
            for name, form in forms.items()
        ]  # fmt: skip


def _is_found(search: search_pb2_grpc.SearchServiceStub, query: str, film: catalog_pb2.Movie) -> bool:
    answer = search.SemanticSearch(search_pb2.SemanticSearchRequest(q=query, limit=_HITS))
    return any(film.title in (hit.item.movie.title, hit.item.book.title) for hit in answer.hits)


def _mistyped(draw: random.Random, title: str) -> str:
    """With a letter left out, put in, replaced, or swapped with the next; titles of few letters stay."""
    places = [place for place in range(1, len(title) - 1) if title[place : place + 2].isalpha()]
    if len(title) < _LEAST_LETTERS or not places:
        return title
    place, letter = draw.choice(places), draw.choice(_LETTERS)
    return draw.choice(
        (
            title[:place] + title[place + 1 :],
            title[:place] + letter + title[place:],
            title[:place] + letter + title[place + 1 :],
            title[:place] + title[place + 1] + title[place] + title[place + 2 :],
        )
    )
