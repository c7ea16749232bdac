"""A damped oscillator with a threshold: ``ResonateAndFire``."""

from __future__ import annotations

import math
from collections.abc import Sequence

import mlx.core as mx
import numpy as np

from eegsnn.errors import ConfigurationError
from eegsnn.neurons.base import SpikingNeuron
from eegsnn.neurons.fast import Kernel, Problem, kernel_serves, run_kernel
from eegsnn.neurons.functional import resonate_step
from eegsnn.neurons.parameters import POSITIVE, Parameter, Values, to_learn
from eegsnn.neurons.sequence import State
from eegsnn.surrogate import SurrogateLike


class ResonateAndFire(SpikingNeuron):
    """Oscillator that answers to its own frequency; see :func:`~.functional.resonate_step`.

    Parameters
    ----------
    frequency : float or array, default 0.05
        Cycles per unit of `dt`: in Hz if `dt` is in seconds, per step if it is 1. Above 0 and
        below half a cycle per step; a scalar or one value per neuron.
    damping : float or array, default 0.05
        Decay per unit of `dt`, above 0; the width of the resonance is about damping/π.
    dt : float or array, default 1.0
        Duration of a step: 1/sfreq to give the others in Hz.
    threshold : float or array, default 1.0
        A spike is emitted when `mem`, the imaginary part, exceeds it; above 0.
    learn : sequence of str, default ()
        Parameters to learn, of "frequency", "damping", "threshold"; all stay above 0.
    reset_mechanism : {"zero", "subtract", "none"}, default "zero"
        Empties both parts, or takes the threshold off `mem`.
    reset_delay, detach_reset, surrogate
        As in :class:`~eegsnn.neurons.Leaky`.

    Raises
    ------
    ConfigurationError
        If a parameter has an impossible value.

    Examples
    --------
    Neurons at 8, 10 and 12 Hz, and a sine of 10 Hz sampled at 250 Hz:

    >>> neurons = ResonateAndFire([8.0, 10.0, 12.0], damping=2.0, dt=1 / 250)
    >>> sine = 0.03 * mx.sin(2 * mx.pi * 10 * mx.arange(500) / 250)
    >>> spikes, state = neurons.run(mx.broadcast_to(sine[:, None, None], (500, 1, 3)))
    >>> spikes.sum(axis=(0, 1)).argmax().item()
    1
    """

    states = ("real", "mem")
    frequency = Parameter(POSITIVE, "frequencies")
    damping = Parameter(POSITIVE, "decays")
    dt = Parameter(POSITIVE, "durations of a step")
    threshold = Parameter(POSITIVE, "thresholds")

    def __init__(
        self,
        frequency: Values = 0.05,
        damping: Values = 0.05,
        dt: Values = 1.0,
        threshold: Values = 1.0,
        *,
        learn: Sequence[str] = (),
        reset_mechanism: str = "zero",
        reset_delay: bool = True,
        detach_reset: bool = True,
        surrogate: SurrogateLike = "fast_sigmoid",
    ) -> None:
        super().__init__(reset_mechanism, reset_delay, detach_reset, surrogate)
        values = {"frequency": frequency, "damping": damping, "threshold": threshold}
        self._store({**values, "dt": dt}, to_learn(learn, tuple(values)))
        per_step = np.asarray(self.frequency * self.dt)
        if not np.all(per_step < 0.5):
            raise ConfigurationError(
                f"frequency: expected less than half a cycle per step, but got "
                f"{np.array2string(per_step)} cycles with dt = {dt}. Frequencies in Hz need dt in "
                f"seconds, 1/sfreq."
            )

    def step(self, x: mx.array, state: State, parameters: State) -> tuple[mx.array, State]:
        """One step; see :func:`~eegsnn.neurons.functional.resonate_step`."""
        keywords = {**parameters, **self._firing}
        spikes, real, mem = resonate_step(x, state["real"], state["mem"], **keywords)
        return spikes, {"real": real, "mem": mem}

    def _sequence(self, x: mx.array, state: State, every_state: bool) -> tuple[mx.array, State]:
        values, learned = self.values(x[0]), self.learned()
        # The turn of a step is worked out here, where its gradient is taken care of.
        decay = mx.exp(-values["damping"] * values["dt"])
        angle = 2.0 * math.pi * values["frequency"] * values["dt"]
        turn = {"cosine": decay * mx.cos(angle), "sine": decay * mx.sin(angle)}
        turning = Problem(
            x,
            state,
            {**turn, "threshold": values["threshold"]},
            frozenset(turn if learned & {"frequency", "damping"} else ())
            | (learned & {"threshold"}),
            self.firing,
        )
        if kernel_serves(turning):
            return run_kernel(Kernel("resonate"), turning, every_state)
        return super()._sequence(x, state, every_state)
