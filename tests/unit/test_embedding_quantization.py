"""Int8 arithmetic: what rounding keeps of a product of activations and weights."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cinelibre_server.embedding.e5_weights import Q4Matrix
from cinelibre_server.embedding.quantization import (
    Rounding,
    bias_correction,
    dequantize,
    loudest_channel,
    plan_rounding,
    quantize_weights,
)

TOKENS, CHANNELS, OUTPUTS = 200, 64, 32


@pytest.fixture
def activations() -> NDArray[np.float32]:
    """Float32[tokens, channels], of which channel 5 is thirty times as large as the others."""
    values = np.random.default_rng(3).normal(size=(TOKENS, CHANNELS)).astype(np.float32)
    values[:, 5] *= 30
    return values


@pytest.fixture
def weights() -> NDArray[np.float32]:
    return np.random.default_rng(4).normal(size=(CHANNELS, OUTPUTS)).astype(np.float32)


def _round(activations: NDArray[np.float32], rounding: Rounding) -> NDArray[np.float32]:
    """As QuantizeLinear and MatMulIntegerToFloat see them."""
    zero = float(rounding.zero_point)
    stored = np.clip(np.rint(activations * rounding.steps) + zero, 0, 255)
    return np.asarray((stored - zero) * rounding.scale, dtype=np.float32)


def _int8_product(
    activations: NDArray[np.float32], weights: NDArray[np.float32], rounding: Rounding
) -> NDArray[np.float32]:
    matrix = quantize_weights(weights * rounding.factors[:, None])
    product = _round(activations, rounding) @ matrix.weights.astype(np.float32) * matrix.scales
    return np.asarray(product + bias_correction(activations, weights, rounding, matrix))


def _relative_error(found: NDArray[Any], exact: NDArray[Any]) -> float:
    return float(np.linalg.norm(found - exact) / np.linalg.norm(exact))


def test_blocks_unpack_in_the_order_of_the_file() -> None:
    nibbles = np.arange(16, dtype=np.uint8) | (np.arange(15, -1, -1, dtype=np.uint8) << 4)
    matrix = Q4Matrix(scales=np.array([0.5, 2], dtype=np.float16), nibbles=np.stack([nibbles, nibbles]))
    unpacked = dequantize(matrix, inputs=32)
    assert unpacked.shape == (32, 2)
    assert unpacked[:16, 0].tolist() == [(value - 8) * 0.5 for value in range(16)]
    assert unpacked[16:, 1].tolist() == [(value - 8) * 2 for value in range(15, -1, -1)]


def test_a_loud_channel_leaves_the_others_their_steps(
    activations: NDArray[np.float32], weights: NDArray[np.float32]
) -> None:
    calm = np.delete(np.arange(CHANNELS), 5)
    exact = activations[:, calm] @ weights[calm]
    rounding = plan_rounding(activations, [weights])
    smoothed = _round(activations, rounding)[:, calm] * rounding.factors[calm] @ weights[calm]
    one_scale = np.float32(np.abs(activations).max() / 127)
    unsmoothed = np.rint(activations[:, calm] / one_scale) * one_scale @ weights[calm]
    assert _relative_error(smoothed, exact) < _relative_error(unsmoothed, exact) / 3


def test_the_product_is_near_the_exact_one_and_right_on_average(
    activations: NDArray[np.float32], weights: NDArray[np.float32]
) -> None:
    exact = activations @ weights
    found = _int8_product(activations, weights, plan_rounding(activations, [weights]))
    assert _relative_error(found, exact) < 0.02
    np.testing.assert_allclose(found.mean(axis=0), exact.mean(axis=0), atol=1e-4)


def test_matrices_that_share_an_input_share_its_rounding(
    activations: NDArray[np.float32], weights: NDArray[np.float32]
) -> None:
    rounding = plan_rounding(activations, [weights, 2 * weights[:, ::-1]])
    for matrix in (weights, 2 * weights[:, ::-1]):
        assert _relative_error(_int8_product(activations, matrix, rounding), activations @ matrix) < 0.02


def test_a_channel_without_weights_is_ignored(activations: NDArray[np.float32], weights: NDArray[np.float32]) -> None:
    channel = loudest_channel(activations)
    assert channel == 5
    weights[channel] = 0
    rounding = plan_rounding(activations, [weights])
    assert rounding.steps[channel] == 0
    found = _int8_product(activations, weights, rounding)
    assert np.isfinite(found).all()
    assert _relative_error(found, activations @ weights) < 0.02


def test_values_past_the_calibration_are_clipped_not_wrapped(
    activations: NDArray[np.float32], weights: NDArray[np.float32]
) -> None:
    rounding = plan_rounding(activations, [weights])
    seen, unseen = (_round(values, rounding) for values in (activations, 100 * activations))
    assert (seen * unseen >= 0).all()
    assert (np.abs(unseen) >= np.abs(seen)).all()


def test_positive_activations_use_all_levels() -> None:
    activations = np.linspace(0, 4, TOKENS * CHANNELS, dtype=np.float32).reshape(TOKENS, CHANNELS)
    rounding = plan_rounding(activations, [np.ones((CHANNELS, OUTPUTS), dtype=np.float32)])
    assert rounding.zero_point == 0


def test_weights_are_rounded_by_column(weights: NDArray[np.float32]) -> None:
    weights[:, 0] *= 1000
    matrix = quantize_weights(weights)
    assert matrix.weights.dtype == np.int8
    error = np.abs(matrix.weights * matrix.scales - weights)
    assert (error <= matrix.scales / 2 * 1.001).all()
    assert np.abs(matrix.weights).max() < 127
