"""Whether a description from memory finds the film, by language."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cinelibre_server.embedding.runtime import Embedder
from cinelibre_server.ingest.embed import embed_missing
from cinelibre_server.progress import Progress
from cinelibre_server.recommend.evaluation.measures import reciprocal_rank
from cinelibre_server.store.catalog_load import MovieEntry, load_items
from cinelibre_server.store.database import Pool
from cinelibre_server.store.items import ItemFilter
from cinelibre_server.store.search import SearchStore

FILMS = Path("indian", "films.jsonl")
QUERIES = Path("search", "indic_dev.tsv")
TASK = "films described from memory"

_SOURCE = "evaluation"
_ALL = "all"
_LEAST_PLOT = 60
_CUTOFF = 10
_LISTED = "select external_id, item_id from item_external_ids where source = $1"


@dataclass(frozen=True, slots=True)
class Query:
    """`right` are the IMDb ids of the films it may mean."""

    language: str
    text: str
    right: frozenset[str]


@dataclass(frozen=True, slots=True)
class Result:
    """Means over the queries of a `group`: a language with its number of queries, or all."""

    group: str
    mrr: float
    recall: float


async def evaluate_search(pool: Pool, data: Path, embedder: Embedder, progress: Progress) -> list[Result]:
    """Loads and embeds the films that have a plot, and asks; a query scores by its best right film."""
    async with pool.acquire() as connection:
        await load_items(connection, _SOURCE, _films(data / FILMS), overwrite=True)
    await embed_missing(pool, embedder, progress)
    items = {row["external_id"]: row["item_id"] for row in await pool.fetch(_LISTED, _SOURCE)}
    store = SearchStore(pool)
    hits: defaultdict[str, list[list[bool]]] = defaultdict(list)
    for query in _queries(data / QUERIES):
        found = await store.semantic(await embedder.embed_query(query.text), ItemFilter(), _CUTOFF, None)
        right = {items[imdb_id] for imdb_id in query.right if imdb_id in items}
        places = [hit.item_id in right for hit in found]
        for group in (query.language, _ALL):
            hits[group].append(places + [False] * (_CUTOFF - len(places)))
    return [
        _result(f"{group} ({len(rows)})", rows)
        for group, rows in sorted(hits.items(), key=lambda entry: (entry[0] == _ALL, entry[0]))
    ]


def _result(group: str, rows: list[list[bool]]) -> Result:
    hits = np.array(rows)
    # Any one of the right films will do.
    return Result(group, float(reciprocal_rank(hits).mean()), float(hits.any(axis=1).mean()))


def _films(path: Path) -> list[MovieEntry]:
    films: dict[str, MovieEntry] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        row: defaultdict[str, Any] = defaultdict(lambda: None, json.loads(line))
        if row["imdb_id"] and row["title"] and len(row["plot"] or "") >= _LEAST_PLOT:
            films[row["imdb_id"]] = MovieEntry(
                external_id=row["imdb_id"],
                title=row["title"],
                original_title=row["original_title"] or row["title"],
                year=int(row["year"]) if row["year"] else None,
                language=row["language"] if len(row["language"] or "") == 2 else None,
                genres=tuple(filter(None, row["genres"] or ())),
                synopsis=row["plot"],
                directors=(row["director"],) if row["director"] else (),
                cast=tuple(filter(None, row["cast"] or ())),
            )
    return list(films.values())


def _queries(path: Path) -> Iterator[Query]:
    for line in path.read_text(encoding="utf-8").splitlines():
        language, text, right = line.split("\t")
        yield Query(language, text, frozenset(right.split(",")))
