"""Spatial filters: weighted sums of channels, learned per band from training data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import linalg
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from eegsnn._validation import check_choice, check_integer, check_number
from eegsnn.errors import ConfigurationError, DataError
from eegsnn.filters.covariance import normalised_covariances, shrunk_mean

SPATIAL_METHODS = ("csp", "whitening", "average")

# Directions with less than this share of the strongest one's power hold rounding errors only:
# what an average reference or an interpolated channel leaves behind.
_RANK_TOLERANCE = 1e-9


class SpatialFilter(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """Project channels onto components, with filters of its own for every band.

    Parameters
    ----------
    method : {"csp", "whitening", "average"}, default "csp"
        "csp": common spatial patterns (supervised): directions whose power differs most between
        classes. Two classes: from both ends of the spectrum in turn, so component 1 is strongest
        for the first class (in sorted order), 2 for the second, and so on. More classes: each
        against all, in turn. "whitening": principal components of unit variance (unsupervised).
        "average": common average reference; every channel is kept, `n_components` has no effect.
    n_components : int, default 4
        How many components per band. Clipped to the rank of the training data, which an average
        reference lowers by one.
    shrinkage : "auto" or float in [0, 1], default "auto"
        How far class covariances are drawn towards the identity, see
        :func:`eegsnn.filters.covariance.shrunk_mean`. Only for "csp".

    Attributes
    ----------
    filters_ : ndarray, shape (bands, components, channels)
        ``components = filters_ @ channels``.
    patterns_ : ndarray, shape (bands, components, channels)
        What to draw on a head: how strongly each component appears in each channel (Haufe et al.
        2014, *On the interpretation of weight vectors*). Filters themselves are not
        interpretable.
    n_components_ : int
    n_channels_in_ : int

    References
    ----------
    Blankertz, B., Tomioka, R., Lemm, S., Kawanabe, M. & Müller, K.-R. (2008). Optimizing spatial
    filters for robust EEG single-trial analysis. *IEEE Signal Processing Magazine* 25(1).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(20, 1, 5, 200)), np.repeat(["left", "right"], 10)
    >>> X[y == "left", 0, 2] *= 3
    >>> csp = SpatialFilter("csp", n_components=2).fit(X, y)
    >>> csp.transform(X).shape, int(abs(csp.patterns_[0, 0]).argmax())
    ((20, 1, 2, 200), 2)
    """

    def __init__(
        self, method: str = "csp", n_components: int = 4, shrinkage: str | float = "auto"
    ) -> None:
        self.method = method
        self.n_components = n_components
        self.shrinkage = shrinkage

    def check_parameters(self) -> None:
        """Validate the constructor's values without data (raises ConfigurationError)."""
        check_choice("spatial_filter method", self.method, SPATIAL_METHODS)
        check_integer("n_components", self.n_components, low=1)
        if self.shrinkage != "auto":
            check_number("shrinkage", self.shrinkage, low=0.0, high=1.0)

    def fit(self, X: np.ndarray, y: Any = None) -> SpatialFilter:
        """Learn the filters of every band.

        Parameters
        ----------
        X : ndarray, shape (trials, bands, channels, times)
            Training trials, band-filtered.
        y : array-like, shape (trials,)
            Labels; only "csp" needs them.

        Raises
        ------
        ConfigurationError
            If a parameter is impossible, or `n_components` exceeds the number of channels.
        DataError
            If X has another shape or no power, or y is missing or has one class only.
        """
        self.check_parameters()
        X = _check_banded(X)
        n_channels = X.shape[2]
        if self.method != "average" and self.n_components > n_channels:
            raise ConfigurationError(
                f"n_components: expected at most the number of channels, {n_channels}, but got "
                f"{self.n_components}."
            )
        labels = _check_labels(y, len(X)) if self.method == "csp" else None
        filters, patterns = [], []
        for band in range(X.shape[1]):
            covariances = normalised_covariances(X[:, band])
            if not covariances.any():
                raise DataError(
                    f"Band {band} of X has no power: a spatial filter cannot be fitted."
                )
            if self.method == "average":
                weights = np.eye(n_channels) - 1 / n_channels
            elif labels is None:
                weights = whitening_filters(covariances, self.n_components)
            else:
                weights = csp_filters(covariances, labels, self.n_components, self.shrinkage)
            pooled = covariances.mean(axis=0)
            if self.method != "average":
                weights = _oriented(weights, pooled)
            filters.append(weights)
            patterns.append(patterns_of(weights, pooled))
        # Bands may differ in rank by rounding; the output has one number of components.
        self.n_components_ = min(len(weights) for weights in filters)
        self.n_channels_in_ = n_channels
        self.filters_ = np.stack([weights[: self.n_components_] for weights in filters])
        self.patterns_ = np.stack([pattern[: self.n_components_] for pattern in patterns])
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Project (trials, bands, channels, times) to (trials, bands, components, times)."""
        check_is_fitted(self)
        X = _check_banded(X)
        expected = (len(self.filters_), self.n_channels_in_)
        if X.shape[1:3] != expected:
            raise DataError(
                f"The spatial filter was fitted on {expected[0]} bands of {expected[1]} channels, "
                f"but X has {X.shape[1]} bands of {X.shape[2]}."
            )
        return self.filters_ @ X

    def component_names(self, ch_names: list[str]) -> list[str]:
        """Names of the components: "csp1", "csp2", …; the channels' own for "average"."""
        if self.method == "average":
            return list(ch_names)
        stem = {"csp": "csp", "whitening": "white"}[self.method]
        return [f"{stem}{i + 1}" for i in range(self.n_components_)]

    def to_dict(self) -> dict[str, Any]:
        """Return the constructor's values, for JSON."""
        return {
            "method": self.method,
            "n_components": int(self.n_components),
            "shrinkage": self.shrinkage,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SpatialFilter:
        """Make the unfitted filter that :meth:`to_dict` described."""
        unknown = sorted(set(values) - {"method", "n_components", "shrinkage"})
        if unknown:
            raise ConfigurationError(
                f"spatial_filter: expected the keys method, n_components and shrinkage, but got "
                f"{', '.join(unknown)}."
            )
        return cls(**values)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.target_tags.required = self.method == "csp"
        return tags


def csp_filters(
    covariances: np.ndarray,
    labels: np.ndarray,
    n_components: int,
    shrinkage: str | float = "auto",
) -> np.ndarray:
    """Find common spatial patterns from the covariances of labelled trials.

    Solves ``C_k w = λ (Σ_j C_j) w`` within the space that the data span, so that a lost rank
    (average reference) does no harm, with shrunk class means `C_k`.

    Parameters
    ----------
    covariances : ndarray, shape (trials, channels, channels)
    labels : ndarray, shape (trials,)
    n_components : int
    shrinkage : "auto" or float

    Returns
    -------
    ndarray, shape (min(n_components, rank), channels)
    """
    _, basis = _signal_space(covariances.mean(axis=0))
    classes = np.unique(labels)
    means = [shrunk_mean(covariances[labels == label], shrinkage, basis) for label in classes]
    total = np.sum(means, axis=0)
    # Eigenvalues rise; the last vector has the largest share of its class's power.
    solutions = [linalg.eigh(mean, total) for mean in means]
    if len(classes) == 2:
        # The second class's spectrum is the first one's mirrored: one solution has both ends.
        vectors = solutions[0][1]
        order = _both_ends(vectors.shape[1])
        candidates = [vectors[:, i] for i in order]
    else:
        candidates = []
        for rank in range(basis.shape[1]):
            by_share = sorted(solutions, key=lambda s: -s[0][-1 - rank])
            candidates += [vectors[:, -1 - rank] for _, vectors in by_share]
    chosen = np.stack(candidates[: min(n_components, basis.shape[1])])
    return chosen @ basis.T


def whitening_filters(covariances: np.ndarray, n_components: int) -> np.ndarray:
    """Principal components scaled to unit variance, strongest first.

    Parameters
    ----------
    covariances : ndarray, shape (trials, channels, channels)
    n_components : int

    Returns
    -------
    ndarray, shape (min(n_components, rank), channels)
    """
    powers, basis = _signal_space(covariances.mean(axis=0))
    return (basis / np.sqrt(powers)).T[:n_components]


def _signal_space(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Powers and orthonormal directions (channels, rank) that hold signal, strongest first."""
    powers, directions = linalg.eigh(covariance)
    keep = np.flatnonzero(powers > _RANK_TOLERANCE * powers[-1])[::-1]
    return powers[keep], directions[:, keep]


def _both_ends(size: int) -> list[int]:
    """Alternate between both ends of a range: size − 1, 0, size − 2, 1 and so on."""
    order = [i for pair in zip(range(size - 1, -1, -1), range(size), strict=True) for i in pair]
    return order[:size]


def patterns_of(filters: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Patterns (components, channels) of filters: ``A = (W C Wᵀ)⁻¹ W C`` (Haufe et al. 2014)."""
    return linalg.pinvh(filters @ covariance @ filters.T) @ filters @ covariance


def _oriented(filters: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Turn each filter so that its pattern's largest entry is positive: else signs are chance."""
    patterns = patterns_of(filters, covariance)
    largest = patterns[np.arange(len(patterns)), np.abs(patterns).argmax(axis=1)]
    return filters * np.where(largest < 0, -1.0, 1.0)[:, None]


def _check_banded(X: Any) -> np.ndarray:
    X = np.asarray(X, dtype=np.float64)
    if X.ndim != 4 or 0 in X.shape:
        raise DataError(
            f"X: expected an array (trials, bands, channels, times), but got shape {X.shape}."
        )
    if not np.isfinite(X).all():
        raise DataError("X contains NaN or infinity. Drop or interpolate these samples first.")
    return X


def _check_labels(y: Any, n_trials: int) -> np.ndarray:
    if y is None:
        raise DataError('Spatial filter "csp" is fitted to classes, but got no y.')
    labels = np.asarray(y)
    if labels.shape != (n_trials,):
        raise DataError(f"y: expected one label per trial ({n_trials}), but got {labels.shape}.")
    if len(np.unique(labels)) < 2:
        raise DataError('Spatial filter "csp" needs two classes or more, but y has only one.')
    return labels
