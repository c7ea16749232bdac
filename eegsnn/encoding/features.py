"""What of a band is encoded: the signal itself, its envelope, or its log power."""

from __future__ import annotations

import numpy as np

from eegsnn.encoding.binning import bin_means
from eegsnn.filters import FrequencyBand

FEATURES = ("signal", "envelope", "log_power")

# −40 dB of the training power: keeps the logarithm of a silent stretch from running away.
_POWER_FLOOR = 1e-4


def feature_series(z: np.ndarray, feature: str, window: int, *, causal: bool = False) -> np.ndarray:
    """Feature of a band at every sample.

    Parameters
    ----------
    z : ndarray, shape (..., times)
        Band signal in training standard deviations.
    feature : {"signal", "envelope", "log_power"}
        "envelope" is √(2·P), the amplitude of a sinusoid of power P; "log_power" is
        ``log(P + 1e-4)``; P is the mean square over `window` samples.
    window : int
        Samples to average power over.
    causal : bool, default False
        Average over the past `window` samples, rather than about each sample.

    Returns
    -------
    ndarray, shape (..., times)
    """
    if feature == "signal":
        return z
    return of_power(moving_mean(z * z, window, causal=causal), feature)


def feature_bins(z: np.ndarray, feature: str, starts: np.ndarray) -> np.ndarray:
    """Feature of a band in every bin: (..., times) to (..., bins); power is the bin's mean square.

    `starts` are the bins' first samples, see :func:`eegsnn.encoding.binning.bin_starts`.
    """
    if feature == "signal":
        return bin_means(z, starts)
    return of_power(bin_means(z * z, starts), feature)


def power_window(band: FrequencyBand, sfreq: float, bin_width: float) -> int:
    """Return the samples to average power over: a period of the lower edge, a bin at least.

    Within less than that the square of an oscillation swings with its phase. A low-pass has no
    lower edge; its upper one is taken.
    """
    edge = band.low or band.high
    period = 1.0 / edge if edge else 0.0
    return max(1, round(max(period, bin_width) * sfreq))


def moving_mean(x: np.ndarray, window: int, *, causal: bool = False) -> np.ndarray:
    """Mean of x over a window about each sample (or up to it), clipped where the trial ends.

    Examples
    --------
    >>> moving_mean(np.array([1.0, 2.0, 3.0, 4.0]), 3)
    array([1.5, 2. , 3. , 3.5])
    >>> moving_mean(np.array([1.0, 2.0, 3.0, 4.0]), 3, causal=True)
    array([1. , 1.5, 2. , 3. ])
    """
    n_times = x.shape[-1]
    before = min(window - 1 if causal else window // 2, n_times)
    ahead = min(window - (window - 1 if causal else window // 2), n_times)
    total = np.zeros((*x.shape[:-1], n_times + 1))
    np.cumsum(x, axis=-1, out=total[..., 1:])
    # The sum up to the window's end, less the sum up to its beginning.
    mean = np.empty(x.shape)
    mean[..., : n_times - ahead] = total[..., ahead:-1]
    mean[..., n_times - ahead :] = total[..., -1:]
    mean[..., before:] -= total[..., : n_times - before]
    times = np.arange(n_times)
    mean /= np.minimum(times + ahead, n_times) - np.maximum(times - before, 0)
    return mean


class PastMean:
    """Do what :func:`moving_mean` with ``causal=True`` does, chunk by chunk, to the last bit.

    Parameters
    ----------
    window : int

    Examples
    --------
    >>> mean = PastMean(3)
    >>> mean.process(np.array([1.0, 2.0])), mean.process(np.array([3.0, 4.0]))
    (array([1. , 1.5]), array([2., 3.]))
    """

    def __init__(self, window: int) -> None:
        self._window = window
        self._seen = 0
        self._totals: np.ndarray | None = None

    def process(self, x: np.ndarray) -> np.ndarray:
        """Return the means of the next samples (..., times)."""
        held = np.zeros((*x.shape[:-1], 1)) if self._totals is None else self._totals
        oldest = self._seen + 1 - held.shape[-1]
        totals = np.cumsum(np.concatenate([held[..., -1:], x], axis=-1), axis=-1)
        held = np.concatenate([held[..., :-1], totals], axis=-1)
        first, last = self._seen, self._seen + x.shape[-1]
        mean = totals[..., 1:].copy()
        # Samples whose window has begun after the recording did.
        whole = max(first, self._window - 1)
        if whole < last:
            left = whole + 1 - self._window - oldest
            mean[..., whole - first :] -= held[..., left : left + last - whole]
        mean /= np.minimum(np.arange(first, last) + 1, self._window)
        self._seen, self._totals = last, held[..., -self._window :].copy()
        return mean


def of_power(power: np.ndarray, feature: str) -> np.ndarray:
    """Return the feature "envelope" or "log_power" of a mean square."""
    power = np.maximum(power, 0.0)  # differences of sums may fall below zero by rounding
    return np.sqrt(2 * power) if feature == "envelope" else np.log(power + _POWER_FLOOR)
