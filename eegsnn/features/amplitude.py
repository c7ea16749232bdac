"""Features of single channels: slow potentials in windows, and the power of rhythms."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from eegsnn._validation import check_integer
from eegsnn.errors import ConfigurationError
from eegsnn.features._base import Bands, TrialFeatures, band_filters


class WindowMeans(TrialFeatures):
    """Mean of each channel in equal stretches of the trial: slow and evoked potentials, sampled.

    Parameters
    ----------
    sfreq : float
        Sampling rate in Hz.
    n_windows : int, default 24
        Fewer where a trial has fewer samples.

    Examples
    --------
    >>> X = np.arange(8.0).reshape(1, 1, 8) - 3.5
    >>> WindowMeans(100.0, n_windows=2).fit_transform(X).round(3)
    array([[-0.873,  0.873]])
    """

    def __init__(self, sfreq: float, n_windows: int = 24) -> None:
        self.sfreq = sfreq
        self.n_windows = n_windows

    def check_parameters(self) -> None:
        """Validate the constructor's values without data."""
        super().check_parameters()
        check_integer("n_windows", self.n_windows, low=1)

    def _prepare(self, X: np.ndarray) -> np.ndarray:
        n_windows = min(self.n_windows, X.shape[2])
        edges = np.linspace(0, X.shape[2], n_windows + 1).round().astype(int)
        sums = np.add.reduceat(X, edges[:-1], axis=2)
        return (sums / np.diff(edges)).reshape(len(X), -1)

    def _compute(self, prepared: np.ndarray) -> np.ndarray:
        return prepared


class BandPower(TrialFeatures):
    """Logarithm of each channel's power in each band, from one Hann-windowed spectrum per trial.

    Parameters
    ----------
    sfreq : float
        Sampling rate in Hz.
    bands : sequence of (low, high), default delta to gamma
        In Hz; half-open.
    """

    def __init__(
        self,
        sfreq: float,
        bands: Bands = ((1.0, 4.0), (4.0, 8.0), (8.0, 13.0), (13.0, 30.0), (30.0, 45.0)),
    ) -> None:
        self.sfreq = sfreq
        self.bands = bands

    def check_parameters(self) -> None:
        """Validate the constructor's values without data."""
        super().check_parameters()
        band_filters("BandPower", self.bands, self.sfreq)

    def _prepare(self, X: np.ndarray) -> np.ndarray:
        columns = [np.mean(np.abs(spectrum) ** 2, axis=2) for spectrum in self._spectra(X)]
        return log_power(np.stack(columns, axis=2))

    def _spectra(self, X: np.ndarray) -> Iterator[np.ndarray]:
        """Spectrum of each trial in one band after the other: (trials, channels, frequencies)."""
        n_times = X.shape[2]
        inside = in_spectrum(type(self).__name__, self.bands, n_times, self.sfreq)
        X = X - X.mean(axis=2, keepdims=True)
        spectrum = np.fft.rfft(X * np.hanning(n_times), axis=2) / np.sqrt(n_times)
        for found in inside:
            yield spectrum[:, :, found]

    def _compute(self, prepared: np.ndarray) -> np.ndarray:
        return prepared


def in_spectrum(name: str, bands: Bands, n_times: int, sfreq: float) -> list[np.ndarray]:
    """Tell which frequencies of a spectrum of so many samples are in each band, as bools.

    Raises
    ------
    ConfigurationError
        If a band holds none.
    """
    frequencies = np.fft.rfftfreq(n_times, 1 / sfreq)
    edges = [(low or 0.0, high or sfreq) for low, high in bands]
    inside = [(frequencies >= low) & (frequencies < high) for low, high in edges]
    for (low, high), found in zip(edges, inside, strict=True):
        if not found.any():
            raise ConfigurationError(
                f"{name}: band {low:g}–{high:g} Hz holds no frequency of a stretch of "
                f"{n_times / sfreq:g} s, whose spectrum has steps of {sfreq / n_times:g} Hz. "
                f"Widen the band or use longer trials."
            )
    return inside


def log_power(power: np.ndarray) -> np.ndarray:
    """Logarithm of powers (trials, …) as rows (trials, features).

    Silence has none: it gets a floor far below any signal, whose deviation is 1.
    """
    return np.log(power + 1e-12).reshape(len(power), -1)
