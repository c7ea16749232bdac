"""How much of a trial is an oscillation of a given frequency, in the best mix of channels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from eegsnn._validation import check_integer, check_number
from eegsnn.errors import ConfigurationError
from eegsnn.features._base import TrialFeatures, band_filters, in_band


class OscillationCorrelations(TrialFeatures):
    """Canonical correlation of trials with sine and cosine of each frequency and its harmonics.

    With the stimulus frequencies of a steady-state experiment this is filter-bank canonical
    correlation; over a grid of frequencies it is a spectrum in which every frequency has the
    mix of channels that shows it best. Labels are not used.

    Parameters
    ----------
    sfreq : float
        Sampling rate in Hz.
    frequencies : sequence of float, optional
        In Hz. None: from 6 to 45 Hz in steps of 0.5, below the Nyquist frequency.
    n_harmonics : int, default 1
        Sines and cosines at 1, 2, … times the frequency; those above Nyquist are left out.
    n_subbands : int, default 1
        The correlations are taken in so many bands, from 4, 12, 20, … Hz up to 90 Hz: higher
        harmonics, though weaker, lie in less noise.

    References
    ----------
    Chen, X., Wang, Y., Gao, S., Jung, T.-P. & Gao, X. (2015). Filter bank canonical correlation
    analysis for implementing a high-speed SSVEP-based brain-computer interface. *Journal of
    Neural Engineering* 12(4).

    Examples
    --------
    >>> time = np.arange(500) / 250
    >>> X = np.random.default_rng(0).normal(size=(1, 2, 500))
    >>> X[0] += np.sin(2 * np.pi * 15 * time)
    >>> r = OscillationCorrelations(250.0, frequencies=[12.0, 15.0, 20.0]).fit_transform(X)
    >>> int(r.argmax())
    1
    """

    def __init__(
        self,
        sfreq: float,
        frequencies: Sequence[float] | None = None,
        n_harmonics: int = 1,
        n_subbands: int = 1,
    ) -> None:
        self.sfreq = sfreq
        self.frequencies = frequencies
        self.n_harmonics = n_harmonics
        self.n_subbands = n_subbands

    def check_parameters(self) -> None:
        """Validate the constructor's values without data."""
        super().check_parameters()
        check_integer("n_harmonics", self.n_harmonics, low=1)
        check_integer("n_subbands", self.n_subbands, low=1)
        frequencies = self._frequencies()
        if not len(frequencies):
            raise ConfigurationError(
                f"OscillationCorrelations: no frequency from 6 Hz on lies below the Nyquist "
                f"frequency of {self.sfreq / 2:g} Hz. Give frequencies."
            )
        for frequency in frequencies:
            check_number(
                "frequencies",
                float(frequency),
                low=0,
                high=self.sfreq / 2,
                low_open=True,
                high_open=True,
                unit="Hz",
            )
        band_filters("OscillationCorrelations", self._subbands(), self.sfreq)

    def _frequencies(self) -> np.ndarray:
        if self.frequencies is not None:
            return np.asarray(self.frequencies, dtype=float)
        return np.arange(6.0, min(45.0, 0.45 * self.sfreq), 0.5)

    def _subbands(self) -> list[tuple[float, float]]:
        high = min(90.0, 0.45 * self.sfreq)
        lows = [4.0 + 8.0 * number for number in range(self.n_subbands)]
        return [(low, high) for low in lows if low < 0.8 * high] or [(0.25 * high, high)]

    def _prepare(self, X: np.ndarray) -> np.ndarray:
        waves = tuple(float(f) for f in self._frequencies())
        references = _references(waves, self.n_harmonics, X.shape[2], float(self.sfreq))
        parts = []
        for band in band_filters("OscillationCorrelations", self._subbands(), self.sfreq):
            signal = _whitened_in_time(in_band(X, band))
            parts.append(_largest_correlations(signal, references))
        # Correlations are far from normally distributed near 0: their logarithm is less so.
        return np.log(np.concatenate(parts, axis=1) + 1e-6)

    def _compute(self, prepared: np.ndarray) -> np.ndarray:
        return prepared


@lru_cache(maxsize=16)
def _references(
    frequencies: tuple[float, ...], n_harmonics: int, n_times: int, sfreq: float
) -> np.ndarray:
    """Orthonormal bases (times, frequencies, 2 · harmonics) of oscillations and harmonics.

    Harmonics beyond the Nyquist frequency are zero.
    """
    time = np.arange(n_times) / sfreq
    bases = np.zeros((n_times, len(frequencies), 2 * n_harmonics))
    for number, frequency in enumerate(frequencies):
        waves = [
            wave(2 * np.pi * harmonic * frequency * time)
            for harmonic in range(1, n_harmonics + 1)
            if harmonic * frequency < 0.475 * sfreq or harmonic == 1
            for wave in (np.sin, np.cos)
        ]
        basis = np.array(waves).T
        bases[:, number, : len(waves)] = np.linalg.qr(basis - basis.mean(axis=0))[0]
    bases.flags.writeable = False
    return bases


def _largest_correlations(signal: np.ndarray, references: np.ndarray) -> np.ndarray:
    """Largest canonical correlation (trials, frequencies) of orthonormal rows with each basis."""
    n_times, n_frequencies, n_waves = references.shape
    products = signal @ references.reshape(n_times, -1)
    products = products.reshape(*signal.shape[:2], n_frequencies, n_waves).transpose(0, 2, 3, 1)
    # The largest singular value, from the small side: a few waves against many channels.
    squares = np.linalg.eigvalsh(products @ products.swapaxes(2, 3))[:, :, -1]
    return np.sqrt(np.maximum(squares, 0.0))


def _whitened_in_time(X: np.ndarray) -> np.ndarray:
    """Channels of each trial turned into orthonormal time courses: (trials, rank, times)."""
    X = X - X.mean(axis=2, keepdims=True)
    values, vectors = np.linalg.eigh(X @ X.transpose(0, 2, 1))
    strong = values > 1e-8 * values[:, -1:]
    scale = np.where(strong, 1 / np.sqrt(np.where(strong, values, 1.0)), 0.0)
    return (vectors * scale[:, None, :]).transpose(0, 2, 1) @ X
