"""Embeddings of the starter catalogue, made beforehand for the default model by `make vectors`.

Each is found by a checksum of its text and of the model, so that a changed text or another model is embedded as usual.
They are kept in bytes with a scale each: at most a thousandth off in cosine.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.embedding.runtime import Embedder

_FILE = Path(__file__).parent / "starter" / "vectors.npz"
_LARGEST = 127


@dataclass(frozen=True)
class KnownVectors:
    """keys: uint64[n], ascending checksums; values: int8[n, 384], which times scales (float32[n]) are vectors."""

    keys: NDArray[np.uint64]
    scales: NDArray[np.float32]
    values: NDArray[np.int8]

    @classmethod
    def load(cls, file: Path = _FILE) -> "KnownVectors":
        """Those that ship with the program."""
        with np.load(file) as kept:
            return cls(kept["keys"], kept["scales"], kept["values"])

    @classmethod
    def of(cls, fingerprint: str, texts: Sequence[str], vectors: NDArray[np.float32]) -> "KnownVectors":
        """Those of some texts (float32[n, 384])."""
        checksums = np.array([_key(fingerprint, text) for text in texts], np.uint64)
        keys, first = np.unique(checksums, return_index=True)
        scales = np.abs(vectors[first]).max(axis=1) / _LARGEST
        values = np.rint(vectors[first] / scales[:, None]).astype(np.int8)
        return cls(keys, scales.astype(np.float32), values)

    @classmethod
    def none(cls) -> "KnownVectors":
        """Nothing is known."""
        return cls(np.zeros(0, np.uint64), np.zeros(0, np.float32), np.zeros((0, 0), np.int8))

    def save(self, file: Path = _FILE) -> None:
        """Writes what `load` reads."""
        np.savez_compressed(file, keys=self.keys, scales=self.scales, values=self.values)

    def find(self, fingerprint: str, text: str) -> NDArray[np.float32] | None:
        """The vector of a text by this model, of length 1, if it is known."""
        key = np.uint64(_key(fingerprint, text))
        place = int(np.searchsorted(self.keys, key))
        if place == len(self.keys) or self.keys[place] != key:
            return None
        vector = self.values[place] * self.scales[place]
        unit: NDArray[np.float32] = (vector / np.linalg.norm(vector)).astype(np.float32)
        return unit


async def embed_texts(embedder: Embedder, known: KnownVectors, texts: Sequence[str]) -> NDArray[np.float32]:
    """The vectors of catalogue texts, float32[n, 384]: known ones are looked up, the others made."""
    # Items without a synopsis have the same text twice.
    found = {text: known.find(embedder.identity.fingerprint, text) for text in texts}
    vectors = {text: vector for text, vector in found.items() if vector is not None}
    missing = [text for text in found if text not in vectors]
    vectors.update(zip(missing, await embedder.embed_passages(missing), strict=True))
    return np.stack([vectors[text] for text in texts])


def _key(fingerprint: str, text: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{fingerprint}\n{text}".encode()).digest()[:8], "big")


async def _make() -> None:
    from cinelibre_server.commands.embedder import load_embedder
    from cinelibre_server.ingest.starter import starter_passages
    from cinelibre_server.progress import progress
    from cinelibre_server.search.indexing import texts_to_embed

    embedder = load_embedder()
    try:
        texts = sorted({text for item in starter_passages() for text in texts_to_embed(item)})
        with progress("Embedding the starter catalogue", len(texts), "texts") as step:
            vectors = await asyncio.to_thread(embedder.embed_passages_blocking, texts, step.advance)
        KnownVectors.of(embedder.identity.fingerprint, texts, vectors).save()
    finally:
        embedder.close()


if __name__ == "__main__":
    asyncio.run(_make())
