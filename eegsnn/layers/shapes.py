"""Layers without weights: pooling and flattening. Channels are last."""

from __future__ import annotations

from collections.abc import Sequence

import mlx.core as mx
import mlx.nn as nn
from mlx.nn import AvgPool1d, AvgPool2d, MaxPool1d, MaxPool2d

__all__ = [
    "AvgPool1d",
    "AvgPool2d",
    "Flatten",
    "MaxPool1d",
    "MaxPool2d",
    "SumPool1d",
    "SumPool2d",
]


class SumPool1d(AvgPool1d):
    """Sum over a sliding window: [N, length, channels] → [N, length', channels].

    Sums of spikes are whole numbers, where averages are fractions: on neuromorphic hardware a sum
    costs nothing but the spikes themselves.

    Parameters
    ----------
    kernel_size : int
    stride : int, optional
        Default: `kernel_size`.
    padding : int, default 0
        Zeros added at both ends.
    """

    def __init__(self, kernel_size: int, stride: int | None = None, padding: int = 0) -> None:
        super().__init__(kernel_size, stride, padding)
        # Not a mean times a number: sums of spikes are whole numbers.
        self._pooling_function = mx.sum


class SumPool2d(AvgPool2d):
    """Sum over a sliding window: [N, height, width, channels] → [N, height', width', channels].

    Parameters
    ----------
    kernel_size, stride, padding : int or (int, int)
        As in :class:`SumPool1d`; a pair is (height, width).

    Examples
    --------
    >>> SumPool2d(2)(mx.ones((1, 4, 4, 1))).reshape(-1).tolist()
    [4.0, 4.0, 4.0, 4.0]
    """

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        padding: int | Sequence[int] = 0,
    ) -> None:
        super().__init__(kernel_size, stride, padding)
        # Not a mean times a number: sums of spikes are whole numbers.
        self._pooling_function = mx.sum


class Flatten(nn.Module):
    """Everything of a trial in one row: [N, …] → [N, features]."""

    def __call__(self, x: mx.array) -> mx.array:
        """Flatten all axes but the first."""
        return x.reshape(x.shape[0], -1)
