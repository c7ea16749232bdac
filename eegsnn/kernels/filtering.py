"""Filters over time, one for each row, as kernels: [rows, T] by [rows, taps].

Time is the last axis here: the innermost loops run over contiguous memory, four taps or four steps
at once, so that most of what is loaded is used more than once.
"""

from __future__ import annotations

import numpy as np

from eegsnn._compiling import compiled
from eegsnn._sharing import share


def correlate(x: np.ndarray, taps: np.ndarray, first: int) -> np.ndarray:
    """``y[t] = Σ_k taps[k] · x[t + k − first]``, zeros beyond the ends; float32 [rows, T]."""
    padded, y = _padded(x, taps.shape[1], first), np.zeros_like(x)
    share(lambda lo, hi: _correlate(padded, taps, y, lo, hi), len(x), taps.shape[1] * x.size)
    return y


def by_taps(gradient: np.ndarray, x: np.ndarray, n_taps: int, first: int) -> np.ndarray:
    """Gradient of :func:`correlate` by its taps, ``Σ_t gradient[t] · x[t + k − first]``."""
    padded, total = _padded(x, n_taps, first), np.zeros((len(x), n_taps), np.float32)
    share(lambda lo, hi: _by_taps(gradient, padded, total, lo, hi), len(x), n_taps * x.size)
    return total


def _padded(x: np.ndarray, n_taps: int, first: int) -> np.ndarray:
    return np.pad(x, ((0, 0), (first, n_taps - 1 - first)))


@compiled
def _correlate(padded, taps, y, lo, hi):  # type: ignore[no-untyped-def]
    n_steps, n_taps = y.shape[1], taps.shape[1]
    for row in range(lo, hi):
        total = y[row]
        k = 0
        while k + 4 <= n_taps:
            a, b, c, d = taps[row, k], taps[row, k + 1], taps[row, k + 2], taps[row, k + 3]
            value = padded[row, k : k + n_steps + 3]
            for t in range(n_steps):
                total[t] += (a * value[t] + b * value[t + 1]) + (
                    c * value[t + 2] + d * value[t + 3]
                )
            k += 4
        while k < n_taps:
            a, value = taps[row, k], padded[row, k : k + n_steps]
            for t in range(n_steps):
                total[t] += a * value[t]
            k += 1


@compiled
def _by_taps(gradient, padded, total, lo, hi):  # type: ignore[no-untyped-def]
    n_steps, n_taps = gradient.shape[1], total.shape[1]
    for row in range(lo, hi):
        sums = total[row]
        t = 0
        while t + 4 <= n_steps:
            a, b, c, d = (
                gradient[row, t], gradient[row, t + 1], gradient[row, t + 2], gradient[row, t + 3]
            )  # fmt: skip
            value = padded[row, t : t + n_taps + 3]
            for k in range(n_taps):
                sums[k] += (a * value[k] + b * value[k + 1]) + (c * value[k + 2] + d * value[k + 3])
            t += 4
        while t < n_steps:
            a, value = gradient[row, t], padded[row, t : t + n_taps]
            for k in range(n_taps):
                sums[k] += a * value[k]
            t += 1
