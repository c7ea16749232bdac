"""LIF and its nearest relatives: ``Leaky``, ``IF``, and the leaky integrator for readouts."""

from __future__ import annotations

import mlx.core as mx

from eegsnn.neurons.base import Neuron, SpikingNeuron
from eegsnn.neurons.fast import Kernel
from eegsnn.neurons.functional import integrator_step, leaky_step
from eegsnn.neurons.parameters import POSITIVE, UNIT, Parameter, Values
from eegsnn.neurons.sequence import State
from eegsnn.surrogate import Surrogate


class Leaky(SpikingNeuron):
    """Leaky integrate-and-fire neuron (LIF); see :func:`eegsnn.neurons.functional.leaky_step`.

    Parameters
    ----------
    beta : float or array, default 0.9
        Decay of the membrane per step, in [0, 1]; a scalar or one value per neuron.
    threshold : float or array, default 1.0
        A spike is emitted when the membrane exceeds it; above 0.
    learn_beta, learn_threshold : bool, default False
        Learn them: `beta` on the logit scale, the threshold on the logarithmic one, so that they
        stay in their range.
    reset_mechanism : {"subtract", "zero", "none"}, default "subtract"
    reset_delay : bool, default True
        Whether the reset comes one step after the spike.
    detach_reset : bool, default True
        Whether the gradient ignores the reset.
    surrogate : str or Surrogate, default "fast_sigmoid"

    Raises
    ------
    ConfigurationError
        If a parameter has an impossible value.

    Examples
    --------
    >>> lif = Leaky(beta=0.9)
    >>> state = lif.init_state(batch=1, features=1)
    >>> for current in (0.6, 0.6):
    ...     spikes, state = lif(mx.array([[current]]), state)
    >>> spikes.item(), round(state["mem"].item(), 4)
    (1.0, 1.14)
    """

    kernel = Kernel("leaky")
    beta = Parameter(UNIT, "decays per step")
    threshold = Parameter(POSITIVE, "thresholds")

    def __init__(
        self,
        beta: Values = 0.9,
        threshold: Values = 1.0,
        *,
        learn_beta: bool = False,
        learn_threshold: bool = False,
        reset_mechanism: str = "subtract",
        reset_delay: bool = True,
        detach_reset: bool = True,
        surrogate: str | Surrogate = "fast_sigmoid",
    ) -> None:
        super().__init__(reset_mechanism, reset_delay, detach_reset, surrogate)
        self._store(
            {"beta": beta, "threshold": threshold},
            {"beta": learn_beta, "threshold": learn_threshold},
        )

    def step(self, x: mx.array, state: State, parameters: State) -> tuple[mx.array, State]:
        """One step; see :func:`~eegsnn.neurons.functional.leaky_step`."""
        spikes, mem = leaky_step(x, state["mem"], **{**parameters, **self._firing})
        return spikes, {"mem": mem}


class IF(Leaky):
    """Integrate-and-fire neuron: :class:`Leaky` that forgets nothing (``beta`` = 1)."""

    def __init__(
        self,
        threshold: Values = 1.0,
        *,
        learn_threshold: bool = False,
        reset_mechanism: str = "subtract",
        reset_delay: bool = True,
        detach_reset: bool = True,
        surrogate: str | Surrogate = "fast_sigmoid",
    ) -> None:
        super().__init__(
            1.0,
            threshold,
            learn_threshold=learn_threshold,
            reset_mechanism=reset_mechanism,
            reset_delay=reset_delay,
            detach_reset=detach_reset,
            surrogate=surrogate,
        )


class LeakyIntegrator(Neuron):
    """Leaky integrator, the usual readout: it never spikes, and its output is the membrane.

    Parameters
    ----------
    beta : float or array, default 0.9
        Decay per step, in [0, 1].
    learn_beta : bool, default False
    """

    kernel = Kernel("leaky", "integrate", "integrate_backward")
    beta = Parameter(UNIT, "decays per step")

    def __init__(self, beta: Values = 0.9, *, learn_beta: bool = False) -> None:
        super().__init__()
        self._store({"beta": beta}, {"beta": learn_beta})

    def step(self, x: mx.array, state: State, parameters: State) -> tuple[mx.array, State]:
        """One step; see :func:`~eegsnn.neurons.functional.integrator_step`."""
        mem = integrator_step(x, state["mem"], **parameters)
        return mem, {"mem": mem}
