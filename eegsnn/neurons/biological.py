"""Neurons in biological units: ``Izhikevich`` with its presets, and ``AdEx``."""

from __future__ import annotations

from collections.abc import Sequence

import mlx.core as mx

from eegsnn._validation import check_boolean, check_choice
from eegsnn.neurons.base import Neuron, SpikingNeuron
from eegsnn.neurons.functional import adex_step, izhikevich_step
from eegsnn.neurons.functional.biological import PER_MILLIVOLT
from eegsnn.neurons.parameters import (
    FREE,
    NOT_NEGATIVE,
    POSITIVE,
    Parameter,
    Values,
    to_learn,
)
from eegsnn.neurons.sequence import State
from eegsnn.surrogate import SurrogateLike, get_surrogate

IZHIKEVICH_PRESETS: dict[str, dict[str, float]] = {
    "RS": {"a": 0.02, "b": 0.2, "c": -65.0, "d": 8.0},
    "IB": {"a": 0.02, "b": 0.2, "c": -55.0, "d": 4.0},
    "CH": {"a": 0.02, "b": 0.2, "c": -50.0, "d": 2.0},
    "FS": {"a": 0.1, "b": 0.2, "c": -65.0, "d": 2.0},
}
"""Regular spiking, intrinsically bursting, chattering, fast spiking (Izhikevich, 2003)."""


class BiologicalNeuron(SpikingNeuron):
    """Base of neurons whose reset is part of their model, so that there is no other to choose.

    Parameters
    ----------
    detach_reset : bool
        Whether the gradient ignores the reset.
    surrogate : str, Surrogate or None
        A function of the distance to the peak in mV. None is a fast sigmoid with slope 0.25 per
        mV; a name alone has its usual slope, which is steep for millivolts.
    """

    def __init__(self, detach_reset: bool, surrogate: SurrogateLike | None) -> None:
        Neuron.__init__(self)
        if surrogate is None:
            surrogate = get_surrogate("fast_sigmoid", PER_MILLIVOLT)
        self._firing = {
            "detach_reset": check_boolean("detach_reset", detach_reset),
            "surrogate": get_surrogate(surrogate),
        }


class Izhikevich(BiologicalNeuron):
    """Izhikevich's neuron; see :func:`eegsnn.neurons.functional.izhikevich_step`.

    Its reset, to `c` with `d` added to u, is the model's own: ``reset_mechanism`` and
    ``reset_delay`` do not exist here. It starts at the membrane `c` with u = b·c: for "CH"
    that is exactly its threshold, so that the first input decides.

    Parameters
    ----------
    preset : {"RS", "IB", "CH", "FS"}, default "RS"
        Regular spiking, intrinsically bursting, chattering, fast spiking.
    a, b, c, d : float or array, optional
        Take the place of the preset's: rate of recovery (1/ms, above 0), its sensitivity, membrane
        after a spike (mV), what a spike adds to u; a scalar or one value per neuron.
    dt : float or array, default 1.0
        Time step in ms, Euler's method; 0.5 is more accurate.
    learn : sequence of str, default ()
        Parameters to learn, of "a", "b", "c", "d"; "a" stays above 0.
    detach_reset : bool, default True
        Whether the gradient ignores the reset.
    surrogate : str, Surrogate or function of u, optional
        A function of mem − 30 in mV; default fast sigmoid with slope 0.25 per mV. Give others by
        ``get_surrogate(name, slope)``.

    Raises
    ------
    ConfigurationError
        If a parameter has an impossible value.

    Examples
    --------
    >>> spikes, state = Izhikevich("FS", dt=0.5).run(mx.full((400, 1, 1), 10.0))
    >>> slower, _ = Izhikevich("RS", dt=0.5).run(mx.full((400, 1, 1), 10.0))
    >>> spikes.sum().item() > 2 * slower.sum().item()
    True
    """

    states = ("u", "mem")
    a = Parameter(POSITIVE, "rates per ms")
    b = Parameter(FREE, "sensitivities")
    c = Parameter(FREE, "membranes in mV")
    d = Parameter(FREE, "increments of u")
    dt = Parameter(POSITIVE, "time steps in ms")

    def __init__(
        self,
        preset: str = "RS",
        *,
        a: Values | None = None,
        b: Values | None = None,
        c: Values | None = None,
        d: Values | None = None,
        dt: Values = 1.0,
        learn: Sequence[str] = (),
        detach_reset: bool = True,
        surrogate: SurrogateLike | None = None,
    ) -> None:
        super().__init__(detach_reset, surrogate)
        preset = check_choice("preset", preset, IZHIKEVICH_PRESETS)
        given = {"a": a, "b": b, "c": c, "d": d}
        own = {name: value for name, value in given.items() if value is not None}
        values = {**IZHIKEVICH_PRESETS[preset], **own, "dt": dt}
        self._store(values, to_learn(learn, tuple(given)))

    def rest(self, shape: tuple[int, ...], dtype: mx.Dtype) -> State:
        """Membrane `c` and u = b·c."""
        return {
            "u": mx.broadcast_to((self.b * self.c).astype(dtype), shape),
            "mem": mx.broadcast_to(self.c.astype(dtype), shape),
        }

    def step(self, x: mx.array, state: State, parameters: State) -> tuple[mx.array, State]:
        """One step; see :func:`~eegsnn.neurons.functional.izhikevich_step`."""
        keywords = {**parameters, **self._firing}
        spikes, mem, u = izhikevich_step(x, state["mem"], state["u"], **keywords)
        return spikes, {"u": u, "mem": mem}


