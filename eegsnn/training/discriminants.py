"""A readout that is solved and not descended: the discriminant with shrunk covariance.

One on all trials, and one for each fold of them, cost little more than one: what all have in common
is computed once. With more features than trials the problem is solved among the trials, by their
inner products, which gives the same weights.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from eegsnn.training.readouts import LinearReadout, log_softmax

# Share of the power that is left within classes below which it is rounding errors.
_LEAST_WITHIN = 1e-10
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
        logs[test] = problem.scores(train, test)
    readout = problem.readout()
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


# What trials are alike in their classes is no spread: any metric will do.
_NO_SPREAD = _Shrinkage(0.0, 1.0)


class _AmongFeatures:
    """Covariances (features, features): that of a fold is that of all without the trials held out.

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
        self.values, self.weights = values, weights
        self.membership = np.zeros((n_classes, len(values)))
        self.membership[codes, np.arange(len(values))] = weights
        self.codes = codes
        self.norms = np.einsum("ij,ij->i", values, values)
        self.scatter = self._scatter_of(slice(None))

    def readout(self) -> LinearReadout:
        """Solve for all trials."""
        return self._solve(np.arange(len(self.values)), self.scatter)

    def scores(self, train: np.ndarray, test: np.ndarray) -> np.ndarray:
        """Log-probabilities (test, classes) by the discriminant of the training trials."""
        left_out = np.setdiff1d(np.arange(len(self.values)), train)
        if len(left_out) < len(train):
            scatter = self.scatter - self._scatter_of(left_out)
        else:
            scatter = self._scatter_of(train)
        return self._solve(train, scatter).log_probabilities(self.values[test])

    def _scatter_of(self, rows: np.ndarray | slice) -> np.ndarray:
        scaled = np.sqrt(self.weights[rows])[:, None] * self.values[rows]
        return scaled.T @ scaled

    def _solve(self, rows: np.ndarray, scatter: np.ndarray) -> LinearReadout:
        membership, codes = self.membership[:, rows], self.codes[rows]
        values = self.values if len(rows) == len(self.values) else self.values[rows]
        share = self.weights[rows] / self.weights[rows].sum()
        priors = membership.sum(axis=1) / self.weights[rows].sum()
        means = membership @ values / membership.sum(axis=1, keepdims=True)
        covariance = scatter / self.weights[rows].sum()
        power = np.trace(covariance)
        covariance -= (means.T * priors) @ means
        mean_norms = np.sum(means**2, axis=1)
        along = (values @ means.T)[np.arange(len(rows)), codes]
        norms = np.maximum(self.norms[rows] - 2 * along + mean_norms[codes], 0.0)
        within = float(share @ norms)
        shrinkage = _NO_SPREAD
        if within > _LEAST_WITHIN * power:
            squared = float(np.sum(covariance**2))
            shrinkage = _shrinkage(within, squared, norms, share, values.shape[1])
        covariance *= shrinkage.kept
        covariance.flat[:: len(covariance) + 1] += shrinkage.added
        coefficients = _solved(covariance, means.T).T
        return LinearReadout(
            coefficients, np.log(priors) - 0.5 * np.sum(coefficients * means, axis=1)
        )


class _AmongTrials:
    """Inner products (trials, trials): weights are sums of trials (Woodbury's identity).

    Parameters
    ----------
    As of :class:`_AmongFeatures`.
    """

    def __init__(
        self, values: np.ndarray, codes: np.ndarray, n_classes: int, weights: np.ndarray
    ) -> None:
        self.values, self.weights, self.codes = values, weights, codes
        self.membership = np.zeros((n_classes, len(values)))
        self.membership[codes, np.arange(len(values))] = weights
        self.products = values @ values.T

    def readout(self) -> LinearReadout:
        """Solve for all trials."""
        sums, bias = self._solve(np.arange(len(self.values)))
        return LinearReadout(sums @ self.values, bias)

    def scores(self, train: np.ndarray, test: np.ndarray) -> np.ndarray:
        """Log-probabilities (test, classes) by the discriminant of the training trials."""
        sums, bias = self._solve(train)
        return log_softmax(self.products[np.ix_(test, train)] @ sums.T + bias)

    def _solve(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return how much of each trial is in the weights (classes, trials), and the bias."""
        whole = len(rows) == len(self.values)
        products = self.products if whole else self.products[np.ix_(rows, rows)]
        codes, membership = self.codes[rows], self.membership[:, rows]
        share = self.weights[rows] / self.weights[rows].sum()
        priors = membership.sum(axis=1) / self.weights[rows].sum()
        averaging = membership / membership.sum(axis=1, keepdims=True)  # means = averaging @ values
        with_means = products @ averaging.T
        of_means = averaging @ with_means
        # Inner products of residuals, each weighed by the roots of its trials' shares.
        residuals = products - with_means[:, codes]
        residuals -= with_means[:, codes].T
        residuals += of_means[np.ix_(codes, codes)]
        norms = np.maximum(np.diagonal(residuals), 0.0)
        root = np.sqrt(share)
        residuals *= root
        residuals *= root[:, None]
        within = float(share @ norms)
        kept, added = _NO_SPREAD
        if within > _LEAST_WITHIN * float(share @ np.diagonal(products)):
            squared = float(np.sum(residuals**2))
            kept, added = _shrinkage(within, squared, norms, share, self.values.shape[1])
        residuals *= kept
        residuals.flat[:: len(residuals) + 1] += added
        residual_means = (np.sqrt(kept) * root)[:, None] * (with_means - of_means[codes])
        solved = (np.sqrt(kept) * root)[:, None] * _solved(residuals, residual_means)
        per_class = np.zeros((len(averaging), len(averaging)))
        np.add.at(per_class, codes, solved)
        sums = (averaging - solved.T + per_class.T @ averaging) / added
        own = np.einsum("ct,tc->c", sums, with_means)
        return sums, np.log(priors) - 0.5 * own


def _solved(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve for a positive definite matrix, which is overwritten."""
    # Transposed, a symmetric matrix is in the order that LAPACK works in place on.
    factor = cho_factor(matrix.T, overwrite_a=True, check_finite=False)
    return cho_solve(factor, right, check_finite=False)
