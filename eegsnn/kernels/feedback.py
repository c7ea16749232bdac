"""Spikes fed back through a dense matrix of weights, for kernels of recurrent neurons.

Forward, the spikes are few: the rows of weights of what spiked are added up. Backward, every step
needs a product of dense rows, done here as well, since threads that each have some of the trials
then never wait for each other; it goes through the weights in blocks that a cache holds. The
gradient by the weights again costs what the spikes cost.

Every row is computed in the same order whatever stands beside it: results do not depend on the
number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from eegsnn._compiling import compiled
from eegsnn._sharing import share
from eegsnn.kernels.run import Gradients, Run

# Rows of a gradient that are added up while they are in the cache.
_ROWS_TOGETHER = 64

# A step costs at least so many of a neuron without recurrence.
_STEPS_PER_ELEMENT = 4


def by_trial(array: np.ndarray, n_neurons: int) -> np.ndarray:
    """View [T, columns] as [T, trials, neurons]."""
    return array.reshape(len(array), -1, n_neurons)


def share_trials(work: Callable[[int, int], None], run: Run) -> None:
    """Call ``work(first, last)`` on ranges of trials, in pairs, as products take them."""
    n_trials = run.x.shape[1] // len(run.parameters["recurrent_bias"])
    share(work, n_trials, _STEPS_PER_ELEMENT * run.x.size, together=2)


def run_forward(
    run: Run, kernel: Callable[..., None], states: Sequence[str], parameters: Sequence[str]
) -> None:
    """Fill the outputs and states of `run` by a kernel that takes them in this order.

    Input, first spikes and `states`, `parameters`, weights by source, biases, reset; then what is
    filled: outputs, `states`; last the range of trials.
    """
    weight, bias = run.parameters["recurrent_weight"], run.parameters["recurrent_bias"]
    n = len(bias)
    arrays = (
        by_trial(run.x, n),
        *(run.first[name].reshape(-1, n) for name in ("spk", *states)),
        *(run.parameters[name].reshape(-1, n) for name in parameters),
        *(np.ascontiguousarray(weight.T), bias, run.reset, by_trial(run.outputs, n)),
        *(by_trial(run.states[name], n) for name in states),
    )
    share_trials(lambda lo, hi: kernel(*arrays, lo, hi), run)
    run.keep_spikes()


def gradients_by_weights(run: Run, gradients: Gradients) -> None:
    """Fill the gradients by recurrent weights and biases, from that by the input."""
    totals, wanted = gradients.parameters, gradients.wanted
    if not {"recurrent_weight", "recurrent_bias"} & wanted:
        return
    n = len(totals["recurrent_bias"])
    entering = gradients.x.reshape(-1, n)
    by_source, bias = np.zeros((n, n), np.float32), np.zeros(n, np.float64)
    arrays = (run.first["spk"].reshape(-1, n), run.outputs.reshape(-1, n), entering)
    work = _STEPS_PER_ELEMENT * entering.size
    share(lambda lo, hi: _weight_gradient(*arrays, by_source, bias, lo, hi), n, work)
    totals["recurrent_weight"][:] = by_source.T
    totals["recurrent_bias"][:] = bias


@compiled
def add_spikes(sources, by_source, active, total):  # type: ignore[no-untyped-def]
    """Add sources @ by_source to `total`, row by row of what is not zero; `active` is scratch."""
    n, one = np.uintp(total.size), np.uintp(1)  # unsigned indices: no check for negative ones
    found = np.uintp(0)
    for i in range(np.uintp(sources.size)):  # without a branch: nobody can predict a spike
        active[found] = i
        found += np.uintp(sources[i] != np.float32(0.0))
    k = np.uintp(0)
    while k + np.uintp(4) <= found:
        a, b = np.uintp(active[k]), np.uintp(active[k + one])
        c, d = np.uintp(active[k + np.uintp(2)]), np.uintp(active[k + np.uintp(3)])
        rows = by_source[a], by_source[b], by_source[c], by_source[d]
        s = sources[a], sources[b], sources[c], sources[d]
        for j in range(n):
            total[j] += (s[0] * rows[0][j] + s[1] * rows[1][j]) + (
                s[2] * rows[2][j] + s[3] * rows[3][j]
            )
        k += np.uintp(4)
    while k < found:
        a = np.uintp(active[k])
        row, strength = by_source[a], sources[a]
        for j in range(n):
            total[j] += strength * row[j]
        k += one


@compiled
def products(rows, weight, out):  # type: ignore[no-untyped-def]
    """Write rows @ weight to `out`: two rows and four sources at a time, in blocks of sources."""
    n = np.uintp(weight.shape[1])
    sources = np.uintp(weight.shape[0])
    block = np.uintp(max(8, (1 << 15) // max(weight.shape[1], 1) // 4 * 4))
    start = np.uintp(0)
    out[:] = np.float32(0.0)
    while start < sources:
        stop = min(start + block, sources)
        for row in range(0, rows.shape[0] - 1, 2):
            _two_rows(rows[row], rows[row + 1], weight, start, stop, out[row], out[row + 1], n)
        if rows.shape[0] % 2:
            _one_row(rows[-1], weight, start, stop, out[-1], n)
        start = stop


@compiled
def _two_rows(a, b, weight, start, stop, to_a, to_b, n):  # type: ignore[no-untyped-def]
    one, two, three, four = np.uintp(1), np.uintp(2), np.uintp(3), np.uintp(4)
    k = start
    while k + four <= stop:
        p, q, r, s = weight[k], weight[k + one], weight[k + two], weight[k + three]
        a0, a1, a2, a3 = a[k], a[k + one], a[k + two], a[k + three]
        b0, b1, b2, b3 = b[k], b[k + one], b[k + two], b[k + three]
        for j in range(n):
            to_a[j] += (a0 * p[j] + a1 * q[j]) + (a2 * r[j] + a3 * s[j])
            to_b[j] += (b0 * p[j] + b1 * q[j]) + (b2 * r[j] + b3 * s[j])
        k += four
    while k < stop:
        p, a0, b0 = weight[k], a[k], b[k]
        for j in range(n):
            to_a[j] += a0 * p[j]
            to_b[j] += b0 * p[j]
        k += one


@compiled
def _one_row(a, weight, start, stop, to_a, n):  # type: ignore[no-untyped-def]
    one, two, three, four = np.uintp(1), np.uintp(2), np.uintp(3), np.uintp(4)
    k = start
    while k + four <= stop:
        p, q, r, s = weight[k], weight[k + one], weight[k + two], weight[k + three]
        a0, a1, a2, a3 = a[k], a[k + one], a[k + two], a[k + three]
        for j in range(n):
            to_a[j] += (a0 * p[j] + a1 * q[j]) + (a2 * r[j] + a3 * s[j])
        k += four
    while k < stop:
        p, a0 = weight[k], a[k]
        for j in range(n):
            to_a[j] += a0 * p[j]
        k += one


@compiled
def _weight_gradient(first, spikes, entering, by_source, bias, lo, hi):  # type: ignore[no-untyped-def]
    """Add up rows of `entering` [steps·trials, lo:hi] over the spikes of the step before."""
    n_trials, n_sources = first.shape
    near = np.empty((_ROWS_TOGETHER, hi - lo), np.float32)
    active = np.empty(_ROWS_TOGETHER + 1, np.uint32)
    strengths = np.empty(_ROWS_TOGETHER, np.float32)
    for start in range(0, entering.shape[0], _ROWS_TOGETHER):
        n_rows = min(_ROWS_TOGETHER, entering.shape[0] - start)
        for r in range(n_rows):
            near[r, :] = entering[start + r, lo:hi]
            for j in range(hi - lo):
                bias[lo + j] += near[r, j]
        for source in range(n_sources):
            for r in range(n_rows):
                row = start + r - n_trials
                strengths[r] = first[start + r, source] if row < 0 else spikes[row, source]
            add_spikes(strengths[:n_rows], near, active, by_source[source, lo:hi])
