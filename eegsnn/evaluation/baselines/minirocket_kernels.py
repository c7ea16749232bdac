"""The loops of MiniRocket, compiled: importing this module loads Numba."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import numpy as np

from eegsnn._compiling import compiled

LENGTH = 9
"""Weights of a kernel."""


@compiled
def proportions(  # noqa: D103
    X, kernels, dilations, n_biases, channels, first_channel, biases, first_bias, out, lo, hi
):
    # X float32 (trials, channels, times); kernels (84, 3): which weights are 2, the others −1;
    # `channels` and `biases` are flat, with the start of each (dilation, kernel) beside them.
    n_channels, n_times = X.shape[1], X.shape[2]
    nine = np.empty((n_channels, n_times), dtype=np.float32)
    together = np.empty(n_times, dtype=np.float32)
    nine_together = np.empty(n_times, dtype=np.float32)
    response = np.empty(n_times, dtype=np.float32)
    for trial in range(lo, hi):
        series = X[trial]
        for d in range(dilations.size):
            dilation = dilations[d]
            margin = (LENGTH // 2) * dilation
            for c in range(n_channels):
                sum_of_nine(series[c], dilation, nine[c])
            for k in range(len(kernels)):
                combination = d * len(kernels) + k
                first, last = first_channel[combination], first_channel[combination + 1]
                if last - first == 1:  # nothing to add up
                    c = channels[first]
                    respond(series[c], nine[c], kernels[k], dilation, response)
                else:
                    add_rows(series, channels[first:last], together)
                    add_rows(nine, channels[first:last], nine_together)
                    respond(together, nine_together, kernels[k], dilation, response)
                # Every other kernel leaves out what the zeros beside the trial have touched.
                inner = response[margin : n_times - margin] if (d + k) % 2 else response
                start = first_bias[combination]
                for b in range(start, start + n_biases[d]):
                    bias = biases[b]
                    above = 0
                    for t in range(inner.size):
                        above += inner[t] > bias
                    out[trial, b] = np.float32(above) / np.float32(inner.size)


@compiled
def one_response(series, kernel, dilation, channels):  # noqa: D103
    # The convolution of one trial (channels, times) with one kernel, zeros beside it.
    n_times = series.shape[1]
    together = np.empty(n_times, dtype=np.float32)
    nine = np.empty(n_times, dtype=np.float32)
    response = np.empty(n_times, dtype=np.float32)
    add_rows(series, channels, together)
    sum_of_nine(together, dilation, nine)
    respond(together, nine, kernel, dilation, response)
    return response


@compiled
def respond(s, nine, kernel, dilation, out):  # noqa: D103
    # Weights −1 and 2 are −1 everywhere and 3 more in three places.
    for t in range(s.size):
        out[t] = -nine[t]
    for place in range(3):
        add_shifted(s, (kernel[place] - LENGTH // 2) * dilation, np.float32(3.0), out)


@compiled
def sum_of_nine(s, dilation, out):  # noqa: D103
    for t in range(s.size):
        out[t] = np.float32(0.0)
    for place in range(LENGTH):
        add_shifted(s, (place - LENGTH // 2) * dilation, np.float32(1.0), out)


@compiled
def add_shifted(s, offset, weight, out):  # noqa: D103
    # out[t] += weight · s[t + offset], where there is such a sample.
    first, last = max(0, -offset), min(s.size, s.size - offset)
    if first >= last:
        return
    target, source = out[first:last], s[first + offset : last + offset]
    for t in range(target.size):
        target[t] += weight * source[t]


@compiled
def add_rows(rows, which, out):  # noqa: D103
    first = rows[which[0]]
    for t in range(out.size):
        out[t] = first[t]
    for i in range(1, which.size):
        row = rows[which[i]]
        for t in range(out.size):
            out[t] += row[t]
