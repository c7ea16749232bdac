"""Learn an encoder's scales from a signal that comes in pieces."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from eegsnn.encoding.event_encoders import TemporalContrastEncoder
from eegsnn.encoding.signals import SignalEncoder
from eegsnn.encoding.value_encoders import RankOrderEncoder
from eegsnn.errors import ConfigurationError, DataError

KEPT_SAMPLES = 2**15
"""Samples per channel that quantiles and ranks are taken from, evenly spread."""


class _Moments:
    """Count, mean and sum of squared deviations, joined piece by piece (Chan et al. 1979)."""

    def __init__(self, n_channels: int) -> None:
        self.count = 0
        self.mean = np.zeros(n_channels)
        self.squares = np.zeros(n_channels)

    def add(self, x: np.ndarray) -> None:
        if x.shape[1] == 0:
            return
        count, mean = x.shape[1], x.mean(axis=1)
        squares = ((x - mean[:, None]) ** 2).sum(axis=1)
        total, apart = self.count + count, mean - self.mean
        self.squares += squares + apart**2 * (self.count * count / total)
        self.mean += apart * (count / total)
        self.count = total

    @property
    def std(self) -> np.ndarray:
        return np.sqrt(self.squares / max(self.count, 1))


class ScaleLearner:
    """Fit an encoder to channels of one band, chunk by chunk, in constant memory.

    Means, deviations and extremes are those of the whole signal. Quantiles (`quantile` below 1)
    and the ranks of rank order come from :data:`KEPT_SAMPLES` samples spread evenly over it, and
    are exact where there are no more.

    Parameters
    ----------
    encoder : SignalEncoder
        Unfitted; fitted by :meth:`finish`.
    ch_names : sequence of str
    n_times : int
        Samples that will come.

    Examples
    --------
    >>> from eegsnn.encoding import LevelCrossingEncoder
    >>> X = np.random.default_rng(0).normal(size=(2, 1000))
    >>> learner = ScaleLearner(LevelCrossingEncoder(), ["C3", "C4"], 1000)
    >>> for chunk in np.split(X, 4, axis=1):
    ...     learner.add(chunk)
    >>> bool(np.allclose(learner.finish().unit_, X.std(axis=1)))
    True
    """

    def __init__(self, encoder: SignalEncoder, ch_names: Sequence[str], n_times: int) -> None:
        self._encoder = encoder
        self._names = list(ch_names)
        self._moments = _Moments(len(self._names))
        self._steps = _Moments(len(self._names))
        self._lowest = np.full(len(self._names), np.inf)
        self._highest = np.full(len(self._names), -np.inf)
        self._last: np.ndarray | None = None
        quantile = getattr(encoder, "quantile", 1.0)
        keeps = encoder.scaling == "peak" or quantile < 1 or isinstance(encoder, RankOrderEncoder)
        self._every = math.ceil(n_times / KEPT_SAMPLES) if keeps else 0
        self._kept: list[np.ndarray] = []

    def add(self, chunk: np.ndarray) -> None:
        """Take the next samples (channels, times)."""
        if chunk.shape[1] == 0:
            return
        if self._every:
            first = -self._moments.count % self._every
            self._kept.append(chunk[:, first :: self._every].copy())
        self._moments.add(chunk)
        self._lowest = np.minimum(self._lowest, chunk.min(axis=1))
        self._highest = np.maximum(self._highest, chunk.max(axis=1))
        before = chunk[:, :1] if self._last is None else self._last
        steps = np.diff(chunk, axis=1, prepend=before)
        self._steps.add(steps if self._last is not None else steps[:, 1:])
        self._last = chunk[:, -1:].copy()

    def gap(self) -> None:
        """Say that the next samples do not follow the last: no difference is taken between."""
        self._last = None

    def finish(self) -> SignalEncoder:
        """Return the encoder, fitted.

        Raises
        ------
        DataError
            If no sample came, or a channel does not vary.
        ConfigurationError
            If a threshold would not be positive.
        """
        if not self._moments.count:
            raise DataError("No samples came to learn scales from.")
        largest = np.maximum(np.abs(self._lowest), np.abs(self._highest))
        flat = (self._highest - self._lowest) <= 1e-14 * largest
        if flat.any():
            name = self._names[int(np.argmax(flat))]
            raise DataError(
                f"Flat signal in the training data: channel {name} does not vary. Leave it out, "
                f"or interpolate it first."
            )
        encoder = self._encoder
        if self._kept:
            encoder.fit(np.concatenate(self._kept, axis=1)[None], ch_names=self._names)
        else:
            # What fitting learns besides the scale (the seed, names) does not depend on samples.
            encoder.fit(np.stack([self._lowest, self._highest], axis=1)[None], ch_names=self._names)
        if encoder.scaling == "standard":
            encoder.offset_, encoder.unit_ = self._moments.mean, self._moments.std
        elif encoder.scaling == "range" and not self._every:
            encoder.offset_, encoder.unit_ = self._lowest, self._highest - self._lowest
        elif encoder.scaling == "peak" and getattr(encoder, "quantile", 1.0) == 1.0:
            mean = self._moments.mean
            encoder.offset_ = mean
            encoder.unit_ = np.maximum(self._highest - mean, mean - self._lowest)
        if isinstance(encoder, TemporalContrastEncoder):
            encoder.thresholds_ = self._contrast(encoder.factor)
        return encoder

    def _contrast(self, factor: float) -> np.ndarray:
        limits = self._steps.mean + factor * self._steps.std
        if (limits <= 0).any():
            worst = int(np.argmin(limits))
            raise ConfigurationError(
                f"factor: mean + {factor:g}·std of the differences is not positive in channel "
                f"{self._names[worst]}, but a threshold must be. Choose a larger factor."
            )
        return limits
