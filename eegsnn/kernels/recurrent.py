"""The densely recurrent LIF neuron, delayed and detached reset, as a kernel.

Each thread takes some of the trials through all steps, forward and back; the products are those of
:mod:`eegsnn.kernels.feedback`. The equations are those of
:func:`eegsnn.neurons.functional.rleaky_step`.
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


def forward(run: Run) -> None:
    """Fill spikes and membranes of `run`."""
    run_forward(run, _forward, ("mem",), ("beta", "threshold"))


def backward(run: Run, gradients: Gradients) -> None:
    """Fill the gradients by input, first states, decay, threshold, and recurrent weights."""
    totals, wanted = gradients.parameters, gradients.wanted
    weight = run.parameters["recurrent_weight"]
    n = len(weight)
    arrays = (
        *(run.first["mem"], run.parameters["beta"], run.parameters["threshold"]),
        *(weight, run.reset, run.states["mem"], *run.compiled_surrogate()),
        *(gradients.outputs, gradients.states["spk"], gradients.states["mem"]),
        *(by_trial(gradients.x, n), gradients.first["spk"].reshape(-1, n), gradients.first["mem"]),
        *("beta" in wanted, totals["beta"], "threshold" in wanted, totals["threshold"]),
    )
    share_trials(lambda lo, hi: _backward(*arrays, lo, hi), run)
    gradients_by_weights(run, gradients)


@compiled
def _forward(  # type: ignore[no-untyped-def]
    x, spk, mem, beta, threshold, by_source, bias, reset, spikes, membranes, lo, hi
):
    feedback = np.empty(bias.size, np.float32)
    active = np.empty(bias.size + 1, np.uint32)
    for t in range(x.shape[0]):
        for trial in range(lo, hi):
            feedback[:] = bias
            add_spikes(spikes[t - 1, trial] if t else spk[trial], by_source, active, feedback)
            before = membranes[t - 1, trial] if t else mem[trial]
            decay, limit, current = beta[trial], threshold[trial], x[t, trial]
            after, fired = membranes[t, trial], spikes[t, trial]
            for j in range(feedback.size):
                u = decay[j] * before[j] + current[j] + feedback[j]
                previous = np.float32(before[j] > limit[j])
                if reset == 0:
                    u = u - previous * limit[j]
                elif reset == 1:
                    u = u - previous * u
                after[j] = u
                fired[j] = np.float32(u > limit[j])


@compiled
def _backward(  # type: ignore[no-untyped-def]
    mem, beta, threshold, weight, reset, membranes, kind, slope, values,
    grad_spikes, grad_spike_states, grad_membranes, grad_x, grad_spk, grad_mem,
    want_beta, grad_beta, want_threshold, grad_threshold, first_trial, last_trial,
):  # fmt: skip
    one = np.float32(1.0)
    n_steps, n_neurons = membranes.shape[0], weight.shape[0]
    lo, hi = first_trial * n_neurons, last_trial * n_neurons
    n = hi - lo
    every_state = grad_membranes.shape[0] == n_steps
    differ = grad_spikes.shape[0] == n_steps
    decay, limit = beta[lo:hi], threshold[lo:hi]
    through, nothing = np.empty(n, np.float32), np.zeros(n, np.float32)
    # d loss / d spikes and membrane, by way of the step after
    feedback = grad_spk[first_trial:last_trial]
    fed_back, carried = feedback.reshape(n), grad_mem[lo:hi]
    fed_back[:] = np.float32(0.0)
    carried[:] = np.float32(0.0)
    for t in range(n_steps - 1, -1, -1):
        before = membranes[t - 1, lo:hi] if t else mem[lo:hi]
        surrogate_row(kind, slope, values, t, lo, membranes[t, lo:hi], limit, through)
        from_spikes = grad_spikes[t if differ else 0, lo:hi]
        from_state, from_membrane = nothing, nothing
        if every_state or t == n_steps - 1:
            which = t if every_state else 0
            from_state = grad_spike_states[which, lo:hi]
            from_membrane = grad_membranes[which, lo:hi]
        entering = grad_x[t, first_trial:last_trial]
        total = entering.reshape(n)
        for j in range(n):
            through[j] = through[j] * (from_spikes[j] + from_state[j] + fed_back[j])
            total[j] = carried[j] + from_membrane[j] + through[j]
        if want_threshold:
            sums = grad_threshold[lo:hi]
            for j in range(n):
                previous = np.float32(before[j] > limit[j]) if reset == 0 else np.float32(0.0)
                sums[j] -= through[j] + total[j] * previous
        if reset == 1:
            for j in range(n):
                total[j] = total[j] * (one - np.float32(before[j] > limit[j]))
        if want_beta:
            sums = grad_beta[lo:hi]
            for j in range(n):
                sums[j] += total[j] * before[j]
        for j in range(n):
            carried[j] = decay[j] * total[j]
        products(entering, weight, feedback)
