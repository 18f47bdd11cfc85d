"""Turns the 4-bit weights into a model folder that fastembed loads, without loss.

ONNX Runtime computes on the same blocks: `GatherBlockQuantized` looks up word embeddings, `MatMulNBits`
multiplies by 4-bit matrices (with activations as int8: accuracy level 4). Tensors lie in an external-data
file beside the graph, which the runtime maps into memory instead of copying it.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from cinelibre_server.embedding.e5_weights import E5Shape, E5Weights, Q4Matrix, read_weights
from cinelibre_server.embedding.unigram import UnigramSettings, write_unigram
from cinelibre_server.embedding.vocabulary import kept_piece_ids, replacements, special_ids, tokenizer_spec
from cinelibre_server.errors import StartupError

_MODEL_FILE = "model.onnx"
_DATA_FILE = "model.onnx.data"
_CONTRIB = "com.microsoft"
_EXTERNAL_FROM_BYTES = 1024


def export_e5(weights_path: Path, folder: Path, report: Callable[[float], None]) -> None:
    """Writes the model folder into the existing, empty `folder`; `report` gets the done fraction, 0 to 1.

    Raises StartupError when the weights cannot be used.
    """
    weights = read_weights(weights_path)
    report(0.1)
    kept = kept_piece_ids(weights.tokenizer)
    report(0.3)
    _write_tokenizer(weights, kept, folder)
    report(0.6)
    graph = _Graph(weights)
    graph.encode(kept)
    report(0.8)
    onnx.save_model(
        graph.model(),
        folder / _MODEL_FILE,
        save_as_external_data=True,
        all_tensors_to_one_file=True,
        location=_DATA_FILE,
        size_threshold=_EXTERNAL_FROM_BYTES,
    )
    # onnx makes the data file private to its user, but a server may run as another than the one who built it.
    (folder / _DATA_FILE).chmod((folder / _MODEL_FILE).stat().st_mode)
    report(1.0)


def _write_tokenizer(weights: E5Weights, kept: NDArray[np.int64], folder: Path) -> None:
    shape, tokenizer = weights.shape, weights.tokenizer
    bos_id, eos_id, pad_id, unk_id = special_ids(tokenizer)
    pieces = [tokenizer.pieces[piece_id] for piece_id in kept.tolist()]
    settings = UnigramSettings(bos_id, eos_id, pad_id, unk_id, shape.positions, replacements(tokenizer))
    write_unigram(folder, settings, pieces, tokenizer.scores[kept])
    bos, eos, pad, unk = (pieces[i] for i in (bos_id, eos_id, pad_id, unk_id))
    documents: dict[str, dict[str, Any]] = {
        "tokenizer.json": tokenizer_spec(tokenizer, kept, shape.positions),
        "tokenizer_config.json": {
            "model_max_length": shape.positions,
            "pad_token": pad,
            "tokenizer_class": "PreTrainedTokenizerFast",
        },
        "special_tokens_map.json": {"bos_token": bos, "eos_token": eos, "pad_token": pad, "unk_token": unk},
        "config.json": {
            "model_type": "bert",
            "hidden_size": shape.hidden,
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "intermediate_size": shape.feed_forward,
            "max_position_embeddings": shape.positions,
            "vocab_size": len(kept),
            "pad_token_id": tokenizer.pad_id,
        },
    }
    for name, document in documents.items():
        (folder / name).write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


def repack_nibbles(matrix: Q4Matrix) -> NDArray[np.uint8]:
    """From Q4_0 order (byte j: weights j and j+16) to ONNX order (weights 2j and 2j+1): uint8[blocks, 16]."""
    values = np.concatenate((matrix.nibbles & 0x0F, matrix.nibbles >> 4), axis=1)
    return np.asarray(values[:, 0::2] | (values[:, 1::2] << 4), dtype=np.uint8)


class _Graph:
    """Collects nodes and initialisers of the BERT encoder, in the order of computation."""

    def __init__(self, weights: E5Weights) -> None:
        self._weights = weights
        self._shape: E5Shape = weights.shape
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: list[onnx.TensorProto] = []

    def encode(self, kept: NDArray[np.int64]) -> None:
        """Adds the whole encoder: ids and mask in, `last_hidden_state` float32[batch, tokens, hidden] out."""
        self._node("Cast", ["attention_mask"], "padding_mask", to=TensorProto.INT32)
        hidden = self._embed(kept)
        for layer in range(self._shape.layers):
            hidden = self._layer(f"l{layer}", hidden)
        self._node("Identity", [hidden], "last_hidden_state")

    def model(self) -> onnx.ModelProto:
        """The finished model, checked for what the ONNX standard says of it."""
        ids = [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
            for name in ("input_ids", "attention_mask")
        ]
        output = helper.make_tensor_value_info(
            "last_hidden_state", TensorProto.FLOAT, ["batch", "tokens", self._shape.hidden]
        )
        graph = helper.make_graph(self._nodes, "multilingual-e5-small", ids, [output], self._initializers)
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid(_CONTRIB, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10, producer_name="cinelibre")

    def _embed(self, kept: NDArray[np.int64]) -> str:
        hidden = self._shape.hidden
        words = self._weights.matrices["emb.word"]
        blocks_per_row = hidden // self._shape.block_size
        rows = Q4Matrix(
            scales=words.scales.reshape(-1, blocks_per_row)[kept].reshape(-1),
            nibbles=words.nibbles.reshape(-1, blocks_per_row, 16)[kept].reshape(-1, 16),
        )
        self._initializer("words", repack_nibbles(rows).reshape(len(kept), hidden // 2))
        self._initializer("word_scales", rows.scales.astype(np.float32).reshape(len(kept), blocks_per_row))
        self._node(
            "GatherBlockQuantized",
            ["words", "input_ids", "word_scales"],
            "word_rows",
            domain=_CONTRIB,
            bits=4,
            block_size=self._shape.block_size,
            gather_axis=0,
            quantize_axis=1,
        )
        # Every token has type 0, so its row is added to the positions once, here.
        positions = self._weights.floats["emb.pos"].reshape(-1, hidden) + self._weights.floats["emb.type"][:hidden]
        self._initializer("positions", positions)
        self._initializer("one", np.array([1], dtype=np.int64))
        self._initializer("two", np.array([2], dtype=np.int64))
        self._initializer("zero", np.array([0], dtype=np.int64))
        self._node("Shape", ["input_ids"], "ids_shape")
        self._node("Slice", ["ids_shape", "one", "two"], "token_count")
        self._node("Slice", ["positions", "zero", "token_count"], "position_rows")
        return self._skip_norm("emb.ln", "word_rows", "position_rows", bias=None)

    def _layer(self, name: str, hidden: str) -> str:
        query, key, value = (self._matmul(f"{name}.{part}", hidden, self._shape.hidden) for part in "qkv")
        biases = [self._weights.floats[f"{name}.{part}.b"] for part in "qkv"]
        self._initializer(f"{name}.qkv.b", np.concatenate(biases))
        attended = self._node(
            "MultiHeadAttention",
            [query, key, value, f"{name}.qkv.b", "padding_mask"],
            f"{name}.attended",
            domain=_CONTRIB,
            num_heads=self._shape.heads,
        )
        projected = self._matmul(f"{name}.ao", attended, self._shape.hidden)
        hidden = self._skip_norm(f"{name}.aln", projected, hidden, bias=f"{name}.ao.b")
        widened = self._matmul(f"{name}.fi", hidden, self._shape.feed_forward)
        self._initializer(f"{name}.fi.b", self._weights.floats[f"{name}.fi.b"])
        activated = self._node("BiasGelu", [widened, f"{name}.fi.b"], f"{name}.activated", domain=_CONTRIB)
        narrowed = self._matmul(f"{name}.fo", activated, self._shape.hidden, self._shape.feed_forward)
        return self._skip_norm(f"{name}.oln", narrowed, hidden, bias=f"{name}.fo.b")

    def _matmul(self, name: str, source: str, outputs: int, inputs: int | None = None) -> str:
        inputs = inputs or self._shape.hidden
        block_size = self._shape.block_size
        matrix = self._weights.matrices[f"{name}.w"]
        self._initializer(f"{name}.w", repack_nibbles(matrix).reshape(outputs, inputs // block_size, block_size // 2))
        self._initializer(f"{name}.s", matrix.scales.astype(np.float32).reshape(outputs, inputs // block_size))
        return self._node(
            "MatMulNBits",
            [source, f"{name}.w", f"{name}.s"],
            f"{name}.out",
            domain=_CONTRIB,
            K=inputs,
            N=outputs,
            bits=4,
            block_size=block_size,
            accuracy_level=4,
        )

    def _skip_norm(self, name: str, source: str, skip: str, bias: str | None) -> str:
        tensors = [f"{name}.w", f"{name}.b", *([bias] if bias else [])]
        for tensor in tensors:
            self._initializer(tensor, self._weights.floats[tensor])
        return self._node(
            "SkipLayerNormalization",
            [source, skip, *tensors],
            f"{name}.out",
            domain=_CONTRIB,
            epsilon=self._shape.layer_norm_epsilon,
        )

    def _initializer(self, name: str, value: NDArray[Any]) -> None:
        self._initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))

    def _node(self, kind: str, inputs: list[str], output: str, domain: str = "", **attributes: Any) -> str:
        self._nodes.append(helper.make_node(kind, inputs, [output], name=output, domain=domain, **attributes))
        return output


def _main() -> None:
    """Run as `python -m … WEIGHTS FOLDER`: prints the done fraction, a line each time."""
    weights_path, folder = map(Path, sys.argv[1:])
    try:
        export_e5(weights_path, folder, lambda fraction: print(fraction, flush=True))
    except StartupError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    _main()
