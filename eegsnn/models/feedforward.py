"""The feed-forward spiking network: delayed inputs → [Linear → LIF → dropout]* → readout."""

from __future__ import annotations

import numbers
from dataclasses import dataclass
from typing import Any, ClassVar

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from eegsnn._validation import check_boolean, check_choice, check_integer, check_number
from eegsnn.errors import ConfigurationError
from eegsnn.layers.sparse import SparseSpikes
from eegsnn.models.base import (
    Architecture,
    Connection,
    NetworkOutput,
    check_beta,
    check_target_rate,
    dense,
    largest_product,
    presented,
    spread_decay,
)
from eegsnn.models.parts import Affine, scale_to_rate
from eegsnn.neurons import RESET_MECHANISMS, Leaky, LeakyIntegrator
from eegsnn.surrogate import get_surrogate

READOUTS: tuple[str, ...] = ("membrane", "rate")
NEURONS: tuple[str, ...] = ("leaky", "if")

# A rate lies in [0, 1]: as a logit it would leave every class near chance.
_GAINS = {"membrane": 1.0, "rate": 10.0}


@dataclass(frozen=True)
class NetworkConfig(Architecture):
    """Shape and constants of a :class:`SpikingNetwork`; JSON-able, saved with the weights.

    Attributes
    ----------
    hidden : tuple of int, default (64,)
        Neurons of each hidden layer.
    neuron : {"leaky", "if"}, default "leaky"
        LIF, or IF, which forgets nothing.
    beta : float or (float, float), default (0.5, 0.98)
        Decay of the membrane per step. A pair spreads the time constants 1/(1 − beta) evenly on a
        logarithmic scale over the neurons of a layer: a mixture of fast and slow neurons needs no
        tuning to the bin width.
    threshold : float, default 1.0
        Firing threshold of every neuron.
    reset_mechanism : {"subtract", "zero", "none"}, default "subtract"
    reset_delay : bool, default True
        Whether the reset comes one step after the spike.
    learn_beta : bool, default True
        Learn the decays, within (0, 1).
    n_delays, delay_step : int, default 1
        Each input reaches the first layer through `n_delays` synapses, delayed by 0, `delay_step`,
        2·`delay_step`, … steps: with several, a neuron sees the course of its input and not only
        its present value. Before the first step, the first value is taken to have lasted.
    readout : {"membrane", "rate"}, default "membrane"
        Class scores: the membranes of leaky integrators, averaged over time; or the firing rates
        of an output layer of LIF neurons.
    readout_beta : float, default 0.95
        Decay of the readout per step.
    readout_gain : float, optional
        Factor that makes class scores of the readout; None stands for 1 with "membrane" and 10 with
        "rate", where it is the value that learning starts from. It sets the pace: a small one keeps
        weights from following few trials too closely, a large one (10 to 20) learns large data sets
        in fewer epochs, with fewer spikes.
    readout_weights : bool, default False
        Learn a weight per class and step for the average over time.
    dropout : float, default 0
        Fraction of hidden neurons silenced in training, the same ones for all steps of a trial.
    surrogate, surrogate_slope
        See :func:`eegsnn.surrogate.get_surrogate`.
    target_rate : float in (0, 0.5), optional
        Spikes per neuron and step at which every layer starts. None: membranes start with a
        deviation of one threshold, whatever rate that gives.
    """

    name: ClassVar[str] = "feedforward"

    hidden: tuple[int, ...] = (64,)
    neuron: str = "leaky"
    beta: float | tuple[float, float] = (0.5, 0.98)
    threshold: float = 1.0
    reset_mechanism: str = "subtract"
    reset_delay: bool = True
    learn_beta: bool = True
    n_delays: int = 1
    delay_step: int = 1
    readout: str = "membrane"
    readout_beta: float = 0.95
    readout_gain: float | None = None
    readout_weights: bool = False
    dropout: float = 0.0
    surrogate: str = "arctan"
    surrogate_slope: float | None = None
    target_rate: float | None = None

    def __post_init__(self) -> None:
        """Validate every field; see :class:`~eegsnn.errors.ConfigurationError`."""
        self._keep(hidden=_check_hidden(self.hidden))
        check_choice("neuron", self.neuron, NEURONS)
        self._keep(beta=check_beta(self.beta))
        check_number("threshold", self.threshold, low=0, low_open=True)
        check_choice("reset_mechanism", self.reset_mechanism, RESET_MECHANISMS)
        check_boolean("reset_delay", self.reset_delay)
        check_boolean("learn_beta", self.learn_beta)
        check_integer("n_delays", self.n_delays, low=1)
        check_integer("delay_step", self.delay_step, low=1)
        check_choice("readout", self.readout, READOUTS)
        check_number("readout_beta", self.readout_beta, low=0, high=1, high_open=True)
        if self.readout_gain is not None:
            check_number("readout_gain", self.readout_gain, low=0, low_open=True)
        check_boolean("readout_weights", self.readout_weights)
        check_number("dropout", self.dropout, low=0, high=1, high_open=True)
        get_surrogate(self.surrogate, self.surrogate_slope)

        if self.target_rate is not None:
            check_target_rate(self.target_rate)

    @property
    def layer_names(self) -> tuple[str, ...]:
        """``hidden1``, ``hidden2``, …, and ``output`` for the readout "rate"."""
        hidden = tuple(f"hidden{number}" for number in range(1, len(self.hidden) + 1))
        return (*hidden, "output") if self.readout == "rate" else hidden

    @property
    def fixed_length(self) -> bool:
        """Whether there is a weight for every step."""
        return self.readout_weights

    def build(
        self, n_inputs: int, n_classes: int, n_steps: int, *, key: mx.array
    ) -> SpikingNetwork:
        """Make a network with the weights that it starts from."""
        return SpikingNetwork(self, n_inputs, n_classes, n_steps, key=key)

    def product_size(
        self, n_inputs: int, n_classes: int, n_steps: int, batch: int, *, events: bool = False
    ) -> float:
        """Multiply-adds of the largest dense product in a forward pass of so many trials."""
        sizes = [n_inputs * self.n_delays, *self.hidden, n_classes]
        if events and self.n_delays == 1:
            sizes = sizes[1:]  # the first layer adds up what spikes
        return largest_product(sizes, n_steps, batch)


