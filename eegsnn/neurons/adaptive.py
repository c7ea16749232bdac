"""LIF neurons whose threshold rises with every spike: ``ALIF``, and recurrent, ``RALIF``."""

from __future__ import annotations

from collections.abc import Sequence

import mlx.core as mx

from eegsnn.neurons.base import SpikingNeuron
from eegsnn.neurons.fast import Kernel
from eegsnn.neurons.functional import alif_step, ralif_step
from eegsnn.neurons.parameters import NOT_NEGATIVE, POSITIVE, UNIT, Parameter, Values
from eegsnn.neurons.recurrent import RecurrentNeuron
from eegsnn.neurons.sequence import State
from eegsnn.surrogate import SurrogateLike


class ALIF(SpikingNeuron):
    """Adaptive LIF neuron; see :func:`eegsnn.neurons.functional.alif_step`.

    Parameters
    ----------
    beta : float or array, default 0.9
        Decay of the membrane per step, in [0, 1]; a scalar or one value per neuron.
    rho : float or array, default 0.97
        Decay of the adaptation per step, in [0, 1]: its memory is about 1/(1 − rho) steps, 33 by
        default.
    b : float or array, default 0.1
        What each spike adds to the threshold, at least 0.
    threshold : float or array, default 1.0
        Threshold at rest; above 0.
    learn_beta, learn_rho, learn_b, learn_threshold : bool, default False
        Learn them, within their range.
    reset_mechanism, reset_delay, detach_reset, surrogate
        As in :class:`~eegsnn.neurons.Leaky`.

    Raises
    ------
    ConfigurationError
        If a parameter has an impossible value.

    Examples
    --------
    >>> neuron = ALIF(beta=0.9, rho=0.95, b=0.5)
    >>> spikes, state = neuron.run(mx.full((60, 1, 1), 0.5))
    >>> spikes[:20].sum().item(), spikes[-20:].sum().item()
    (5.0, 4.0)
    """

    states = ("spk", "adaptation", "mem")
    kernel = Kernel("adaptive")
    beta = Parameter(UNIT, "decays per step")
    rho = Parameter(UNIT, "decays per step")
    b = Parameter(NOT_NEGATIVE, "increments of the threshold")
    threshold = Parameter(POSITIVE, "thresholds")

    def __init__(
        self,
        beta: Values = 0.9,
        rho: Values = 0.97,
        b: Values = 0.1,
        threshold: Values = 1.0,
        *,
        learn_beta: bool = False,
        learn_rho: bool = False,
        learn_b: bool = False,
        learn_threshold: bool = False,
        reset_mechanism: str = "subtract",
        reset_delay: bool = True,
        detach_reset: bool = True,
        surrogate: SurrogateLike = "fast_sigmoid",
    ) -> None:
        super().__init__(reset_mechanism, reset_delay, detach_reset, surrogate)
        self._store(
            {"beta": beta, "rho": rho, "b": b, "threshold": threshold},
            {"beta": learn_beta, "rho": learn_rho, "b": learn_b, "threshold": learn_threshold},
        )

    def step(self, x: mx.array, state: State, parameters: State) -> tuple[mx.array, State]:
        """One step; see :func:`~eegsnn.neurons.functional.alif_step`."""
        before = [state[name] for name in self.states]
        spikes, *after = alif_step(x, *before, **{**parameters, **self._firing})
        return spikes, dict(zip(self.states, (spikes, *after), strict=True))


class RALIF(RecurrentNeuron):
    """Recurrent adaptive LIF neuron; see :func:`eegsnn.neurons.functional.ralif_step`.

    Parameters
    ----------
    beta, rho, b
        As in :class:`ALIF`.
    V, all_to_all, linear_features, conv2d_channels, kernel_size, key, learn_recurrent
        The recurrence; see :class:`~eegsnn.neurons.RecurrentNeuron`.
    threshold : float or array, default 1.0
        Threshold at rest; above 0.
    learn_beta, learn_rho, learn_b, learn_threshold : bool, default False
        Learn them, within their range.
    reset_mechanism, reset_delay, detach_reset, surrogate
        As in :class:`~eegsnn.neurons.Leaky`.

    Raises
    ------
    ConfigurationError
        If a parameter has an impossible value.
    """

    states = ("spk", "adaptation", "mem")
    kernel = Kernel("recurrent_adaptive")
    beta = Parameter(UNIT, "decays per step")
    rho = Parameter(UNIT, "decays per step")
    b = Parameter(NOT_NEGATIVE, "increments of the threshold")
    threshold = Parameter(POSITIVE, "thresholds")

    def __init__(
        self,
        beta: Values = 0.9,
        rho: Values = 0.97,
        b: Values = 0.1,
        V: Values | None = None,
        all_to_all: bool = True,
        linear_features: int | None = None,
        conv2d_channels: int | None = None,
        kernel_size: int | Sequence[int] | None = None,
        threshold: Values = 1.0,
        *,
        key: mx.array | None = None,
        learn_beta: bool = False,
        learn_rho: bool = False,
        learn_b: bool = False,
        learn_threshold: bool = False,
        learn_recurrent: bool = True,
        reset_mechanism: str = "subtract",
        reset_delay: bool = True,
        detach_reset: bool = True,
        surrogate: SurrogateLike = "fast_sigmoid",
    ) -> None:
        super().__init__(
            V,
            all_to_all,
            linear_features,
            conv2d_channels,
            kernel_size,
            key,
            learn_recurrent,
            reset_mechanism=reset_mechanism,
            reset_delay=reset_delay,
            detach_reset=detach_reset,
            surrogate=surrogate,
        )
        self._store(
            {"beta": beta, "rho": rho, "b": b, "threshold": threshold},
            {"beta": learn_beta, "rho": learn_rho, "b": learn_b, "threshold": learn_threshold},
        )

    def step(self, x: mx.array, state: State, parameters: State) -> tuple[mx.array, State]:
        """One step; see :func:`~eegsnn.neurons.functional.ralif_step`."""
        before = [state[name] for name in self.states]
        spikes, *after = ralif_step(x, *before, **{**parameters, **self._firing})
        return spikes, dict(zip(self.states, (spikes, *after), strict=True))
