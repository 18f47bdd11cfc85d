"""Asks a scratch database all queries in three ways, one of them through the gRPC API, and measures the answers."""

import json
import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import grpc
import numpy as np
from cinelibre.v1 import search_pb2, search_pb2_grpc

from cinelibre_server.app import start_server
from cinelibre_server.config import load_settings
from cinelibre_server.embedding.runtime import Embedder
from cinelibre_server.ingest.embed import embed_missing
from cinelibre_server.progress import Progress
from cinelibre_server.recommend.evaluation.measures import ndcg, reciprocal_rank
from cinelibre_server.recommend.evaluation.scratch import scratch_cluster
from cinelibre_server.search.engine import open_engine, words_alone
from cinelibre_server.search.evaluation.files import Query
from cinelibre_server.search.reading import read_query
from cinelibre_server.store.catalog_load import MovieEntry, load_items
from cinelibre_server.store.database import Pool, open_pool
from cinelibre_server.store.migrate import migrate
from cinelibre_server.store.search import Question, SearchFilter, SearchStore

WAYS = ("dense only", "lexical only", "served")
ALL = "all"

_SOURCE = "evaluation"
_LISTED = "select external_id, item_id from item_external_ids where source = $1"
_DEPTH, _CUTOFF = 100, 10
_STATEMENT_SECONDS = 3600.0

Ask = Callable[[Query], Awaitable[Sequence[int]]]


@dataclass(frozen=True, slots=True)
class Result:
    """Means over `queries` queries of one language, or of all; `way` is one of WAYS."""

    way: str
    language: str
    queries: int
    mrr_at_10: float
    recall_at_10: float
    recall_at_100: float
    ndcg_at_10: float


async def evaluate(
    films: Sequence[MovieEntry], queries: Sequence[Query], embedder: Embedder, progress: Progress
) -> list[Result]:
    """Loads and embeds the films in a database of its own and asks. A query scores by its right items that are there.

    Queries none of whose right items are in the catalogue are left out.
    """
    async with scratch_cluster() as cluster, cluster.database() as url:
        await migrate(url)
        pool = await open_pool(url, size=3, statement_timeout_seconds=_STATEMENT_SECONDS)
        try:
            async with pool.acquire() as connection:
                await load_items(connection, _SOURCE, list(films), overwrite=True)
            await embed_missing(pool, embedder, progress)
            return await _ask_all(pool, url, queries, embedder, progress)
        finally:
            await pool.close()


def write_json(results: Sequence[Result], path: Path) -> None:
    """A list of results, their fields as they are named."""
    path.write_text(json.dumps([asdict(result) for result in results], indent=2) + "\n", encoding="utf-8")


async def _ask_all(
    pool: Pool, url: str, queries: Sequence[Query], embedder: Embedder, progress: Progress
) -> list[Result]:
    items = {row["external_id"]: row["item_id"] for row in await pool.fetch(_LISTED, _SOURCE)}
    asked = [query for query in queries if any(right in items for right in query.right)]
    store = SearchStore(pool, embedder.identity.fingerprint)
    engine = await open_engine(store, embedder)

    async def by_meaning(query: Query) -> Sequence[int]:
        return await _found(store, await engine.meaning_alone(read_query(query.text)))

    async def by_words(query: Query) -> Sequence[int]:
        return await _found(store, words_alone(read_query(query.text)))

    settings = load_settings(
        environment="local", database_url=url, jwt_keys=f"evaluation:{secrets.token_hex(32)}", grpc_port=0,
        metrics_port=-1, request_timeout_seconds=60,
    )  # fmt: skip
    server = await start_server(settings, embedder)
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
            service: search_pb2_grpc.SearchServiceAsyncStub = search_pb2_grpc.SearchServiceStub(channel)

            async def as_served(query: Query) -> Sequence[int]:
                answer = await service.SemanticSearch(search_pb2.SemanticSearchRequest(q=query.text, limit=_DEPTH))
                return [hit.item.item_id for hit in answer.hits]

            results: list[Result] = []
            for way, ask in zip(WAYS, (by_meaning, by_words, as_served), strict=True):
                with progress(f"Asking: {way}", len(asked), "queries") as step:
                    hits: defaultdict[str, list[list[bool]]] = defaultdict(list)
                    rights: defaultdict[str, list[int]] = defaultdict(list)
                    for query in asked:
                        right = {items[external_id] for external_id in query.right if external_id in items}
                        places = [item_id in right for item_id in await ask(query)]
                        for group in dict.fromkeys((query.language, ALL)):
                            hits[group].append(places + [False] * (_DEPTH - len(places)))
                            rights[group].append(len(right))
                        step.advance(1)
                results += [_result(way, group, hits[group], rights[group]) for group in sorted(hits, key=_order)]
            return results
    finally:
        await server.stop()


async def _found(store: SearchStore, question: Question) -> Sequence[int]:
    return [hit.item_id for hit in await store.search(question, SearchFilter(), _DEPTH, None)]


def _order(language: str) -> tuple[bool, str]:
    return language == ALL, language


def _result(way: str, language: str, rows: list[list[bool]], right: list[int]) -> Result:
    hits, counts = np.array(rows), np.array(right)
    return Result(
        way,
        language,
        len(rows),
        mrr_at_10=float(reciprocal_rank(hits[:, :_CUTOFF]).mean()),
        # Any one of the right items will do.
        recall_at_10=float(hits[:, :_CUTOFF].any(axis=1).mean()),
        recall_at_100=float(hits.any(axis=1).mean()),
        ndcg_at_10=float(ndcg(hits, counts, _CUTOFF).mean()),
    )
