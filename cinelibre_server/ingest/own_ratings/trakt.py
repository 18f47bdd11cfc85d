"""Trakt: the JSON of rated films, as its API and its export have it."""

import json
from collections.abc import Iterator
from typing import Any

from cinelibre_server.ingest.own_ratings.rows import (
    OwnRating,
    ParsedRow,
    RatingFormat,
    UnusableContent,
    UnusedRow,
    date_of,
)


def _recognises(text: str) -> bool:
    return text.lstrip()[:1] == "["


def _parse(text: str) -> Iterator[ParsedRow]:
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnusableContent(f"must be JSON as Trakt gives it, and this is none ({error})") from None
    if not isinstance(entries, list):
        raise UnusableContent("must be a JSON array of rated films, as Trakt gives it")
    for place, entry in enumerate(entries, start=1):
        yield _read(place, entry if isinstance(entry, dict) else {})


def _read(place: int, entry: dict[str, Any]) -> ParsedRow:
    movie = entry.get("movie")
    if not isinstance(movie, dict):
        for kind in ("episode", "season", "show"):
            if isinstance(entry.get(kind), dict):
                return UnusedRow(
                    place, _text(entry[kind].get("title")), "not supported", f"it is not a film but a {kind}"
                )
        return UnusedRow(place, "", "unreadable", "there is no movie in it")
    title, rating = _text(movie.get("title")), entry.get("rating")
    if type(rating) is not int or not 1 <= rating <= 10:
        return UnusedRow(place, title, "unreadable", "rating must be a whole number of 1 to 10")
    ids = movie.get("ids")
    known = ids if isinstance(ids, dict) else {}
    year = movie.get("year")
    return OwnRating(
        place,
        "movie",
        (title,) if title else (),
        year if type(year) is int and 0 < year <= 3000 else None,
        rating,
        date_of(_text(entry.get("rated_at"))),
        tuple((source, _text(known[source])) for source in ("imdb", "tmdb") if known.get(source)),
    )


def _text(value: object) -> str:
    return " ".join(str(value).split()) if isinstance(value, str | int) else ""


TRAKT = RatingFormat("trakt", "a JSON array of objects with rating and movie", _recognises, _parse)
