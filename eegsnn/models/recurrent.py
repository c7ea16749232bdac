"""Recurrent network of adaptive neurons, after the LSNN."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from eegsnn._validation import check_integer, check_number
from eegsnn.layers import Dropout
from eegsnn.models.base import (
    ArchitectureConfig,
    Connection,
    NetworkOutput,
    check_beta,
    presented,
    split_key,
    spread_decay,
)
from eegsnn.models.parts import Affine, SpikingHead, scale_to_rate
from eegsnn.neurons import RALIF
from eegsnn.surrogate import get_surrogate


@dataclass(frozen=True, kw_only=True)
class AdaptiveRecurrentConfig(ArchitectureConfig):
    """Recurrent network of adaptive LIF neurons, on features or spikes of an encoder.

    ::

        features ─► Linear ─► adaptive LIF ─► Linear ─► leaky integrators ─► scores
                               ▲        │
                               └────────┘ dense recurrence

    Adaptive thresholds give a memory of hundreds of steps, recurrence lets neurons combine what
    came at different times. A part of the neurons does not adapt, as in the LSNN.

    Attributes
    ----------
    hidden : int, default 64
        Neurons.
    adaptive : float in [0, 1], default 0.5
        Part of them that adapts.
    adaptation : float, default 0.3
        What each spike adds to the threshold, in units of the threshold.
    rho : float or (float, float), default (0.9, 0.99)
        Decay of the adaptation per step, time constants spread over the neurons. Learned.
    recurrent_gain : float, default 0.5
        Size of the first recurrent weights, relative to 1/√hidden of a threshold.
    beta, threshold, target_rate, dropout, readout_beta, readout_gain, n_windows, surrogate, \
surrogate_slope
        See :class:`ArchitectureConfig`.

    References
    ----------
    Bellec, Salaj, Subramoney, Legenstein & Maass (2018), Long short-term memory and
    learning-to-learn in networks of spiking neurons, NeurIPS.
    """

    name: ClassVar[str] = "recurrent"

    hidden: int = 64
    adaptive: float = 0.5
    adaptation: float = 0.3
    rho: float | tuple[float, float] = (0.9, 0.99)
    recurrent_gain: float = 0.5

    def __post_init__(self) -> None:
        """Validate every field."""
        super().__post_init__()
        check_integer("hidden", self.hidden, low=1)
        check_number("adaptive", self.adaptive, low=0, high=1)
        check_number("adaptation", self.adaptation, low=0)
        self._keep(rho=check_beta(self.rho, "rho"))
        check_number("recurrent_gain", self.recurrent_gain, low=0)

    @property
    def layer_names(self) -> tuple[str, ...]:
        """One spiking layer."""
        return ("hidden1",)

    def build(self, n_inputs: int, n_classes: int, n_steps: int, *, key: mx.array) -> Any:
        """Make a network with the weights that it starts from."""
        return AdaptiveRecurrentNetwork(self, n_inputs, n_classes, n_steps, key=key)

    def _product_sizes(self, n_inputs: int, n_classes: int) -> list[int]:
        return [n_inputs, self.hidden, n_classes]


class AdaptiveRecurrentNetwork(nn.Module):
    """Network of an :class:`AdaptiveRecurrentConfig`; inputs [T, batch, features]."""

    def __init__(
        self,
        config: AdaptiveRecurrentConfig,
        n_inputs: int,
        n_classes: int,
        n_steps: int,
        *,
        key: mx.array,
    ) -> None:
        super().__init__()
        self._config = config
        self._dropout = Dropout(config.dropout)
        size = config.hidden
        keys = mx.random.split(key, 4)
        self.linear = Affine(n_inputs, size, keys[0])
        # Every second neuron, and so on: adapting ones are spread over all time constants.
        adapts = np.floor(np.arange(1, size + 1) * config.adaptive) > np.floor(
            np.arange(size) * config.adaptive
        )
        self.neurons = RALIF(
            spread_decay(config.beta, size),
            spread_decay(config.rho, size),
            np.where(adapts, config.adaptation * config.threshold, 0.0),
            linear_features=size,
            threshold=config.threshold,
            learn_beta=True,
            learn_rho=True,
            surrogate=get_surrogate(config.surrogate, config.surrogate_slope),
            key=keys[1],
        )
        scale = config.recurrent_gain * config.threshold / math.sqrt(size)
        self.neurons.recurrent_weight = scale * mx.random.normal((size, size), key=keys[2])
        self.neurons.recurrent_bias = mx.zeros((size,))
        self.head = SpikingHead(config, size, n_classes, key=keys[3])

    def __call__(
        self, x: Any, *, n_steps: int | None = None, dropout_key: mx.array | None = None
    ) -> NetworkOutput:
        """Class scores and spikes of x[T, batch, features]; a key means training."""
        keys = split_key(dropout_key, 2)
        current = self._dropout(presented(self.linear(x), n_steps), key=keys[0])
        spikes = self.neurons.run(current)[0]
        return NetworkOutput(self.head(spikes, keys[1])[0], [spikes])

    def calibrate(self, x: Any, *, n_steps: int | None = None) -> None:
        """Set the gains of input and readout from x[T, batch, features]."""
        x = presented(x, n_steps)
        scale_to_rate(self.linear, self.neurons, x, self._config.target_rate)
        self.head.calibrate(self.neurons.run(self.linear(x))[0])

    def connections(self, x: Any, *, n_steps: int | None = None) -> list[Connection]:
        """Run it and give what arrives at input, recurrence and readout."""
        arriving = x if isinstance(x, mx.array) else x.dense()
        (spikes,) = self(x, n_steps=n_steps).spikes
        size, passes = float(self._config.hidden), len(spikes)
        return [
            Connection("input", "Linear", arriving, size, len(arriving)),
            Connection("hidden", "RALIF recurrent", spikes[:-1], size, passes - 1),
            *self.head.connections(spikes, passes),
        ]
