"""Linear discriminants and logistic regression on window means, band powers or flat features."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_union
from sklearn.preprocessing import StandardScaler

from eegsnn._validation import check_integer, check_number
from eegsnn.errors import ConfigurationError
from eegsnn.evaluation.baselines.cost import counted_pipeline
from eegsnn.evaluation.baselines.signal import Signal, check_time_series
from eegsnn.evaluation.features import Flatten, LogBandPower, WindowMeans


def lda_windows(signal: Signal, n_windows: int = 24, high: float | None = None) -> Pipeline:
    """Shrinkage LDA on the means of each channel in `n_windows` stretches of time.

    Parameters
    ----------
    signal : Signal
    n_windows : int, default 24
    high : float, optional
        Low-pass in hertz before averaging.
    """
    return counted_pipeline(_windows("lda-windows", signal, n_windows, high), *shrinkage_lda())


def band_power_lda(signal: Signal, bands: Any = "standard") -> Pipeline:
    """Shrinkage LDA on the log power of each channel and band.

    Parameters
    ----------
    signal : Signal
    bands : str or dict, default "standard"
        A named band set, or ``{"alpha": [8, 13]}``.
    """
    return counted_pipeline(_band_power("band-power-lda", signal, bands), *shrinkage_lda())


def windows_band_power_lda(
    signal: Signal, n_windows: int = 24, high: float | None = None, bands: Any = "standard"
) -> Pipeline:
    """Shrinkage LDA on window means and log band powers together.

    Parameters
    ----------
    signal : Signal
    n_windows, high : see :func:`lda_windows`
    bands : see :func:`band_power_lda`
    """
    name = "windows-band-power-lda"
    features = make_union(_windows(name, signal, n_windows, high), _band_power(name, signal, bands))
    return counted_pipeline(features, *shrinkage_lda())


def logistic(signal: Signal, C: float = 1.0, max_iter: int = 200) -> Pipeline:
    """Multinomial logistic regression on standardised flat features.

    Parameters
    ----------
    signal : Signal
    C : float, default 1.0
        Inverse strength of the L2 penalty.
    max_iter : int, default 200
    """
    C = check_number("logistic: C", C, low=0, low_open=True)
    max_iter = check_integer("logistic: max_iter", max_iter, low=1)
    return counted_pipeline(
        Flatten(), StandardScaler(), QuietLogisticRegression(C=C, max_iter=max_iter)
    )


def _windows(name: str, signal: Signal, n_windows: int, high: float | None) -> WindowMeans:
    sfreq = check_time_series(name, signal)
    n_windows = check_integer(f"{name}: n_windows", n_windows, low=1)
    if high is not None:
        high = check_number(
            f"{name}: high", high, low=0, high=sfreq / 2, low_open=True, high_open=True, unit="Hz"
        )
    return WindowMeans(n_windows, high, sfreq)


def _band_power(name: str, signal: Signal, bands: Any) -> LogBandPower:
    from eegsnn.filters import resolve_bands

    sfreq = check_time_series(name, signal)
    edges: dict[str, tuple[float, float]] = {}
    for band in resolve_bands(bands):
        high = sfreq / 2 if band.high is None else band.high
        if high > sfreq / 2:
            raise ConfigurationError(
                f"{name}: band {band.name!r} ends at {high:g} Hz, beyond half the sampling rate of "
                f"{sfreq:g} Hz. Give other bands."
            )
        low = band.low or 0.0
        _check_resolution(name, signal, band.name, low, high)
        edges[band.name] = (low, high)
    return LogBandPower(edges, sfreq)


def _check_resolution(name: str, signal: Signal, band: str, low: float, high: float) -> None:
    """Refuse a band between two frequencies of a trial's spectrum."""
    if signal.n_times is None or signal.sfreq is None:
        return
    frequencies = np.fft.rfftfreq(signal.n_times, 1 / signal.sfreq)
    if not ((frequencies >= low) & (frequencies < high)).any():
        raise ConfigurationError(
            f"{name}: band {band!r} ({low:g}–{high:g} Hz) holds no frequency of a trial of "
            f"{signal.n_times / signal.sfreq:g} s, whose spectrum has steps of "
            f"{signal.sfreq / signal.n_times:g} Hz. Widen the band or use longer trials."
        )


def shrinkage_lda() -> tuple[StandardScaler, LinearDiscriminantAnalysis]:
    """Return the last two steps of a discriminant analysis: scale, and LDA with shrinkage."""
    # Ledoit–Wolf shrinkage assumes features of one scale; powers and potentials are not.
    return StandardScaler(), LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")


class QuietLogisticRegression(LogisticRegression):
    """Logistic regression that stops at `max_iter` without a warning: a baseline may."""

    def fit(self, X: np.ndarray, y: np.ndarray, sample_weight: Any = None) -> Any:
        """Fit as scikit-learn does."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return super().fit(X, y, sample_weight)
