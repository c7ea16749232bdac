"""Rates of threshold units behind kernels, as a compiled loop."""

from __future__ import annotations

import numpy as np

from eegsnn._compiling import compiled


@compiled
def unit_rates(
    x: np.ndarray, dilation: int, triples: np.ndarray, thresholds: np.ndarray, rates: np.ndarray
) -> None:
    """Write the share of samples at which each kernel's output exceeds each threshold.

    Parameters
    ----------
    x : ndarray of float32, shape (trials, times)
    dilation : int
    triples : ndarray of int, shape (kernels, 3)
        Positions of the synapses of weight 2 among nine; the others weigh −1.
    thresholds : ndarray of float32, shape (kernels, n)
    rates : ndarray of float32, shape (trials, kernels, n)
        Overwritten.
    """
    n_trials, n_times = x.shape
    n_kernels, n_thresholds = thresholds.shape
    copies = np.zeros((9, n_times), dtype=np.float32)
    total = np.empty(n_times, dtype=np.float32)
    response = np.empty(n_times, dtype=np.float32)
    three = np.float32(3.0)
    for trial in range(n_trials):
        total[:] = 0.0
        for k in range(9):
            shift = (k - 4) * dilation
            first, last = max(0, -shift), min(n_times, n_times - shift)
            for t in range(first, last):
                copies[k, t] = x[trial, t + shift]
            for t in range(n_times):
                total[t] += copies[k, t]
        for kernel in range(n_kernels):
            a = copies[triples[kernel, 0]]
            b = copies[triples[kernel, 1]]
            c = copies[triples[kernel, 2]]
            for t in range(n_times):
                response[t] = three * (a[t] + b[t] + c[t]) - total[t]
            for n in range(n_thresholds):
                threshold = thresholds[kernel, n]
                count = 0
                for t in range(n_times):
                    count += response[t] > threshold
                rates[trial, kernel, n] = count / n_times
