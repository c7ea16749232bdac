"""LIF and its nearest relatives: ``Leaky``, ``IF``, ``ParametricLeaky``, ``LeakyIntegrator``."""

from __future__ import annotations

import mlx.core as mx

from eegsnn._validation import check_boolean
from eegsnn.neurons.base import Neuron, SpikingNeuron
from eegsnn.neurons.fast import Kernel, Problem, kernel_serves, run_kernel
from eegsnn.neurons.functional import integrator_step, leaky_step, parametric_leaky_step
from eegsnn.neurons.parameters import ABOVE_ONE, POSITIVE, UNIT, Parameter, Values
from eegsnn.neurons.sequence import State
from eegsnn.surrogate import SurrogateLike


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
    surrogate : str, Surrogate or function of u, default "fast_sigmoid"

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
        surrogate: SurrogateLike = "fast_sigmoid",
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
        surrogate: SurrogateLike = "fast_sigmoid",
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


class ParametricLeaky(SpikingNeuron):
    """LIF with a learned time constant (PLIF).

    See :func:`eegsnn.neurons.functional.parametric_leaky_step`. It is :class:`Leaky` with
    ``beta = 1 − 1/tau``, its input divided by `tau` too if `decay_input`.

    Parameters
    ----------
    tau : float or array, default 2.0
        Time constant in steps, above 1; a scalar (SpikingJelly's) or one value per neuron.
    threshold : float or array, default 1.0
        A spike is emitted when the membrane exceeds it; above 0.
    decay_input : bool, default True
        Whether the input is divided by `tau`; SpikingJelly's default.
    learn_tau : bool, default True
        Learn w = −ln(tau − 1), SpikingJelly's parameter: any w gives a tau above 1.
    learn_threshold : bool, default False
    reset_mechanism, reset_delay, detach_reset, surrogate
        As in :class:`Leaky`. SpikingJelly's reset is ``"zero"`` with ``reset_delay=False``.

    Raises
    ------
    ConfigurationError
        If a parameter has an impossible value.

    Examples
    --------
    >>> neuron = ParametricLeaky(tau=4.0)
    >>> spikes, state = neuron.run(mx.ones((2, 1, 1)))
    >>> state["mem"].item()
    0.4375
    """

    tau = Parameter(ABOVE_ONE, "time constants in steps")
    threshold = Parameter(POSITIVE, "thresholds")

    def __init__(
        self,
        tau: Values = 2.0,
        threshold: Values = 1.0,
        *,
        decay_input: bool = True,
        learn_tau: bool = True,
        learn_threshold: bool = False,
        reset_mechanism: str = "subtract",
        reset_delay: bool = True,
        detach_reset: bool = True,
        surrogate: SurrogateLike = "fast_sigmoid",
    ) -> None:
        super().__init__(reset_mechanism, reset_delay, detach_reset, surrogate)
        self.decay_input = check_boolean("decay_input", decay_input)
        self._store(
            {"tau": tau, "threshold": threshold},
            {"tau": learn_tau, "threshold": learn_threshold},
        )

    def step(self, x: mx.array, state: State, parameters: State) -> tuple[mx.array, State]:
        """One step; see :func:`~eegsnn.neurons.functional.parametric_leaky_step`."""
        keywords = {**parameters, **self._firing, "decay_input": self.decay_input}
        spikes, mem = parametric_leaky_step(x, state["mem"], **keywords)
        return spikes, {"mem": mem}

    def _sequence(self, x: mx.array, state: State, every_state: bool) -> tuple[mx.array, State]:
        values = self.values(x[0])
        rate = 1.0 / values["tau"]
        as_leaky = Problem(
            x * rate if self.decay_input else x,
            state,
            {"beta": 1.0 - rate, "threshold": values["threshold"]},
            frozenset({"tau": "beta"}.get(name, name) for name in self.learned()),
            self.firing,
        )
        if kernel_serves(as_leaky):
            return run_kernel(Kernel("leaky"), as_leaky, every_state)
        return super()._sequence(x, state, every_state)


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
