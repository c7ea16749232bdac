"""Firing rates of threshold units behind random dilated kernels.

A unit receives the signal through a kernel of nine synapses, spread over time by a dilation, and
spikes at every sample at which its input exceeds its threshold. The share of samples with a spike
is the "proportion of positive values" of MiniRocket, so that the transform is a spiking layer with
fixed weights, and a linear readout of its rates is a spiking network.

References
----------
Dempster, A., Schmidt, D. F. & Webb, G. I. (2021). MiniRocket: a very fast (almost) deterministic
transform for time series classification. *KDD*.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from typing import ClassVar

import numpy as np

from eegsnn._compiling import n_cores
from eegsnn._validation import check_boolean, check_integer
from eegsnn.features._base import TrialFeatures

_LENGTH = 9
# Three of the nine weights are 2, the others −1: they add up to 0, so that an offset is ignored
# except at the ends, where the signal is taken to be 0.
TRIPLES = np.array(list(combinations(range(_LENGTH), 3)))
_THRESHOLD_TRIALS, _THRESHOLD_SAMPLES = 32, 4096


class KernelRates(TrialFeatures):
    """Rates of units behind kernels of many lengths and mixes of channels.

    Parameters
    ----------
    sfreq : float
        Sampling rate in Hz.
    n_units : int, default 4000
        Rounded down to a multiple of 84 · `n_thresholds`, at least that.
    n_thresholds : int, default 4
        Units per kernel; their thresholds are quantiles of the kernel's output on training trials.
    seed : int, default 0
        For dilations, mixes and the quantiles.
    max_samples : int, default 4096
        Longer trials are averaged over two, three, … neighbouring samples until they fit.
    differences : bool, default False
        Units receive the change of the signal from sample to sample, not the signal itself.

    Attributes
    ----------
    mixes_ : ndarray (groups, channels)
        Weights of the channels, −1, 0 or 1; up to nine differ from 0.
    dilations_ : ndarray (groups,)
    thresholds_ : ndarray (groups, 84, n_thresholds)
    offset_, deviation_ : ndarray (channels,)
        Of the training data; signals are standardised by them.

    Notes
    -----
    The 84 kernels of a group share dilation and mix, and with them the nine shifted copies of the
    signal that they are sums of: a kernel then costs three additions per sample.
    """

    arrays: ClassVar[tuple[str, ...]] = (
        "mixes_",
        "dilations_",
        "thresholds_",
        "offset_",
        "deviation_",
    )

    def __init__(
        self,
        sfreq: float,
        n_units: int = 4000,
        n_thresholds: int = 4,
        seed: int = 0,
        max_samples: int = 4096,
        differences: bool = False,
    ) -> None:
        self.sfreq = sfreq
        self.n_units = n_units
        self.n_thresholds = n_thresholds
        self.seed = seed
        self.max_samples = max_samples
        self.differences = differences

    def check_parameters(self) -> None:
        """Validate the constructor's values without data."""
        super().check_parameters()
        check_integer("n_units", self.n_units, low=1)
        check_integer("n_thresholds", self.n_thresholds, low=1)
        check_integer("seed", self.seed, low=0)
        check_integer("max_samples", self.max_samples, low=_LENGTH)
        check_boolean("differences", self.differences)

    def _learn(self, X: np.ndarray, y: np.ndarray | None) -> None:
        generator = np.random.default_rng(self.seed)
        n_groups = max(1, self.n_units // (len(TRIPLES) * self.n_thresholds))
        n_channels, n_times = X.shape[1:]
        self.offset_ = X.mean(axis=(0, 2))
        deviation = X.std(axis=(0, 2))
        self.deviation_ = np.where(deviation > 0, deviation, 1.0)
        self.dilations_ = _dilations(n_groups, n_times, generator)
        self.mixes_ = _mixes(n_groups, n_channels, generator)
        shares = (np.arange(self.n_thresholds) + generator.random((n_groups, 84, 1))) / (
            self.n_thresholds
        )
        # The trials that set thresholds are chosen evenly, and not by chance, over all.
        chosen = np.linspace(0, len(X) - 1, min(len(X), _THRESHOLD_TRIALS)).round().astype(int)
        mixed = self._mixed(X[chosen])
        self.thresholds_ = np.empty(shares.shape, dtype=np.float32)
        for group, dilation in enumerate(self.dilations_):
            responses = kernel_responses(mixed[group], int(dilation)).transpose(1, 0, 2)
            flat = responses.reshape(len(TRIPLES), -1)
            flat = flat[:, :: max(1, flat.shape[1] // _THRESHOLD_SAMPLES)]
            self.thresholds_[group] = _quantiles(flat, shares[group])

    def _prepare(self, X: np.ndarray) -> np.ndarray:
        step = -(-X.shape[2] // self.max_samples)
        n_times = X.shape[2] // step
        X = X[:, :, : n_times * step].reshape(*X.shape[:2], n_times, step).mean(axis=3)
        return np.diff(X, axis=2, prepend=X[:, :, :1]) if self.differences else X

    def _mixed(self, X: np.ndarray) -> np.ndarray:
        """Standardised signals in the mix of each group, float32 (groups, trials, times)."""
        scaled = (X - self.offset_[:, None]) / self.deviation_[:, None]
        return np.einsum("gc,nct->gnt", self.mixes_, scaled, optimize=True).astype(np.float32)

    def _compute(self, X: np.ndarray) -> np.ndarray:
        from eegsnn.features._kernel_rates import unit_rates

        rates = np.empty((len(X), *self.thresholds_.shape), dtype=np.float32)
        n_workers = min(n_cores(), len(self.dilations_))
        # Trials in blocks: mixed signals of all groups are as large as the data times the groups.
        for start in range(0, len(X), 64):
            mixed = self._mixed(X[start : start + 64])

            def one(group: int, mixed: np.ndarray = mixed, start: int = start) -> None:
                unit_rates(
                    mixed[group],
                    int(self.dilations_[group]),
                    TRIPLES,
                    self.thresholds_[group],
                    rates[start : start + len(mixed[group]), group],
                )

            with ThreadPoolExecutor(n_workers) as pool:
                list(pool.map(one, range(len(self.dilations_))))
        return rates.reshape(len(X), -1)

    def spikes(self, X: np.ndarray) -> np.ndarray:
        """Spikes of every unit at every sample, bool [T, trials, units].

        Large: times × trials × units. Their mean over time is what `transform` gives.
        """
        mixed = self._mixed(self.prepare(X))
        fired = [
            kernel_responses(one, int(dilation))[:, :, None, :] > thresholds[None, :, :, None]
            for one, dilation, thresholds in zip(
                mixed, self.dilations_, self.thresholds_, strict=True
            )
        ]
        stacked = np.stack(fired, axis=1)
        return np.moveaxis(stacked.reshape(len(mixed[0]), -1, stacked.shape[-1]), 2, 0)


def kernel_responses(x: np.ndarray, dilation: int) -> np.ndarray:
    """Output of the 84 kernels, float32 (trials, 84, times); the plain form of the definition.

    Parameters
    ----------
    x : ndarray, shape (trials, times)
    dilation : int
        Samples between neighbouring synapses. The middle one looks at the sample itself.
    """
    n_times = x.shape[1]
    reach = (_LENGTH // 2) * dilation
    padded = np.pad(x, ((0, 0), (reach, reach)))
    copies = np.stack([padded[:, k * dilation : k * dilation + n_times] for k in range(_LENGTH)])
    copies = copies.astype(np.float32)
    total = copies.sum(axis=0)
    return np.stack([3 * copies[triple].sum(axis=0) - total for triple in TRIPLES], axis=1)


def _quantiles(values: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Quantiles of each row, at shares of its own (rows, n), between neighbours linearly."""
    ordered = np.sort(values, axis=1)
    position = shares * (values.shape[1] - 1)
    below = np.floor(position).astype(np.intp)
    above = np.minimum(below + 1, values.shape[1] - 1)
    low, high = (np.take_along_axis(ordered, index, axis=1) for index in (below, above))
    return low + (position - below) * (high - low)


def _dilations(n_groups: int, n_times: int, generator: np.random.Generator) -> np.ndarray:
    """Spread evenly over the logarithm of all lengths that fit, from 9 samples to the trial."""
    largest = max(1.0, (n_times - 1) / (_LENGTH - 1))
    positions = (np.arange(n_groups) + generator.random(n_groups)) / n_groups
    return np.maximum(1, np.floor(largest**positions)).astype(np.int64)


def _mixes(n_groups: int, n_channels: int, generator: np.random.Generator) -> np.ndarray:
    mixes = np.zeros((n_groups, n_channels))
    for row in mixes:
        most = min(n_channels, _LENGTH)
        count = int(2 ** generator.uniform(0, np.log2(most + 1)))
        chosen = generator.choice(n_channels, min(count, n_channels), replace=False)
        row[chosen] = generator.choice([-1.0, 1.0], len(chosen)) if n_channels > 1 else 1.0
    return mixes
