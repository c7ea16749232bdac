"""A reservoir of spiking units over a sequence, as a compiled loop that costs what its spikes cost.

The plain loop that it must equal, bit by bit, is :func:`eegsnn.models.reservoir_dynamics.step`.
Arrays are float64; each trial is run by one thread, so that results do not depend on cores or on
the trials beside it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from eegsnn._compiling import compiled
from eegsnn._sharing import share

# A step costs so many of a neuron without recurrence, delays and plastic synapses.
_STEPS_PER_ELEMENT = 4


def run(
    x: np.ndarray, arrays: tuple[Any, ...], state: tuple[Any, ...], kept: tuple[Any, ...]
) -> None:
    """Run [T, batch, features], changing `state` and filling `kept` in place.

    The order of the arrays is that of `_run`, between x and the range of trials.
    """
    n_steps, batch, _ = x.shape
    n_units = state[0].shape[1]
    work = _STEPS_PER_ELEMENT * n_steps * batch * n_units
    share(lambda lo, hi: _run(x, *arrays, *state, *kept, lo, hi), batch, work)


@compiled
def _run(  # type: ignore[no-untyped-def]
    x,
    in_starts, in_targets, in_weights, bias,
    starts, targets, weights, delays,
    izhikevich, constants, dt, floor,
    plastic, kinds, use, recovering, facilitating,
    trace_decay,
    mem, recovery, pending, utilisation, resources, trace,
    spikes, sampled, at_steps, samples,
    lo, hi,
):  # fmt: skip
    n_steps, n_inputs = x.shape[0], x.shape[2]
    n_units, n_slots = mem.shape[1], pending.shape[0]
    fired = np.empty(n_units, np.int64)
    efficacy = np.ones(2)
    for trial in range(lo, hi):
        n_sampled = 0
        for t in range(n_steps):
            slot = t % n_slots
            current = pending[slot, trial]
            for i in range(n_inputs):
                value = x[t, trial, i]
                if value != 0.0:
                    for k in range(in_starts[i], in_starts[i + 1]):
                        current[in_targets[k]] += in_weights[k] * value
            count = 0
            for j in range(n_units):
                drive = current[j] + bias[j]
                current[j] = 0.0
                v = mem[trial, j]
                if izhikevich:
                    u = recovery[trial, j]
                    after = v + dt * (0.04 * v * v + 5.0 * v + 140.0 - u + drive)
                    after = max(after, floor)
                    u = u + dt * constants[0, j] * (constants[1, j] * v - u)
                    fires = after > 30.0
                    if fires:
                        after = constants[2, j]
                        u = u + constants[3, j]
                    recovery[trial, j] = u
                else:
                    after = constants[0, j] * v + drive
                    if v > 1.0:
                        after = after - 1.0
                    fires = after > 1.0
                mem[trial, j] = after
                trace[trial, j] = trace_decay * trace[trial, j]
                if fires:
                    trace[trial, j] += 1.0
                    fired[count] = j
                    count += 1
            if plastic:
                for j in range(n_units):
                    for kind in range(2):
                        u = utilisation[trial, j, kind]
                        r = resources[trial, j, kind]
                        utilisation[trial, j, kind] = facilitating[j, kind] * u
                        resources[trial, j, kind] = 1.0 + recovering[j, kind] * (r - 1.0)
            for n in range(count):
                j = fired[n]
                if plastic:
                    for kind in range(2):
                        full = use[j, kind]
                        u = full + utilisation[trial, j, kind] * (1.0 - full)
                        r = resources[trial, j, kind]
                        efficacy[kind] = u * r / full
                        utilisation[trial, j, kind] = u
                        resources[trial, j, kind] = r - u * r
                for k in range(starts[j], starts[j + 1]):
                    arrival = (slot + delays[k]) % n_slots
                    pending[arrival, trial, targets[k]] += weights[k] * efficacy[kinds[targets[k]]]
                if spikes.shape[0]:
                    spikes[t, trial, j] = True
            if sampled and n_sampled < at_steps.size and at_steps[n_sampled] == t:
                samples[n_sampled, trial] = trace[trial]
                n_sampled += 1
