"""What every kind of features shares: parameters, fitted arrays, and how both are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from eegsnn._validation import check_number, check_series
from eegsnn.errors import ConfigurationError, DataError
from eegsnn.filters import BandFilter, FrequencyBand, apply_filter, design_filter

# Trials are prepared in blocks of about 64 MB: filters need several copies of what they are given.
_BLOCK_SAMPLES = 2**23

Bands = Sequence[tuple[float | None, float | None]]


class TrialFeatures(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """Turn trials (trials, channels, times) into numbers (trials, features).

    A subclass has up to three steps: `prepare` does what needs neither labels nor other trials
    (filters, covariances), `learn` looks at training trials, `compute` makes the features. The
    arrays that are learned are those that `arrays` names, so that all kinds are saved alike.

    Parameters
    ----------
    sfreq : float
        Sampling rate in Hz.
    """

    needs_labels: ClassVar[bool] = False
    """Whether `learn` looks at the labels: such features are learned anew in every inner fold."""
    least_channels: ClassVar[int] = 1
    arrays: ClassVar[tuple[str, ...]] = ()

    sfreq: float

    def check_parameters(self) -> None:
        """Validate the constructor's values without data (raises ConfigurationError)."""
        check_number("sfreq", self.sfreq, low=0, low_open=True, unit="Hz")

    def fit(self, X: Any, y: Any = None) -> TrialFeatures:
        """Learn from training trials.

        Parameters
        ----------
        X : array (trials, channels, times)
        y : array-like (trials,), optional
            Labels, for features with ``needs_labels``.

        Raises
        ------
        ConfigurationError
            If a parameter is impossible at this sampling rate.
        DataError
            If X is not a finite array of that shape, trials are too short, there are too few
            channels, or labels are missing.
        """
        self.learn(self.begin(X), y)
        return self

    def begin(self, X: Any) -> np.ndarray:
        """Check training trials, take their scale, and return them prepared: for `learn`."""
        return self.prepare(self._examine(X))

    def _examine(self, X: Any) -> np.ndarray:
        """Check training trials, and take their scale."""
        self.check_parameters()
        X = check_series(X)
        if X.shape[1] < self.least_channels:
            raise DataError(
                f"{type(self).__name__}: expected at least {self.least_channels} channels, but X "
                f"has {X.shape[1]}."
            )
        # One factor for all: volts and microvolts give the same features.
        self.scale_ = np.array(_deviation(X) or 1.0)
        self.shape_ = np.array(X.shape[1:])
        return X

    def transform(self, X: Any) -> np.ndarray:
        """Features of trials, float64 (trials, features).

        Raises
        ------
        DataError
            If channels or samples differ in number from those of the training trials.
        """
        check_is_fitted(self, "shape_")
        features = self._in_blocks(check_series(X), self._transform)
        return np.ascontiguousarray(features, dtype=np.float64)

    def prepare(self, X: np.ndarray) -> np.ndarray:
        """Do what of the work is the same whichever trials are trained on; trials stay first.

        Raises
        ------
        DataError
            If channels or samples differ in number from those of the training trials.
        """
        return self._in_blocks(X, self._prepare)

    def learn(self, prepared: np.ndarray, y: Any = None) -> None:
        """Learn from prepared training trials.

        Raises
        ------
        DataError
            If labels are needed and missing.
        """
        if self.needs_labels:
            y = _labels(type(self).__name__, y, len(prepared))
        self._learn(prepared, y)

    def compute(self, prepared: np.ndarray) -> np.ndarray:
        """Features of prepared trials, float64 (trials, features)."""
        return np.ascontiguousarray(self._compute(prepared), dtype=np.float64)

    def get_state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Everything the fitted object is, as a JSON-able dict and named arrays."""
        check_is_fitted(self, "shape_")
        kept = ("scale_", "shape_", *self.arrays)
        return (
            {"kind": type(self).__name__, "parameters": _plain(self.get_params(deep=False))},
            {name: np.asarray(getattr(self, name)) for name in kept},
        )

    def set_state(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take the arrays of :meth:`get_state` of an object with the same parameters.

        Raises
        ------
        ValueError
            If an array is missing.
        """
        for name in ("scale_", "shape_", *self.arrays):
            if name not in arrays:
                raise ValueError(f"{type(self).__name__}: the array {name!r} is missing")
            setattr(self, name, np.array(arrays[name]))

    def _in_blocks(self, X: np.ndarray, function: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """Call `function` on trials in units of the training data's deviation, part by part."""
        if X.shape[1:] != tuple(self.shape_):
            raise DataError(
                f"X: expected {self.shape_[0]} channels and {self.shape_[1]} samples, as in "
                f"training, but got {X.shape[1]} and {X.shape[2]}."
            )
        step = max(1, _BLOCK_SAMPLES // int(self.shape_.prod()))
        starts = range(0, max(1, len(X)), step)
        parts = [function(X[start : start + step] / self.scale_) for start in starts]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _transform(self, X: np.ndarray) -> np.ndarray:
        """Features of checked trials; a subclass that needs less of them may know a shorter way."""
        return self._compute(self._prepare(X))

    def _prepare(self, X: np.ndarray) -> np.ndarray:
        """Prepare checked trials, in units of the training data's deviation; nothing by default."""
        return X

    def _learn(self, prepared: np.ndarray, y: np.ndarray | None) -> None:
        """Learn from prepared trials; nothing by default."""

    def _compute(self, prepared: np.ndarray) -> np.ndarray:
        raise NotImplementedError


def band_filters(name: str, bands: Any, sfreq: float) -> list[BandFilter]:
    """Design the filters of bands given as pairs (low, high) in Hz.

    Raises
    ------
    ConfigurationError
        If there is no band, one is no pair, or it lies beyond the Nyquist frequency.
    """
    if not isinstance(bands, list | tuple) or not bands:
        raise ConfigurationError(
            f"{name}: bands: expected a list of pairs (low, high) in Hz, but got {bands!r}."
        )
    for pair in bands:
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise ConfigurationError(
                f"{name}: bands: expected pairs (low, high) in Hz, but got {pair!r}."
            )
    return list(_designed(tuple(tuple(pair) for pair in bands), sfreq))


@lru_cache(maxsize=256)
def _designed(bands: tuple[Any, ...], sfreq: float) -> tuple[BandFilter, ...]:
    """Design filters of checked bands; they are kept, since each new trial asks for the same."""
    named = (
        FrequencyBand(f"{low or 0:g}–{high or sfreq / 2:g} Hz", low, high) for low, high in bands
    )
    return tuple(design_filter(band, sfreq) for band in named)


def in_band(X: np.ndarray, band_filter: BandFilter) -> np.ndarray:
    """Zero-phase filtered trials: features are of whole trials, so nothing is lost by it."""
    return apply_filter(X, band_filter)


def _deviation(X: np.ndarray) -> float:
    """Return the standard deviation of all samples, without a copy of them."""
    mean = float(X.mean())
    return float(np.sqrt(sum(np.square(trial - mean).sum() for trial in X) / X.size))


def _labels(name: str, y: Any, n_trials: int) -> np.ndarray:
    if y is None:
        raise DataError(f"{name}: y: expected a label for every trial, but there are none.")
    y = np.asarray(y)
    if y.shape != (n_trials,):
        raise DataError(f"{name}: y: expected {n_trials} labels, but got shape {y.shape}.")
    if len(np.unique(y)) < 2:
        raise DataError(f"{name}: y: expected at least two classes, but there is one.")
    return y


def _plain(value: Any) -> Any:
    """Tuples as lists and NumPy numbers as Python's, for JSON."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value
