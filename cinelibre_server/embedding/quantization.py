"""Int8 arithmetic for the encoder: how weights and activations are rounded so that little is lost.

Weights get one scale a column and activations one scale a tensor, fixed beforehand from a calibration, so a
text's vector never depends on its batch. A few channels of this model are ten to forty times as large as the
others; they are scaled down and their weights up by the same power of two, which is exact in floating point
(SmoothQuant: Xiao et al. 2023, arXiv:2211.10438).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.embedding.e5_weights import Q4Matrix

# AVX2 adds two products of uint8 and int8 in 16 bits: 2 * 255 * 63 fits, 2 * 255 * 127 does not.
SAFE_WEIGHT_LIMIT = 63

_ACTIVATION_LEVELS = 255
# Texts differ from those of the calibration: beyond this multiple of what it saw, an activation is clipped.
_RANGE_MARGIN = 1.1
# SmoothQuant's alpha: the part of the difficulty that moves from the activations to the weights.
_MIGRATION = 0.75
# A channel that hardly moved in the calibration counts as this much of the median channel.
_LEAST_CHANNEL = 0.3


@dataclass(frozen=True)
class ChannelRange:
    """The least and the greatest value of every channel of an activation: float32[channels] both."""

    low: NDArray[np.float32]
    high: NDArray[np.float32]

    def divided_by(self, factors: NDArray[np.float32]) -> "ChannelRange":
        return ChannelRange(self.low / factors, self.high / factors)


@dataclass(frozen=True)
class ActivationScale:
    """value = (uint8 - zero_point) * scale."""

    scale: np.float32
    zero_point: np.uint8


@dataclass(frozen=True)
class Int8Matrix:
    """value = weights * scales: `weights` is int8[inputs, outputs], `scales` float32[outputs]."""

    weights: NDArray[np.int8]
    scales: NDArray[np.float32]


def dequantize(matrix: Q4Matrix, inputs: int) -> NDArray[np.float32]:
    """The weights as float32[inputs, outputs]."""
    values = np.concatenate((matrix.nibbles & 0x0F, matrix.nibbles >> 4), axis=1).astype(np.float32) - 8
    return np.ascontiguousarray((values * matrix.scales.astype(np.float32)[:, None]).reshape(-1, inputs).T)


def smoothing_factors(channels: ChannelRange, weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """What to divide each channel by, and multiply its row of `weights` by: powers of two, float32[channels]."""
    activations = np.maximum(-channels.low, channels.high)
    activations = np.maximum(activations, _LEAST_CHANNEL * np.median(activations))
    rows = np.abs(weights).max(axis=1)
    exponents = _MIGRATION * np.log2(activations) - (1 - _MIGRATION) * np.log2(rows)
    return np.asarray(np.exp2(np.round(exponents - exponents.mean())).astype(np.float32), np.float32)


def activation_scale(channels: ChannelRange) -> ActivationScale:
    """The scale that covers every channel's range, and zero, exactly."""
    low, high = (_RANGE_MARGIN * bound for bound in (min(0.0, channels.low.min()), max(0.0, channels.high.max())))
    scale = (high - low) / _ACTIVATION_LEVELS
    return ActivationScale(np.float32(scale), np.uint8(round(-low / scale)))


def quantize_weights(weights: NDArray[np.float32], limit: int = SAFE_WEIGHT_LIMIT) -> Int8Matrix:
    """Rounds float32[inputs, outputs] to integers from -limit to limit, a scale for each column."""
    scales = np.abs(weights).max(axis=0) / limit
    return Int8Matrix(np.rint(weights / scales).astype(np.int8), scales.astype(np.float32))
