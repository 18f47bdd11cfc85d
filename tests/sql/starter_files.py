"""Starter files of a test's own, and what the catalogue keeps of an item's ids elsewhere."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cinelibre_server.store.database import Pool

FILM: Mapping[str, Any] = {
    "key": "dangal-2016",
    "title": "Dangal",
    "original_title": "दंगल",
    "year": 2016,
    "language": "hi",
    "genres": ["Drama", "Sport"],
    "directors": ["Nitesh Tiwari"],
    "cast": ["Aamir Khan", "Fatima Sana Shaikh"],
    "keywords": ["wrestling"],
    "synopsis": "A father trains his daughters to wrestle.",
    "runtime_minutes": 161,
    "imdb_id": "tt5074352",
}
SECOND_FILM: Mapping[str, Any] = {**FILM, "key": "sholay-1975", "title": "Sholay", "imdb_id": None}
BOOK: Mapping[str, Any] = {
    "key": "the-guide-1958",
    "title": "The Guide",
    "original_title": "The Guide",
    "year": 1958,
    "language": "en",
    "genres": ["Fiction"],
    "authors": ["R. K. Narayan"],
    "keywords": ["tourist guide"],
    "synopsis": "A tourist guide becomes a holy man.",
    "page_count": 220,
    "isbn13": "9780143039648",
    "openlibrary_id": "OL15834W",
}


def write_starter(folder: Path, films: Sequence[Mapping[str, Any]], books: Sequence[Mapping[str, Any]] = ()) -> Path:
    """The folder, with these films and books as its files."""
    for name, entries in (("movies", films), ("books", books)):
        text = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return folder


async def external_ids(pool: Pool, item_id: int) -> set[tuple[str, str]]:
    """Source and id there."""
    found = await pool.fetch("select source, external_id from item_external_ids where item_id = $1", item_id)
    return {(row["source"], row["external_id"]) for row in found}
