"""Neurons that receive their own spikes of the step before: ``RLeaky``, ``RSynaptic``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import mlx.core as mx

from eegsnn._validation import check_boolean, check_integer
from eegsnn.errors import ConfigurationError, DataError
from eegsnn.neurons.base import SpikingNeuron
from eegsnn.neurons.fast import Kernel
from eegsnn.neurons.functional import rleaky_step, rsynaptic_step
from eegsnn.neurons.parameters import FREE, POSITIVE, UNIT, Parameter, Values
from eegsnn.neurons.sequence import State
from eegsnn.surrogate import SurrogateLike


class RecurrentNeuron(SpikingNeuron):
    """Base of neurons with recurrence: one to one, dense or convolutional.

    Parameters
    ----------
    V : float or array, default 1.0
        One to one (``all_to_all=False``): what a neuron's own spike adds to its next input; a
        scalar or one value per neuron.
    all_to_all : bool, default True
        Recurrence by weights: dense or convolutional.
    linear_features : int, optional
        Number of neurons, for dense recurrence of inputs [batch, neurons].
    conv2d_channels, kernel_size : int, optional
        For convolutional recurrence of inputs [batch, height, width, channels]; `kernel_size` is
        odd, or a pair of odd numbers, so that images keep their size.
    key : array, optional
        Random key (``mx.random.key``) for the initial weights and biases, uniform within
        ±1/√(number of inputs of a neuron), as in snnTorch; needed where there are weights.
    learn_recurrent : bool, default True
        Learn `V`, or the weights `recurrent_weight` and `recurrent_bias`.
    firing
        Reset and surrogate, as in :class:`~eegsnn.neurons.SpikingNeuron`.

    Raises
    ------
    ConfigurationError
        If what is given does not say which recurrence is meant, or says two.
    """

    V = Parameter(FREE, "recurrent weights")
    recurrent_weight = Parameter(FREE, "recurrent weights", per_neuron=False)
    recurrent_bias = Parameter(FREE, "recurrent biases", per_neuron=False)

    def __init__(
        self,
        V: Values | None,
        all_to_all: bool,
        linear_features: int | None,
        conv2d_channels: int | None,
        kernel_size: int | Sequence[int] | None,
        key: mx.array | None,
        learn_recurrent: bool,
        **firing: Any,
    ) -> None:
        super().__init__(**firing)
        learn = check_boolean("learn_recurrent", learn_recurrent)
        if check_boolean("all_to_all", all_to_all):
            if V is not None:
                raise ConfigurationError(
                    "V: expected one-to-one recurrence, but all_to_all is true. Set "
                    "all_to_all=False, or drop V."
                )
            shape = _weight_shape(linear_features, conv2d_channels, kernel_size)
            weight, bias = _random_weights(shape, key)
            self._store(
                {"recurrent_weight": weight, "recurrent_bias": bias},
                {"recurrent_weight": learn, "recurrent_bias": learn},
            )
        else:
            _refuse_weights(linear_features, conv2d_channels, kernel_size)
            self._store({"V": 1.0 if V is None else V}, {"V": learn})

    def kernel_for(self, values: State) -> Kernel | None:
        """Kernels do dense recurrence."""
        dense = "recurrent_weight" in values and values["recurrent_weight"].ndim == 2
        return self.kernel if dense else None

    def values(self, x: mx.array) -> State:
        """As in every neuron; weights have to fit the neurons of `x`."""
        values = super().values(x)
        if "recurrent_weight" not in values:
            return values
        weight, bias = values["recurrent_weight"], values["recurrent_bias"]
        n_out, n_in = weight.shape[0], weight.shape[-1]
        layout = "[batch, height, width, channels]" if weight.ndim == 4 else "[batch, …, neurons]"
        fits = x.shape[-1] == n_out == n_in and (weight.ndim == 2 or x.ndim == 4)
        if not fits or tuple(bias.shape) != (n_out,):
            raise DataError(
                f"{type(self).__name__}: expected input {layout} with {n_out} of them, as the "
                f"recurrent weights {tuple(weight.shape)} and biases {tuple(bias.shape)} have, but "
                f"got shape {tuple(x.shape)}."
            )
        return values


def _weight_shape(
    features: int | None, channels: int | None, kernel_size: int | Sequence[int] | None
) -> tuple[int, ...]:
    """Shape of the weights: out × in, or out × height × width × in."""
    if features is not None and channels is None and kernel_size is None:
        n = check_integer("linear_features", features, low=1)
        return (n, n)
    if features is not None or channels is None or kernel_size is None:
        raise ConfigurationError(
            "all_to_all: expected linear_features for dense recurrence, or conv2d_channels and "
            "kernel_size for a convolutional one, but got "
            + _listed(features, channels, kernel_size)
            + ". For one weight per neuron set all_to_all=False."
        )
    n = check_integer("conv2d_channels", channels, low=1)
    sizes = (kernel_size, kernel_size) if isinstance(kernel_size, int) else tuple(kernel_size)
    if len(sizes) != 2:
        raise ConfigurationError(f"kernel_size: expected one or two integers, but got {sizes}.")
    for size in sizes:
        if check_integer("kernel_size", size, low=1) % 2 == 0:
            raise ConfigurationError(
                f"kernel_size: expected odd sizes, which keep the size of images, but got {size}."
            )
    return (n, *sizes, n)


def _refuse_weights(*given: Any) -> None:
    if any(value is not None for value in given):
        raise ConfigurationError(
            f"all_to_all: expected true for recurrence by weights, but got False with "
            f"{_listed(*given)}. Drop these, or set all_to_all=True."
        )


def _listed(*given: Any) -> str:
    names = ("linear_features", "conv2d_channels", "kernel_size")
    pairs = [f"{n}={v!r}" for n, v in zip(names, given, strict=True) if v is not None]
    return ", ".join(pairs) or "none of them"


def _random_weights(shape: tuple[int, ...], key: mx.array | None) -> tuple[mx.array, mx.array]:
    if not isinstance(key, mx.array):
        raise ConfigurationError(
            f"key: expected a random key for the recurrent weights, as mx.random.key(0) gives, but "
            f"got {key!r}."
        )
    bound = 1 / math.sqrt(math.prod(shape[1:]))
    for_weight, for_bias = mx.random.split(key)
    weight = mx.random.uniform(-bound, bound, shape, key=for_weight)
    return weight, mx.random.uniform(-bound, bound, shape[:1], key=for_bias)


class RLeaky(RecurrentNeuron):
    """Recurrent LIF neuron; see :func:`eegsnn.neurons.functional.rleaky_step`.

    Parameters
    ----------
    beta : float or array, default 0.9
        Decay of the membrane per step, in [0, 1]; a scalar or one value per neuron.
    V, all_to_all, linear_features, conv2d_channels, kernel_size, key, learn_recurrent
        The recurrence; see :class:`RecurrentNeuron`.
    threshold : float or array, default 1.0
        A spike is emitted when the membrane exceeds it; above 0.
    learn_beta, learn_threshold : bool, default False
        Learn them, within their range.
    reset_mechanism, reset_delay, detach_reset, surrogate
        As in :class:`~eegsnn.neurons.Leaky`.

    Raises
    ------
    ConfigurationError
        If a parameter has an impossible value.

    Examples
    --------
    >>> neuron = RLeaky(beta=0.9, linear_features=3, key=mx.random.key(0))
    >>> neuron.recurrent_weight.shape
    (3, 3)
    >>> sorted(RLeaky(V=0.5, all_to_all=False).init_state(batch=2, features=3))
    ['mem', 'spk']
    """

    states = ("spk", "mem")
    kernel = Kernel("recurrent")
    beta = Parameter(UNIT, "decays per step")
    threshold = Parameter(POSITIVE, "thresholds")

    def __init__(
        self,
        beta: Values = 0.9,
        V: Values | None = None,
        all_to_all: bool = True,
        linear_features: int | None = None,
        conv2d_channels: int | None = None,
        kernel_size: int | Sequence[int] | None = None,
        threshold: Values = 1.0,
        *,
        key: mx.array | None = None,
        learn_beta: bool = False,
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
            {"beta": beta, "threshold": threshold},
            {"beta": learn_beta, "threshold": learn_threshold},
        )

    def step(self, x: mx.array, state: State, parameters: State) -> tuple[mx.array, State]:
        """One step; see :func:`~eegsnn.neurons.functional.rleaky_step`."""
        keywords = {**parameters, **self._firing}
        spikes, mem = rleaky_step(x, state["spk"], state["mem"], **keywords)
        return spikes, {"spk": spikes, "mem": mem}


class RSynaptic(RecurrentNeuron):
    """Recurrent LIF with a synaptic current; see :func:`eegsnn.neurons.functional.rsynaptic_step`.

    Parameters
    ----------
    alpha, beta : float or array, default 0.8 and 0.9
        Decay per step of the current and of the membrane, in [0, 1]; a scalar or one value per
        neuron.
    V, all_to_all, linear_features, conv2d_channels, kernel_size, key, learn_recurrent
        The recurrence; see :class:`RecurrentNeuron`.
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

    states = ("spk", "syn", "mem")
    kernel = Kernel("recurrent_synaptic")
    alpha = Parameter(UNIT, "decays per step")
    beta = Parameter(UNIT, "decays per step")
    threshold = Parameter(POSITIVE, "thresholds")

    def __init__(
        self,
        alpha: Values = 0.8,
        beta: Values = 0.9,
        V: Values | None = None,
        all_to_all: bool = True,
        linear_features: int | None = None,
        conv2d_channels: int | None = None,
        kernel_size: int | Sequence[int] | None = None,
        threshold: Values = 1.0,
        *,
        key: mx.array | None = None,
        learn_alpha: bool = False,
        learn_beta: bool = False,
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
            {"alpha": alpha, "beta": beta, "threshold": threshold},
            {"alpha": learn_alpha, "beta": learn_beta, "threshold": learn_threshold},
        )

    def step(self, x: mx.array, state: State, parameters: State) -> tuple[mx.array, State]:
        """One step; see :func:`~eegsnn.neurons.functional.rsynaptic_step`."""
        before = [state[name] for name in self.states]
        spikes, syn, mem = rsynaptic_step(x, *before, **{**parameters, **self._firing})
        return spikes, {"spk": spikes, "syn": syn, "mem": mem}
