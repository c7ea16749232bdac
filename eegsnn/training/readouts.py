"""Readouts that are solved and not descended: shrinkage discriminant, weights of a committee."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize, minimize_scalar

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

    def tempered(self, factor: float) -> LinearReadout:
        """Return the readout with scores multiplied by `factor`: below 1 it is less certain."""
        return LinearReadout(self.weights * factor, self.bias * factor)


def log_softmax(scores: np.ndarray) -> np.ndarray:
    """Logarithm of the softmax over the last axis, without overflow."""
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


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


def _independent(codes: np.ndarray, groups: np.ndarray | None) -> int:
    if groups is None or len(np.unique(groups)) < 2:
        return len(codes)
    return len(np.unique(np.stack([np.unique(groups, return_inverse=True)[1], codes]), axis=1).T)


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


def certainty(
    scores: np.ndarray,
    codes: np.ndarray,
    weights: np.ndarray | None = None,
    *,
    least: float = np.exp(-6.0),
    most: float = np.exp(1.0),
    pull: float = 1.0,
    around: float = 1.0,
    groups: np.ndarray | None = None,
) -> float:
    """Factor on the scores with which held-out trials are predicted best (temperature scaling).

    With more features than trials a discriminant is far too certain.

    Parameters
    ----------
    scores : ndarray, shape (trials, classes)
        Class scores or log-probabilities of trials that the readout was not fitted on.
    codes : ndarray of int, shape (trials,)
    weights : ndarray, shape (trials,), optional
    least, most : float, default e⁻⁶ and e
        Bounds of the factor.
    pull : float, default 1.0
        Towards the factor `around`, in trials: keeps it moderate where held-out trials are all
        right.
    around : float, default 1.0
    groups : ndarray, shape (trials,), optional
        As in :func:`committee_weights`.

    Returns
    -------
    float

    References
    ----------
    Guo, C., Pleiss, G., Sun, Y. & Weinberger, K. Q. (2017). On calibration of modern neural
    networks. *ICML*.
    """
    share = np.ones(len(codes)) if weights is None else np.asarray(weights, dtype=float)
    share = share / share.sum()
    trials = np.arange(len(codes))
    strength = pull / _independent(codes, groups)

    def loss(logarithm: float) -> float:
        logs = log_softmax(np.exp(logarithm) * scores)
        away = logarithm - np.log(around)
        return float(-share @ logs[trials, codes] + strength * away**2)

    bounds = (np.log(least), np.log(most))
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))


def certainties(
    scores: np.ndarray,
    codes: np.ndarray,
    weights: np.ndarray | None = None,
    groups: np.ndarray | None = None,
) -> list[float]:
    """Factor on the scores of each of several readouts, see :func:`certainty`.

    With `groups` each is pulled towards the one that is best for all together, in proportion to
    how few groups there are: a few subjects cannot tell how certain each readout should be, and
    would else choose among them by chance.

    Parameters
    ----------
    scores : ndarray, shape (readouts, trials, classes)
        Of trials that the readouts were not fitted on.
    codes, weights, groups
        As in :func:`committee_weights`.

    Examples
    --------
    >>> scores = np.array([[[2.0, 0.0], [0.0, 2.0], [0.0, 2.0], [2.0, 0.0]]])
    >>> both, codes = np.concatenate([scores, 10 * scores]), np.array([0, 1, 0, 1])
    >>> alone = certainties(both, codes)
    >>> together = certainties(both, codes, groups=np.array([1, 1, 2, 2]))
    >>> bool(alone[0] / alone[1] > together[0] / together[1] > 1)
    True
    """
    n_readouts = len(scores)
    if groups is None:
        return [certainty(one, codes, weights) for one in scores]
    share = np.ones(len(codes)) if weights is None else np.asarray(weights, dtype=float)
    common = certainty(
        scores.reshape(-1, scores.shape[2]),
        np.tile(codes, n_readouts),
        np.tile(share, n_readouts),
        groups=np.tile(groups, n_readouts),
    )
    return [certainty(one, codes, share, around=common, groups=groups) for one in scores]


def committee_weights(
    log_probabilities: np.ndarray,
    codes: np.ndarray,
    prior: np.ndarray,
    strength: float = 20.0,
    weights: np.ndarray | None = None,
    groups: np.ndarray | None = None,
) -> np.ndarray:
    """Weights ≥ 0 with which the members' log-probabilities are added up.

    They minimise the cross-entropy of trials that the members were not trained on, and the
    chi-squared distance from `prior`, Σ (weight - prior)² / prior: few trials leave the prior
    nearly as it is, many overrule it, and a member of which little was expected has to show more.

    Parameters
    ----------
    log_probabilities : ndarray, shape (members, trials, classes)
        Of held-out trials.
    codes : ndarray of int, shape (trials,)
    prior : ndarray, shape (members,)
        Above 0; scaled here so that it adds up to 1.
    strength : float, default 20.0
        Of the prior, in trials: thirty trials are swayed by it, three hundred hardly.
    weights : ndarray, shape (trials,), optional
        Importance of each trial.
    groups : ndarray, shape (trials,), optional
        Subject, session or run of each trial. Trials of one class in one group are alike, and
        count as one against the prior.

    Returns
    -------
    ndarray, shape (members,)
    """
    scores = np.maximum(log_probabilities, LOWEST_LOG_PROBABILITY)
    share = np.ones(len(codes)) if weights is None else np.asarray(weights, dtype=float)
    share = share / share.sum()
    start = prior / prior.sum()
    trials = np.arange(len(codes))
    pull = strength / _independent(codes, groups)
    scale = np.sqrt(start * len(start))  # 1 where all are expected to count alike

    def loss(member_weights: np.ndarray) -> tuple[float, np.ndarray]:
        logs = log_softmax(np.tensordot(member_weights, scores, axes=1))
        residual = np.exp(logs)
        residual[trials, codes] -= 1.0
        away = (member_weights - start) / scale
        value = -share @ logs[trials, codes] + pull * away @ away
        gradient = np.einsum("mtc,tc,t->m", scores, residual, share) + 2 * pull * away / scale
        return value, gradient

    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * len(start))
    return np.asarray(found.x)
