"""MiniRocket: how often the responses to thousands of small kernels lie above thresholds."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import RidgeClassifierCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from eegsnn._validation import check_integer
from eegsnn.errors import DataError
from eegsnn.evaluation.baselines.cost import Shape, counted_pipeline
from eegsnn.evaluation.baselines.signal import Signal, check_length, check_time_series

LENGTH = 9
KERNELS = np.array(list(combinations(range(LENGTH), 3)), dtype=np.int64)
"""Where each of the 84 kernels has its three weights of 2; the other six are −1."""

_MOST_DILATIONS = 32
_GOLDEN_RATIO = (np.sqrt(5) + 1) / 2
# The penalties that the authors try, by leave-one-out on the training trials.
_PENALTIES = (0.001, 0.00464, 0.0215, 0.1, 0.464, 2.15, 10.0, 46.4, 215.0, 1000.0)


def minirocket_ridge(signal: Signal, n_features: int = 10_000, *, seed: int = 0) -> Pipeline:
    """Ridge classifier on MiniRocket's features of the unfiltered trials.

    Parameters
    ----------
    signal : Signal
    n_features : int, default 10000
        Rounded down to a multiple of 84, the number of kernels.
    seed : int, default 0
        For the trials that thresholds are taken from, and the channels of each kernel.

    References
    ----------
    Dempster, Schmidt and Webb (2021), MiniRocket: a very fast (almost) deterministic transform for
    time series classification.
    """
    name = "minirocket-ridge"
    check_time_series(name, signal)
    check_length(name, signal, LENGTH, "the length of a kernel")
    n_features = check_integer(f"{name}: n_features", n_features, low=len(KERNELS))
    return counted_pipeline(
        MiniRocket(n_features, random_state=seed),
        StandardScaler(),
        RidgeClassifierCV(alphas=_PENALTIES),
    )


class MiniRocket(TransformerMixin, BaseEstimator):
    """Trials (trials, channels, times) → proportions of positive values (trials, features).

    84 kernels of length 9 (six weights −1, three weights 2) are stretched by up to 32 dilations,
    spread so that the longest just fits into a trial. The thresholds of a kernel are quantiles of
    its response to one training trial drawn at random; a feature is the share of a trial in which
    the response lies above a threshold. Of several channels, each kernel sees the sum of some,
    drawn at random.

    Parameters
    ----------
    n_features : int, default 10000
    random_state : int, default 0

    Attributes
    ----------
    dilations_ : ndarray of int
    n_biases_ : ndarray of int
        Thresholds of each kernel, for each dilation.
    channels_, first_channel_ : ndarray of int
        Channels of each (dilation, kernel), flat, and where each begins.
    biases_, first_bias_ : ndarray
        Thresholds, flat, and where each (dilation, kernel) begins.
    """

    def __init__(self, n_features: int = 10_000, random_state: int = 0) -> None:
        self.n_features = n_features
        self.random_state = random_state

    def fit(self, X: np.ndarray, y: Any = None) -> MiniRocket:
        """Draw channels, and take thresholds from training trials.

        Parameters
        ----------
        X : ndarray, shape (trials, channels, times)
        y : ignored

        Raises
        ------
        DataError
            If trials are shorter than a kernel.
        """
        from eegsnn.evaluation.baselines.minirocket_kernels import one_response

        X = _as_float32(X)
        n_trials, n_channels, n_times = X.shape
        if n_times < LENGTH:
            raise DataError(f"MiniRocket needs trials of at least 9 samples, but got {n_times}.")
        generator = np.random.default_rng(self.random_state)
        per_kernel = max(1, self.n_features // len(KERNELS))
        self.dilations_, self.n_biases_ = dilations_for(n_times, per_kernel)
        n_combinations = len(self.dilations_) * len(KERNELS)
        chosen = _draw_channels(n_channels, n_combinations, generator)
        self.channels_ = np.concatenate(chosen)
        self.first_channel_ = np.cumsum([0, *map(len, chosen)])
        each = np.repeat(self.n_biases_, len(KERNELS))
        self.first_bias_ = np.cumsum(each) - each
        # Quantiles that fill [0, 1] evenly, however many are taken.
        quantiles = np.arange(1, each.sum() + 1) * _GOLDEN_RATIO % 1
        trials = generator.integers(n_trials, size=n_combinations)
        biases = []
        for number, (trial, channels) in enumerate(zip(trials, chosen, strict=True)):
            d, k = divmod(number, len(KERNELS))
            response = one_response(X[trial], KERNELS[k], self.dilations_[d], channels)
            first = self.first_bias_[number]
            biases.append(np.quantile(response, quantiles[first : first + each[number]]))
        self.biases_ = np.concatenate(biases).astype(np.float32)
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Return the features, float32 (trials, features).

        Parameters
        ----------
        X : ndarray, shape (trials, channels, times)
            As many channels and samples as in training.
        """
        from eegsnn._sharing import share
        from eegsnn.evaluation.baselines.minirocket_kernels import proportions

        X = _as_float32(X)
        out = np.empty((len(X), len(self.biases_)), dtype=np.float32)
        plan = (
            *(KERNELS, self.dilations_, self.n_biases_, self.channels_, self.first_channel_),
            *(self.biases_, self.first_bias_),
        )
        work = X.size * len(KERNELS) * len(self.dilations_)
        share(lambda lo, hi: proportions(X, *plan, out, lo, hi), len(X), work)
        return out

    def macs(self, shape: Shape) -> tuple[float, Shape]:
        """Nine products for every kernel, channel of it and sample; comparisons not counted."""
        return float(LENGTH * shape[1] * len(self.channels_)), (len(self.biases_),)


def dilations_for(n_times: int, per_kernel: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the dilations for trials of this length, and the features of a kernel for each.

    Parameters
    ----------
    n_times : int
    per_kernel : int
        Features of each kernel in all.

    Examples
    --------
    >>> dilations, features = dilations_for(100, 119)
    >>> dilations.tolist(), features.tolist()
    ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [34, 19, 15, 8, 12, 4, 8, 7, 3, 3, 3, 3])
    """
    n_drawn = min(per_kernel, _MOST_DILATIONS)
    longest = np.log2((n_times - 1) / (LENGTH - 1))
    dilations, counts = np.unique(
        np.logspace(0, longest, n_drawn, base=2).astype(np.int64), return_counts=True
    )
    features = (counts * (per_kernel / n_drawn)).astype(np.int64)
    features[: per_kernel - features.sum()] += 1  # what rounding has left over
    return dilations, features


def _draw_channels(
    n_channels: int, n_combinations: int, generator: np.random.Generator
) -> list[np.ndarray]:
    """Channels of each combination: few more often than many, at most nine."""
    longest = np.log2(min(n_channels, LENGTH) + 1)
    sizes = (2 ** generator.uniform(0, longest, n_combinations)).astype(int)
    return [generator.choice(n_channels, size, replace=False) for size in sizes]


def _as_float32(X: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(X, dtype=np.float32)
