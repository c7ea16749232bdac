"""NIR's neurons as NIR defines them, for files that no neuron of this package fits exactly."""

from __future__ import annotations

from typing import Any

import mlx.core as mx

from eegsnn._validation import check_boolean, check_choice
from eegsnn.neurons import Neuron, State
from eegsnn.neurons.parameters import FREE, UNIT, Parameter, Values
from eegsnn.surrogate import Surrogate, get_surrogate, spike

NIR_RESETS: tuple[str, ...] = ("value", "subtract", "none")
"""NIR's own reset sets the membrane to ``v_reset``; the others are what some libraries mean."""

CURRENTS: tuple[str, ...] = ("new", "old")
"""Whether the membrane is driven by the current after, or before, the input of the same step."""


class NIRNeuron(Neuron):
    """I, IF, LI, LIF, CubaLI and CubaLIF by Euler's method, every parameter kept.

    With S the input, all parameters per neuron, and syn' = x where there is no `alpha`::

        syn' = alpha·syn + syn_gain·x
        mem' = beta·mem + gain·syn' + bias
        spikes = [mem' > threshold];  mem' = v_reset where there is a spike

    It is the general way: exact, but with neither compiled kernels nor learned parameters.

    Parameters
    ----------
    beta, gain, bias : float or array
        Decay per step, and what a unit of current and nothing at all add to the membrane.
    alpha, syn_gain : float or array, optional
        Decay per step of the synaptic current and what a unit of input adds to it.
    threshold, v_reset : float or array, optional
        Without a threshold the output is the membrane.
    reset : {"value", "subtract", "none"}, default "value"
        "subtract" takes the threshold off instead.
    reset_delay : bool, default False
        Whether the reset comes one step after the spike.
    current : {"new", "old"}, default "new"
        With "old" the membrane sees ``syn`` in place of ``syn'``, as in Norse.
    surrogate : str or Surrogate, default "fast_sigmoid"

    References
    ----------
    Pedersen et al. (2024), "Neuromorphic intermediate representation: a unified instruction set…".
    """

    alpha = Parameter(UNIT, "decays per step")
    syn_gain = Parameter(FREE, "gains")
    beta = Parameter(UNIT, "decays per step")
    gain = Parameter(FREE, "gains")
    bias = Parameter(FREE, "biases")
    threshold = Parameter(FREE, "thresholds")
    v_reset = Parameter(FREE, "reset potentials")

    def __init__(
        self,
        beta: Values,
        gain: Values,
        bias: Values,
        alpha: Values | None = None,
        syn_gain: Values | None = None,
        threshold: Values | None = None,
        v_reset: Values | None = None,
        *,
        reset: str = "value",
        reset_delay: bool = False,
        current: str = "new",
        surrogate: str | Surrogate = "fast_sigmoid",
    ) -> None:
        super().__init__()
        self._reset = check_choice("reset", reset, NIR_RESETS)
        self._reset_delay = check_boolean("reset_delay", reset_delay)
        self._current = check_choice("current", current, CURRENTS)
        self._surrogate = get_surrogate(surrogate)
        given = {
            "alpha": alpha,
            "syn_gain": syn_gain,
            "beta": beta,
            "gain": gain,
            "bias": bias,
            "threshold": threshold,
            "v_reset": v_reset,
        }
        self._store({name: value for name, value in given.items() if value is not None})
        self._state_names = ("mem",) if alpha is None else ("syn", "mem")

    @property
    def states(self) -> tuple[str, ...]:  # type: ignore[override]
        """Keys of the state."""
        return self._state_names

    @property
    def settings(self) -> dict[str, Any]:
        """Keywords ``reset``, ``reset_delay``, ``current``, ``surrogate``."""
        return {
            "reset": self._reset,
            "reset_delay": self._reset_delay,
            "current": self._current,
            "surrogate": self._surrogate,
        }

    def step(self, x: mx.array, state: State, parameters: State) -> tuple[mx.array, State]:
        """One step."""
        p, mem, after = parameters, state["mem"], {}
        drive = x
        if "alpha" in p:
            after["syn"] = p["alpha"] * state["syn"] + p["syn_gain"] * x
            drive = after["syn"] if self._current == "new" else state["syn"]
        if "threshold" not in p:
            mem = p["beta"] * mem + p["gain"] * drive + p["bias"]
            return mem, {**after, "mem": mem}
        due = mem > p["threshold"]
        # Late, a value is set before the leak, and what is subtracted does not leak: as everywhere
        # here and in snnTorch.
        if self._reset_delay and self._reset == "value":
            mem = self._reset_of(mem, due, p)
        mem = p["beta"] * mem + p["gain"] * drive + p["bias"]
        if self._reset_delay and self._reset == "subtract":
            mem = self._reset_of(mem, due, p)
        spikes = spike(mem - p["threshold"], self._surrogate)
        if not self._reset_delay:
            mem = self._reset_of(mem, mem > p["threshold"], p)
        return spikes, {**after, "mem": mem}

    def _reset_of(self, mem: mx.array, fired: mx.array, p: dict[str, Any]) -> mx.array:
        if self._reset == "value":
            return mx.where(fired, p["v_reset"], mem)
        if self._reset == "subtract":
            return mx.where(fired, mem - p["threshold"], mem)
        return mem
