"""Canonical correlation with sines, for steady-state evoked potentials: training-free, or learned.

A flicker evokes its own frequency and harmonics. The largest correlation that any mixture of the
channels has with any mixture of those sines and cosines says how much of a frequency is there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from eegsnn._validation import check_integer, check_number
from eegsnn.errors import ConfigurationError
from eegsnn.evaluation.baselines.cost import Shape, counted_pipeline, filter_macs
from eegsnn.evaluation.baselines.linear import QuietLogisticRegression
from eegsnn.evaluation.baselines.signal import Edges, Signal, check_length, check_time_series
from eegsnn.evaluation.features import BandPass

# Chen et al. (2015): sub-band n begins at n times the lowest frequency, all end at 88 Hz, and 2 Hz
# are added on either side.
_TOP, _MARGIN = 88.0, 2.0
# A direction of the channels with less than this share of the largest amplitude is empty.
_EMPTY = 1e-7
# A whole number: not the end of another one, or of 1.5e1.
_FREQUENCY = re.compile(
    r"(?<!\d)(?<!\d[.,eE])(?<!\d[eE][+-])(\d+(?:[.,]\d+)?)\s*[_-]?\s*hz", re.IGNORECASE
)


def cca(signal: Signal, frequencies: Any = None, n_harmonics: int = 3) -> Pipeline:
    """Say the class whose frequency correlates most with the trial; nothing is trained.

    Parameters
    ----------
    signal : Signal
    frequencies : dict or list of float, optional
        Label → hertz, or one frequency for each class in sorted order. Without it they are read
        from labels such as "13Hz". Every class must have one.
    n_harmonics : int, default 3
        Multiples of each frequency, the frequency itself being the first; those beyond the Nyquist
        frequency are left out.

    References
    ----------
    Lin et al. (2006), Frequency recognition based on canonical correlation analysis for SSVEP-based
    BCIs.
    """
    return _training_free("cca", signal, frequencies, n_harmonics, None)


def fbcca(
    signal: Signal, frequencies: Any = None, n_harmonics: int = 5, n_bands: int = 5
) -> Pipeline:
    """As "cca", on several sub-bands whose squared correlations are summed with fixed weights.

    Parameters
    ----------
    signal : Signal
    frequencies, n_harmonics : see :func:`cca`
    n_bands : int, default 5
        Sub-band n reaches from n times the lowest frequency (less 2 Hz) to 90 Hz or just below
        the Nyquist frequency; those that would hold no multiple of it are left out. Weights are
        ``n ** -1.25 + 0.25``.

    References
    ----------
    Chen et al. (2015), Filter bank canonical correlation analysis for implementing a high-speed
    SSVEP-based brain–computer interface (method M3).
    """
    return _training_free("fbcca", signal, frequencies, n_harmonics, n_bands)


def fbcca_lr(
    signal: Signal,
    frequencies: Any = None,
    n_harmonics: int = 5,
    n_bands: int = 5,
    C: float = 1.0,
) -> Pipeline:
    """Logistic regression on the correlations with every frequency in every sub-band.

    Other than the training-free methods it can have classes without a frequency, such as rest.

    Parameters
    ----------
    signal : Signal
    frequencies, n_harmonics, n_bands : see :func:`fbcca`
        At least one class must have a frequency.
    C : float, default 1.0
        Inverse strength of the L2 penalty, on standardised features.
    """
    name = "fbcca-lr"
    C = check_number(f"{name}: C", C, low=0, low_open=True)
    features = SineCorrelations(
        check_time_series(name, signal),
        frequencies,
        check_integer(f"{name}: n_harmonics", n_harmonics, low=1),
        check_integer(f"{name}: n_bands", n_bands, low=1),
    )
    _rehearse(name, signal, features, every_class=False)
    return counted_pipeline(features, StandardScaler(), QuietLogisticRegression(C=C, max_iter=400))


class SineCorrelations(TransformerMixin, BaseEstimator):
    """Trials (trials, channels, times) → largest canonical correlations with sines.

    Parameters
    ----------
    sfreq : float
        Sampling rate in hertz.
    frequencies : dict, list or None
        See :func:`cca`.
    n_harmonics : int, default 5
    n_bands : int or None, default 5
        Sub-bands of the filter bank; None leaves the trials unfiltered.

    Attributes
    ----------
    frequencies_ : dict
        Label → hertz, of the labels that have a frequency, in sorted order.
    bands_ : list of (low, high)
        The sub-bands in hertz; empty where nothing is filtered.
    """

    def __init__(
        self,
        sfreq: float,
        frequencies: Any = None,
        n_harmonics: int = 5,
        n_bands: int | None = 5,
    ) -> None:
        self.sfreq = sfreq
        self.frequencies = frequencies
        self.n_harmonics = n_harmonics
        self.n_bands = n_bands

    def fit(self, X: Any, y: np.ndarray) -> SineCorrelations:
        """Find out which label has which frequency; the trials are not looked at.

        Parameters
        ----------
        X : ignored
        y : ndarray, shape (trials,)

        Raises
        ------
        ConfigurationError
            If the frequencies do not go with the labels, or lie beyond the Nyquist frequency.
        """
        self.frequencies_ = frequencies_of(np.unique(y).tolist(), self.frequencies)
        values = list(self.frequencies_.values())
        for label, frequency in self.frequencies_.items():
            check_number(
                f"frequencies[{label!r}]",
                frequency,
                low=0,
                high=self.sfreq / 2,
                low_open=True,
                high_open=True,
                unit="Hz",
            )
        self.bands_: list[Edges] = []
        if self.n_bands is not None:
            self.bands_ = _sub_bands(min(values), self.sfreq, self.n_bands)
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Return the correlations, shape (trials, bands · frequencies), band by band."""
        X = np.asarray(X, dtype=float)
        columns = []
        bands: list[Edges | None] = [*self.bands_] or [None]
        for band in bands:
            basis = _orthonormal(X if band is None else BandPass(*band, self.sfreq).transform(X))
            for frequency in self.frequencies_.values():
                sines = _sines(frequency, self.n_harmonics, self.sfreq, X.shape[2])
                columns.append(np.linalg.norm(basis @ sines, ord=2, axis=(1, 2)))
        return np.stack(columns, axis=1)

    def macs(self, shape: Shape) -> tuple[float, Shape]:
        """Count filters, an orthonormal basis of the channels (2 T C²), products with all sines."""
        n_channels, n_times = shape
        n_sines = sum(
            2 * _n_harmonics(frequency, self.n_harmonics, self.sfreq)
            for frequency in self.frequencies_.values()
        )
        each = 2.0 * n_times * n_channels**2 + n_channels * n_times * n_sines
        filtering = len(self.bands_) * filter_macs(n_channels, n_times)
        n_bands = max(1, len(self.bands_))
        return filtering + n_bands * each, (n_bands * len(self.frequencies_),)


