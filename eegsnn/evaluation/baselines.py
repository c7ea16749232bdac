"""Linear methods that run through the same folds as the spiking network.

A baseline is a scikit-learn pipeline: every step that learns sees the training trials alone.
They are deterministic, so that one run per fold is all there is to know.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

from eegsnn._validation import check_choice, check_integer, check_number
from eegsnn.errors import ConfigurationError
from eegsnn.evaluation.features import BandPass, Flatten, LogBandPower, WindowMeans


@dataclass(frozen=True)
class Signal:
    """What a baseline must know of the data before it sees them.

    Parameters
    ----------
    sfreq : float or None
        Sampling rate in hertz; None for tables of features.
    n_channels : int
        1 for tables.
    """

    sfreq: float | None
    n_channels: int

    @classmethod
    def of(cls, dataset: Any) -> Signal:
        """Read it from a data set."""
        sfreq = getattr(dataset, "sfreq", None)
        return cls(sfreq, 1 if sfreq is None else int(dataset.X.shape[1]))


def lda_windows(signal: Signal, n_windows: int = 24, high: float | None = None) -> Pipeline:
    """Shrinkage LDA on the means of each channel in `n_windows` stretches of time.

    Parameters
    ----------
    signal : Signal
    n_windows : int, default 24
    high : float, optional
        Low-pass in hertz before averaging.
    """
    return make_pipeline(_windows("lda-windows", signal, n_windows, high), *_lda())


def band_power_lda(signal: Signal, bands: Any = "standard") -> Pipeline:
    """Shrinkage LDA on the log power of each channel and band.

    Parameters
    ----------
    signal : Signal
    bands : str or dict, default "standard"
        A named band set, or ``{"alpha": [8, 13]}``.
    """
    return make_pipeline(_band_power("band-power-lda", signal, bands), *_lda())


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
    return make_pipeline(features, *_lda())


def csp_lda(
    signal: Signal, low: float = 8.0, high: float = 30.0, n_components: int = 6
) -> Pipeline:
    """Shrinkage LDA on the log variances of common spatial patterns of one band.

    Parameters
    ----------
    signal : Signal
    low, high : float, default 8 and 30
        The band in hertz: mu and beta.
    n_components : int, default 6
        Spatial filters kept; as many as channels where there are fewer.

    References
    ----------
    Blankertz et al. (2008), Optimizing spatial filters for robust EEG single-trial analysis.
    """
    sfreq = _needs_signal("csp-lda", signal)
    if signal.n_channels < 2:
        raise ConfigurationError(
            "Baseline 'csp-lda' needs at least two channels, but the data have one. "
            "Use 'lda-windows' or 'band-power-lda'."
        )
    high = check_number("csp-lda: high", high, low=0, high=sfreq / 2, high_open=True, unit="Hz")
    low = check_number("csp-lda: low", low, low=0, high=high, low_open=True, high_open=True)
    n_components = check_integer("csp-lda: n_components", n_components, low=1)
    return make_pipeline(
        BandPass(low, high, sfreq), _QuietCSP(min(n_components, signal.n_channels)), *_lda()
    )


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
    return make_pipeline(
        Flatten(), StandardScaler(), _QuietLogisticRegression(C=C, max_iter=max_iter)
    )


BASELINES: dict[str, Callable[..., Pipeline]] = {
    "lda-windows": lda_windows,
    "band-power-lda": band_power_lda,
    "windows-band-power-lda": windows_band_power_lda,
    "csp-lda": csp_lda,
    "logistic": logistic,
}
"""Baselines by the name that a pipeline file uses."""


def baseline_parameters(name: str) -> dict[str, Any]:
    """Return the parameters of a baseline with their defaults.

    Examples
    --------
    >>> baseline_parameters("lda-windows")
    {'n_windows': 24, 'high': None}
    """
    check_choice("baselines.name", name, BASELINES)
    signature = inspect.signature(BASELINES[name])
    return {
        key: parameter.default for key, parameter in signature.parameters.items() if key != "signal"
    }


def build_baseline(name: str, parameters: dict[str, Any], signal: Signal) -> Pipeline:
    """Return the unfitted pipeline of that name.

    Parameters
    ----------
    name : str
        A key of :data:`BASELINES`.
    parameters : dict
        Those of :func:`baseline_parameters` that differ from their defaults.
    signal : Signal

    Raises
    ------
    ConfigurationError
        If the name or a parameter is unknown, a value impossible, or the data are of a kind that
        the baseline cannot read.
    """
    allowed = baseline_parameters(name)
    for key in parameters:
        check_choice(f"baseline {name!r}: parameter", key, allowed)
    return BASELINES[name](signal, **parameters)


def _needs_signal(name: str, signal: Signal) -> float:
    if signal.sfreq is None:
        raise ConfigurationError(
            f"Baseline {name!r} reads time series, but the data are a table of features. "
            f"Use 'logistic'."
        )
    return signal.sfreq


def _windows(name: str, signal: Signal, n_windows: int, high: float | None) -> WindowMeans:
    sfreq = _needs_signal(name, signal)
    n_windows = check_integer(f"{name}: n_windows", n_windows, low=1)
    if high is not None:
        high = check_number(
            f"{name}: high", high, low=0, high=sfreq / 2, low_open=True, high_open=True, unit="Hz"
        )
    return WindowMeans(n_windows, high, sfreq)


def _band_power(name: str, signal: Signal, bands: Any) -> LogBandPower:
    from eegsnn.filters import resolve_bands

    sfreq = _needs_signal(name, signal)
    edges: dict[str, tuple[float, float]] = {}
    for band in resolve_bands(bands):
        high = sfreq / 2 if band.high is None else band.high
        if high > sfreq / 2:
            raise ConfigurationError(
                f"{name}: band {band.name!r} ends at {high:g} Hz, beyond half the sampling rate of "
                f"{sfreq:g} Hz. Give other bands."
            )
        edges[band.name] = (band.low or 0.0, high)
    return LogBandPower(edges, sfreq)


def _lda() -> tuple[StandardScaler, LinearDiscriminantAnalysis]:
    # Ledoit–Wolf shrinkage assumes features of one scale; powers and potentials are not.
    return StandardScaler(), LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")


class _QuietCSP(TransformerMixin, BaseEstimator):
    """MNE's CSP without its running commentary."""

    def __init__(self, n_components: int = 6) -> None:
        self.n_components = n_components

    def fit(self, X: np.ndarray, y: np.ndarray) -> _QuietCSP:
        import mne
        from mne.decoding import CSP

        # Unit variance overall: covariances of volts would vanish beside CSP's regularisation.
        self.scale_ = float(X.std()) or 1.0
        with mne.utils.use_log_level("ERROR"):
            self.csp_ = CSP(self.n_components, reg="ledoit_wolf", log=True).fit(X / self.scale_, y)
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        return np.asarray(self.csp_.transform(X / self.scale_))


class _QuietLogisticRegression(LogisticRegression):
    """Logistic regression that stops at `max_iter` without a warning: a baseline may."""

    def fit(self, X: np.ndarray, y: np.ndarray, sample_weight: Any = None) -> Any:
        import warnings

        from sklearn.exceptions import ConvergenceWarning

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return super().fit(X, y, sample_weight)
