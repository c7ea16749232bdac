"""The adaptive LIF neuron (ALIF), delayed and detached reset, as a kernel.

Laid out as :mod:`eegsnn.kernels.leaky`; the equations are those of
:func:`eegsnn.neurons.functional.alif_step`. Since the reset is delayed, the spikes of the step
before are just those of which the threshold is taken off; only the first state may say otherwise.
"""

from __future__ import annotations

import numpy as np

from eegsnn._compiling import compiled
from eegsnn._sharing import share
from eegsnn.kernels.run import Gradients, Run
from eegsnn.kernels.surrogates import surrogate_row


def forward(run: Run) -> None:
    """Fill spikes, adaptation and membranes of `run`."""
    arrays = (
        *(run.x, run.first["spk"], run.first["adaptation"], run.first["mem"], *_parameters(run)),
        *(run.reset, run.outputs, run.states["adaptation"], run.states["mem"]),
    )
    share(lambda lo, hi: _forward(*arrays, lo, hi), run.x.shape[1], run.x.size)
    run.keep_spikes()


def backward(run: Run, gradients: Gradients) -> None:
    """Fill the gradients by input, first states and every parameter."""
    totals, wanted = gradients.parameters, gradients.wanted
    limits = run.parameters["threshold"] + run.parameters["b"] * run.states["adaptation"]
    arrays = (
        *(run.first["adaptation"], run.first["mem"], *_parameters(run), run.reset),
        *(run.outputs, run.states["adaptation"], run.states["mem"], limits),
        *run.compiled_surrogate(limits),
        *(gradients.outputs, gradients.states["spk"]),
        *(gradients.states["adaptation"], gradients.states["mem"]),
        *(gradients.x, gradients.first["spk"]),
        *(gradients.first["adaptation"], gradients.first["mem"]),
        *(totals["beta"], totals["rho"], totals["b"], totals["threshold"]),
        bool(wanted & {"beta", "rho", "b", "threshold"}),
    )
    share(lambda lo, hi: _backward(*arrays, lo, hi), run.x.shape[1], run.x.size)


def _parameters(run: Run) -> tuple[np.ndarray, ...]:
    return tuple(run.parameters[name] for name in ("beta", "rho", "b", "threshold"))


@compiled
def _forward(  # type: ignore[no-untyped-def]
    x, spk, adaptation, mem, beta, rho, b, threshold, reset,
    spikes, adaptations, membranes, lo, hi,
):  # fmt: skip
    one = np.float32(1.0)
    decay, fall, rise, limit = beta[lo:hi], rho[lo:hi], b[lo:hi], threshold[lo:hi]
    fired_before, raised_before, before = spk[lo:hi], adaptation[lo:hi], mem[lo:hi]
    for t in range(x.shape[0]):
        current, fired = x[t, lo:hi], spikes[t, lo:hi]
        raised, after = adaptations[t, lo:hi], membranes[t, lo:hi]
        for j in range(current.size):
            previous = np.float32(before[j] > limit[j] + rise[j] * raised_before[j])
            raised[j] = fall[j] * raised_before[j] + fired_before[j]
            if reset == 0:
                u = decay[j] * before[j] + current[j] - previous * limit[j]
            elif reset == 1:
                u = decay[j] * ((one - previous) * before[j]) + current[j]
            else:
                u = decay[j] * before[j] + current[j]
            after[j] = u
            fired[j] = np.float32(u > limit[j] + rise[j] * raised[j])
        fired_before, raised_before, before = fired, raised, after


@compiled
def _backward(  # type: ignore[no-untyped-def]
    adaptation, mem, beta, rho, b, threshold, reset, spikes, adaptations, membranes, limits,
    kind, slope, values, grad_spikes, grad_spike_states, grad_adaptations, grad_membranes,
    grad_x, grad_spk, grad_adaptation, grad_mem,
    grad_beta, grad_rho, grad_b, grad_threshold, wanted, lo, hi,
):  # fmt: skip
    one = np.float32(1.0)
    n_steps, n = membranes.shape[0], hi - lo
    every_state = grad_membranes.shape[0] == n_steps
    differ = grad_spikes.shape[0] == n_steps
    decay, fall, rise, limit = beta[lo:hi], rho[lo:hi], b[lo:hi], threshold[lo:hi]
    through, raising, nothing = (
        np.empty(n, np.float32), np.empty(n, np.float32), np.zeros(n, np.float32)
    )  # fmt: skip
    first_fired = np.empty(n, np.float32)
    for j in range(n):
        first_fired[j] = np.float32(mem[lo + j] > limit[j] + rise[j] * adaptation[lo + j])
    # d loss / d spikes, adaptation and membrane, by way of the step after
    by_spikes, by_adaptation, carried = grad_spk[lo:hi], grad_adaptation[lo:hi], grad_mem[lo:hi]
    by_spikes[:] = np.float32(0.0)
    by_adaptation[:] = np.float32(0.0)
    carried[:] = np.float32(0.0)
    for t in range(n_steps - 1, -1, -1):
        before = membranes[t - 1, lo:hi] if t else mem[lo:hi]
        raised_before = adaptations[t - 1, lo:hi] if t else adaptation[lo:hi]
        previous = spikes[t - 1, lo:hi] if t else first_fired
        surrogate_row(kind, slope, values, t, lo, membranes[t, lo:hi], limits[t, lo:hi], through)
        from_spikes, total = grad_spikes[t if differ else 0, lo:hi], grad_x[t, lo:hi]
        from_state, from_adaptation, from_membrane = nothing, nothing, nothing
        if every_state or t == n_steps - 1:
            which = t if every_state else 0
            from_state = grad_spike_states[which, lo:hi]
            from_adaptation = grad_adaptations[which, lo:hi]
            from_membrane = grad_membranes[which, lo:hi]
        for j in range(n):
            through[j] = through[j] * (from_spikes[j] + from_state[j] + by_spikes[j])
            total[j] = carried[j] + from_membrane[j] + through[j]
            raising[j] = by_adaptation[j] + from_adaptation[j] - rise[j] * through[j]
        if wanted:
            sums_beta, sums_rho = grad_beta[lo:hi], grad_rho[lo:hi]
            sums_b, sums_threshold, raised = grad_b[lo:hi], grad_threshold[lo:hi], adaptations[t]
            for j in range(n):
                kept = one - previous[j] if reset == 1 else one
                taken = previous[j] if reset == 0 else np.float32(0.0)
                sums_beta[j] += total[j] * (kept * before[j])
                sums_rho[j] += raising[j] * raised_before[j]
                sums_b[j] -= through[j] * raised[lo + j]
                sums_threshold[j] -= through[j] + total[j] * taken
        for j in range(n):
            kept = one - previous[j] if reset == 1 else one
            carried[j] = decay[j] * total[j] * kept
            by_adaptation[j] = fall[j] * raising[j]
            by_spikes[j] = raising[j]
