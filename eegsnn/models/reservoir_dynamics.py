"""How a reservoir runs: its constants, its state, one step in NumPy, and all steps compiled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from eegsnn.backend.compiled import kernels_available

NEURONS: tuple[str, ...] = ("leaky", "izhikevich")

MEMBRANE_FLOOR = -90.0
"""Lowest membrane of Izhikevich units in mV, a little below what a spike of their own leads to.

Far below it Euler's method throws the membrane over its peak: inhibition would excite.
"""


class Synapses(NamedTuple):
    """Connections by source: those of source i are the entries ``starts[i]`` to ``starts[i+1]``.

    Attributes
    ----------
    starts : ndarray of int64 (sources + 1,)
    targets : ndarray of int64 (connections,)
        Each target once per source.
    weights : ndarray of float64 (connections,)
        In the unit of the neuron's input.
    delays : ndarray of int64 (connections,)
        Steps from a spike to its arrival, from 1; empty for inputs, which arrive at once.
    """

    starts: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    delays: np.ndarray


class Plasticity(NamedTuple):
    """Short-term plasticity by unit and kind of its targets (excitatory, inhibitory): (units, 2).

    Attributes
    ----------
    use : ndarray
        Share U of the resources that the first spike takes.
    recovering, facilitating : ndarray
        Factors per step: exp(−1/D) and exp(−1/F), D and F in steps.
    """

    use: np.ndarray
    recovering: np.ndarray
    facilitating: np.ndarray


@dataclass(frozen=True)
class Reservoir:
    """Constants of a reservoir; arrays only, nothing changes while it runs.

    Attributes
    ----------
    neuron : {"leaky", "izhikevich"}
    signs : ndarray (units,)
        +1 excitatory, −1 inhibitory.
    constants : ndarray (1 or 4, units)
        Decay per step, or a, b, c, d.
    inputs, recurrent : Synapses
    bias : ndarray (units,)
        Added to the input of every step.
    plasticity : Plasticity or None
    trace_decay : float
        Factor per step of the filtered spikes.
    dt : float
        Milliseconds per step of Izhikevich units.
    """

    neuron: str
    signs: np.ndarray
    constants: np.ndarray
    inputs: Synapses
    bias: np.ndarray
    recurrent: Synapses
    plasticity: Plasticity | None
    trace_decay: float
    dt: float

    @property
    def n_units(self) -> int:
        """Number of units."""
        return len(self.signs)

    @property
    def n_inputs(self) -> int:
        """Number of input features."""
        return len(self.inputs.starts) - 1

    @property
    def n_slots(self) -> int:
        """Steps that a spike may be under way."""
        return int(self.recurrent.delays.max(initial=1))

    def with_input(self, weights: np.ndarray, bias: np.ndarray) -> Reservoir:
        """Return the same reservoir with other input weights (connections,) and bias (units,)."""
        return replace(self, inputs=self.inputs._replace(weights=weights), bias=bias)


class ReservoirState(NamedTuple):
    """State between two steps; all float64.

    Attributes
    ----------
    mem : ndarray (batch, units)
        Membranes: in thresholds, or in mV.
    recovery : ndarray (batch, units)
        Izhikevich's u; (batch, 0) for leaky units.
    pending : ndarray (slots, batch, units)
        What is under way: slot 0 arrives at the next step.
    utilisation, resources : ndarray (batch, units, 2)
        Of short-term plasticity; (batch, 0, 2) without.
    trace : ndarray (batch, units)
        Exponentially filtered spikes.
    """

    mem: np.ndarray
    recovery: np.ndarray
    pending: np.ndarray
    utilisation: np.ndarray
    resources: np.ndarray
    trace: np.ndarray


def rest_state(reservoir: Reservoir, batch: int) -> ReservoirState:
    """State at rest: nothing under way, no spike so far."""
    n = reservoir.n_units
    izhikevich = reservoir.neuron == "izhikevich"
    _, b, c = reservoir.constants[:3] if izhikevich else np.zeros((3, n))
    plastic = n if reservoir.plasticity is not None else 0
    return ReservoirState(
        mem=np.tile(c, (batch, 1)),
        recovery=np.tile(b * c, (batch, 1)) if izhikevich else np.zeros((batch, 0)),
        pending=np.zeros((reservoir.n_slots, batch, n)),
        utilisation=np.zeros((batch, plastic, 2)),
        resources=np.ones((batch, plastic, 2)),
        trace=np.zeros((batch, n)),
    )


def step(
    reservoir: Reservoir, x: np.ndarray, state: ReservoirState
) -> tuple[np.ndarray, ReservoirState]:
    """One step of a reservoir in plain NumPy: the definition, and the reference of the kernel.

    With the arriving spikes and inputs summed up in ``drive``, leaky units make the step of
    :func:`eegsnn.neurons.functional.leaky_step` (threshold 1, reset by subtraction at the next
    step), Izhikevich units that of :func:`eegsnn.neurons.functional.izhikevich_step` (peak 30 mV)
    with the membrane held at :data:`MEMBRANE_FLOOR` or above. A spike then sends its weights on
    their way, each to arrive after its own delay; with short-term plasticity they are multiplied
    by u·R/U, where between spikes u falls by exp(−1/F) and R recovers by exp(−1/D) per step, and
    a spike makes ``u := U + u·(1 − U)`` and, after it was sent, ``R := R − u·R``.

    Parameters
    ----------
    reservoir : Reservoir
    x : ndarray (batch, features)
    state : ReservoirState

    Returns
    -------
    spikes : ndarray of bool (batch, units)
    state : ReservoirState

    References
    ----------
    Markram, Wang & Tsodyks (1998), "Differential signaling via the same axon of neocortical
    pyramidal neurons", equations 1 and 2.
    """
    drive = state.pending[0].copy()
    starts, targets, weights, _ = reservoir.inputs
    for i in range(reservoir.n_inputs):
        own = slice(starts[i], starts[i + 1])
        drive[:, targets[own]] += weights[own] * x[:, i, None]
    drive = drive + reservoir.bias
    spikes, mem, recovery = _neurons(reservoir, drive, state.mem, state.recovery)
    trace = reservoir.trace_decay * state.trace + spikes
    efficacy, utilisation, resources = _plasticity(reservoir, spikes, state)
    pending = np.concatenate([state.pending[1:], np.zeros_like(state.pending[:1])])
    starts, targets, weights, delays = reservoir.recurrent
    kinds = _kinds(reservoir)
    for trial, source in np.argwhere(spikes):
        own = slice(starts[source], starts[source + 1])
        sent = weights[own] * efficacy[trial, source, kinds[targets[own]]]
        pending[delays[own] - 1, trial, targets[own]] += sent
    return spikes, ReservoirState(mem, recovery, pending, utilisation, resources, trace)


def _neurons(
    reservoir: Reservoir, drive: np.ndarray, mem: np.ndarray, u: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if reservoir.neuron == "leaky":
        after = reservoir.constants[0] * mem + drive
        after = np.where(mem > 1.0, after - 1.0, after)
        return after > 1.0, after, u
    a, b, c, d = reservoir.constants
    after = mem + reservoir.dt * (0.04 * mem * mem + 5.0 * mem + 140.0 - u + drive)
    after = np.maximum(after, MEMBRANE_FLOOR)
    u = u + reservoir.dt * a * (b * mem - u)
    spikes = after > 30.0
    return spikes, np.where(spikes, c, after), np.where(spikes, u + d, u)


def _plasticity(
    reservoir: Reservoir, spikes: np.ndarray, state: ReservoirState
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Efficacy (batch, units, 2) of this step's spikes, and the two variables after them."""
    if reservoir.plasticity is None:
        return np.ones((*spikes.shape, 2)), state.utilisation, state.resources
    full, recovering, facilitating = reservoir.plasticity
    utilisation = facilitating * state.utilisation
    resources = 1.0 + recovering * (state.resources - 1.0)
    u = full + utilisation * (1.0 - full)
    fired = spikes[..., None]
    efficacy = u * resources / full
    after = np.where(fired, resources - u * resources, resources)
    return efficacy, np.where(fired, u, utilisation), after


