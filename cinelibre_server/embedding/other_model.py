"""Models other than the default: a folder of the operator's own, or one that fastembed has cached."""

import hashlib
import json
from pathlib import Path

from fastembed import TextEmbedding
from fastembed.common.model_description import DenseModelDescription, ModelSource
from loguru import logger as fastembed_logger

from cinelibre_server.embedding.model import DEFAULT_MODEL, ModelFiles, ModelIdentity
from cinelibre_server.errors import StartupError

_ONNX_FILES = ("model.onnx", "onnx/model.onnx", "model_optimized.onnx")
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json")


def cached_model_files(model: str, cache_dir: Path) -> ModelFiles:
    """The files of a model that fastembed lists, out of its cache in `cache_dir`.

    Raises:
        StartupError: fastembed lists no such model, or its files are not there.
    """
    description = _description(model)
    if description is None:
        raise StartupError(
            f"CINELIBRE_MODEL: fastembed has no model {model!r}. "
            f"Use {DEFAULT_MODEL}, a name that fastembed lists, or set CINELIBRE_MODEL_DIR."
        )
    # It would log each place it looked in; the one line below says more.
    fastembed_logger.disable("fastembed")
    try:
        folder = TextEmbedding.download_model(description, str(cache_dir), local_files_only=True)
    except ValueError as error:
        raise StartupError(
            f"The files of {model} are not in {cache_dir}. Fetch them once with: python -c "
            f"\"from fastembed import TextEmbedding; TextEmbedding('{model}', cache_dir='{cache_dir}')\""
        ) from error
    finally:
        fastembed_logger.enable("fastembed")
    return folder_model_files(model, folder)


def folder_model_files(model: str, folder: Path) -> ModelFiles:
    """The files of an ONNX model in `folder`. Where fastembed lists `model`, its pooling and size apply.

    Raises:
        StartupError: a file is missing or cannot be read.
    """
    try:
        return _folder_model_files(model, folder)
    except OSError as error:
        raise StartupError(f"CINELIBRE_MODEL_DIR: cannot read {error.filename or folder}: {error.strerror}.") from error


def _folder_model_files(model: str, folder: Path) -> ModelFiles:
    description = _description(model)
    candidates = (description.model_file, *_ONNX_FILES) if description else _ONNX_FILES
    model_file = next((name for name in candidates if (folder / name).is_file()), None)
    missing = [name for name in _TOKENIZER_FILES if not (folder / name).is_file()]
    if model_file is None or missing:
        raise StartupError(
            f"CINELIBRE_MODEL_DIR: {folder} has no {candidates[0] if model_file is None else missing[0]}. "
            f"Name a folder with an ONNX model and its tokenizer, or unset it to use {DEFAULT_MODEL}."
        )
    prefixes = ("query: ", "passage: ") if "e5" in model.lower() else ("", "")
    dimensions = (description.dim if description else None) or _hidden_size(folder)
    identity = ModelIdentity(model, dimensions, _fingerprint(folder, prefixes))
    return ModelFiles(identity, folder, model_file, description.model if description else None, *prefixes)


def _description(model: str) -> DenseModelDescription | None:
    for listed in TextEmbedding.list_supported_models():
        if listed["model"].lower() == model.lower():
            return DenseModelDescription(**{**listed, "sources": ModelSource(**listed["sources"])})
    return None


def _hidden_size(folder: Path) -> int:
    try:
        return int(json.loads((folder / "config.json").read_text(encoding="utf-8"))["hidden_size"])
    except (FileNotFoundError, ValueError, KeyError, TypeError) as error:
        raise StartupError(
            f"CINELIBRE_MODEL_DIR: {folder}/config.json has no `hidden_size`, the length of vectors: add it."
        ) from error


def _fingerprint(folder: Path, prefixes: tuple[str, str]) -> str:
    digest = hashlib.sha256("\0".join(prefixes).encode())
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{path.relative_to(folder)}\0{content}\0".encode())
    return digest.hexdigest()