class SpikingNetwork(nn.Module):
    """Feed-forward spiking network over whole sequences, time first.

    Parameters
    ----------
    config : NetworkConfig
    n_inputs, n_classes : int
        Features in, class scores out.
    n_steps : int
        Time steps of a trial (the size of the learned readout weights).
    key : array
        Random key for the initial weights.
    """

    def __init__(
        self, config: NetworkConfig, n_inputs: int, n_classes: int, n_steps: int, *, key: mx.array
    ) -> None:
        super().__init__()
        self._config = config
        sizes = [n_inputs * config.n_delays, *config.hidden, n_classes]
        keys = mx.random.split(key, len(sizes))
        self.linear = [
            Affine(n_in, n_out, k)
            for n_in, n_out, k in zip(sizes[:-1], sizes[1:], keys, strict=False)
        ]
        self.neurons = [self._layer_of_neurons(size) for size in config.hidden]
        self.output: Leaky | LeakyIntegrator
        if config.readout == "rate":
            self.output = self._layer_of_neurons(n_classes)
            self.gain = mx.array(self._gain)
        else:
            self.output = LeakyIntegrator(config.readout_beta)
        if config.readout_weights:
            self.readout_weights = mx.ones((n_steps, 1, n_classes))

    @property
    def _gain(self) -> float:
        given = self._config.readout_gain
        return _GAINS[self._config.readout] if given is None else given

    def _layer_of_neurons(self, size: int) -> Leaky:
        config = self._config
        return Leaky(
            1.0 if config.neuron == "if" else spread_decay(config.beta, size),
            config.threshold,
            learn_beta=config.learn_beta and config.neuron != "if",
            reset_mechanism=config.reset_mechanism,
            reset_delay=config.reset_delay,
            surrogate=get_surrogate(config.surrogate, config.surrogate_slope),
        )

    def __call__(
        self,
        x: mx.array | SparseSpikes,
        *,
        n_steps: int | None = None,
        dropout_key: mx.array | None = None,
    ) -> NetworkOutput:
        """Class scores of a batch.

        Parameters
        ----------
        x : array or SparseSpikes [T, batch, features]
            Input currents or spikes. With T = 1 and `n_steps` given, the one step is a constant
            current for that many steps, and its product with the weights is taken only once.
        n_steps : int, optional
            See above.
        dropout_key : array, optional
            Random key: dropout is applied when it is given (in training).
        """
        rate = self._config.dropout
        spikes = []
        x = delayed(x, self._config.n_delays, self._config.delay_step)
        for index, (linear, neurons) in enumerate(zip(self.linear, self.neurons, strict=False)):
            x = linear(x)
            if index == 0 and n_steps is not None and x.shape[0] == 1:
                x = mx.broadcast_to(x, (n_steps, *x.shape[1:]))
            x = neurons.run(x)[0]
            spikes.append(x)
            if rate > 0 and dropout_key is not None:
                dropout_key, key = mx.random.split(dropout_key)
                kept = mx.random.bernoulli(1 - rate, (1, *x.shape[1:]), key=key)
                x = x * (kept / (1 - rate))
        return self._read_out(self.linear[-1](x), spikes)

    def _read_out(self, current: mx.array, spikes: list[mx.array]) -> NetworkOutput:
        scores = self.output.run(current)[0]
        if isinstance(self.output, Leaky):
            spikes = [*spikes, scores]
        return NetworkOutput(self.logits(scores), spikes)

    def logits(self, scores: mx.array) -> mx.array:
        """Class scores (batch, classes) from what the output neurons give, [T, batch, classes].

        That is the spikes of a "rate" readout, the membranes of a "membrane" one; they may also
        come from the same network elsewhere.
        """
        # In units of the steady state, so that logits do not depend on the decay.
        is_rate = isinstance(self.output, Leaky)
        scale = self.gain if is_rate else self._gain * (1 - self._config.readout_beta)
        if self._config.readout_weights:
            scores = scores * self.readout_weights
        return scores.mean(axis=0) * scale

    def calibrate(self, x: mx.array | SparseSpikes, *, n_steps: int | None = None) -> None:
        """Scale the initial weights so that every neuron is within reach of its threshold.

        Layer by layer, each neuron's weights are divided by the standard deviation that its
        membrane would have without reset, in units of the threshold: whatever the scale and the
        density of the input, no layer starts silent or saturated (the idea of layer-sequential
        unit variance, Mishkin & Matas 2016, with the membrane as the quantity that counts).

        Parameters
        ----------
        x : array [T, batch, features]
            A sample of training inputs.
        n_steps : int, optional
            As in :meth:`__call__`.
        """
        x = delayed(x, self._config.n_delays, self._config.delay_step)
        spiking = [*self.neurons, self.output] if isinstance(self.output, Leaky) else self.neurons
        if self._config.target_rate is not None:
            self._calibrate_rates(presented(x, n_steps), spiking, self._config.target_rate)
            return
        for index, (linear, neurons) in enumerate(zip(self.linear, spiking, strict=False)):
            current = linear(x) - linear.bias
            if index == 0 and n_steps is not None and current.shape[0] == 1:
                current = mx.broadcast_to(current, (n_steps, *current.shape[1:]))
            free, _ = LeakyIntegrator(neurons.beta).run(current)  # the membrane without reset
            deviation = mx.sqrt(mx.mean(mx.square(free), axis=(0, 1)))
            gain = mx.where(deviation > 0, self._config.threshold / deviation, 1.0)
            linear.weight = linear.weight * gain[:, None]
            x = neurons.run(current * gain)[0]
        mx.eval(self.parameters())

    def _calibrate_rates(self, x: mx.array, spiking: list[Leaky], target: float) -> None:
        for linear, neurons in zip(self.linear, spiking, strict=False):
            scale_to_rate(linear, neurons, x, target)
            x = neurons.run(linear(x))[0]

    def connections(
        self, x: mx.array | SparseSpikes, *, n_steps: int | None = None
    ) -> list[Connection]:
        """Run it and give what arrives at each layer; a constant current is multiplied once."""
        spikes = self(x, n_steps=n_steps).spikes[: len(self.neurons)]
        arriving = [dense(delayed(x, self._config.n_delays, self._config.delay_step)), *spikes]
        passes = len(arriving[0])
        names = [*(f"hidden{number}" for number in range(1, len(spikes) + 1)), "readout"]
        return [
            Connection(name, "Linear", values, float(len(linear.weight)), passes)
            for name, values, linear in zip(names, arriving, self.linear, strict=True)
        ]


def delayed(x: mx.array | SparseSpikes, n_delays: int, delay_step: int) -> mx.array | SparseSpikes:
    """Put copies of x[T, …], delayed by 0, s, 2s, … steps, side by side along the features."""
    if n_delays == 1:
        return x
    if isinstance(x, SparseSpikes):
        x = x.dense()
    longest = (n_delays - 1) * delay_step
    padded = mx.concatenate([mx.repeat(x[:1], longest, axis=0), x])
    copies = [
        padded[longest - lag * delay_step : longest - lag * delay_step + x.shape[0]]
        for lag in range(n_delays)
    ]
    return mx.concatenate(copies, axis=-1)


def _check_hidden(hidden: Any) -> tuple[int, ...]:
    sizes = (hidden,) if isinstance(hidden, numbers.Integral) else hidden
    if not isinstance(sizes, list | tuple | np.ndarray) or not len(sizes):
        raise ConfigurationError(
            f"hidden: expected the number of neurons of each layer, such as (64,) or (128, 64), "
            f"but got {hidden!r}."
        )
    return tuple(check_integer("hidden", size, low=1) for size in sizes)
