"""Loads the catalogue that ships with the program: films and books in ingest/starter/*.jsonl."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cinelibre_server.store.catalog_load import BookEntry, LoadCounts, MovieEntry, load_items
from cinelibre_server.store.database import Pool
from cinelibre_server.store.embeddings import Passage

SOURCE = "starter"
_FOLDER = Path(__file__).parent / "starter"


async def load_starter(pool: Pool, folder: Path = _FOLDER) -> LoadCounts:
    """Brings the catalogue to what the starter files say; rows that already agree are not written.

    In an empty catalogue the items get the ids 1, 2, ... in the order of the files, films first. An item that
    left the files stays in the catalogue, because people may have rated it.
    """
    async with pool.acquire() as connection:
        return await load_items(connection, SOURCE, list(_entries(folder)), overwrite=True)


def starter_passages(folder: Path = _FOLDER) -> Iterator[Passage]:
    """What the embeddings of the catalogue are made from; ids as in an empty database."""
    for item_id, entry in enumerate(_entries(folder), 1):
        people = entry.directors + entry.cast if isinstance(entry, MovieEntry) else entry.authors
        yield Passage(
            item_id, entry.title, entry.original_title, entry.year, people, entry.genres, entry.keywords, entry.synopsis
        )


def _entries(folder: Path) -> Iterator[MovieEntry | BookEntry]:
    yield from _movies(folder / "movies.jsonl")
    yield from _books(folder / "books.jsonl")


def _movies(path: Path) -> Iterator[MovieEntry]:
    for row in _rows(path):
        yield MovieEntry(
            **_common(row),
            directors=tuple(row["directors"]),
            cast=tuple(row["cast"]),
            runtime_minutes=row["runtime_minutes"],
            imdb_id=row["imdb_id"],
        )


def _books(path: Path) -> Iterator[BookEntry]:
    for row in _rows(path):
        yield BookEntry(
            **_common(row),
            authors=tuple(row["authors"]),
            page_count=row["page_count"],
            isbn13=row["isbn13"],
            openlibrary_id=row["openlibrary_id"],
        )


def _common(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "external_id": row["key"],
        "title": row["title"],
        "original_title": row["original_title"],
        "year": row["year"],
        "language": row["language"],
        "genres": tuple(row["genres"]),
        "keywords": tuple(row["keywords"]),
        "synopsis": row["synopsis"],
    }


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
