"""The densely recurrent LIF neuron, delayed and detached reset, as a kernel.

Forward, the spikes fed back are few: their columns of weights are added up. Backward, every step
needs a dense product, which the BLAS does, and the gradient by the weights is one product over all
steps. The equations are those of :func:`eegsnn.neurons.functional.rleaky_step`.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg.blas import sgemm

from eegsnn._compiling import compiled
from eegsnn.backend import threads_for
from eegsnn.kernels._share import share
from eegsnn.kernels.run import Gradients, Run
from eegsnn.kernels.surrogates import surrogate_row


def forward(run: Run) -> None:
    """Fill spikes and membranes of `run`; threads share the trials."""
    weight, bias = run.parameters["recurrent_weight"], run.parameters["recurrent_bias"]
    n_neurons = len(bias)
    shape = (len(run.x), -1, n_neurons)
    arrays = (
        *(run.x.reshape(shape), run.first["spk"].reshape(-1, n_neurons)),
        *(run.first["mem"], run.parameters["beta"], run.parameters["threshold"]),
        *(np.ascontiguousarray(weight.T), bias, run.reset),
        *(run.outputs.reshape(shape), run.states["spk"].reshape(shape)),
        run.states["mem"].reshape(shape),
    )
    n_trials = run.x.shape[1] // n_neurons
    share(lambda lo, hi: _forward(*arrays, lo, hi), n_trials, run.x.size)


def backward(run: Run, gradients: Gradients) -> None:
    """Fill the gradients by input, first states, decay, threshold, and recurrent weights."""
    totals, wanted = gradients.parameters, gradients.wanted
    weight = run.parameters["recurrent_weight"]
    shape = (-1, len(weight))
    with threads_for(weight.size * run.x.shape[1] / len(weight)):
        _backward_steps(run, gradients, weight)
    if "recurrent_weight" in wanted:
        entering = gradients.x.reshape(shape)
        before = np.concatenate([run.first["spk"][None], run.outputs[:-1]]).reshape(shape)
        np.matmul(entering.T, before, out=totals["recurrent_weight"])
    if "recurrent_bias" in wanted:
        totals["recurrent_bias"][:] = gradients.x.reshape(shape).sum(axis=0, dtype=np.float64)


def _backward_steps(run: Run, gradients: Gradients, weight: np.ndarray) -> None:
    """All gradients but those by the recurrent weights, step by step from the last."""
    parameters, totals, wanted = run.parameters, gradients.parameters, gradients.wanted
    n_steps, width = run.x.shape
    shape = (-1, len(weight))
    through, surrogate = np.empty(width, np.float32), run.compiled_surrogate()
    carried = gradients.first["mem"]  # d loss / d membrane, by way of the step after
    fed_back = gradients.first["spk"]  # d loss / d spikes, by way of the recurrence
    carried[:], fed_back[:] = 0.0, 0.0
    every_state = len(gradients.states["mem"]) == n_steps
    differ = len(gradients.outputs) == n_steps
    nothing = np.zeros(width, np.float32)
    for t in range(n_steps - 1, -1, -1):
        from_membrane, from_state = nothing, nothing
        if every_state or t == n_steps - 1:
            which = t if every_state else 0
            from_membrane = gradients.states["mem"][which]
            from_state = gradients.states["spk"][which]
        _backward_step(
            *(t, run.states["mem"][t - 1] if t else run.first["mem"], run.states["mem"][t]),
            *(parameters["beta"], parameters["threshold"], run.reset, *surrogate, through),
            *(
                gradients.outputs[t if differ else 0],
                from_state,
                fed_back,
                from_membrane,
                carried,
                gradients.x[t],
            ),
            *("beta" in wanted, totals["beta"], "threshold" in wanted, totals["threshold"]),
        )
        # fed_back = gradient @ weight, in the order of axes that the BLAS takes without a copy
        entering = gradients.x[t].reshape(shape)
        sgemm(1.0, weight.T, entering.T, c=fed_back.reshape(shape).T, overwrite_c=True)


@compiled
def _forward(  # type: ignore[no-untyped-def]
    x, spk, mem, beta, threshold, by_source, bias, reset, spikes, spike_states, membranes, lo, hi
):
    n = np.uintp(bias.size)
    feedback = np.empty(bias.size, np.float32)
    active = np.empty(bias.size + 1, np.uint32)
    for trial in range(lo, hi):
        first = trial * bias.size
        decay, limit = beta[first : first + bias.size], threshold[first : first + bias.size]
        before, sources = mem[first : first + bias.size], spk[trial]
        for t in range(x.shape[0]):
            feedback[:] = bias
            n_active = 0
            for i in range(n):  # without a branch: nobody can predict a spike
                active[n_active] = i
                n_active += sources[i] != np.float32(0.0)
            k = 0
            while k + 4 <= n_active:
                a, b = np.uintp(active[k]), np.uintp(active[k + 1])
                c, d = np.uintp(active[k + 2]), np.uintp(active[k + 3])
                for j in range(n):
                    feedback[j] += (sources[a] * by_source[a, j] + sources[b] * by_source[b, j]) + (
                        sources[c] * by_source[c, j] + sources[d] * by_source[d, j]
                    )
                k += 4
            while k < n_active:
                a = np.uintp(active[k])
                for j in range(n):
                    feedback[j] += sources[a] * by_source[a, j]
                k += 1
            current, after, fired = x[t, trial], membranes[t, trial], spikes[t, trial]
            also = spike_states[t, trial]
            for j in range(n):
                u = decay[j] * before[j] + current[j] + feedback[j]
                previous = np.float32(before[j] > limit[j])
                if reset == 0:
                    u = u - previous * limit[j]
                elif reset == 1:
                    u = u - previous * u
                after[j] = u
                fired[j] = np.float32(u > limit[j])
                also[j] = fired[j]
            before, sources = after, fired


@compiled
def _backward_step(  # type: ignore[no-untyped-def]
    t, before, membrane, beta, threshold, reset, kind, slope, values, through,
    from_spikes, from_state, fed_back, from_membrane, carried, total,
    want_beta, grad_beta, want_threshold, grad_threshold,
):  # fmt: skip
    one = np.float32(1.0)
    surrogate_row(kind, slope, values, t, 0, membrane, threshold, through)
    for j in range(total.size):
        through[j] = through[j] * (from_spikes[j] + from_state[j] + fed_back[j])
        total[j] = carried[j] + from_membrane[j] + through[j]
    if want_threshold:
        for j in range(total.size):
            previous = np.float32(before[j] > threshold[j]) if reset == 0 else np.float32(0.0)
            grad_threshold[j] -= through[j] + total[j] * previous
    if reset == 1:
        for j in range(total.size):
            total[j] = total[j] * (one - np.float32(before[j] > threshold[j]))
    if want_beta:
        for j in range(total.size):
            grad_beta[j] += total[j] * before[j]
    for j in range(total.size):
        carried[j] = beta[j] * total[j]
