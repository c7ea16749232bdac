"""The densely recurrent adaptive LIF neuron (RALIF), delayed and detached reset, as a kernel.

Laid out as :mod:`eegsnn.kernels.recurrent`; the equations are those of
:func:`eegsnn.neurons.functional.ralif_step`.
"""

from __future__ import annotations

import numpy as np

from eegsnn._compiling import compiled
from eegsnn.kernels.feedback import (
    add_spikes,
    by_trial,
    gradients_by_weights,
    products,
    run_forward,
    share_trials,
)
from eegsnn.kernels.run import Gradients, Run
from eegsnn.kernels.surrogates import surrogate_row

_PARAMETERS = ("beta", "rho", "b", "threshold")


def forward(run: Run) -> None:
    """Fill spikes, adaptation and membranes of `run`."""
    run_forward(run, _forward, ("adaptation", "mem"), _PARAMETERS)


def backward(run: Run, gradients: Gradients) -> None:
    """Fill the gradients by input, first states, every parameter, and recurrent weights."""
    weight = run.parameters["recurrent_weight"]
    n = len(weight)
    limits = run.parameters["threshold"] + run.parameters["b"] * run.states["adaptation"]
    first_limits = run.parameters["threshold"] + run.parameters["b"] * run.first["adaptation"]
    arrays = (
        *(run.first["adaptation"], run.first["mem"], first_limits),
        *(run.parameters[name] for name in _PARAMETERS),
        *(weight, run.reset, run.states["adaptation"], run.states["mem"], limits),
        *run.compiled_surrogate(limits),
        *(gradients.outputs, gradients.states["spk"]),
        *(gradients.states["adaptation"], gradients.states["mem"]),
        *(by_trial(gradients.x, n), gradients.first["spk"].reshape(-1, n)),
        *(gradients.first["adaptation"], gradients.first["mem"]),
        *(gradients.parameters[name] for name in _PARAMETERS),
        bool(gradients.wanted & set(_PARAMETERS)),
    )
    share_trials(lambda lo, hi: _backward(*arrays, lo, hi), run)
    gradients_by_weights(run, gradients)


@compiled
def _forward(  # type: ignore[no-untyped-def]
    x, spk, adaptation, mem, beta, rho, b, threshold, by_source, bias, reset,
    spikes, adaptations, membranes, lo, hi,
):  # fmt: skip
    feedback = np.empty(bias.size, np.float32)
    active = np.empty(bias.size + 1, np.uint32)
    for t in range(x.shape[0]):
        for trial in range(lo, hi):
            fired_before = spikes[t - 1, trial] if t else spk[trial]
            raised_before = adaptations[t - 1, trial] if t else adaptation[trial]
            before = membranes[t - 1, trial] if t else mem[trial]
            feedback[:] = bias
            add_spikes(fired_before, by_source, active, feedback)
            decay, fall, rise, limit = beta[trial], rho[trial], b[trial], threshold[trial]
            current, fired = x[t, trial], spikes[t, trial]
            raised, after = adaptations[t, trial], membranes[t, trial]
            for j in range(feedback.size):
                previous = np.float32(before[j] > limit[j] + rise[j] * raised_before[j])
                raised[j] = fall[j] * raised_before[j] + fired_before[j]
                u = decay[j] * before[j] + current[j] + feedback[j]
                if reset == 0:
                    u = u - previous * limit[j]
                elif reset == 1:
                    u = u - previous * u
                after[j] = u
                fired[j] = np.float32(u > limit[j] + rise[j] * raised[j])


@compiled
def _backward(  # type: ignore[no-untyped-def]
    adaptation, mem, first_limits, beta, rho, b, threshold, weight, reset,
    adaptations, membranes, limits, kind, slope, values,
    grad_spikes, grad_spike_states, grad_adaptations, grad_membranes,
    grad_x, grad_spk, grad_adaptation, grad_mem,
    grad_beta, grad_rho, grad_b, grad_threshold, wanted, first_trial, last_trial,
):  # fmt: skip
    one = np.float32(1.0)
    n_steps, n_neurons = membranes.shape[0], weight.shape[0]
    lo, hi = first_trial * n_neurons, last_trial * n_neurons
    n = hi - lo
    every_state = grad_membranes.shape[0] == n_steps
    differ = grad_spikes.shape[0] == n_steps
    decay, fall, rise = beta[lo:hi], rho[lo:hi], b[lo:hi]
    through, raising, nothing = (
        np.empty(n, np.float32), np.empty(n, np.float32), np.zeros(n, np.float32)
    )  # fmt: skip
    # d loss / d spikes, adaptation and membrane, by way of the step after
    feedback = grad_spk[first_trial:last_trial]
    by_spikes, by_adaptation, carried = feedback.reshape(n), grad_adaptation[lo:hi], grad_mem[lo:hi]
    by_spikes[:] = np.float32(0.0)
    by_adaptation[:] = np.float32(0.0)
    carried[:] = np.float32(0.0)
    for t in range(n_steps - 1, -1, -1):
        before = membranes[t - 1, lo:hi] if t else mem[lo:hi]
        raised_before = adaptations[t - 1, lo:hi] if t else adaptation[lo:hi]
        limit_before = limits[t - 1, lo:hi] if t else first_limits[lo:hi]
        surrogate_row(kind, slope, values, t, lo, membranes[t, lo:hi], limits[t, lo:hi], through)
        from_spikes = grad_spikes[t if differ else 0, lo:hi]
        from_state, from_adaptation, from_membrane = nothing, nothing, nothing
        if every_state or t == n_steps - 1:
            which = t if every_state else 0
            from_state = grad_spike_states[which, lo:hi]
            from_adaptation = grad_adaptations[which, lo:hi]
            from_membrane = grad_membranes[which, lo:hi]
        entering = grad_x[t, first_trial:last_trial]
        total = entering.reshape(n)
        for j in range(n):
            through[j] = through[j] * (from_spikes[j] + from_state[j] + by_spikes[j])
            total[j] = carried[j] + from_membrane[j] + through[j]
            raising[j] = by_adaptation[j] + from_adaptation[j] - rise[j] * through[j]
        if reset == 1:
            for j in range(n):
                total[j] = total[j] * (one - np.float32(before[j] > limit_before[j]))
        if wanted:
            sums_beta, sums_rho = grad_beta[lo:hi], grad_rho[lo:hi]
            sums_b, sums_threshold = grad_b[lo:hi], grad_threshold[lo:hi]
            raised = adaptations[t, lo:hi]
            for j in range(n):
                previous = np.float32(before[j] > limit_before[j])
                taken = previous if reset == 0 else np.float32(0.0)
                sums_beta[j] += total[j] * before[j]
                sums_rho[j] += raising[j] * raised_before[j]
                sums_b[j] -= through[j] * raised[j]
                sums_threshold[j] -= through[j] + total[j] * taken
        products(entering, weight, feedback)
        for j in range(n):
            carried[j] = decay[j] * total[j]
            by_adaptation[j] = fall[j] * raising[j]
            by_spikes[j] += raising[j]
