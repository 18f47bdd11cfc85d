"""The one embedding runtime: fastembed on ONNX Runtime, on threads of its own, off the event loop."""

import asyncio
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import numpy as np
from fastembed import TextEmbedding
from fastembed.common.model_description import ModelSource, PoolingType
from fastembed.text.onnx_embedding import OnnxTextEmbedding
from numpy.typing import NDArray
from tokenizers import Tokenizer

from cinelibre_server.embedding.model import ModelFiles, ModelIdentity
from cinelibre_server.embedding.query_cache import CacheStats, QueryCache
from cinelibre_server.embedding.unigram import UnigramTokenizer
from cinelibre_server.errors import StartupError

# Padded characters of a batch, about 500 tokens: more is no faster and costs memory.
_BATCH_CHARACTERS = 2048


class Embedder:
    """Turns queries and passages into L2-normalised float32 vectors. Belongs to one event loop.

    Inference runs on `parallel` threads, in order of arrival; passages come in small batches, one at a time,
    so that a query waits for one batch at most.
    """

    def __init__(self, files: ModelFiles, *, threads: int = 1, parallel: int = 1, cache_size: int = 2048) -> None:
        """Loads the model (about 0.3 s, blocking).

        `parallel` texts or batches are embedded at the same time, each on `threads` threads of ONNX Runtime;
        `cache_size` counts queries.

        Raises:
            StartupError: the model's files cannot be loaded.
        """
        self._files = files
        self._engine = _load_engine(files, threads)
        self._cache = QueryCache(cache_size)
        self._executor = ThreadPoolExecutor(max_workers=parallel, thread_name_prefix="embedding")

    @property
    def identity(self) -> ModelIdentity:
        return self._files.identity

    @property
    def tokenizer(self) -> UnigramTokenizer | None:
        """The default model's tokenizer, which knows its words; None for another model."""
        tokenizer: object = cast(OnnxTextEmbedding, self._engine.model).tokenizer
        return tokenizer if isinstance(tokenizer, UnigramTokenizer) else None

    @property
    def cache_stats(self) -> CacheStats:
        """Counters of the query cache, for metrics."""
        return self._cache.stats

    async def embed_query(self, text: str) -> NDArray[np.float32]:
        """The vector of a search query: float32[dimensions], read-only. Past 512 tokens text is ignored."""
        text = _normalize(text)
        return await self._cache.get(text, lambda: self._start_query(text))

    async def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of catalogue texts, in their order: float32[len(texts), dimensions]."""
        loop = asyncio.get_running_loop()
        prepared, vectors = self._prepare(texts)
        for batch in _batches(prepared):
            vectors[batch] = await loop.run_in_executor(self._executor, self._embed, [prepared[i] for i in batch])
        return vectors

    def embed_passages_blocking(
        self, texts: Sequence[str], report: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """The same for callers without an event loop; `report` gets the number of texts done in each step."""
        prepared, vectors = self._prepare(texts)
        for batch in _batches(prepared):
            vectors[batch] = self._executor.submit(self._embed, [prepared[i] for i in batch]).result()
            if report is not None:
                report(len(batch))
        return vectors

    def close(self) -> None:
        """Drops what waits, lets the running batch end, and stops the thread. It may be called again."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _prepare(self, texts: Sequence[str]) -> tuple[list[str], NDArray[np.float32]]:
        prepared = [self._files.passage_prefix + _normalize(text) for text in texts]
        return prepared, np.empty((len(prepared), self.identity.dimensions), dtype=np.float32)

    def _start_query(self, text: str) -> asyncio.Future[NDArray[np.float32]]:
        prefixed = self._files.query_prefix + text
        return asyncio.get_running_loop().run_in_executor(self._executor, self._embed_one, prefixed)

    def _embed_one(self, text: str) -> NDArray[np.float32]:
        vector = np.asarray(next(iter(self._engine.query_embed(text))), dtype=np.float32)
        vector.flags.writeable = False
        return vector

    def _embed(self, texts: list[str]) -> NDArray[np.float32]:
        return np.stack(list(self._engine.passage_embed(texts, batch_size=len(texts)))).astype(np.float32)


def _normalize(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split())


def _batches(texts: Sequence[str]) -> Iterator[list[int]]:
    """Indices of texts of like length, so that little of a batch is padding; the longest come first."""
    batch: list[int] = []
    for index in sorted(range(len(texts)), key=lambda i: len(texts[i]), reverse=True):
        if batch and (len(batch) + 1) * len(texts[batch[0]]) > _BATCH_CHARACTERS:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def _load_engine(files: ModelFiles, threads: int) -> TextEmbedding:
    name = files.fastembed_name or _register(files)
    try:
        engine = TextEmbedding(
            name,
            cache_dir=str(files.folder),
            threads=threads,
            lazy_load=True,
            local_files_only=True,
            specific_model_path=str(files.folder),
            # The arena keeps the memory of the largest batch for good and makes nothing faster here.
            enable_cpu_mem_arena=False,
        )
        tokenizer = UnigramTokenizer.load(files.folder)
        if tokenizer is not None:
            # Set before the model loads, so that fastembed never reads its own, four times as large.
            cast(OnnxTextEmbedding, engine.model).tokenizer = cast(Tokenizer, tokenizer)
        # The first inference loads the session and shows that the files are whole.
        (vector,) = engine.embed("warm-up")
    except Exception as error:  # ONNX Runtime and tokenizers raise bare errors of their own
        raise StartupError(
            f"Cannot load the embedding model in {files.folder}: {str(error).splitlines()[0]}. "
            "Delete that folder to have it built again, or set CINELIBRE_MODEL_DIR to another."
        ) from error
    if len(vector) != files.identity.dimensions:
        raise StartupError(
            f"The model in {files.folder} makes vectors of {len(vector)} numbers, "
            f"not {files.identity.dimensions}: check its config.json."
        )
    return engine


def _register(files: ModelFiles) -> str:
    """Makes the folder known to fastembed, whose list is one for the process, by a name of its own."""
    name = f"cinelibre/{files.identity.fingerprint}"
    if all(listed["model"] != name for listed in TextEmbedding.list_supported_models()):
        TextEmbedding.add_custom_model(
            name,
            pooling=PoolingType.MEAN,
            normalization=True,
            sources=ModelSource(hf=name),
            dim=files.identity.dimensions,
            model_file=files.model_file,
        )
    return name
