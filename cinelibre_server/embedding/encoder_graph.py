"""The encoder as an ONNX graph, made of the operations that ONNX Runtime computes fastest on a CPU.

Word embeddings (`GatherBlockQuantized`) and the feed-forward output (`MatMulNBits`) stay in the 4-bit blocks of the
weights. The other matrices become int8 and so do their inputs (`MatMulIntegerToFloat`): against 4 bits throughout,
that costs a query's vector 0.0006 of cosine and saves about 30 % of its time.
"""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from cinelibre_server.embedding.calibration import LayerRanges
from cinelibre_server.embedding.e5_weights import E5Shape, E5Weights, Q4Matrix
from cinelibre_server.embedding.quantization import (
    ChannelRange,
    activation_scale,
    dequantize,
    quantize_weights,
    smoothing_factors,
)

_CONTRIB = "com.microsoft"


def repack_nibbles(matrix: Q4Matrix) -> NDArray[np.uint8]:
    """From Q4_0 order (byte j: weights j and j+16) to ONNX order (weights 2j and 2j+1): uint8[blocks, 16]."""
    values = np.concatenate((matrix.nibbles & 0x0F, matrix.nibbles >> 4), axis=1)
    return np.asarray(values[:, 0::2] | (values[:, 1::2] << 4), dtype=np.uint8)


class EncoderGraph:
    """Collects nodes and initialisers of the BERT encoder, in the order of computation."""

    def __init__(self, weights: E5Weights, ranges: list[LayerRanges]) -> None:
        """`ranges` are those of each layer, from a calibration."""
        self._weights = weights
        self._ranges = ranges
        self._shape: E5Shape = weights.shape
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: list[onnx.TensorProto] = []

    def encode(self, kept: NDArray[np.int64]) -> None:
        """Adds the whole encoder: ids and mask in, `last_hidden_state` float32[batch, tokens, hidden] out."""
        self._node("Cast", ["attention_mask"], "padding_mask", to=TensorProto.INT32)
        hidden = self._embed(kept)
        for layer in range(self._shape.layers):
            hidden = self._layer(f"l{layer}", hidden, self._ranges[layer])
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
        return self._add_and_norm("emb.ln", "word_rows", "position_rows")

    def _layer(self, name: str, hidden: str, ranges: LayerRanges) -> str:
        queries, keys, values = self._matmuls(name, ("q", "k", "v"), hidden, ranges.qkv)
        attended = self._node(
            "MultiHeadAttention",
            [queries, keys, values, "", "padding_mask"],
            f"{name}.attended",
            domain=_CONTRIB,
            num_heads=self._shape.heads,
        )
        # Its channels are of like size: smoothing them would only cost time.
        (projected,) = self._matmuls(name, ("ao",), attended, ranges.ao, smooth=False)
        hidden = self._add_and_norm(f"{name}.aln", projected, hidden)
        (widened,) = self._matmuls(name, ("fi",), hidden, ranges.fi)
        activated = self._node("Gelu", [widened], f"{name}.activated", domain=_CONTRIB)
        narrowed = self._add_bias(f"{name}.fo", self._block_matmul(f"{name}.fo", activated))
        return self._add_and_norm(f"{name}.oln", narrowed, hidden)

    def _matmuls(
        self,
        layer: str,
        parts: tuple[str, ...],
        source: str,
        channels: ChannelRange,
        *,
        smooth: bool = True,
    ) -> list[str]:
        """The source, rounded once, times the matrix of each part, plus its bias."""
        matrices = [dequantize(self._weights.matrices[f"{layer}.{part}.w"], len(channels.low)) for part in parts]
        name = f"{layer}.{'_'.join(parts)}"
        if smooth:
            factors = smoothing_factors(channels, np.concatenate(matrices, axis=1))
            scale = activation_scale(channels.divided_by(factors))
            # Dividing by the scale here too leaves QuantizeLinear to round; by channel it would be ten times slower.
            self._initializer(f"{name}.to_steps", 1 / (factors * scale.scale))
            source = self._node("Mul", [source, f"{name}.to_steps"], f"{name}.steps")
            matrices = [matrix * factors[:, None] for matrix in matrices]
            step = np.float32(1)
        else:
            scale = activation_scale(channels)
            step = scale.scale
        self._initializer(f"{name}.step", np.array(step))
        self._initializer(f"{name}.scale", np.array(scale.scale))
        self._initializer(f"{name}.zero", np.array(scale.zero_point))
        rounded = self._node("QuantizeLinear", [source, f"{name}.step", f"{name}.zero"], f"{name}.rounded")
        outputs = []
        for part, matrix in zip(parts, matrices, strict=True):
            outputs.append(self._int8_matmul(f"{layer}.{part}", rounded, name, matrix))
        return outputs

    def _int8_matmul(self, name: str, rounded: str, source: str, matrix: NDArray[np.float32]) -> str:
        weights = quantize_weights(matrix)
        self._initializer(f"{name}.w", weights.weights)
        self._initializer(f"{name}.w.scales", weights.scales)
        self._initializer(f"{name}.w.zeros", np.zeros(len(weights.scales), dtype=np.int8))
        self._initializer(f"{name}.b", self._weights.floats[f"{name}.b"])
        inputs = [rounded, f"{name}.w", f"{source}.scale", f"{name}.w.scales", f"{source}.zero", f"{name}.w.zeros"]
        return self._node("MatMulIntegerToFloat", [*inputs, f"{name}.b"], f"{name}.out", domain=_CONTRIB)

    def _block_matmul(self, name: str, source: str) -> str:
        """The source times the 4-bit matrix as it is: activations after GELU lose too much in int8."""
        matrix, outputs, block_size = self._weights.matrices[f"{name}.w"], self._shape.hidden, self._shape.block_size
        inputs = self._shape.feed_forward
        self._initializer(f"{name}.w", repack_nibbles(matrix).reshape(outputs, inputs // block_size, block_size // 2))
        self._initializer(f"{name}.s", matrix.scales.astype(np.float32).reshape(outputs, inputs // block_size))
        return self._node(
            "MatMulNBits",
            [source, f"{name}.w", f"{name}.s"],
            f"{name}.product",
            domain=_CONTRIB,
            K=inputs,
            N=outputs,
            bits=4,
            block_size=block_size,
            accuracy_level=4,
        )

    def _add_bias(self, name: str, source: str) -> str:
        self._initializer(f"{name}.b", self._weights.floats[f"{name}.b"])
        return self._node("Add", [source, f"{name}.b"], f"{name}.out")

    def _add_and_norm(self, name: str, source: str, skip: str) -> str:
        # Two nodes: SkipLayerNormalization in one is five times slower than both.
        for tensor in (f"{name}.w", f"{name}.b"):
            self._initializer(tensor, self._weights.floats[tensor])
        return self._node(
            "LayerNormalization",
            [self._node("Add", [source, skip], f"{name}.sum"), f"{name}.w", f"{name}.b"],
            f"{name}.out",
            axis=-1,
            epsilon=self._shape.layer_norm_epsilon,
        )

    def _initializer(self, name: str, value: NDArray[Any]) -> None:
        self._initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))

    def _node(self, kind: str, inputs: list[str], output: str, domain: str = "", **attributes: Any) -> str:
        self._nodes.append(helper.make_node(kind, inputs, [output], name=output, domain=domain, **attributes))
        return output
