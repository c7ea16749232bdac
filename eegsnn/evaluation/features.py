"""Features that linear baselines read: scikit-learn transformers of (trials, channels, times).

They are written on SciPy alone and not on this package's filters and encoders, so that a mistake
in those cannot pull the baselines down with them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.signal import butter, sosfiltfilt
from sklearn.base import BaseEstimator, TransformerMixin

from eegsnn.errors import ConfigurationError, DataError


class _Stateless(TransformerMixin, BaseEstimator):
    """A transformer that has nothing to fit."""

    def fit(self, X: np.ndarray, y: Any = None) -> Any:
        """Do nothing; kept for scikit-learn.

        Parameters
        ----------
        X : ndarray, shape (trials, channels, times)
        y : ignored
        """
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True


class WindowMeans(_Stateless):
    """Mean of each channel in equal stretches of time: the slow potentials, sampled.

    Parameters
    ----------
    n_windows : int, default 24
        Stretches per trial; fewer where a trial has fewer samples.
    high : float, optional
        Cut-off in hertz of a zero-phase low-pass before averaging. Without it the average alone
        suppresses what is faster than a window.
    sfreq : float, optional
        Sampling rate in hertz; needed with `high`.

    Examples
    --------
    >>> WindowMeans(n_windows=2).transform(np.arange(8.0).reshape(1, 1, 8))
    array([[1.5, 5.5]])
    """

    def __init__(
        self, n_windows: int = 24, high: float | None = None, sfreq: float | None = None
    ) -> None:
        self.n_windows = n_windows
        self.high = high
        self.sfreq = sfreq

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Return means, shape (trials, channels · windows).

        Parameters
        ----------
        X : ndarray, shape (trials, channels, times)
        """
        X = np.asarray(X, dtype=float)
        if self.high is not None:
            X = _filtered(X, self.high, "lowpass", self.sfreq)
        edges = np.linspace(0, X.shape[2], min(self.n_windows, X.shape[2]) + 1).round().astype(int)
        sums = np.add.reduceat(X, edges[:-1], axis=2)
        return (sums / np.diff(edges)).reshape(len(X), -1)


class LogBandPower(_Stateless):
    """Logarithm of each channel's power in each band, from one Hann-windowed spectrum per trial.

    Parameters
    ----------
    bands : dict of str to (low, high)
        Half-open bands in hertz.
    sfreq : float
        Sampling rate in hertz.
    """

    def __init__(self, bands: dict[str, tuple[float, float]], sfreq: float) -> None:
        self.bands = bands
        self.sfreq = sfreq

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Return log powers, shape (trials, channels · bands).

        Parameters
        ----------
        X : ndarray, shape (trials, channels, times)

        Raises
        ------
        DataError
            If a trial is so short that no frequency of its spectrum lies in a band.
        """
        X = np.asarray(X, dtype=float)
        n_times = X.shape[2]
        X = X - X.mean(axis=2, keepdims=True)
        power = np.abs(np.fft.rfft(X * np.hanning(n_times), axis=2)) ** 2
        frequencies = np.fft.rfftfreq(n_times, 1 / self.sfreq)
        columns = []
        for name, (low, high) in self.bands.items():
            inside = (frequencies >= low) & (frequencies < high)
            if not inside.any():
                raise DataError(
                    f"Baseline band {name!r} ({low:g}–{high:g} Hz) holds no frequency of a trial "
                    f"of {n_times / self.sfreq:g} s, whose spectrum has steps of "
                    f"{self.sfreq / n_times:g} Hz. Widen the band or use longer trials."
                )
            columns.append(power[:, :, inside].mean(axis=2))
        stacked = np.stack(columns, axis=2)
        # Silence has no logarithm: a floor far below any signal, relative to keep the unit out.
        floor = np.finfo(float).tiny + 1e-12 * stacked.mean()
        return np.log(stacked + floor).reshape(len(X), -1)


class BandPass(_Stateless):
    """Zero-phase Butterworth band-pass of each trial, (trials, channels, times) in and out.

    Parameters
    ----------
    low, high : float
        Cut-offs in hertz.
    sfreq : float
        Sampling rate in hertz.
    """

    def __init__(self, low: float, high: float, sfreq: float) -> None:
        self.low = low
        self.high = high
        self.sfreq = sfreq

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Return the filtered trials.

        Parameters
        ----------
        X : ndarray, shape (trials, channels, times)
        """
        X = np.asarray(X, dtype=float)
        return _filtered(X, (self.low, self.high), "bandpass", self.sfreq)


class LowPass(_Stateless):
    """Zero-phase Butterworth low-pass of each trial, (trials, channels, times) in and out.

    Parameters
    ----------
    high : float
        Cut-off in hertz.
    sfreq : float
        Sampling rate in hertz.
    """

    def __init__(self, high: float, sfreq: float) -> None:
        self.high = high
        self.sfreq = sfreq

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Return the filtered trials.

        Parameters
        ----------
        X : ndarray, shape (trials, channels, times)
        """
        return _filtered(np.asarray(X, dtype=float), self.high, "lowpass", self.sfreq)


class Flatten(_Stateless):
    """(trials, …) → (trials, features)."""

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Return one row per trial.

        Parameters
        ----------
        X : ndarray, shape (trials, ...)
        """
        X = np.asarray(X)
        return X.reshape(len(X), -1)


def _filtered(
    X: np.ndarray, cut: float | tuple[float, float], kind: str, sfreq: float | None
) -> np.ndarray:
    highest = cut if isinstance(cut, int | float) else cut[1]
    if sfreq is None or highest >= sfreq / 2:
        raise ConfigurationError(
            f"A baseline's cut-off of {highest:g} Hz must lie below half the sampling rate "
            f"({'unknown' if sfreq is None else f'{sfreq:g} Hz'})."
        )
    # Not `filters.apply_filter`: a baseline that went through the network's own filters would share
    # their mistakes, and the two would agree on a wrong score.
    sections = butter(4, cut, kind, fs=sfreq, output="sos")
    # One period of the slowest frequency at each end, as far as the trial allows.
    lowest = cut if isinstance(cut, int | float) else cut[0]
    padding = min(X.shape[2] - 1, int(np.ceil(sfreq / lowest)) * 2)
    return np.asarray(sosfiltfilt(sections, X, axis=2, padlen=padding))
