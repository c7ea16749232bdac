"""The densely recurrent LIF with a synaptic current, delayed and detached reset, as a kernel.

Laid out as :mod:`eegsnn.kernels.recurrent`; the equations are those of
:func:`eegsnn.neurons.functional.rsynaptic_step`.
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

_PARAMETERS = ("alpha", "beta", "threshold")


def forward(run: Run) -> None:
    """Fill spikes, synaptic currents and membranes of `run`."""
    run_forward(run, _forward, ("syn", "mem"), _PARAMETERS)


def backward(run: Run, gradients: Gradients) -> None:
    """Fill the gradients by input, first states, every parameter, and recurrent weights."""
    weight = run.parameters["recurrent_weight"]
    n = len(weight)
    arrays = (
        *(run.first["syn"], run.first["mem"]),
        *(run.parameters[name] for name in _PARAMETERS),
        *(weight, run.reset, run.states["syn"], run.states["mem"], *run.compiled_surrogate()),
        gradients.outputs,
        *(gradients.states[name] for name in ("spk", "syn", "mem")),
        *(by_trial(gradients.x, n), gradients.first["spk"].reshape(-1, n)),
        *(gradients.first["syn"], gradients.first["mem"]),
        *(gradients.parameters[name] for name in _PARAMETERS),
        bool(gradients.wanted & set(_PARAMETERS)),
    )
    share_trials(lambda lo, hi: _backward(*arrays, lo, hi), run)
    gradients_by_weights(run, gradients)


@compiled
def _forward(  # type: ignore[no-untyped-def]
    x, spk, syn, mem, alpha, beta, threshold, by_source, bias, reset,
    spikes, currents, membranes, lo, hi,
):  # fmt: skip
    feedback = np.empty(bias.size, np.float32)
    active = np.empty(bias.size + 1, np.uint32)
    for t in range(x.shape[0]):
        for trial in range(lo, hi):
            feedback[:] = bias
            add_spikes(spikes[t - 1, trial] if t else spk[trial], by_source, active, feedback)
            current_before = currents[t - 1, trial] if t else syn[trial]
            before = membranes[t - 1, trial] if t else mem[trial]
            fall, decay, limit = alpha[trial], beta[trial], threshold[trial]
            entering, current = x[t, trial], currents[t, trial]
            after, fired = membranes[t, trial], spikes[t, trial]
            for j in range(feedback.size):
                current[j] = fall[j] * current_before[j] + entering[j] + feedback[j]
                u = decay[j] * before[j] + current[j]
                previous = np.float32(before[j] > limit[j])
                if reset == 0:
                    u = u - previous * limit[j]
                elif reset == 1:
                    u = u - previous * u
                after[j] = u
                fired[j] = np.float32(u > limit[j])


@compiled
def _backward(  # type: ignore[no-untyped-def]
    syn, mem, alpha, beta, threshold, weight, reset, currents, membranes, kind, slope, values,
    grad_spikes, grad_spike_states, grad_currents, grad_membranes,
    grad_x, grad_spk, grad_syn, grad_mem,
    grad_alpha, grad_beta, grad_threshold, wanted, first_trial, last_trial,
):  # fmt: skip
    one = np.float32(1.0)
    n_steps, n_neurons = membranes.shape[0], weight.shape[0]
    lo, hi = first_trial * n_neurons, last_trial * n_neurons
    n = hi - lo
    every_state = grad_membranes.shape[0] == n_steps
    differ = grad_spikes.shape[0] == n_steps
    fall, decay, limit = alpha[lo:hi], beta[lo:hi], threshold[lo:hi]
    through, kept, nothing = (
        np.empty(n, np.float32), np.empty(n, np.float32), np.zeros(n, np.float32)
    )  # fmt: skip
    # d loss / d spikes, current and membrane, by way of the step after
    feedback = grad_spk[first_trial:last_trial]
    fed_back, carried_current, carried = feedback.reshape(n), grad_syn[lo:hi], grad_mem[lo:hi]
    fed_back[:] = np.float32(0.0)
    carried_current[:] = np.float32(0.0)
    carried[:] = np.float32(0.0)
    for t in range(n_steps - 1, -1, -1):
        before = membranes[t - 1, lo:hi] if t else mem[lo:hi]
        current_before = currents[t - 1, lo:hi] if t else syn[lo:hi]
        surrogate_row(kind, slope, values, t, lo, membranes[t, lo:hi], limit, through)
        from_spikes = grad_spikes[t if differ else 0, lo:hi]
        from_state, from_current, from_membrane = nothing, nothing, nothing
        if every_state or t == n_steps - 1:
            which = t if every_state else 0
            from_state = grad_spike_states[which, lo:hi]
            from_current = grad_currents[which, lo:hi]
            from_membrane = grad_membranes[which, lo:hi]
        for j in range(n):
            through[j] = through[j] * (from_spikes[j] + from_state[j] + fed_back[j])
            kept[j] = carried[j] + from_membrane[j] + through[j]
        if wanted:
            sums = grad_threshold[lo:hi]
            for j in range(n):
                previous = np.float32(before[j] > limit[j]) if reset == 0 else np.float32(0.0)
                sums[j] -= through[j] + kept[j] * previous
        if reset == 1:
            for j in range(n):
                kept[j] = kept[j] * (one - np.float32(before[j] > limit[j]))
        entering = grad_x[t, first_trial:last_trial]
        total = entering.reshape(n)
        for j in range(n):
            total[j] = carried_current[j] + from_current[j] + kept[j]
        if wanted:
            sums_alpha, sums_beta = grad_alpha[lo:hi], grad_beta[lo:hi]
            for j in range(n):
                sums_alpha[j] += total[j] * current_before[j]
                sums_beta[j] += kept[j] * before[j]
        for j in range(n):
            carried_current[j] = fall[j] * total[j]
            carried[j] = decay[j] * kept[j]
        products(entering, weight, feedback)