class FrequencyClassifier(ClassifierMixin, BaseEstimator):
    """Say the class whose correlations, squared and weighted over sub-bands, are largest.

    Parameters
    ----------
    correlations : SineCorrelations

    Attributes
    ----------
    classes_ : ndarray
    """

    def __init__(self, correlations: SineCorrelations) -> None:
        self.correlations = correlations

    def fit(self, X: np.ndarray, y: np.ndarray) -> FrequencyClassifier:
        """Note which labels there are; nothing else is learned.

        Parameters
        ----------
        X : ndarray, shape (trials, channels, times)
        y : ndarray, shape (trials,)

        Raises
        ------
        ConfigurationError
            If a label has no frequency.
        """
        self.classes_ = np.unique(y)
        self.correlations.fit(X, y)
        _check_every_class(self.classes_.tolist(), self.correlations.frequencies_)
        return self

    def decision_function(self, X: np.ndarray) -> np.ndarray:
        """Return scores (trials, classes); of two classes, the second's less the first's."""
        correlations = self.correlations.transform(X).reshape(len(X), -1, len(self.classes_))
        number = np.arange(1, correlations.shape[1] + 1)
        scores = np.einsum("nbk,b->nk", correlations**2, number**-1.25 + 0.25)
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return the label of each trial."""
        scores = self.decision_function(X)
        best = (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)
        return np.asarray(self.classes_[best])

    def macs(self, shape: Shape) -> tuple[float, Shape]:
        """Those of the correlations, and their weighted sum."""
        count, (n_features,) = self.correlations.macs(shape)
        return count + 2 * n_features, (len(self.classes_),)


def frequencies_of(classes: Sequence[Any], frequencies: Any = None) -> dict[Any, float]:
    """Return the flicker frequency in hertz of each label that has one.

    Parameters
    ----------
    classes : sequence
        Labels, sorted.
    frequencies : dict, list or None
        Label → hertz (labels are compared as text), one frequency per label, or None: those that a
        label states, as in "13Hz" or "13.5 Hz".

    Raises
    ------
    ConfigurationError
        If a key is no label, a list has another length, or no label has a frequency.

    Examples
    --------
    >>> frequencies_of(["13Hz", "17Hz", "rest"])
    {'13Hz': 13.0, '17Hz': 17.0}
    """
    if frequencies is None:
        stated = ((label, _FREQUENCY.search(str(label))) for label in classes)
        found = {label: float(match[1].replace(",", ".")) for label, match in stated if match}
    elif isinstance(frequencies, Mapping):
        by_text = {str(key): value for key, value in frequencies.items()}
        unknown = sorted(set(by_text) - {str(label) for label in classes})
        if unknown:
            raise ConfigurationError(
                f"frequencies: expected labels among {', '.join(map(str, classes))}, but got "
                f"{', '.join(unknown)}."
            )
        found = {label: by_text[str(label)] for label in classes if str(label) in by_text}
    elif isinstance(frequencies, Sequence) and not isinstance(frequencies, str):
        if len(frequencies) != len(classes):
            raise ConfigurationError(
                f"frequencies: expected one for each of the {len(classes)} classes "
                f"({', '.join(map(str, classes))}), but got {len(frequencies)}. Where a class has "
                f"none, give a table of label and hertz."
            )
        found = dict(zip(classes, frequencies, strict=True))
    else:
        raise ConfigurationError(
            f"frequencies: expected a table of label and hertz, or a list of hertz, but got "
            f"{frequencies!r}."
        )
    if not found:
        raise ConfigurationError(
            f"frequencies: none given, and none can be read from the labels "
            f"{', '.join(map(str, classes))}. Give frequencies = {{ label = hertz }}."
        )
    return {
        label: check_number(f"frequencies[{str(label)!r}]", value, low=0, low_open=True, unit="Hz")
        for label, value in found.items()
    }


def _training_free(
    name: str, signal: Signal, frequencies: Any, n_harmonics: int, n_bands: int | None
) -> Pipeline:
    features = SineCorrelations(
        check_time_series(name, signal),
        frequencies,
        check_integer(f"{name}: n_harmonics", n_harmonics, low=1),
        None if n_bands is None else check_integer(f"{name}: n_bands", n_bands, low=1),
    )
    _rehearse(name, signal, features, every_class=True)
    return counted_pipeline(FrequencyClassifier(features))


def _rehearse(name: str, signal: Signal, features: SineCorrelations, every_class: bool) -> None:
    """Say before anything is fitted what cannot be, where the labels are known."""
    needed = max(signal.n_channels, 2 * features.n_harmonics) + 1
    check_length(name, signal, needed, "more than channels and than sines")
    if not signal.classes:
        return
    classes = np.unique(np.asarray(signal.classes)).tolist()
    try:
        fitted = SineCorrelations(**features.get_params()).fit(None, np.asarray(classes))
        if every_class:
            _check_every_class(classes, fitted.frequencies_)
    except ConfigurationError as error:
        raise ConfigurationError(f"{name}: {error}") from error


def _check_every_class(classes: Sequence[Any], frequencies: Mapping[Any, float]) -> None:
    without = [str(label) for label in classes if label not in frequencies]
    if without:
        raise ConfigurationError(
            f"frequencies: expected one for every class, but {', '.join(without)} has none: what "
            f"has no frequency must be learned. Use 'fbcca-lr', or leave the class out."
        )


def _sub_bands(lowest: float, sfreq: float, n_bands: int) -> list[Edges]:
    # A filter needs room below the Nyquist frequency.
    top = min(_TOP, 0.45 * sfreq)
    bands = []
    for number in range(1, n_bands + 1):
        start = number * lowest
        if number > 1 and start > top:
            break
        low, high = max(start - _MARGIN, start / 2), min(top + _MARGIN, 0.475 * sfreq)
        if low >= high:
            raise ConfigurationError(
                f"frequencies: {lowest:g} Hz is too near half the sampling rate of {sfreq:g} Hz "
                f"for a filter bank. Use 'cca' or data sampled faster."
            )
        bands.append((low, high))
    return bands


def _n_harmonics(frequency: float, n_harmonics: int, sfreq: float) -> int:
    return min(n_harmonics, int(np.ceil(sfreq / 2 / frequency)) - 1)


def _sines(frequency: float, n_harmonics: int, sfreq: float, n_times: int) -> np.ndarray:
    """Orthonormal columns that span sines and cosines of the harmonics, shape (times, 2 n)."""
    multiples = np.arange(1, _n_harmonics(frequency, n_harmonics, sfreq) + 1)
    phases = 2 * np.pi * frequency * np.arange(n_times)[:, None] / sfreq * multiples
    waves = np.concatenate([np.sin(phases), np.cos(phases)], axis=1)
    return np.asarray(np.linalg.qr(waves - waves.mean(axis=0))[0])


def _orthonormal(X: np.ndarray) -> np.ndarray:
    """Orthonormal rows that span each trial's centred channels; rows of empty directions are 0."""
    _, sizes, rows = np.linalg.svd(X - X.mean(axis=2, keepdims=True), full_matrices=False)
    kept = sizes > _EMPTY * np.maximum(sizes[:, :1], np.finfo(float).tiny)
    return np.asarray(rows * kept[:, :, None])
