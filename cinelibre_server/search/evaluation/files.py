"""Catalogues and queries for an evaluation, from files.

A catalogue is JSON lines with `title`, `plot` (or `synopsis`) and an id: `imdb_id`, `movie_id` or `id`; also read are
`original_title`, `year`, `language`, `genres`, `director`, `cast`. Queries are lines of language, query and right ids
(with commas, any of them will do) between tabs, or JSON lines with `text`, perhaps `title` and `language`, and
`movie_ids`.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cinelibre_server.errors import StartupError
from cinelibre_server.store.catalog_load import MovieEntry

LEAST_PLOT = 60
"""Items with a shorter plot are left out: they can't be found by it."""

_ID_FIELDS = ("imdb_id", "movie_id", "id")
_ANY_LANGUAGE = "all"
_COLUMNS = 3


@dataclass(frozen=True, slots=True)
class Query:
    """`right` are the external ids of the items it may mean."""

    language: str
    text: str
    right: frozenset[str]


def read_catalogue(path: Path) -> list[MovieEntry]:
    """The films with a plot; of several with one id the first.

    Raises:
        StartupError: no such file, or not JSON lines of this kind.
    """
    films: dict[str, MovieEntry] = {}
    for number, line in _lines(path):
        row = _json(path, number, line)
        found = next((str(row[name]) for name in _ID_FIELDS if row[name] not in (None, "")), None)
        plot = row["plot"] or row["synopsis"] or ""
        title = row["title"] or row["original_title"]
        if found and title and len(plot) >= LEAST_PLOT:
            films.setdefault(found, _film(found, title, plot, row))
    if not films:
        raise StartupError(f"{path} has no item with an id, a title and a plot of {LEAST_PLOT} characters or more")
    return list(films.values())


def read_queries(path: Path) -> list[Query]:
    """All queries.

    Raises:
        StartupError: no such file, or a line of another kind.
    """
    queries = [
        _from_json(_json(path, number, line)) if line.startswith("{") else _from_columns(path, number, line)
        for number, line in _lines(path)
    ]
    if not queries:
        raise StartupError(f"{path} has no queries")
    return queries


def _film(external_id: str, title: str, plot: str, row: dict[str, Any]) -> MovieEntry:
    language = row["language"] or ""
    return MovieEntry(
        external_id=external_id,
        title=title,
        original_title=row["original_title"] or title,
        year=_year(row["year"]),
        language=language if len(language) == 2 and language.isalpha() else None,
        genres=_texts(row["genres"]),
        synopsis=plot,
        directors=_texts(row["director"]),
        cast=_texts(row["cast"]),
    )


def _year(value: object) -> int | None:
    text = str(value or "").strip()
    return int(text) if text.isdigit() and 0 < int(text) <= 3000 else None


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,) if value else ()
    return tuple(str(part) for part in value if part) if isinstance(value, list) else ()


def _from_json(row: dict[str, Any]) -> Query:
    text = ". ".join(part for part in (row["title"], row["text"]) if part)
    return Query(row["language"] or _ANY_LANGUAGE, text, frozenset(str(right) for right in row["movie_ids"] or ()))


def _from_columns(path: Path, number: int, line: str) -> Query:
    columns = line.split("\t")
    if len(columns) != _COLUMNS or not columns[1].strip():
        raise StartupError(f"{path}, line {number}: expected language, query and right ids between tabs")
    return Query(columns[0], columns[1], frozenset(columns[2].split(",")))


def _json(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    if not isinstance(row, dict):
        raise StartupError(f"{path}, line {number}: expected a JSON object")
    return defaultdict(lambda: None, row)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield number, line.rstrip("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise StartupError(f"can't read {path}: {reason}") from None
