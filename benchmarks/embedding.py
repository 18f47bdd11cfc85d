"""The embedding model alone: a short query on one thread, and passages of about 60 tokens on all."""

import asyncio
import os
import statistics
import time
from collections.abc import Sequence

from benchmarks.measurement import BenchmarkError, Measurement, at_least, at_most
from benchmarks.queries import distinct_queries
from benchmarks.recall import story_passages
from benchmarks.stage import Stage
from cinelibre_server.embedding.model import ensure_model
from cinelibre_server.embedding.runtime import Embedder

_QUERIES = 300
_PASSAGES = 600
_TOKENS = range(55, 66)


def measure(stage: Stage) -> list[Measurement]:
    """In this process, without a server."""
    files = ensure_model(stage.folder / "cache")
    on_one = Embedder(files, threads=1, cache_size=0)
    try:
        query_ms = statistics.median(asyncio.run(_embed_queries(on_one)))
        passages = _passages(on_one)
    finally:
        on_one.close()
    on_all = Embedder(files, threads=os.cpu_count() or 1, cache_size=0)
    try:
        begun = time.perf_counter()
        on_all.embed_passages_blocking(passages)
        seconds = time.perf_counter() - begun
    finally:
        on_all.close()
    return [
        at_most("embedding of a query of some 7 words, one thread: p50", query_ms, "ms", 9),
        at_least("embedding of passages of some 60 tokens, all cores", len(passages) / seconds, "passages/s", 25),
    ]


async def _embed_queries(embedder: Embedder) -> list[float]:
    times = []
    for query in distinct_queries("embedding", _QUERIES):
        begun = time.perf_counter()
        await embedder.embed_query(query)
        times.append((time.perf_counter() - begun) * 1000)
    return times


def _passages(embedder: Embedder) -> Sequence[str]:
    """Those of the starter catalogue, of the length that is asked for."""
    if embedder.tokenizer is None:
        raise BenchmarkError("the model has no tokenizer of ours: run the benchmark with the default model")
    texts = story_passages()
    lengths = [sum(encoding.attention_mask) for encoding in embedder.tokenizer.encode_batch(texts)]
    chosen = [text for text, length in zip(texts, lengths, strict=True) if length in _TOKENS]
    return (chosen * (1 + _PASSAGES // len(chosen)))[:_PASSAGES]
