"""The embeddings that ship with the starter catalogue: all are there, and they are the model's."""

from pathlib import Path

import numpy as np

from cinelibre_server.embedding.runtime import Embedder
from cinelibre_server.ingest.starter import starter_passages
from cinelibre_server.ingest.starter_vectors import KnownVectors, embed_texts
from cinelibre_server.search.background import compute_means, query_means
from cinelibre_server.search.indexing import texts_to_embed


async def test_the_first_start_embeds_nothing(embedder: Embedder) -> None:
    known = KnownVectors.load()
    texts = [text for item in starter_passages() for text in texts_to_embed(item)]
    fingerprint = embedder.identity.fingerprint
    assert [text for text in texts if known.find(fingerprint, text) is None] == []  # else: make vectors
    assert len(known.keys) == len(set(texts))


async def test_they_are_what_the_model_makes(embedder: Embedder) -> None:
    texts = [text for item in starter_passages() for text in texts_to_embed(item)][::500]
    shipped = await embed_texts(embedder, KnownVectors.load(), texts)
    made = await embedder.embed_passages(texts)
    assert (shipped * made).sum(axis=1).min() > 0.999
    np.testing.assert_allclose(np.linalg.norm(shipped, axis=1), 1, atol=1e-5)


async def test_other_texts_and_models_are_embedded(embedder: Embedder, tmp_path: Path) -> None:
    texts = ["A lighthouse keeper.", "A veena.", "A lighthouse keeper."]
    made = await embedder.embed_passages(texts)
    known = KnownVectors.of(embedder.identity.fingerprint, texts[:1], made[:1])
    known.save(tmp_path / "vectors.npz")
    known = KnownVectors.load(tmp_path / "vectors.npz")
    assert known.find("another model", texts[0]) is None
    assert known.find(embedder.identity.fingerprint, "a lighthouse keeper.") is None
    np.testing.assert_allclose(await embed_texts(embedder, known, texts), made, atol=0.01)
    np.testing.assert_allclose(await embed_texts(embedder, KnownVectors.none(), texts), made, atol=1e-6)


async def test_the_shipped_means_of_queries_are_the_models(embedder: Embedder) -> None:
    shipped, made = await query_means(embedder), await compute_means(embedder)
    assert shipped.keys() == made.keys()
    for writing, mean in made.items():
        np.testing.assert_allclose(shipped[writing], mean, atol=1e-3)
