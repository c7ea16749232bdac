"""Covariances in the tangent space at their Riemannian mean, before a logistic regression."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

from eegsnn._validation import check_choice, check_integer, check_number
from eegsnn.evaluation.baselines.cost import Shape, counted_pipeline
from eegsnn.evaluation.baselines.linear import QuietLogisticRegression
from eegsnn.evaluation.baselines.signal import (
    Signal,
    check_channels,
    check_edges,
    check_extra,
    filter_bank,
)
from eegsnn.evaluation.features import BandPass, LowPass

# Directions in which the training data have less than this share of the largest variance are
# those that an average reference or an interpolated channel has emptied.
_EMPTY = 1e-10
_ITERATIONS = 400


def tangent_space_lr(
    signal: Signal,
    low: float = 8.0,
    high: float = 30.0,
    covariance: str = "oas",
    C: float = 1.0,
) -> Pipeline:
    """Logistic regression in the tangent space of one band's covariances; extra ``baselines``.

    Parameters
    ----------
    signal : Signal
    low, high : float, default 8 and 30
        The band in hertz: mu and beta.
    covariance : {"oas", "lwf"}, default "oas"
        Estimator of each trial's covariance.
    C : float, default 1.0
        Inverse strength of the L2 penalty, on standardised features.

    References
    ----------
    Barachant et al. (2012), Multiclass brain–computer interface classification by Riemannian
    geometry.
    """
    name = "tangent-space-lr"
    sfreq = check_channels(name, signal)
    low, high = check_edges(name, low, high, sfreq)
    return counted_pipeline(
        BandPass(low, high, sfreq), _tangent_space(name, covariance), *_regression(name, C)
    )


def fb_tangent_space_lr(
    signal: Signal,
    bands: Any = "filter_bank_csp",
    covariance: str = "oas",
    C: float = 1.0,
) -> Pipeline:
    """Logistic regression in the tangent spaces of several bands; extra ``baselines``.

    Parameters
    ----------
    signal : Signal
    bands : str, dict or list, default "filter_bank_csp"
        See :func:`~eegsnn.evaluation.baselines.spatial.fbcsp_lda`.
    covariance, C : see :func:`tangent_space_lr`

    References
    ----------
    As for :func:`tangent_space_lr`.
    """
    name = "fb-tangent-space-lr"
    sfreq = check_channels(name, signal)
    spaces = make_union(
        *(
            make_pipeline(BandPass(low, high, sfreq), _tangent_space(name, covariance))
            for low, high in filter_bank(name, signal, bands)
        )
    )
    return counted_pipeline(spaces, *_regression(name, C))


def xdawn_tangent_lr(
    signal: Signal,
    high: float | None = 30.0,
    n_filters: int = 4,
    covariance: str = "oas",
    C: float = 1.0,
) -> Pipeline:
    """Logistic regression on Xdawn covariances, for evoked potentials; extra ``baselines``.

    Parameters
    ----------
    signal : Signal
    high : float or None, default 30
        Cut-off of a zero-phase low-pass in hertz; evoked potentials lie below. None: no filter.
    n_filters : int, default 4
        Spatial filters of each class; as many as channels where there are fewer.
    covariance, C : see :func:`tangent_space_lr`

    References
    ----------
    Rivet et al. (2009), xDAWN algorithm to enhance evoked potentials; Barachant and Congedo
    (2014), A plug&play P300 BCI using information geometry.
    """
    name = "xdawn-tangent-lr"
    sfreq = check_channels(name, signal)
    n_filters = check_integer(f"{name}: n_filters", n_filters, low=1)
    steps = []
    if high is not None:
        high = check_number(
            f"{name}: high", high, low=0, high=sfreq / 2, low_open=True, high_open=True, unit="Hz"
        )
        steps.append(LowPass(high, sfreq))
    tangent = _tangent_space(name, covariance, min(n_filters, signal.n_channels))
    return counted_pipeline(*steps, tangent, *_regression(name, C))


class TangentSpaceFeatures(TransformerMixin, BaseEstimator):
    """Trials (trials, channels, times) → their covariances as vectors in a tangent space.

    Everything is fitted on the training trials: the directions that hold any variance, the Xdawn
    filters and prototypes, and the Riemannian mean at which the space touches.

    Parameters
    ----------
    covariance : {"oas", "lwf"}, default "oas"
    n_xdawn : int, optional
        Xdawn filters of each class; None for plain covariances.

    Attributes
    ----------
    basis_ : ndarray, shape (kept, channels)
        Principal directions that are not empty, scaled so that the data have unit variance.
    """

    def __init__(self, covariance: str = "oas", n_xdawn: int | None = None) -> None:
        self.covariance = covariance
        self.n_xdawn = n_xdawn

    def fit(self, X: np.ndarray, y: np.ndarray | None = None) -> TangentSpaceFeatures:
        """Learn the space.

        Parameters
        ----------
        X : ndarray, shape (trials, channels, times)
        y : ndarray, shape (trials,)
            Used by Xdawn alone.
        """
        from pyriemann.estimation import Covariances, XdawnCovariances
        from pyriemann.tangentspace import TangentSpace

        estimator = COVARIANCES[self.covariance]
        self.basis_ = _directions(X)
        reduced = self.basis_ @ X
        if self.n_xdawn is None:
            covariances = Covariances(estimator)
        else:
            covariances = XdawnCovariances(
                min(self.n_xdawn, len(self.basis_)),
                estimator=estimator,
                xdawn_estimator=estimator,
            )
        matrices = covariances.fit_transform(reduced, y)
        self.n_rows_ = int(matrices.shape[1])
        self.steps_ = covariances, TangentSpace("riemann").fit(matrices)
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Return the vectors, shape (trials, n (n + 1) / 2) for covariances of n rows."""
        covariances, space = self.steps_
        return np.asarray(space.transform(covariances.transform(self.basis_ @ X)))

    def macs(self, shape: Shape) -> tuple[float, Shape]:
        """Projections, covariance, whitening and one symmetric eigendecomposition (9 n³)."""
        n_channels, n_times = shape
        n = self.n_rows_
        projected = len(self.basis_) * n_channels * n_times
        if self.n_xdawn is not None:
            projected += n * len(self.basis_) * n_times
        pairs = n * (n + 1) // 2
        return projected + pairs * n_times + (2 + 9 + 2) * n**3, (pairs,)


