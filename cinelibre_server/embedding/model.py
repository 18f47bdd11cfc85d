"""Which embedding model is configured, where its files are, and what identifies the vectors it makes."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cinelibre_server.embedding.built_model import (
    BUILT_DIMENSIONS,
    BUILT_FINGERPRINT,
    ensure_built,
    is_complete,
)

DEFAULT_MODEL = "intfloat/multilingual-e5-small"

_BUILT_NAME = f"{DEFAULT_MODEL} (q4)"


@dataclass(frozen=True)
class ModelIdentity:
    """What the database keeps beside the vectors: vectors of different identities must not be compared.

    `fingerprint` is a SHA-256 in hex over all that decides the vectors.
    """

    name: str
    dimensions: int
    fingerprint: str


@dataclass(frozen=True)
class ModelFiles:
    """A folder that fastembed can load.

    `fastembed_name` is the model's name in fastembed's own list, whose pooling then applies; None means mean
    pooling. The prefixes go before every text of their kind, as the model was trained.
    """

    identity: ModelIdentity
    folder: Path
    model_file: str
    fastembed_name: str | None
    query_prefix: str
    passage_prefix: str


def ensure_model(
    cache_dir: Path,
    report: Callable[[float], None] | None = None,
    *,
    model: str = DEFAULT_MODEL,
    model_dir: Path | None = None,
) -> ModelFiles:
    """The configured model's files; the default model is built first when it is missing (about 3 s).

    `report` gets the done fraction, 0 to 1, while building. `model` is a name that fastembed lists, whose
    files are in `cache_dir` already; `model_dir` is a folder with an ONNX model and its tokenizer, to be used
    instead. The network is never used.

    Raises:
        StartupError: there is no such model here; the line says what to do.
    """
    if model_dir is None and model == DEFAULT_MODEL:
        return _built_files(ensure_built(cache_dir, report or (lambda _fraction: None)))
    if model_dir is not None and is_complete(model_dir):
        return _built_files(model_dir)
    # Imports fastembed, 0.4 s and 50 MB that a process which only sees to the default model can spare.
    from cinelibre_server.embedding.other_model import cached_model_files, folder_model_files

    return folder_model_files(model, model_dir) if model_dir else cached_model_files(model, cache_dir)


def _built_files(folder: Path) -> ModelFiles:
    identity = ModelIdentity(_BUILT_NAME, BUILT_DIMENSIONS, BUILT_FINGERPRINT)
    return ModelFiles(identity, folder, "model.onnx", None, "query: ", "passage: ")
