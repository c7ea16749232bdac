"""Filters over time: each unit of a sequence is correlated with taps of its own."""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import numpy as np
from scipy.fft import next_fast_len

from eegsnn.backend import has_values, kernels_available


def taps_per_sample(n_steps: int, n_taps: int, dilation: int = 1) -> float:
    """How many taps a sample meets on average, in a sequence with nothing beyond its ends.

    Tap k of :func:`filter_over_time` reaches ``(k - n_taps//2) · dilation`` samples away, and has a
    product for every output but those that far from an end.

    Examples
    --------
    >>> taps_per_sample(3, 3)  # 7 products: the first and the last output lack one
    2.3333333333333335
    """
    away = np.abs(np.arange(n_taps) - n_taps // 2) * dilation
    return float(np.maximum(n_steps - away, 0).sum() / n_steps)


def filter_over_time(x: mx.array, taps: mx.array) -> mx.array:
    """Correlate each unit with its taps, ``y[t] = Σ_k taps[k]·x[t + k − n_taps//2]``.

    Beyond the ends the signal is taken for zero. By a compiled kernel on a CPU, and by the Fourier
    transform where kernels do not serve; MLX's grouped convolution takes several times as long.

    Parameters
    ----------
    x : array [T, batch, units]
    taps : array [units, n_taps]

    Returns
    -------
    array [T, batch, units]

    Examples
    --------
    >>> x = mx.array([1.0, 2.0, 3.0]).reshape(3, 1, 1)
    >>> filter_over_time(x, mx.array([[1.0, 0.0, -1.0]])).reshape(-1).tolist()
    [-2.0, -2.0, 2.0]
    """
    serves = mx.default_device() == mx.Device(mx.cpu) and kernels_available()
    if serves and x.dtype == taps.dtype == mx.float32 and x.size and has_values(x, taps):
        return _by_kernel(x, taps)
    return _by_transform(x, taps)


def _by_transform(x: mx.array, taps: mx.array) -> mx.array:
    n_steps, n_taps = x.shape[0], taps.shape[1]
    size = next_fast_len(n_steps + n_taps - 1, real=True)
    spectrum = mx.fft.rfft(x.transpose(1, 2, 0), n=size) * mx.fft.rfft(taps[:, ::-1], n=size)
    start = n_taps - 1 - n_taps // 2
    return mx.fft.irfft(spectrum, n=size)[..., start : start + n_steps].transpose(2, 0, 1)


def _by_kernel(x: mx.array, taps: mx.array) -> mx.array:
    from eegsnn.kernels.filtering import by_taps, correlate

    n_taps = taps.shape[1]
    n_steps, batch, n_units = x.shape

    def spread(taps: mx.array) -> np.ndarray:
        """Give every row, a unit in a trial, the taps of its unit."""
        return np.tile(np.asarray(taps), (batch, 1))

    def as_sequence(rows: np.ndarray) -> mx.array:
        return mx.array(rows.reshape(batch, n_units, n_steps)).transpose(2, 0, 1)

    def forward(x: mx.array, taps: mx.array) -> mx.array:
        return as_sequence(correlate(_rows(x), spread(taps), n_taps // 2))

    function: Any = mx.custom_function(forward)

    @function.vjp
    def vjp(
        primals: tuple[mx.array, mx.array], cotangent: mx.array, _: mx.array
    ) -> tuple[mx.array, mx.array]:
        x, taps = primals
        gradient = _rows(cotangent)
        flipped = np.ascontiguousarray(spread(taps)[:, ::-1])
        by_x = correlate(gradient, flipped, n_taps - 1 - n_taps // 2)
        total = by_taps(gradient, _rows(x), n_taps, n_taps // 2)
        return as_sequence(by_x), mx.array(total.reshape(batch, n_units, n_taps).sum(axis=0))

    return function(x, taps)


def _rows(x: mx.array) -> np.ndarray:
    """Time last, in one piece: [batch·units, T]."""
    rows = mx.contiguous(x.transpose(1, 2, 0))
    mx.eval(rows)
    return np.asarray(rows).reshape(-1, x.shape[0])