def oracle_covariance(X: np.ndarray) -> np.ndarray:
    """Covariances of series (..., channels, times), shrunk as Chen et al. (2010) approximate.

    Equal to :func:`sklearn.covariance.oas`, for all trials at once.
    """
    covariance, level, squared = _moments(X)
    n_channels, n_times = X.shape[-2:]
    mean_square = squared / n_channels**2
    missing = (n_times + 1) * (mean_square - level**2 / n_channels)
    enough = missing > 0
    shrinkage = np.where(
        enough, np.minimum((mean_square + level**2) / np.where(enough, missing, 1), 1), 1
    )
    return _shrunk(covariance, level, shrinkage)


def ledoit_wolf_covariance(X: np.ndarray) -> np.ndarray:
    """Covariances of series (..., channels, times), shrunk as Ledoit and Wolf (2004) estimate.

    Equal to :func:`sklearn.covariance.ledoit_wolf`, for all trials at once.
    """
    covariance, level, squared = _moments(X)
    n_channels, n_times = X.shape[-2:]
    centred = X - X.mean(axis=-1, keepdims=True)
    fourth = ((centred**2).sum(axis=-2) ** 2).mean(axis=-1)
    distance = squared / n_channels - level**2
    noise = np.minimum((fourth - squared) / (n_channels * n_times), distance)
    apart = distance > 0
    return _shrunk(covariance, level, np.where(apart, noise / np.where(apart, distance, 1), 0))


COVARIANCES = {"oas": oracle_covariance, "lwf": ledoit_wolf_covariance}
"""Estimators of covariance by name."""


def _moments(X: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give the plain covariance, its mean variance, and the sum of its squared entries."""
    centred = X - X.mean(axis=-1, keepdims=True)
    covariance = centred @ np.swapaxes(centred, -1, -2) / X.shape[-1]
    level = np.trace(covariance, axis1=-2, axis2=-1) / X.shape[-2]
    return covariance, level, (covariance**2).sum(axis=(-2, -1))


def _shrunk(covariance: np.ndarray, level: np.ndarray, shrinkage: np.ndarray) -> np.ndarray:
    towards = (shrinkage * level)[..., None, None] * np.eye(covariance.shape[-1])
    return (1 - shrinkage)[..., None, None] * covariance + towards


def _directions(X: np.ndarray) -> np.ndarray:
    """Principal directions that the trials do not leave empty, overall variance 1."""
    covariance = np.einsum("nct,ndt->cd", X, X, optimize=True) / (X.shape[0] * X.shape[2])
    values, vectors = np.linalg.eigh(covariance)
    kept = values > _EMPTY * max(values[-1], np.finfo(float).tiny)
    # Rotated and scaled as a whole, so that the shrinkage of covariances stays what it is.
    return np.asarray(vectors[:, kept].T / np.sqrt(max(values[kept].mean(), np.finfo(float).tiny)))


def _tangent_space(name: str, covariance: str, n_xdawn: int | None = None) -> TangentSpaceFeatures:
    check_extra(name, "baselines", "pyriemann")
    check_choice(f"{name}: covariance", covariance, COVARIANCES)
    return TangentSpaceFeatures(covariance, n_xdawn)


def _regression(name: str, C: float) -> tuple[StandardScaler, QuietLogisticRegression]:
    C = check_number(f"{name}: C", C, low=0, low_open=True)
    return StandardScaler(), QuietLogisticRegression(C=C, max_iter=_ITERATIONS)
