"""What a prediction of a baseline costs: multiply-accumulates per trial, as an estimate.

Counted are products with something: filters (each section of a zero-phase filter, twice),
spectra, covariances, projections, weights of the classifier. Not counted are logarithms, medians,
comparisons and what is done once in a fit. Factorisations go by the leading term of their textbook
cost. Enough to set beside the synaptic operations of a spiking network; not a measurement.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression, RidgeClassifierCV
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from eegsnn.evaluation.features import BandPass, Flatten, LogBandPower, LowPass, WindowMeans

Shape = tuple[int, ...]
"""Of one trial: (channels, times), or (features,)."""

FILTER_ORDER = 4
# A second-order section: three products with inputs, two with outputs.
_PRODUCTS_PER_SECTION = 5


class CountedPipeline(Pipeline):
    """A pipeline that knows what one prediction costs.

    Attributes
    ----------
    macs_ : float
        Multiply-accumulates per trial, after `fit`; absent where a step is of a kind not known.
    """

    def fit(self, X: np.ndarray, y: Any = None, **params: Any) -> CountedPipeline:
        """Fit all steps, and remember the shape of a trial.

        Parameters
        ----------
        X : ndarray, shape (trials, ...)
        y : ndarray, shape (trials,)
        **params
            As for scikit-learn's pipeline.
        """
        super().fit(X, y, **params)
        self.trial_shape_ = tuple(int(size) for size in np.shape(X)[1:])
        return self

    @property
    def macs_(self) -> float:
        """Multiply-accumulates per trial."""
        if not hasattr(self, "trial_shape_"):
            raise AttributeError("macs_ is known after fit")
        counted = multiply_accumulates(self, self.trial_shape_)
        if counted is None:
            raise AttributeError("a step of this pipeline cannot be counted")
        return counted[0]


def counted_pipeline(*steps: Any) -> CountedPipeline:
    """Return :func:`sklearn.pipeline.make_pipeline` of the steps, with ``macs_``."""
    return CountedPipeline(make_pipeline(*steps).steps)


def filter_macs(n_channels: int, n_times: int, *, band_pass: bool = True) -> float:
    """Multiply-accumulates of filtering forward and backward."""
    sections = FILTER_ORDER if band_pass else FILTER_ORDER // 2
    return 2.0 * sections * _PRODUCTS_PER_SECTION * n_channels * n_times


def multiply_accumulates(step: Any, shape: Shape) -> tuple[float, Shape] | None:
    """Count what a fitted step does with one trial.

    Parameters
    ----------
    step : transformer, classifier, pipeline or union
        Asked for ``macs(shape) -> (count, shape)`` if its class is not known here.
    shape : tuple of int
        Of the trial that comes in.

    Returns
    -------
    count : float
    shape : tuple of int
        Of what comes out.
    None
        Where the step, or a step within it, is not known.

    Examples
    --------
    >>> multiply_accumulates(WindowMeans(24), (2, 480))
    (960.0, (48,))
    """
    if isinstance(step, Pipeline):
        total = 0.0
        for _, part in step.steps:
            counted = multiply_accumulates(part, shape)
            if counted is None:
                return None
            total, shape = total + counted[0], counted[1]
        return total, shape
    if isinstance(step, FeatureUnion):
        parts = [multiply_accumulates(part, shape) for _, part in step.transformer_list]
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        return sum(part[0] for part in known), (sum(part[1][0] for part in known),)
    if hasattr(step, "macs"):
        count, shape = step.macs(shape)
        return float(count), shape
    for kind, count_step in _KNOWN.items():
        if isinstance(step, kind):
            return count_step(step, shape)
    return None


def _flatten(step: Flatten, shape: Shape) -> tuple[float, Shape]:
    return 0.0, (math.prod(shape),)


def _window_means(step: WindowMeans, shape: Shape) -> tuple[float, Shape]:
    filtering = 0.0 if step.high is None else filter_macs(*shape, band_pass=False)
    return filtering + math.prod(shape), (shape[0] * min(step.n_windows, shape[1]),)


def _log_band_power(step: LogBandPower, shape: Shape) -> tuple[float, Shape]:
    n_channels, n_times = shape
    # A real transform: half of T/2 · log2 T complex products, each of four real ones.
    spectrum = n_times * math.log2(max(n_times, 2))
    return n_channels * (2 * n_times + spectrum), (n_channels * len(step.bands),)


def _band_pass(step: BandPass, shape: Shape) -> tuple[float, Shape]:
    return filter_macs(*shape), shape


def _low_pass(step: LowPass, shape: Shape) -> tuple[float, Shape]:
    return filter_macs(*shape, band_pass=False), shape


def _scale(step: StandardScaler, shape: Shape) -> tuple[float, Shape]:
    return float(math.prod(shape)), shape


def _linear(step: Any, shape: Shape) -> tuple[float, Shape]:
    n_outputs = len(np.atleast_2d(step.coef_))
    return float(math.prod(shape) * n_outputs), (n_outputs,)


_KNOWN: dict[type, Callable[[Any, Shape], tuple[float, Shape]]] = {
    Flatten: _flatten,
    WindowMeans: _window_means,
    LogBandPower: _log_band_power,
    BandPass: _band_pass,
    LowPass: _low_pass,
    StandardScaler: _scale,
    LinearDiscriminantAnalysis: _linear,
    LogisticRegression: _linear,
    RidgeClassifierCV: _linear,
}
