"""The resonate-and-fire neuron, delayed and detached reset, as a kernel.

Laid out as :mod:`eegsnn.kernels.leaky`; the equations are those of
:func:`eegsnn.neurons.functional.resonate_step`. Its parameters are the turn of a step, real and
imaginary part of exp((−damping + 2πi·frequency)·dt), and the threshold.
"""

from __future__ import annotations

import numpy as np

from eegsnn._compiling import compiled
from eegsnn._sharing import share
from eegsnn.kernels.run import Gradients, Run
from eegsnn.kernels.surrogates import surrogate_row


def forward(run: Run) -> None:
    """Fill spikes and both parts of `run`."""
    arrays = (
        *(run.x, run.first["real"], run.first["mem"], *_parameters(run)),
        *(run.reset, run.outputs, run.states["real"], run.states["mem"]),
    )
    share(lambda lo, hi: _forward(*arrays, lo, hi), run.x.shape[1], run.x.size)


def backward(run: Run, gradients: Gradients) -> None:
    """Fill the gradients by input, first states, turn and threshold."""
    totals = gradients.parameters
    arrays = (
        *(run.first["real"], run.first["mem"], *_parameters(run)),
        *(run.reset, run.states["real"], run.states["mem"], *run.compiled_surrogate()),
        *(gradients.outputs, gradients.states["real"], gradients.states["mem"]),
        *(gradients.x, gradients.first["real"], gradients.first["mem"]),
        *(bool(gradients.wanted), totals["cosine"], totals["sine"], totals["threshold"]),
    )
    share(lambda lo, hi: _backward(*arrays, lo, hi), run.x.shape[1], run.x.size)


def _parameters(run: Run) -> tuple[np.ndarray, ...]:
    return tuple(run.parameters[name] for name in ("cosine", "sine", "threshold"))


@compiled
def _forward(  # type: ignore[no-untyped-def]
    x, real, mem, cosine, sine, threshold, reset, spikes, reals, mems, lo, hi
):
    one = np.float32(1.0)
    c, s, limit = cosine[lo:hi], sine[lo:hi], threshold[lo:hi]
    real_before, before = real[lo:hi], mem[lo:hi]
    for t in range(x.shape[0]):
        current, fired = x[t, lo:hi], spikes[t, lo:hi]
        real_after, after = reals[t, lo:hi], mems[t, lo:hi]
        for j in range(current.size):
            previous = np.float32(before[j] > limit[j])
            kept = one - previous if reset == 1 else one
            taken = previous * limit[j] if reset == 0 else np.float32(0.0)
            r, m = kept * real_before[j], kept * before[j]
            real_after[j] = c[j] * r - s[j] * m + current[j]
            u = s[j] * r + c[j] * m - taken
            after[j] = u
            fired[j] = np.float32(u > limit[j])
        real_before, before = real_after, after


@compiled
def _backward(  # type: ignore[no-untyped-def]
    real, mem, cosine, sine, threshold, reset, reals, mems, kind, slope, values,
    grad_spikes, grad_reals, grad_mems, grad_x, grad_real, grad_mem,
    wanted, grad_cosine, grad_sine, grad_threshold, lo, hi,
):  # fmt: skip
    one = np.float32(1.0)
    n_steps, n = mems.shape[0], hi - lo
    every_state = grad_mems.shape[0] == n_steps
    differ = grad_spikes.shape[0] == n_steps
    c, s, limit = cosine[lo:hi], sine[lo:hi], threshold[lo:hi]
    by_cosine, by_sine = grad_cosine[lo:hi], grad_sine[lo:hi]
    by_threshold = grad_threshold[lo:hi]
    through, by_mem = np.empty(n, np.float32), np.empty(n, np.float32)
    nothing = np.zeros(n, np.float32)
    # d loss / d real and imaginary part, by way of the step after
    carried_real, carried = grad_real[lo:hi], grad_mem[lo:hi]
    carried_real[:] = np.float32(0.0)
    carried[:] = np.float32(0.0)
    for t in range(n_steps - 1, -1, -1):
        real_before = reals[t - 1, lo:hi] if t else real[lo:hi]
        before = mems[t - 1, lo:hi] if t else mem[lo:hi]
        surrogate_row(kind, slope, values, t, lo, mems[t, lo:hi], limit, through)
        from_spikes, by_real = grad_spikes[t if differ else 0, lo:hi], grad_x[t, lo:hi]
        from_real, from_mem = nothing, nothing
        if every_state or t == n_steps - 1:
            which = t if every_state else 0
            from_real, from_mem = grad_reals[which, lo:hi], grad_mems[which, lo:hi]
        for j in range(n):
            through[j] = through[j] * from_spikes[j]
            by_real[j] = carried_real[j] + from_real[j]
            by_mem[j] = carried[j] + from_mem[j] + through[j]
        if wanted:
            for j in range(n):
                previous = np.float32(before[j] > limit[j])
                kept = one - previous if reset == 1 else one
                taken = previous if reset == 0 else np.float32(0.0)
                r, m = kept * real_before[j], kept * before[j]
                by_cosine[j] += by_real[j] * r + by_mem[j] * m
                by_sine[j] += by_mem[j] * r - by_real[j] * m
                by_threshold[j] -= through[j] + by_mem[j] * taken
        for j in range(n):
            kept = one - np.float32(before[j] > limit[j]) if reset == 1 else one
            carried_real[j] = kept * (c[j] * by_real[j] + s[j] * by_mem[j])
            carried[j] = kept * (c[j] * by_mem[j] - s[j] * by_real[j])
