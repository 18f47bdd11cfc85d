"""What queries have in common: their mean vectors, taken off before passages are compared with a query.

Some passages are near to all queries of a script or language (hubs: Radovanović et al., JMLR 2010), and would be found
by all. The means are of general descriptions of stories in `queries.tsv`, by the way of writing; those of the default
model are kept in `means.npz`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.embedding.runtime import Embedder
from cinelibre_server.search.reading import Writing

_FOLDER = Path(__file__).parent
_MEANS_FILE = "means.npz"

QueryMeans = Mapping[Writing, NDArray[np.float32]]


async def query_means(embedder: Embedder, folder: Path = _FOLDER) -> QueryMeans:
    """The mean vector of queries by way of writing, float32[384]: another than the default model has to work for it."""
    with np.load(folder / _MEANS_FILE) as kept:
        if str(kept["fingerprint"]) == embedder.identity.fingerprint:
            return {writing: kept[writing.value].astype(np.float32) for writing in Writing}
    return await compute_means(embedder, folder)


async def compute_means(embedder: Embedder, folder: Path = _FOLDER) -> QueryMeans:
    """The same, from the sentences."""
    rows = [line.split("\t") for line in (folder / "queries.tsv").read_text(encoding="utf-8").splitlines()]
    vectors: dict[Writing, list[NDArray[np.float32]]] = {writing: [] for writing in Writing}
    for language, text in rows:
        vectors[_writing(language)].append(await embedder.embed_query(text))
    return {writing: np.mean(of_writing, axis=0) for writing, of_writing in vectors.items()}


def write_means(means: QueryMeans, fingerprint: str, folder: Path = _FOLDER) -> None:
    """Keeps them for the model with this fingerprint."""
    named: dict[str, Any] = {writing.value: mean.astype(np.float16) for writing, mean in means.items()}
    np.savez(folder / _MEANS_FILE, fingerprint=np.array(fingerprint), **named)


def _writing(language: str) -> Writing:
    if language == "en":
        return Writing.LATIN
    return Writing.ROMANIZED if language.endswith("-Latn") else Writing.INDIC
