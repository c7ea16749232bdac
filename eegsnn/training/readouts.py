"""A readout that is solved and not descended: the discriminant with shrunk covariance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Log-probabilities below this are taken to be this: one confident mistake shall not decide.
LOWEST_LOG_PROBABILITY = -8.0
_LEAST_POWER = 1e-10  # of the strongest direction: below it are rounding errors


@dataclass(frozen=True)
class LinearReadout:
    """Class scores ``values @ weights.T + bias``.

    Attributes
    ----------
    weights : ndarray (classes, features)
    bias : ndarray (classes,)
    """

    weights: np.ndarray
    bias: np.ndarray

    def log_probabilities(self, values: np.ndarray) -> np.ndarray:
        """Log-probability of each class, float64 (trials, classes)."""
        return log_softmax(values @ self.weights.T + self.bias)

    def tempered(self, factor: float, base: np.ndarray) -> LinearReadout:
        """Return the readout `factor` times as far from the log-probabilities `base` (classes,).

        At 0 it would say `base` of every trial; below 1 it is less certain.
        """
        return LinearReadout(self.weights * factor, self.bias * factor + (1 - factor) * base)


def log_softmax(scores: np.ndarray) -> np.ndarray:
    """Logarithm of the softmax over the last axis, without overflow."""
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def tempered_logs(scores: np.ndarray, factor: float, base: np.ndarray) -> np.ndarray:
    """Log-probabilities `factor` times as far from `base` (classes,) as scores (…, classes) are."""
    return log_softmax(factor * (scores - base) + base)


def shrinkage_discriminant(
    values: np.ndarray,
    codes: np.ndarray,
    n_classes: int,
    weights: np.ndarray | None = None,
    n_features: int | None = None,
) -> LinearReadout:
    """Linear discriminant with the pooled covariance shrunk towards a multiple of the identity.

    The amount is Ledoit & Wolf's (2004), from the trials' deviations from their class means. With
    more features than trials the problem is solved in the space that the trials span, which gives
    the same weights.

    Parameters
    ----------
    values : ndarray, shape (trials, features)
        Of one scale: shrinkage treats all alike.
    codes : ndarray of int, shape (trials,)
        Class numbers; every class occurs.
    n_classes : int
    weights : ndarray, shape (trials,), optional
        Importance of each trial. Default: all alike.
    n_features : int, optional
        Dimensions that the covariance is shrunk in, where `values` are coordinates of trials in a
        smaller space (:func:`trial_coordinates`). Default: those of `values`.

    Examples
    --------
    >>> values = np.array([[-1.0, 0.1], [-1.2, -0.1], [1.0, 0.1], [1.1, -0.2]])
    >>> readout = shrinkage_discriminant(values, np.array([0, 0, 1, 1]), 2)
    >>> readout.log_probabilities(np.array([[0.9, 0.0]])).argmax()
    np.int64(1)
    """
    share = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=float)
    share = share / share.sum()
    centre = share @ values
    basis = _span(values - centre) if values.shape[1] > len(values) else None
    inside = values - centre if basis is None else (values - centre) @ basis
    membership = np.zeros((len(values), n_classes))
    membership[np.arange(len(values)), codes] = share
    priors = membership.sum(axis=0)
    means = membership.T @ inside / priors[:, None]
    covariance = _shrunk_covariance(inside - means[codes], share, n_features or values.shape[1])
    coefficients = np.linalg.solve(covariance, means.T).T
    bias = np.log(priors) - 0.5 * np.sum(coefficients * means, axis=1)
    outside = coefficients if basis is None else coefficients @ basis.T
    return LinearReadout(outside, bias - outside @ centre)


def trial_coordinates(values: np.ndarray) -> np.ndarray:
    """Coordinates of trials in the space that they span about their mean.

    Distances between trials are those of `values`, so that any number of discriminants on subsets
    of the trials come out the same, at the cost of (trials, trials) instead of (trials, features)
    each.

    Returns
    -------
    ndarray, shape (trials, rank)
        `values` as they are where there are no more features than trials.

    Examples
    --------
    >>> values = np.random.default_rng(0).normal(size=(5, 1000))
    >>> coordinates = trial_coordinates(values)
    >>> far, same = (np.linalg.norm(x[0] - x[1]) for x in (values, coordinates))
    >>> coordinates.shape, bool(np.isclose(far, same))
    ((5, 4), True)
    """
    if values.shape[1] <= len(values):
        return values
    centred = values - values.mean(axis=0)
    powers, vectors = np.linalg.eigh(centred @ centred.T)
    kept = powers > _LEAST_POWER * max(powers[-1], np.finfo(float).tiny)
    return vectors[:, kept] * np.sqrt(powers[kept])


def _span(centred: np.ndarray) -> np.ndarray:
    """Orthonormal basis (features, rank) of the space that the rows span."""
    powers, vectors = np.linalg.eigh(centred @ centred.T)
    kept = powers > _LEAST_POWER * max(powers[-1], np.finfo(float).tiny)
    return centred.T @ (vectors[:, kept] / np.sqrt(powers[kept]))


def _shrunk_covariance(residuals: np.ndarray, share: np.ndarray, n_features: int) -> np.ndarray:
    """Ledoit–Wolf covariance of weighted residuals in a space of `n_features` dimensions."""
    covariance = residuals.T @ (share[:, None] * residuals)
    size = len(covariance)
    mean_power = np.trace(covariance) / n_features
    if mean_power <= 0:  # trials do not differ within classes: any metric will do
        return np.eye(size)
    squared = np.sum(covariance**2) / n_features
    distance = squared - mean_power**2
    fourth = share @ (np.sum(residuals**2, axis=1) ** 2) / n_features
    spread = np.sum(share**2) * (fourth - squared)  # of the mean of products, were they independent
    amount = 1.0 if distance <= 0 else min(1.0, max(spread / distance, 1e-6))
    shrunk = (1 - amount) * covariance
    shrunk[np.arange(size), np.arange(size)] += amount * mean_power
    return shrunk
