"""A readout that is solved and not descended: the discriminant with shrunk covariance.

One on all trials, and one for each fold of them, cost little more than one: what all have in common
is computed once. With more features than trials the problem is solved among the trials, by their
inner products, which gives the same weights.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from eegsnn.training.readouts import LinearReadout

# Share of the power within classes below which it is rounding errors.
_LEAST_WITHIN = 1e-20
# Share of the power within classes that a fold must have to be found by subtraction.
_LEAST_LEFT = 1e-3
_LEAST_SHRINKAGE = 1e-6


def shrinkage_discriminant(
    values: np.ndarray, codes: np.ndarray, n_classes: int, weights: np.ndarray | None = None
) -> LinearReadout:
    """Linear discriminant with the pooled covariance shrunk towards a multiple of the identity.

    The amount is Ledoit & Wolf's (2004), from the trials' deviations from their class means.

    Parameters
    ----------
    values : ndarray, shape (trials, features)
        Of one scale: shrinkage treats all alike.
    codes : ndarray of int, shape (trials,)
        Class numbers; every class occurs.
    n_classes : int
    weights : ndarray, shape (trials,), optional
        Importance of each trial. Default: all alike.

    Examples
    --------
    >>> values = np.array([[-1.0, 0.1], [-1.2, -0.1], [1.0, 0.1], [1.1, -0.2]])
    >>> readout = shrinkage_discriminant(values, np.array([0, 0, 1, 1]), 2)
    >>> readout.log_probabilities(np.array([[0.9, 0.0]])).argmax()
    np.int64(1)
    """
    return discriminant_and_held_out(values, codes, n_classes, [], weights)[0]


def discriminant_and_held_out(
    values: np.ndarray,
    codes: np.ndarray,
    n_classes: int,
    folds: list[tuple[np.ndarray, np.ndarray]],
    weights: np.ndarray | None = None,
) -> tuple[LinearReadout, np.ndarray]:
    """:func:`shrinkage_discriminant` of all trials, and what those of folds say of the others.

    Parameters
    ----------
    values, codes, n_classes, weights
        As in :func:`shrinkage_discriminant`.
    folds : list of (train, test)
        Positions of trials; every class occurs in the training trials of each.

    Returns
    -------
    readout : LinearReadout
    logs : ndarray, shape (trials, classes)
        Log-probabilities of each trial by the discriminant of the fold that tests it; all classes
        alike where none does.
    """
    share = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=float)
    centre = share @ values / share.sum()
    # Where the origin lies adds the same to the scores of all classes: one will do for all folds.
    kind = _AmongTrials if values.shape[1] > len(values) else _AmongFeatures
    problem = kind(values - centre, codes, n_classes, share)
    logs = np.full((len(values), n_classes), -np.log(n_classes))
    for train, test in folds:
        logs[test] = problem.solve(train).log_probabilities(problem.values[test])
    readout = problem.solve(problem.everything)
    return LinearReadout(readout.weights, readout.bias - readout.weights @ centre), logs


class _Shrinkage(NamedTuple):
    """``kept · covariance + added · identity``."""

    kept: float
    added: float


def _shrinkage(
    total: float, squared: float, norms: np.ndarray, share: np.ndarray, n_features: int
) -> _Shrinkage:
    """Ledoit and Wolf's, of a covariance of residuals.

    Parameters
    ----------
    total, squared : float
        Its trace, and the sum of its squared elements.
    norms : ndarray (trials,)
        Squared lengths of the residuals.
    share : ndarray (trials,)
        Weights of the trials, of sum 1.
    n_features : int
    """
    power, squared = total / n_features, squared / n_features
    distance = squared - power**2
    fourth = share @ norms**2 / n_features
    spread = np.sum(share**2) * (fourth - squared)  # of the mean of products, were they independent
    least = _LEAST_SHRINKAGE
    amount = 1.0 if distance <= 0 else float(np.clip(spread / distance, least, 1.0))
    return _Shrinkage(1 - amount, amount * power)


class _Problem:
    """Trials as their deviations from class means, about which those of any fold lie closely.

    Parameters
    ----------
    values : ndarray (trials, features)
        About a common origin.
    codes, n_classes, weights
        As above; every trial has a weight.
    """

    def __init__(
        self, values: np.ndarray, codes: np.ndarray, n_classes: int, weights: np.ndarray
    ) -> None:
        self.values, self.codes, self.weights = values, codes, weights
        self.membership = np.zeros((n_classes, len(values)))
        self.membership[codes, np.arange(len(values))] = weights
        self.means = self.membership @ values / self.membership.sum(axis=1, keepdims=True)
        self.residuals = values - self.means[codes]
        self.norms = np.einsum("ij,ij->i", self.residuals, self.residuals)
        self.power = float(weights @ np.einsum("ij,ij->i", values, values) / weights.sum())
        self.within = float(weights @ self.norms / weights.sum())
        self.everything = np.arange(len(values))

    def solve(self, rows: np.ndarray) -> LinearReadout:
        """Return the discriminant of some trials."""
        total = self.weights[rows].sum()
        averaging = np.zeros_like(self.membership)  # (classes, all trials): others count nothing
        averaging[:, rows] = self.membership[:, rows]
        priors = averaging.sum(axis=1) / total
        averaging /= averaging.sum(axis=1, keepdims=True)
        shifts = averaging @ self.residuals  # of the class means of these trials
        means = self.means + shifts
        along = (self.residuals @ shifts.T)[rows, self.codes[rows]]
        norms = self.norms[rows] - 2 * along + np.sum(shifts**2, axis=1)[self.codes[rows]]
        fold = _Fold(rows, self.weights[rows] / total, priors, averaging, shifts, means, norms)
        if fold.share @ norms < _LEAST_LEFT * self.within and len(rows) < len(self.values):
            # What they have in common with the others drowns what they are: solved by themselves.
            alone = self.values[rows], self.codes[rows], len(means), self.weights[rows]
            return type(self)(*alone).solve(np.arange(len(rows)))
        coefficients = self.coefficients(fold)
        bias = np.log(priors) - 0.5 * np.sum(coefficients * means, axis=1)
        return LinearReadout(coefficients, bias)

    def shrinkage(self, fold: _Fold, squared: float) -> _Shrinkage:
        """How the covariance of a fold is shrunk, given the sum of its squared elements."""
        norms = np.maximum(fold.norms, 0.0)
        within = float(fold.share @ norms)
        if within <= _LEAST_WITHIN * self.power:
            return _Shrinkage(0.0, 1.0)  # trials do not differ within classes: any metric will do
        return _shrinkage(within, squared, norms, fold.share, self.values.shape[1])

    def coefficients(self, fold: _Fold) -> np.ndarray:
        """Inverse of the shrunk covariance, times the class means: (classes, features)."""
        raise NotImplementedError


class _Fold(NamedTuple):
    """Some trials, their shares (of sum 1), and what their classes are like.

    `averaging` (classes, all trials) gives class means, `shifts` those of the residuals; `norms`
    are squared distances from the trials' class means.
    """

    rows: np.ndarray
    share: np.ndarray
    priors: np.ndarray
    averaging: np.ndarray
    shifts: np.ndarray
    means: np.ndarray
    norms: np.ndarray


class _AmongFeatures(_Problem):
    """Covariances (features, features): that of a fold is that of all without the others."""

    def __init__(self, *trials: Any) -> None:
        super().__init__(*trials)
        self.scatter = self._scatter_of(self.everything)

    def coefficients(self, fold: _Fold) -> np.ndarray:
        covariance = self._scatter(fold.rows) / self.weights[fold.rows].sum()
        covariance -= (fold.shifts.T * fold.priors) @ fold.shifts
        kept, added = self.shrinkage(fold, float(np.sum(covariance**2)))
        covariance *= kept
        covariance.flat[:: len(covariance) + 1] += added
        return _solved(covariance, fold.means.T).T

    def _scatter(self, rows: np.ndarray) -> np.ndarray:
        left_out = np.setdiff1d(self.everything, rows)
        if not len(left_out):
            return self.scatter
        if len(left_out) > len(rows):
            return self._scatter_of(rows)
        return self.scatter - self._scatter_of(left_out)

    def _scatter_of(self, rows: np.ndarray) -> np.ndarray:
        scaled = np.sqrt(self.weights[rows])[:, None] * self.residuals[rows]
        return scaled.T @ scaled


class _AmongTrials(_Problem):
    """Inner products (trials, trials): the inverse by Woodbury's identity."""

    def __init__(self, *trials: Any) -> None:
        super().__init__(*trials)
        self.products = self.residuals @ self.residuals.T

    def coefficients(self, fold: _Fold) -> np.ndarray:
        rows, codes = fold.rows, self.codes[fold.rows]
        own = self.products[np.ix_(rows, rows)]
        with_shifts = self.products[rows] @ fold.averaging.T
        of_shifts = fold.shifts @ fold.shifts.T
        # Inner products of the fold's residuals, weighed by the roots of their trials' shares.
        own -= with_shifts[:, codes]
        own -= with_shifts[:, codes].T
        own += of_shifts[np.ix_(codes, codes)]
        root = np.sqrt(fold.share)
        own *= root
        own *= root[:, None]
        kept, added = self.shrinkage(fold, float(np.sum(own**2)))
        own *= kept
        own.flat[:: len(own) + 1] += added
        scale = np.sqrt(kept) * root[:, None]
        means = (self.residuals @ fold.means.T)[rows] - (fold.shifts @ fold.means.T)[codes]
        solved = np.zeros((len(self.values), len(fold.means)))
        solved[rows] = scale * _solved(own, scale * means)
        of_classes = (self.membership > 0) @ solved
        explained = solved.T @ self.residuals - of_classes.T @ fold.shifts
        return (fold.means - explained) / added


def _solved(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve for a positive definite matrix, which is overwritten."""
    # Transposed, a symmetric matrix is in the order that LAPACK works in place on.
    factor = cho_factor(matrix.T, overwrite_a=True, check_finite=False)
    return cho_solve(factor, right, check_finite=False)
