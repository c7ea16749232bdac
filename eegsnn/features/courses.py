"""How the power of rhythms goes in the course of a trial.

What a cue does to a rhythm has a time of its own: it is suppressed while a movement is prepared,
and comes back above what it was. Power and covariances of whole trials do not see when.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from eegsnn._validation import check_integer, check_number
from eegsnn.features._base import Bands, TrialFeatures, band_filters
from eegsnn.features.amplitude import in_spectrum, log_power
from eegsnn.features.whitened import whitening


class PowerCourse(TrialFeatures):
    """Logarithm of each channel's power in each band, window by window, whitened in space.

    Windows are tapered (Hann) and overlap by half. Channels are whitened band by band, by the mean
    covariance of whole training trials: no labels, and not the course itself.

    Parameters
    ----------
    sfreq : float
        Sampling rate in Hz.
    bands : sequence of (low, high), default theta to gamma
        In Hz; half-open.
    n_windows : int, default 8
        At most: fewer where windows would be shorter than `shortest`, one in the shortest trials.
    shortest : float, default 0.5
        Length of a window in seconds, at least: two cycles of theta.

    References
    ----------
    Pfurtscheller, G. & Lopes da Silva, F. H. (1999). Event-related EEG/MEG synchronization and
    desynchronization: basic principles. *Clinical Neurophysiology* 110(11).

    Examples
    --------
    >>> time = np.arange(500) / 250.0
    >>> early = np.sin(2 * np.pi * 10 * time) * (time < 1.0)
    >>> X = np.stack([[early], [early[::-1]]]) + 1e-3 * np.cos(2 * np.pi * 11 * time)
    >>> course = PowerCourse(250.0, bands=[(8.0, 13.0)], n_windows=3).fit_transform(X)
    >>> course.argmax(axis=1)
    array([0, 2])
    """

    arrays: ClassVar[tuple[str, ...]] = ("whitening_",)

    def __init__(
        self,
        sfreq: float,
        bands: Bands = ((4.0, 8.0), (8.0, 13.0), (13.0, 20.0), (20.0, 30.0), (30.0, 45.0)),
        n_windows: int = 8,
        shortest: float = 0.5,
    ) -> None:
        self.sfreq = sfreq
        self.bands = bands
        self.n_windows = n_windows
        self.shortest = shortest

    def check_parameters(self) -> None:
        """Validate the constructor's values without data."""
        super().check_parameters()
        band_filters("PowerCourse", self.bands, self.sfreq)
        check_integer("n_windows", self.n_windows, low=1)
        check_number("shortest", self.shortest, low=0, low_open=True, unit="s")

    def windows(self, n_times: int) -> tuple[int, int]:
        """Return how many windows trials of `n_times` samples have, and of how many samples."""
        shared = 2 * n_times / (self.n_windows + 1)  # as long as that many, halfway overlapping
        length = min(n_times, max(2, round(self.shortest * self.sfreq), int(shared)))
        return max(1, min(self.n_windows, 2 * n_times // length - 1)), length

    def _prepare(self, X: np.ndarray) -> np.ndarray:
        """Spectra (trials, windows, 2 · frequencies, channels), real and imaginary parts."""
        n_times = X.shape[2]
        n_windows, length = self.windows(n_times)
        starts = np.linspace(0, n_times - length, n_windows).round().astype(int)
        taper = np.hanning(length) / np.sqrt(length)
        bands = [np.flatnonzero(found) for found in self._inside(length)]
        inside = np.concatenate(bands)
        parts = np.empty((len(X), n_windows, 2 * len(inside), X.shape[1]))
        for number, start in enumerate(starts):
            stretch = X[:, :, start : start + length]
            stretch = (stretch - stretch.mean(axis=2, keepdims=True)) * taper
            spectrum = np.fft.rfft(stretch, axis=2)[:, :, inside].transpose(0, 2, 1)
            parts[:, number, 0::2], parts[:, number, 1::2] = spectrum.real, spectrum.imag
        return parts

    def _learn(self, prepared: np.ndarray, y: np.ndarray | None) -> None:
        n_channels = prepared.shape[3]
        found = []
        for band in self._in_bands(prepared):
            rows = band.reshape(len(band), -1, n_channels)
            found.append(whitening(rows.transpose(0, 2, 1) @ rows))
        self.whitening_ = np.stack(found)

    def _compute(self, prepared: np.ndarray) -> np.ndarray:
        columns = [
            2 * np.mean(np.square(band @ weights), axis=2)
            for weights, band in zip(self.whitening_, self._in_bands(prepared), strict=True)
        ]
        return log_power(np.stack(columns, axis=1))

    def _in_bands(self, prepared: np.ndarray) -> list[np.ndarray]:
        """Split prepared trials into parts (trials, windows, parts of the band, channels)."""
        _, length = self.windows(int(self.shape_[1]))
        sizes = [2 * found.sum() for found in self._inside(length)]
        return np.split(prepared, np.cumsum(sizes)[:-1], axis=2)

    def _inside(self, length: int) -> list[np.ndarray]:
        return in_spectrum(type(self).__name__, self.bands, length, self.sfreq)
