"""The LIF neuron with delayed, detached reset, and the leaky integrator, as kernels.

Arrays over time are [T, columns]; states and parameters are [columns]. Rows are taken as slices, so
that the compiler sees plain loops over contiguous memory and vectorises them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from eegsnn._compiling import compiled
from eegsnn._sharing import share
from eegsnn.kernels.run import Gradients, Run
from eegsnn.kernels.surrogates import surrogate_row


def forward(run: Run) -> None:
    """Fill spikes and membranes of `run`."""
    arrays = (
        *(run.x, run.first["mem"], run.parameters["beta"], run.parameters["threshold"]),
        *(run.reset, run.outputs, run.states["mem"]),
    )
    share(lambda lo, hi: _forward(*arrays, lo, hi), run.x.shape[1], run.x.size)


def backward(run: Run, gradients: Gradients) -> None:
    """Fill the gradients by input, initial membrane, decay and threshold."""
    arrays = (
        *(run.first["mem"], run.parameters["beta"], run.parameters["threshold"], run.reset),
        *(run.states["mem"], *run.compiled_surrogate()),
        *(gradients.outputs, gradients.states["mem"], gradients.x, gradients.first["mem"]),
        *("beta" in gradients.wanted, gradients.parameters["beta"]),
        *("threshold" in gradients.wanted, gradients.parameters["threshold"]),
    )
    share(lambda lo, hi: _backward(*arrays, lo, hi), run.x.shape[1], run.x.size)


@compiled
def _forward(  # type: ignore[no-untyped-def]
    x, mem, beta, threshold, reset, spikes, membranes, lo, hi
):
    one = np.float32(1.0)
    decay, limit, before = beta[lo:hi], threshold[lo:hi], mem[lo:hi]
    for t in range(x.shape[0]):
        current, after, fired = x[t, lo:hi], membranes[t, lo:hi], spikes[t, lo:hi]
        if reset == 0:
            for j in range(current.size):
                previous = np.float32(before[j] > limit[j])
                u = decay[j] * before[j] + current[j] - previous * limit[j]
                after[j] = u
                fired[j] = np.float32(u > limit[j])
        elif reset == 1:
            for j in range(current.size):
                previous = np.float32(before[j] > limit[j])
                u = decay[j] * ((one - previous) * before[j]) + current[j]
                after[j] = u
                fired[j] = np.float32(u > limit[j])
        else:
            for j in range(current.size):
                u = decay[j] * before[j] + current[j]
                after[j] = u
                fired[j] = np.float32(u > limit[j])
        before = after


@compiled
def _backward(  # type: ignore[no-untyped-def]
    mem, beta, threshold, reset, membranes, kind, slope, values,
    grad_spikes, grad_membranes, grad_x, grad_mem,
    want_beta, grad_beta, want_threshold, grad_threshold, lo, hi,
):  # fmt: skip
    one = np.float32(1.0)
    n_steps, n = membranes.shape[0], hi - lo
    every_state = grad_membranes.shape[0] == n_steps
    differ = grad_spikes.shape[0] == n_steps
    decay, limit = beta[lo:hi], threshold[lo:hi]
    through = np.empty(n, np.float32)
    carried = grad_mem[lo:hi]  # d loss / d membrane, by way of the step after
    carried[:] = np.float32(0.0)
    for t in range(n_steps - 1, -1, -1):
        before = membranes[t - 1, lo:hi] if t else mem[lo:hi]
        surrogate_row(kind, slope, values, t, lo, membranes[t, lo:hi], limit, through)
        from_spikes, total = grad_spikes[t if differ else 0, lo:hi], grad_x[t, lo:hi]
        if every_state or t == n_steps - 1:
            from_membrane = grad_membranes[t if every_state else 0, lo:hi]
            for j in range(n):
                carried[j] += from_membrane[j]
        for j in range(n):
            through[j] = through[j] * from_spikes[j]
            total[j] = carried[j] + through[j]
            carried[j] = decay[j] * total[j]
        if want_beta:
            sums = grad_beta[lo:hi]
            for j in range(n):
                kept = one - np.float32(before[j] > limit[j]) if reset == 1 else one
                sums[j] += total[j] * (kept * before[j])
        if want_threshold:
            sums = grad_threshold[lo:hi]
            for j in range(n):
                previous = np.float32(before[j] > limit[j]) if reset == 0 else np.float32(0.0)
                sums[j] -= through[j] + total[j] * previous
        if reset == 1:
            for j in range(n):
                carried[j] *= one - np.float32(before[j] > limit[j])


def integrate(run: Run) -> None:
    """Fill the membranes of a leaky integrator: its outputs, which are its states too."""
    arrays = (
        *(run.x, run.first["mem"], run.parameters["beta"]),
        *(run.outputs, run.states["mem"]),
    )
    share(lambda lo, hi: _integrate(*arrays, lo, hi), run.x.shape[1], run.x.size)


def integrate_backward(run: Run, gradients: Gradients) -> None:
    """Fill the gradients by input, initial membrane and decay of a leaky integrator."""
    arrays: tuple[Any, ...] = (
        *(run.first["mem"], run.parameters["beta"], run.outputs),
        *(gradients.outputs, gradients.states["mem"], gradients.x, gradients.first["mem"]),
        *("beta" in gradients.wanted, gradients.parameters["beta"]),
    )
    share(lambda lo, hi: _integrate_backward(*arrays, lo, hi), run.x.shape[1], run.x.size)


@compiled
def _integrate(x, mem, beta, outputs, membranes, lo, hi):  # type: ignore[no-untyped-def]
    decay, before = beta[lo:hi], mem[lo:hi]
    for t in range(x.shape[0]):
        current, after, output = x[t, lo:hi], membranes[t, lo:hi], outputs[t, lo:hi]
        for j in range(current.size):
            after[j] = decay[j] * before[j] + current[j]
            output[j] = after[j]
        before = after


@compiled
def _integrate_backward(  # type: ignore[no-untyped-def]
    mem, beta, membranes, grad_outputs, grad_membranes, grad_x, grad_mem, want_beta, grad_beta,
    lo, hi,
):  # fmt: skip
    n_steps = membranes.shape[0]
    every_state = grad_membranes.shape[0] == n_steps
    differ = grad_outputs.shape[0] == n_steps
    decay, carried = beta[lo:hi], grad_mem[lo:hi]
    carried[:] = np.float32(0.0)
    for t in range(n_steps - 1, -1, -1):
        before = membranes[t - 1, lo:hi] if t else mem[lo:hi]
        outer, total, sums = (
            grad_outputs[t if differ else 0, lo:hi],
            grad_x[t, lo:hi],
            grad_beta[lo:hi],
        )
        for j in range(total.size):
            total[j] = carried[j] + outer[j]
        if every_state or t == n_steps - 1:
            also = grad_membranes[t if every_state else 0, lo:hi]
            for j in range(total.size):
                total[j] += also[j]
        if want_beta:
            for j in range(total.size):
                sums[j] += total[j] * before[j]
        for j in range(total.size):
            carried[j] = decay[j] * total[j]
