"""Lapicque's neuron, described by a resistor and a capacitor: ``Lapicque``."""

from __future__ import annotations

import mlx.core as mx
import numpy as np

from eegsnn.errors import ConfigurationError
from eegsnn.neurons.base import SpikingNeuron
from eegsnn.neurons.functional import lapicque_step
from eegsnn.neurons.parameters import POSITIVE, Parameter, Values
from eegsnn.neurons.sequence import State
from eegsnn.surrogate import SurrogateLike


class Lapicque(SpikingNeuron):
    """Lapicque's neuron; see :func:`eegsnn.neurons.functional.lapicque_step`.

    Two of `beta`, `R` and `C` say all; the third follows from ``beta = exp(−time_step/(R·C))``.
    `beta` alone means R = 1. As in snnTorch the equation is integrated by Euler's method, so that
    the membrane decays by ``1 − time_step/(R·C)`` per step, a little faster than by `beta`.

    Parameters
    ----------
    beta : float or array, optional
        Decay of the membrane per step, in (0, 1).
    R, C : float or array, optional
        Resistance and capacitance, above 0; ``R·C`` in the unit of time of `time_step`.
    time_step : float or array, default 1.0
        At most ``R·C``: with a longer step the membrane would change its sign at every step.
    threshold : float or array, default 1.0
        A spike is emitted when the membrane exceeds it; above 0.
    learn_beta : bool, default False
        Learn the decay, by way of `C`.
    learn_R, learn_threshold : bool, default False
        Learn them; all stay above 0.
    reset_mechanism, reset_delay, detach_reset, surrogate
        As in :class:`~eegsnn.neurons.Leaky`.

    Raises
    ------
    ConfigurationError
        If neither `beta` nor both `R` and `C` are given, or all three; if a value is impossible.

    Examples
    --------
    >>> neuron = Lapicque(R=5.0, C=2.0)
    >>> round(neuron.beta.item(), 4)
    0.9048
    """

    R = Parameter(POSITIVE, "resistances")
    C = Parameter(POSITIVE, "capacitances")
    time_step = Parameter(POSITIVE, "time steps")
    threshold = Parameter(POSITIVE, "thresholds")

    def __init__(
        self,
        beta: Values | None = None,
        R: Values | None = None,
        C: Values | None = None,
        time_step: Values = 1.0,
        threshold: Values = 1.0,
        *,
        learn_beta: bool = False,
        learn_R: bool = False,
        learn_threshold: bool = False,
        reset_mechanism: str = "subtract",
        reset_delay: bool = True,
        detach_reset: bool = True,
        surrogate: SurrogateLike = "fast_sigmoid",
    ) -> None:
        super().__init__(reset_mechanism, reset_delay, detach_reset, surrogate)
        self._store(
            {"time_step": time_step, "threshold": threshold}, {"threshold": learn_threshold}
        )
        self._store_circuit(beta, R, C, {"R": learn_R, "C": learn_beta})
        time_constant = np.asarray(self.R * self.C)
        if np.any(np.asarray(self.time_step) > 1.0001 * time_constant):
            raise ConfigurationError(
                f"time_step: expected at most R·C, but got {time_step} where R·C = "
                f"{np.array2string(time_constant)}. Shorten the step, or raise beta above exp(−1)."
            )

    @property
    def beta(self) -> mx.array:
        """Decay per step that a circuit of `R` and `C` has, exp(−time_step/(R·C))."""
        return mx.exp(-self.time_step / (self.R * self.C))

    def _store_circuit(
        self,
        beta: Values | None,
        R: Values | None,
        C: Values | None,
        learn: dict[str, bool],
    ) -> None:
        """Keep `R` and `C`, worked out from any two of the three or from `beta` alone."""
        known = {name: value for name, value in (("R", R), ("C", C)) if value is not None}
        if (beta is None) != (len(known) == 2):
            given = [name for name, v in (("beta", beta), ("R", R), ("C", C)) if v is not None]
            raise ConfigurationError(
                f"beta, R, C: expected beta alone or two of the three, but got "
                f"{', '.join(given) or 'none of them'}."
            )
        if beta is not None and not known:
            known["R"] = 1.0
        self._store(known, learn)
        if beta is None:
            return
        decay = np.asarray(beta, dtype=np.float64)
        if not np.all((decay > 0) & (decay < 1)):
            raise ConfigurationError(f"beta: expected decays per step in (0, 1), but got {beta!r}.")
        time_constant = np.asarray(self.time_step) / np.log(1 / decay)
        if "C" in known:
            self._store({"R": time_constant / np.asarray(self.C)}, learn)
        else:
            self._store({"C": time_constant / np.asarray(self.R)}, learn)

    def step(self, x: mx.array, state: State, parameters: State) -> tuple[mx.array, State]:
        """One step; see :func:`~eegsnn.neurons.functional.lapicque_step`."""
        spikes, mem = lapicque_step(x, state["mem"], **{**parameters, **self._firing})
        return spikes, {"mem": mem}
