"""Int8 arithmetic for the encoder: how weights and activations are rounded so that little is lost.

Weights get one scale a column and activations one scale a tensor, fixed beforehand from a calibration: so a text's
vector does not depend on its batch. Three things keep the loss small:

* Channels are divided, and their rows of weights multiplied, by factors that bring all channels to a like size
  (SmoothQuant: Xiao et al. 2023, arXiv:2211.10438).
* A channel that is ten to forty times as large as any other is left to float32 (LLM.int8: Dettmers et al. 2022,
  arXiv:2208.07339). This model has one in the middle of every feed-forward block, the same for all texts.
* The bias takes back what rounding adds on average (Nagel et al. 2019, arXiv:1906.04721).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.embedding.e5_weights import Q4Matrix

# AVX2 adds two products of uint8 and int8 in 16 bits and stops at 32,767. At 90 that takes two neighbours with the
# largest weights and activations of 182 on average; full int8, 127, would gain nothing and be stopped sooner.
_WEIGHT_LIMIT = 90
_ACTIVATION_LEVELS = 255
# Texts differ from those of the calibration: past this multiple of what it saw, an activation is clipped.
_RANGE_MARGIN = 1.1
# SmoothQuant's alpha: the share of the difficulty that moves from activations to weights.
_MIGRATION = 0.65
# A channel that was calmer than the median in the calibration may be as loud as this multiple of it in other texts.
_LEAST_CHANNEL = 1.5


@dataclass(frozen=True)
class Rounding:
    """How an activation becomes uint8, channel by channel: round(value * steps) + zero_point, clipped to 0..255.

    Such a number stands for (it - zero_point) * scale times the channel's factor, by which weights are multiplied.
    `steps` and `factors` are float32[channels]; a channel of 0 steps is ignored.
    """

    steps: NDArray[np.float32]
    factors: NDArray[np.float32]
    scale: np.float32
    zero_point: np.uint8

    def mean_of_rounded(self, activations: NDArray[np.float32]) -> NDArray[np.float32]:
        """The mean of each channel, after rounding and division by its factor: float32[channels]."""
        zero = float(self.zero_point)
        rounded = np.clip(np.rint(activations * self.steps) + zero, 0, _ACTIVATION_LEVELS) - zero
        return np.asarray(rounded.mean(axis=0) * self.scale, dtype=np.float32)


@dataclass(frozen=True)
class Int8Matrix:
    """value = weights * scales: `weights` is int8[inputs, outputs], `scales` float32[outputs]."""

    weights: NDArray[np.int8]
    scales: NDArray[np.float32]


def dequantize(matrix: Q4Matrix, inputs: int) -> NDArray[np.float32]:
    """The weights as float32[inputs, outputs]."""
    values = np.concatenate((matrix.nibbles & 0x0F, matrix.nibbles >> 4), axis=1).astype(np.float32) - 8
    return np.ascontiguousarray((values * matrix.scales.astype(np.float32)[:, None]).reshape(-1, inputs).T)


def loudest_channel(activations: NDArray[np.float32]) -> int:
    """The channel with the largest value in float32[tokens, channels]."""
    return int(np.abs(activations).max(axis=0).argmax())


def plan_rounding(activations: NDArray[np.float32], matrices: Sequence[NDArray[np.float32]]) -> Rounding:
    """The rounding of float32[tokens, channels], of a calibration, before multiplication by the matrices.

    Each matrix is float32[channels, outputs]; a channel whose weights are all zero is ignored.
    """
    largest_weights = np.max([np.abs(matrix).max(axis=1) for matrix in matrices], axis=0)
    used = largest_weights > 0
    factors = np.ones(len(used), dtype=np.float32)
    factors[used] = _smoothing_factors(activations[:, used], largest_weights[used])
    smoothed = activations[:, used] / factors[used]
    low, high = _RANGE_MARGIN * min(0.0, float(smoothed.min())), _RANGE_MARGIN * max(0.0, float(smoothed.max()))
    scale = np.float32((high - low) / _ACTIVATION_LEVELS)
    steps = np.where(used, 1 / (factors * scale), 0).astype(np.float32)
    return Rounding(steps, factors, scale, np.uint8(round(-low / float(scale))))


def _smoothing_factors(activations: NDArray[np.float32], largest_weights: NDArray[np.float32]) -> NDArray[np.float32]:
    largest = np.abs(activations).max(axis=0)
    largest = np.maximum(largest, _LEAST_CHANNEL * np.median(largest))
    exponents = _MIGRATION * np.log2(largest) - (1 - _MIGRATION) * np.log2(largest_weights)
    return np.asarray(np.exp2(exponents - exponents.mean()), dtype=np.float32)


def quantize_weights(weights: NDArray[np.float32]) -> Int8Matrix:
    """Rounds float32[inputs, outputs] to integers, a scale for each column."""
    scales = np.abs(weights).max(axis=0) / _WEIGHT_LIMIT
    return Int8Matrix(np.rint(weights / scales).astype(np.int8), scales.astype(np.float32))


def bias_correction(
    activations: NDArray[np.float32], matrix: NDArray[np.float32], rounding: Rounding, rounded: Int8Matrix
) -> NDArray[np.float32]:
    """What the exact product is, on average over the calibration, above the rounded one: float32[outputs]."""
    exact = activations.mean(axis=0) @ matrix
    return np.asarray(exact - rounding.mean_of_rounded(activations) @ rounded.weights * rounded.scales)