def _kinds(reservoir: Reservoir) -> np.ndarray:
    return (reservoir.signs < 0).astype(np.int64)


class Response(NamedTuple):
    """What a run gives: `spikes` bool [T, batch, units] or None, `samples`, the last `state`.

    `samples` (times, batch, units) are the filtered spikes after the steps asked for.
    """

    spikes: np.ndarray | None
    samples: np.ndarray
    state: ReservoirState


def reference_response(
    reservoir: Reservoir, x: np.ndarray, state: ReservoirState, at_steps: np.ndarray
) -> Response:
    """Run [T, batch, features] step by step in NumPy."""
    spikes = np.zeros((len(x), x.shape[1], reservoir.n_units), dtype=bool)
    samples = np.zeros((len(at_steps), x.shape[1], reservoir.n_units))
    for t, now in enumerate(x):
        spikes[t], state = step(reservoir, now, state)
        samples[at_steps == t] = state.trace
    return Response(spikes, samples, state)


def response(
    reservoir: Reservoir,
    x: np.ndarray,
    state: ReservoirState,
    at_steps: np.ndarray,
    keep_spikes: bool = True,
) -> Response:
    """Run [T, batch, features], compiled where Numba is there: the same as the reference.

    Parameters
    ----------
    reservoir : Reservoir
    x : ndarray of float64 [T, batch, features]
    state : ReservoirState
        Before the first step; not changed.
    at_steps : ndarray of int64 (times,)
        Steps, ascending, after which the filtered spikes are kept.
    keep_spikes : bool, default True
        False: spikes are None, which saves memory where the samples are all that is needed.
    """
    if not kernels_available():
        full = reference_response(reservoir, x, state, at_steps)
        return full if keep_spikes else full._replace(spikes=None)
    from eegsnn.kernels import reservoir as kernel

    n_steps, batch, _ = x.shape
    state = ReservoirState(*(np.array(part, order="C") for part in state))
    kept = n_steps if keep_spikes else 0
    spikes = np.zeros((kept, batch, reservoir.n_units), dtype=bool)
    samples = np.zeros((len(at_steps), batch, reservoir.n_units))
    plasticity = reservoir.plasticity or Plasticity(*np.zeros((3, 0, 2)))
    arrays: tuple[Any, ...] = (
        *(*reservoir.inputs[:3], reservoir.bias, *reservoir.recurrent),
        *(reservoir.neuron == "izhikevich", reservoir.constants, reservoir.dt, MEMBRANE_FLOOR),
        *(reservoir.plasticity is not None, _kinds(reservoir), *plasticity),
        reservoir.trace_decay,
    )
    # Numba compiles anew for arrays that cannot be written, such as those of a memory map.
    arrays = tuple(np.require(a, requirements="W") if np.ndim(a) else a for a in arrays)
    x = np.require(x, requirements="W")
    kernel.run(x, arrays, state, (spikes, bool(len(at_steps)), at_steps, samples))
    # The kernel's slots go round; the next step's comes first again.
    turned = np.roll(state.pending, -(n_steps % reservoir.n_slots), axis=0)
    return Response(spikes if keep_spikes else None, samples, state._replace(pending=turned))
