"""The LIF neuron with a synaptic current, delayed and detached reset, as a kernel.

Laid out as :mod:`eegsnn.kernels.leaky`; the equations are those of
:func:`eegsnn.neurons.functional.synaptic_step`.
"""

from __future__ import annotations

import numpy as np

from eegsnn._compiling import compiled
from eegsnn._sharing import share
from eegsnn.kernels.run import Gradients, Run
from eegsnn.kernels.surrogates import surrogate_row


def forward(run: Run) -> None:
    """Fill spikes, synaptic currents and membranes of `run`."""
    parameters = run.parameters
    arrays = (
        *(run.x, run.first["syn"], run.first["mem"]),
        *(parameters["alpha"], parameters["beta"], parameters["threshold"]),
        *(run.reset, run.outputs, run.states["syn"], run.states["mem"]),
    )
    share(lambda lo, hi: _forward(*arrays, lo, hi), run.x.shape[1], run.x.size)


def backward(run: Run, gradients: Gradients) -> None:
    """Fill the gradients by input, first states, both decays and threshold."""
    parameters, totals, wanted = run.parameters, gradients.parameters, gradients.wanted
    arrays = (
        *(run.first["syn"], run.first["mem"]),
        *(parameters["alpha"], parameters["beta"], parameters["threshold"], run.reset),
        *(run.states["syn"], run.states["mem"], *run.compiled_surrogate()),
        *(gradients.outputs, gradients.states["syn"], gradients.states["mem"]),
        *(gradients.x, gradients.first["syn"], gradients.first["mem"]),
        *("alpha" in wanted, totals["alpha"], "beta" in wanted, totals["beta"]),
        *("threshold" in wanted, totals["threshold"]),
    )
    share(lambda lo, hi: _backward(*arrays, lo, hi), run.x.shape[1], run.x.size)


@compiled
def _forward(  # type: ignore[no-untyped-def]
    x, syn, mem, alpha, beta, threshold, reset, spikes, currents, membranes, lo, hi
):
    fall, decay, limit = alpha[lo:hi], beta[lo:hi], threshold[lo:hi]
    current_before, before = syn[lo:hi], mem[lo:hi]
    for t in range(x.shape[0]):
        entering, current, after = x[t, lo:hi], currents[t, lo:hi], membranes[t, lo:hi]
        fired = spikes[t, lo:hi]
        for j in range(entering.size):
            current[j] = fall[j] * current_before[j] + entering[j]
            u = decay[j] * before[j] + current[j]
            previous = np.float32(before[j] > limit[j])
            if reset == 0:
                u = u - previous * limit[j]
            elif reset == 1:
                u = u - previous * u
            after[j] = u
            fired[j] = np.float32(u > limit[j])
        current_before, before = current, after


@compiled
def _backward(  # type: ignore[no-untyped-def]
    syn, mem, alpha, beta, threshold, reset, currents, membranes, kind, slope, values,
    grad_spikes, grad_currents, grad_membranes, grad_x, grad_syn, grad_mem,
    want_alpha, grad_alpha, want_beta, grad_beta, want_threshold, grad_threshold, lo, hi,
):  # fmt: skip
    one = np.float32(1.0)
    n_steps, n = membranes.shape[0], hi - lo
    every_state = grad_membranes.shape[0] == n_steps
    differ = grad_spikes.shape[0] == n_steps
    fall, decay, limit = alpha[lo:hi], beta[lo:hi], threshold[lo:hi]
    through, kept, nothing = (
        np.empty(n, np.float32), np.empty(n, np.float32), np.zeros(n, np.float32)
    )  # fmt: skip
    # d loss / d current and membrane, by way of the step after
    carried_current, carried = grad_syn[lo:hi], grad_mem[lo:hi]
    carried_current[:] = np.float32(0.0)
    carried[:] = np.float32(0.0)
    for t in range(n_steps - 1, -1, -1):
        before = membranes[t - 1, lo:hi] if t else mem[lo:hi]
        current_before = currents[t - 1, lo:hi] if t else syn[lo:hi]
        surrogate_row(kind, slope, values, t, lo, membranes[t, lo:hi], limit, through)
        from_spikes, total = grad_spikes[t if differ else 0, lo:hi], grad_x[t, lo:hi]
        from_membrane, from_current = nothing, nothing
        if every_state:
            from_membrane, from_current = grad_membranes[t, lo:hi], grad_currents[t, lo:hi]
        elif t == n_steps - 1:
            from_membrane, from_current = grad_membranes[0, lo:hi], grad_currents[0, lo:hi]
        for j in range(n):
            through[j] = through[j] * from_spikes[j]
            kept[j] = carried[j] + from_membrane[j] + through[j]
        if want_threshold:
            sums = grad_threshold[lo:hi]
            for j in range(n):
                previous = np.float32(before[j] > limit[j]) if reset == 0 else np.float32(0.0)
                sums[j] -= through[j] + kept[j] * previous
        if reset == 1:
            for j in range(n):
                kept[j] = kept[j] * (one - np.float32(before[j] > limit[j]))
        for j in range(n):
            total[j] = carried_current[j] + from_current[j] + kept[j]
        if want_alpha:
            sums = grad_alpha[lo:hi]
            for j in range(n):
                sums[j] += total[j] * current_before[j]
        if want_beta:
            sums = grad_beta[lo:hi]
            for j in range(n):
                sums[j] += kept[j] * before[j]
        for j in range(n):
            carried_current[j] = fall[j] * total[j]
            carried[j] = decay[j] * kept[j]
