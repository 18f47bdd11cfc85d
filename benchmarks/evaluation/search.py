"""Whether a description from memory finds the film, by language."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.evaluation.scores import CUTOFF, Result, reciprocal_rank
from cinelibre_server.embedding.runtime import Embedder
from cinelibre_server.ingest.embed import embed_missing
from cinelibre_server.progress import Progress
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
_LISTED = "select external_id, item_id from item_external_ids where source = $1"


@dataclass(frozen=True, slots=True)
class Query:
    """`right` are the IMDb ids of the films it may mean."""

    language: str
    text: str
    right: frozenset[str]


async def evaluate_search(pool: Pool, data: Path, embedder: Embedder, progress: Progress) -> list[Result]:
    """Loads and embeds the films that have a plot, and asks; a query scores by its best right film."""
    async with pool.acquire() as connection:
        await load_items(connection, _SOURCE, _films(data / FILMS), overwrite=True)
    await embed_missing(pool, embedder, progress)
    items = {row["external_id"]: row["item_id"] for row in await pool.fetch(_LISTED, _SOURCE)}
    store = SearchStore(pool)
    ranks: defaultdict[str, list[float]] = defaultdict(list)
    for query in _queries(data / QUERIES):
        found = await store.semantic(await embedder.embed_query(query.text), ItemFilter(), CUTOFF, None)
        right = {items[imdb_id] for imdb_id in query.right if imdb_id in items}
        for group in (query.language, _ALL):
            ranks[group].append(reciprocal_rank([hit.item_id for hit in found], right))
    return [
        # Any one of the right films will do.
        Result(TASK, f"{group} ({len(values)})", {"MRR@10": mean(values), "Recall@10": mean(map(bool, values))})
        for group, values in sorted(ranks.items(), key=lambda entry: (entry[0] == _ALL, entry[0]))
    ]


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
