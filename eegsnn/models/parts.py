"""Parts that the architectures share: dense weights, spatial mixes, pooling, the spiking head."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from eegsnn.layers import Dropout, TdBN
from eegsnn.layers.sparse import SparseSpikes, sparse_linear
from eegsnn.models.base import ArchitectureConfig, Connection, split_key, spread_decay
from eegsnn.neurons import Leaky, LeakyIntegrator, ParametricLeaky
from eegsnn.surrogate import get_surrogate

# Trials looked at in the search for gains: rates of a layer are known well enough from these.
_SEARCH_TRIALS = 64
_SEARCH_STEPS = 14


class Affine(nn.Module):
    """``x @ weight.T + bias``; other than ``nn.Linear`` it leaves the global generator alone."""

    def __init__(self, n_in: int, n_out: int, key: mx.array) -> None:
        super().__init__()
        self.weight = mx.random.normal((n_out, n_in), key=key) / math.sqrt(n_in)
        self.bias = mx.zeros((n_out,))

    def __call__(self, x: mx.array | SparseSpikes) -> mx.array:
        """[…, inputs] → […, outputs]; events [T, batch, inputs] are added up."""
        if isinstance(x, SparseSpikes):
            return sparse_linear(x, self.weight, self.bias)
        return mx.addmm(self.bias, x, self.weight.T)


class SpatialMix(nn.Module):
    """Weighted sums of channels, after a whitening that is learned without labels.

    Channels of EEG are alike: random mixes of them would nearly all be one and the same. The
    whitening, fixed by :meth:`calibrate` from the covariance of training signals, makes the first
    mixes different from each other; both together are one spatial filter per unit.

    Parameters
    ----------
    n_channels, n_mixes : int
    max_norm : float
        Longest weight vector of a mix; longer ones are scaled down (Lawhern et al. 2018).
    key : array
    """

    def __init__(self, n_channels: int, n_mixes: int, max_norm: float, *, key: mx.array) -> None:
        super().__init__()
        self._max_norm = max_norm
        self.whitening = mx.eye(n_channels)
        self.freeze(keys=["whitening"], recurse=False)
        drawn = mx.random.normal((n_mixes, n_channels), key=key)
        self.weight = drawn / mx.linalg.norm(drawn, axis=1, keepdims=True)

    def unfreeze(self, *args: Any, **kwargs: Any) -> nn.Module:
        """As in ``mlx.nn``; the whitening stays fixed."""
        super().unfreeze(*args, **kwargs)
        return self.freeze(keys=["whitening"], recurse=False)

    @property
    def filters(self) -> mx.array:
        """Spatial filters [mixes, channels] in units of the input."""
        length = mx.linalg.norm(self.weight, axis=1, keepdims=True)
        kept = mx.minimum(1.0, self._max_norm / mx.maximum(length, 1e-12))
        return (self.weight * kept) @ self.whitening

    def __call__(self, x: mx.array) -> mx.array:
        """[T, batch, channels] → [T, batch, mixes]."""
        return x @ self.filters.T

    def calibrate(self, x: mx.array, shrinkage: float = 0.5) -> None:
        """Learn the whitening C^(−½) from x[T, batch, channels]; C is shrunk towards the sphere."""
        signals = np.asarray(x, dtype=np.float64).reshape(-1, x.shape[-1])
        covariance = signals.T @ signals / len(signals)
        n = len(covariance)
        level = max(np.trace(covariance) / n, np.finfo(np.float32).tiny)
        values, vectors = np.linalg.eigh(
            (1 - shrinkage) * covariance + shrinkage * level * np.eye(n)
        )
        self.whitening = mx.array((vectors / np.sqrt(values)) @ vectors.T, mx.float32)


def pooling_matrix(n_steps: int, n_bins: int, width: float) -> mx.array:
    """Averages over windows: [bins, steps], so that ``matrix @ x`` pools over time.

    Parameters
    ----------
    n_steps, n_bins : int
        Bins share the steps evenly; never more bins than steps.
    width : float
        Window of a bin in steps, at least what it takes to leave no gap.
    """
    n_bins = min(n_bins, n_steps)
    centres = (np.arange(n_bins) + 0.5) * n_steps / n_bins
    half = max(width, n_steps / n_bins) / 2
    edges = np.arange(n_steps)
    overlap = np.minimum(edges + 1, (centres + half)[:, None]) - np.maximum(
        edges, (centres - half)[:, None]
    )
    weights = np.maximum(overlap, 0.0)
    return mx.array(weights / weights.sum(axis=1, keepdims=True), mx.float32)


def counting_matrix(n_steps: int, n_bins: int) -> mx.array:
    """Rates in bins, [bins, steps]: every step, and so every spike, belongs to one bin alone."""
    n_bins = min(n_bins, n_steps)
    bins = np.arange(n_steps) * n_bins // n_steps
    member = bins == np.arange(n_bins)[:, None]
    return mx.array(member / member.sum(axis=1, keepdims=True), mx.float32)


def pool(matrix: mx.array, x: mx.array) -> mx.array:
    """Pool x[T, batch, units] over time: [bins, batch, units]."""
    return (matrix @ x.reshape(x.shape[0], -1)).reshape(-1, *x.shape[1:])


def rates_in_bins(spikes: mx.array, n_bins: int) -> mx.array:
    """Count spikes [T, batch, units] in bins, as rates [bins, batch, units]."""
    return pool(counting_matrix(len(spikes), n_bins), spikes)


def neurons_of(config: ArchitectureConfig, size: int, kind: str = "leaky") -> Any:
    """Layer of LIF neurons, or of PLIF, with learned time constants spread over it."""
    surrogate = get_surrogate(config.surrogate, config.surrogate_slope)
    decay = spread_decay(config.beta, size)
    if kind == "plif":
        tau = 1.0 / (1.0 - np.minimum(decay, 0.999))
        return ParametricLeaky(
            np.maximum(tau, 1.001), config.threshold, decay_input=False, surrogate=surrogate
        )
    return Leaky(decay, config.threshold, learn_beta=True, surrogate=surrogate)


def gain_for_rate(spikes: Callable[[mx.array], mx.array], n_units: int, target: float) -> mx.array:
    """Gains [units] at which each unit fires at a target rate, by bisection.

    Parameters
    ----------
    spikes : callable
        Gains [units] → spikes [T, batch, units]. Rates are taken to grow with the gain.
    n_units : int
    target : float
        Spikes per unit and step.

    Returns
    -------
    array [units]
        Within 2^±12; 1 for a unit that never fires or always.
    """
    low, high = np.full(n_units, -12.0), np.full(n_units, 12.0)
    for _ in range(_SEARCH_STEPS):
        middle = (low + high) / 2
        rate = np.asarray(spikes(mx.array(2.0**middle, mx.float32)).mean(axis=(0, 1)))
        low, high = np.where(rate < target, middle, low), np.where(rate < target, high, middle)
    found = (low + high) / 2
    return mx.array(np.where(np.abs(found) < 11.9, 2.0**found, 1.0), mx.float32)


def sample(x: mx.array) -> mx.array:
    """Take some of the trials x[T, batch, …], enough for a search of gains."""
    return x[:, :_SEARCH_TRIALS]


def scale_to_rate(affine: Affine, neurons: Any, x: mx.array, target: float) -> None:
    """Scale the weights of each neuron so that it fires at a target rate on x[T, batch, inputs].

    Spikes are never negative: a neuron whose weights are mostly so cannot fire, whatever its gain.
    Its weights are turned over, which is as likely a draw as they were.
    """
    current = affine(sample(x)) - affine.bias
    n_units = current.shape[-1]

    def fired(gain: mx.array) -> mx.array:
        return neurons.run(current * gain)[0]

    gain = gain_for_rate(fired, n_units, target)
    dead = np.asarray(fired(gain).mean(axis=(0, 1))) < target / 2
    if dead.any():
        sign = mx.array(np.where(dead, -1.0, 1.0), mx.float32)
        gain = sign * gain_for_rate(lambda g: fired(sign * g), n_units, target)
    affine.weight = affine.weight * gain[:, None]
    mx.eval(affine.parameters())


class SpikingHead(nn.Module):
    """From features to class scores: [normalisation] → [Linear → LIF] → Linear → integrators.

    Parameters
    ----------
    config : ArchitectureConfig
    n_inputs, n_classes : int
    hidden : int
        Neurons between features and readout; 0 leaves them out.
    neuron : {"leaky", "plif"}
    normalised : bool
        Whether features are normalised over trials and time (:class:`~eegsnn.layers.TdBN`); at
        prediction that is a scale and a shift, which merge into the weights that follow.
    key : array
    """

    def __init__(
        self,
        config: ArchitectureConfig,
        n_inputs: int,
        n_classes: int,
        *,
        hidden: int = 0,
        neuron: str = "leaky",
        normalised: bool = False,
        key: mx.array,
    ) -> None:
        super().__init__()
        self._gain = config.readout_gain * (1 - config.readout_beta)
        self._target, self._n_windows, self._n_classes = (
            config.target_rate,
            config.n_windows,
            n_classes,
        )
        self._dropout = Dropout(config.dropout)
        first, second = mx.random.split(key)
        if normalised:
            self.norm = TdBN(n_inputs, config.threshold)
        if hidden:
            self.linear = Affine(n_inputs, hidden, first)
            self.neurons = neurons_of(config, hidden, neuron)
        self.readout = Affine(hidden or n_inputs, config.n_windows * n_classes, second)
        self.integrators = LeakyIntegrator(config.readout_beta)

    def __call__(self, x: mx.array, key: mx.array | None = None) -> tuple[mx.array, list[mx.array]]:
        """Features [T, batch, n] → class scores (batch, classes), and spikes of the hidden layer.

        With a key in training: dropout, and the statistics of the batch.
        """
        x, spikes = self._hidden(x, key)
        return self._scores(x), spikes

    def _scores(self, x: mx.array) -> mx.array:
        current = self.readout(x)
        if self._n_windows > 1:  # of the weights of all windows, those of the present one
            present = counting_matrix(len(x), self._n_windows).T > 0
            current = current.reshape(*x.shape[:2], -1, self._n_classes)
            n_windows = present.shape[1]  # fewer where a trial has fewer steps
            current = (current[:, :, :n_windows] * present[:, None, :, None]).sum(axis=2)
        # In units of the steady state, so that logits do not depend on the decay.
        return self.integrators.run(current)[0].mean(axis=0) * self._gain

    def _hidden(self, x: mx.array, key: mx.array | None = None) -> tuple[mx.array, list[mx.array]]:
        keys = split_key(key, 2)
        if "norm" in self:
            self.norm.train(key is not None)
            x = self.norm(x)
        if "linear" not in self:
            return self._dropout(x, key=keys[0]), []
        # Not the features too: one of a few may be all that tells the classes apart.
        spikes = self.neurons.run(self.linear(x))[0]
        return self._dropout(spikes, key=keys[1]), [spikes]

    def calibrate(self, x: mx.array) -> None:
        """Set normalisation and gains from features [T, batch, n] of training trials."""
        if "norm" in self:
            axes = tuple(range(x.ndim - 1))
            self.norm.running_mean = x.mean(axis=axes)
            # A feature that never varies is not blown up if it does one day.
            variance = mx.var(x, axis=axes)
            self.norm.running_var = mx.where(variance > 1e-12, variance, 1.0)
            self.norm.eval()
            x = self.norm(x)
        if "linear" in self:
            scale_to_rate(self.linear, self.neurons, x, self._target)
            x = self.neurons.run(self.linear(x))[0]
        # Class scores start small beside 1, whatever the scale and the number of features.
        spread = float(mx.sqrt(mx.var(self._scores(x), axis=0).mean()))
        if spread > 0:
            self.readout.weight = self.readout.weight * (0.1 / spread)
        mx.eval(self.parameters())

    def connections(self, x: mx.array, passes: int) -> list[Connection]:
        """Give what arrives at the dense weights for features [T, batch, n]."""
        n_classes = float(self._n_classes)
        if "linear" not in self:
            return [Connection("readout", "Linear", x, n_classes, passes)]
        _, (spikes,) = self._hidden(x)
        return [
            Connection("hidden", "Linear", x, float(len(self.linear.weight)), passes),
            Connection("readout", "Linear", spikes, n_classes, passes),
        ]
