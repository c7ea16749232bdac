"""How features become spikes: pairs of integrate-and-fire neurons, their counts known exactly."""

from __future__ import annotations

from dataclasses import dataclass

import mlx.core as mx
import numpy as np

from eegsnn.monitoring.operations import LayerOperations
from eegsnn.neurons import IF

_UNITS_PER_KERNEL = 4  # as the view has it


@dataclass(frozen=True)
class PopulationCode:
    """A pair of neurons per feature: one fires for what lies above the mean, one for below.

    A feature, standardised, is a constant current for `n_steps` steps into an integrate-and-fire
    neuron (threshold 1, reset by subtraction, at most one spike per step) that starts half-way to
    its threshold, so that counts are rounded and not cut off. They are therefore known without
    running the neurons; :meth:`spikes` runs them.

    Attributes
    ----------
    offset, scale : ndarray (features,)
        Mean and deviation on training trials.
    n_steps : int
    limit : float
        Deviations from the mean at which a neuron fires at every step.
    """

    offset: np.ndarray
    scale: np.ndarray
    n_steps: int = 32
    limit: float = 3.0

    @classmethod
    def fit(cls, features: np.ndarray, weights: np.ndarray, n_steps: int) -> PopulationCode:
        """Learn mean and deviation from training trials (trials, features)."""
        return cls(*_moments(features, weights), n_steps)

    def counts(self, features: np.ndarray) -> np.ndarray:
        """Spikes of each pair in a trial, those of the lower neuron negative: (trials, features).

        The current per step is a fraction of the threshold, and float32 as in the network.
        """
        current = self._currents(features).astype(np.float64)
        # Spikes at mem > 1, strictly: just reaching it is not enough.
        whole = np.ceil(np.abs(current) * self.n_steps + 0.5) - 1.0
        return np.sign(current) * np.clip(whole, 0, self.n_steps)

    def values(self, features: np.ndarray) -> np.ndarray:
        """Tell what the counts say of the features, in deviations from the mean."""
        return self.counts(features) * (self.limit / self.n_steps)

    def rates(self, features: np.ndarray) -> np.ndarray:
        """Spikes per step of each neuron, (trials, 2 · features), upper neurons first."""
        counts = self.counts(features)
        return (
            np.concatenate([np.maximum(counts, 0), np.maximum(-counts, 0)], axis=1) / self.n_steps
        )

    def spikes(self, features: np.ndarray) -> np.ndarray:
        """Run the neurons: bool [T, trials, 2 · features], upper neurons first."""
        current = self._currents(features)
        x = np.concatenate([np.maximum(current, 0), np.maximum(-current, 0)], axis=1)
        neuron = IF(threshold=1.0, reset_mechanism="subtract", reset_delay=False)
        state = neuron.init_state(*x.shape)
        state["mem"] = state["mem"] + 0.5
        drive = mx.broadcast_to(mx.array(x), (self.n_steps, *x.shape))
        return np.array(neuron.run(drive, state)[0]) > 0

    def operations(self, name: str, features: np.ndarray, n_classes: int) -> list[LayerOperations]:
        """Operations per trial: one product per feature for its current, additions per spike."""
        size = float(len(self.offset))
        spikes = float(np.abs(self.counts(features)).sum(axis=1).mean())
        dense = size * n_classes
        return [
            LayerOperations(f"{name}: currents", "scale", 0.0, 0.0, size, size),
            LayerOperations(f"{name}: readout", "Linear", spikes, spikes * n_classes, 0.0, dense),
        ]

    def _currents(self, features: np.ndarray) -> np.ndarray:
        scaled = (features - self.offset) / (self.scale * self.limit)
        # In steps of 2⁻¹² a sum over the steps is exact in float32, and counts with it.
        return (np.round(np.clip(scaled, -1.0, 1.0) * 4096) / 4096).astype(np.float32)


@dataclass(frozen=True)
class RateCode:
    """Features that are firing rates already: they are read out as they are.

    Attributes
    ----------
    offset, scale : ndarray (features,)
        Mean and deviation of the rates on training trials, which the readout's weights absorb.
    n_steps : int
        Samples of a trial: each unit spikes at most once per sample.
    """

    offset: np.ndarray
    scale: np.ndarray
    n_steps: int

    @classmethod
    def fit(cls, features: np.ndarray, weights: np.ndarray, n_steps: int) -> RateCode:
        """Learn mean and deviation from training trials (trials, features)."""
        return cls(*_moments(features, weights), n_steps)

    def values(self, features: np.ndarray) -> np.ndarray:
        """Rates in deviations from their mean."""
        return (features - self.offset) / self.scale

    def operations(self, name: str, features: np.ndarray, n_classes: int) -> list[LayerOperations]:
        """Operations per trial: one addition per class at each spike.

        The kernels before the units are those of :class:`~eegsnn.features.KernelRates`; with their
        analog input of nine synapses, four units share a kernel, and every one of its synapses is
        counted as a multiply-accumulate although three additions will do.
        """
        spikes = float(features.sum(axis=1).mean()) * self.n_steps
        products = 9.0 * self.n_steps * features.shape[1] / _UNITS_PER_KERNEL
        dense = float(features.shape[1]) * n_classes
        return [
            LayerOperations(f"{name}: kernels", "Conv1d", 0.0, 0.0, products, products),
            LayerOperations(f"{name}: readout", "Linear", spikes, spikes * n_classes, 0.0, dense),
        ]

    def rates(self, features: np.ndarray) -> np.ndarray:
        """Spikes per sample of each unit, (trials, units): the features themselves."""
        return features


def _moments(features: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    share = weights / weights.sum()
    offset = share @ features
    deviation = np.sqrt(share @ np.square(features - offset))
    varies = deviation > 1e-9 * np.abs(offset)
    return offset, np.where(varies, deviation, 1.0)
