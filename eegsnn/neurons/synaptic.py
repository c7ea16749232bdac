"""LIF with a synaptic current: ``Synaptic``."""

from __future__ import annotations

import mlx.core as mx

from eegsnn.neurons.base import SpikingNeuron
from eegsnn.neurons.fast import Kernel
from eegsnn.neurons.functional import synaptic_step
from eegsnn.neurons.parameters import POSITIVE, UNIT, Parameter, Values
from eegsnn.neurons.sequence import State
from eegsnn.surrogate import SurrogateLike


class Synaptic(SpikingNeuron):
    """LIF with a synaptic current; see :func:`eegsnn.neurons.functional.synaptic_step`.

    Parameters
    ----------
    alpha, beta : float or array, default 0.8 and 0.9
        Decay per step of the current and of the membrane, in [0, 1]; a scalar or one value per
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

    Examples
    --------
    >>> neuron = Synaptic(alpha=0.8, beta=0.9)
    >>> spikes, state = neuron.run(mx.full((2, 1, 1), 0.6))
    >>> round(state["syn"].item(), 4), round(state["mem"].item(), 4)
    (1.08, 1.62)
    """

    states = ("syn", "mem")
    kernel = Kernel("synaptic")
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
        """One step; see :func:`~eegsnn.neurons.functional.synaptic_step`."""
        keywords = {**parameters, **self._firing}
        spikes, syn, mem = synaptic_step(x, state["syn"], state["mem"], **keywords)
        return spikes, {"syn": syn, "mem": mem}