class AdEx(BiologicalNeuron):
    """Adaptive exponential integrate-and-fire; see :func:`eegsnn.neurons.functional.adex_step`.

    Its reset, to `reset` with `b` added to w, is the model's own: ``reset_mechanism`` and
    ``reset_delay`` do not exist here. It starts at `rest_potential` with w = 0. Its
    input is in pA: 500 to 1000 make it spike.

    Parameters
    ----------
    capacitance, leak : float or array, default 281.0 pF and 30.0 nS
    rest_potential, threshold : float or array, default −70.6 and −50.4 mV
        Leak potential, and where the exponential takes over (a spike is counted at 20 mV).
    slope_factor : float or array, default 2.0 mV
        Sharpness of the upstroke.
    tau_w : float or array, default 144.0 ms
        Time constant of the adaptation.
    a, b : float or array, default 4.0 nS and 80.5 pA
        Adaptation below threshold, and by every spike; at least 0.
    reset : float or array, default −70.6 mV
        Membrane after a spike.
    dt : float or array, default 1.0
        Time step in ms, Euler's method; 0.1 is accurate.
    learn : sequence of str, default ()
        Parameters to learn, any but `dt`; those that are above 0 stay there.
    detach_reset : bool, default True
        Whether the gradient ignores the reset.
    surrogate : str, Surrogate or function of u, optional
        A function of mem − 20 in mV; default fast sigmoid with slope 0.25 per mV. Give others by
        ``get_surrogate(name, slope)``.

    Raises
    ------
    ConfigurationError
        If a parameter has an impossible value.

    Examples
    --------
    >>> spikes, state = AdEx(dt=0.5).run(mx.full((1000, 1, 1), 800.0))
    >>> 5 < spikes.sum().item() < 50
    True
    """

    states = ("w", "mem")
    capacitance = Parameter(POSITIVE, "capacitances in pF")
    leak = Parameter(POSITIVE, "conductances in nS")
    rest_potential = Parameter(FREE, "membranes in mV")
    threshold = Parameter(FREE, "membranes in mV")
    slope_factor = Parameter(POSITIVE, "slope factors in mV")
    tau_w = Parameter(POSITIVE, "time constants in ms")
    a = Parameter(NOT_NEGATIVE, "conductances in nS")
    b = Parameter(NOT_NEGATIVE, "currents in pA")
    reset = Parameter(FREE, "membranes in mV")
    dt = Parameter(POSITIVE, "time steps in ms")

    def __init__(
        self,
        *,
        capacitance: Values = 281.0,
        leak: Values = 30.0,
        rest_potential: Values = -70.6,
        threshold: Values = -50.4,
        slope_factor: Values = 2.0,
        tau_w: Values = 144.0,
        a: Values = 4.0,
        b: Values = 80.5,
        reset: Values = -70.6,
        dt: Values = 1.0,
        learn: Sequence[str] = (),
        detach_reset: bool = True,
        surrogate: SurrogateLike | None = None,
    ) -> None:
        super().__init__(detach_reset, surrogate)
        values = {
            "capacitance": capacitance,
            "leak": leak,
            "rest_potential": rest_potential,
            "threshold": threshold,
            "slope_factor": slope_factor,
            "tau_w": tau_w,
            "a": a,
            "b": b,
            "reset": reset,
        }
        self._store({**values, "dt": dt}, to_learn(learn, tuple(values)))

    def rest(self, shape: tuple[int, ...], dtype: mx.Dtype) -> State:
        """Membrane at the leak potential, no adaptation."""
        membrane = mx.broadcast_to(self.rest_potential.astype(dtype), shape)
        return {"w": mx.zeros(shape, dtype), "mem": membrane}

    def step(self, x: mx.array, state: State, parameters: State) -> tuple[mx.array, State]:
        """One step; see :func:`~eegsnn.neurons.functional.adex_step`."""
        keywords = {**parameters, **self._firing}
        spikes, mem, w = adex_step(x, state["mem"], state["w"], **keywords)
        return spikes, {"w": w, "mem": mem}
