"""The two neurons called Alpha: snnTorch's, ``Alpha``, and the paper's, ``DualExponential``."""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import numpy as np

from eegsnn.errors import ConfigurationError
from eegsnn.neurons.base import SpikingNeuron
from eegsnn.neurons.functional import alpha_step, dual_exponential_step
from eegsnn.neurons.parameters import POSITIVE, UNIT, Parameter, Values
from eegsnn.neurons.sequence import State
from eegsnn.surrogate import SurrogateLike

# Where alpha or beta is learned, beta stays below this share of alpha: the scale of the membrane
# grows without bound as they meet.
_HIGHEST_RATIO = 0.999


class Alpha(SpikingNeuron):
    """Each input adds an alpha function to the membrane, as in snnTorch's ``Alpha``.

    See :func:`eegsnn.neurons.functional.alpha_step`. For the neuron that the mlx-snn paper calls
    Alpha see :class:`DualExponential`.

    Parameters
    ----------
    alpha, beta : float or array, default 0.9 and 0.8
        Decay per step of the slow and of the fast current, in [0, 1], alpha > beta; a scalar or
        one value per neuron. While they are learned, beta is held at 0.999·alpha at the most.
    threshold : float or array, default 1.0
        A spike is emitted when the membrane exceeds it; above 0.
    learn_alpha, learn_beta, learn_threshold : bool, default False
        Learn them, within their range.
    reset_mechanism : {"zero", "subtract", "none"}, default "zero"
        snnTorch's default for this neuron.
    reset_delay, detach_reset, surrogate
        As in :class:`~eegsnn.neurons.Leaky`.

    Raises
    ------
    ConfigurationError
        If a parameter has an impossible value, or alpha is not above beta.
    """

    states = ("syn_exc", "syn_inh", "mem")
    alpha = Parameter(UNIT, "decays per step")
    beta = Parameter(UNIT, "decays per step")
    threshold = Parameter(POSITIVE, "thresholds")

    def __init__(
        self,
        alpha: Values = 0.9,
        beta: Values = 0.8,
        threshold: Values = 1.0,
        *,
        learn_alpha: bool = False,
        learn_beta: bool = False,
        learn_threshold: bool = False,
        reset_mechanism: str = "zero",
        reset_delay: bool = True,
        detach_reset: bool = True,
        surrogate: SurrogateLike = "fast_sigmoid",
    ) -> None:
        super().__init__(reset_mechanism, reset_delay, detach_reset, surrogate)
        self._store(
            {"alpha": alpha, "beta": beta, "threshold": threshold},
            {"alpha": learn_alpha, "beta": learn_beta, "threshold": learn_threshold},
        )
        self._check_order()

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name in ("alpha", "beta"):
            self._check_order()

    def _check_order(self) -> None:
        alpha, beta = np.asarray(self.alpha), np.asarray(self.beta)
        if not np.all(alpha > beta):
            raise ConfigurationError(
                f"alpha: expected decays greater than beta, but got alpha = "
                f"{np.array2string(alpha)} and beta = {np.array2string(beta)}. Swap them, or see "
                f"DualExponential for a neuron where either may be the greater."
            )

    def values(self, x: mx.array) -> State:
        """As in every neuron; learned decays keep their order."""
        values = super().values(x)
        if self.learned() & {"alpha", "beta"}:
            values["beta"] = mx.minimum(values["beta"], _HIGHEST_RATIO * values["alpha"])
        return values

    def step(self, x: mx.array, state: State, parameters: State) -> tuple[mx.array, State]:
        """One step; see :func:`~eegsnn.neurons.functional.alpha_step`."""
        currents = [state[name] for name in self.states]
        spikes, *after = alpha_step(x, *currents, **{**parameters, **self._firing})
        return spikes, dict(zip(self.states, after, strict=True))


class DualExponential(SpikingNeuron):
    """LIF with a current that rises and decays: the Alpha neuron of the mlx-snn paper.

    See :func:`eegsnn.neurons.functional.dual_exponential_step`. For snnTorch's Alpha see
    :class:`Alpha`.

    Parameters
    ----------
    alpha, beta : float or array, default 0.8 and 0.9
        Decay per step of both currents and of the membrane, in [0, 1]; a scalar or one value per
        neuron.
    threshold : float or array, default 1.0
        A spike is emitted when the membrane exceeds it; above 0.
    learn_alpha, learn_beta, learn_threshold : bool, default False
        Learn them, within their range.
    reset_mechanism, reset_delay, detach_reset, surrogate
        As in :class:`~eegsnn.neurons.Leaky`.

    Raises
    ------
    ConfigurationError
        If a parameter has an impossible value.
    """

    states = ("syn_exc", "syn_inh", "mem")
    alpha = Parameter(UNIT, "decays per step")
    beta = Parameter(UNIT, "decays per step")
    threshold = Parameter(POSITIVE, "thresholds")

    def __init__(
        self,
        alpha: Values = 0.8,
        beta: Values = 0.9,
        threshold: Values = 1.0,
        *,
        learn_alpha: bool = False,
        learn_beta: bool = False,
        learn_threshold: bool = False,
        reset_mechanism: str = "subtract",
        reset_delay: bool = True,
        detach_reset: bool = True,
        surrogate: SurrogateLike = "fast_sigmoid",
    ) -> None:
        super().__init__(reset_mechanism, reset_delay, detach_reset, surrogate)
        self._store(
            {"alpha": alpha, "beta": beta, "threshold": threshold},
            {"alpha": learn_alpha, "beta": learn_beta, "threshold": learn_threshold},
        )

    def step(self, x: mx.array, state: State, parameters: State) -> tuple[mx.array, State]:
        """One step; see :func:`~eegsnn.neurons.functional.dual_exponential_step`."""
        currents = [state[name] for name in self.states]
        spikes, *after = dual_exponential_step(x, *currents, **{**parameters, **self._firing})
        return spikes, dict(zip(self.states, after, strict=True))
