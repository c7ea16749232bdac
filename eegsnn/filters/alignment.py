"""Alignment: bring the trials of each person to a common spread, without a look at any label.

Electrodes, skin and heads differ, so that the same activity has another covariance in every person
and session. Each group's trials are multiplied by one matrix, after which their mean covariance is
the identity. It is learned from all of a group's trials, those that are to be decided about
included: *transductive*. Scores then hold for uses in which such trials are at hand first.

References
----------
He, H. & Wu, D. (2020). Transfer learning for brain-computer interfaces: a Euclidean space data
alignment approach. *IEEE Transactions on Biomedical Engineering* 67(2), 399-410.
Zanini, P., Congedo, M., Jutten, C., Said, S. & Berthoumieu, Y. (2018). Transfer learning: a
Riemannian geometry framework with applications to brain-computer interfaces. *IEEE Transactions on
Biomedical Engineering* 65(5), 1107-1116.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg
from sklearn.base import BaseEstimator, TransformerMixin

from eegsnn._validation import check_choice, check_groups, check_series
from eegsnn.backend import one_blas_thread
from eegsnn.errors import DataError
from eegsnn.filters.riemann import geometric_mean, inverse_root

ALIGNMENTS = {
    "euclidean": "the arithmetic mean of covariances becomes the identity (He & Wu 2020)",
    "riemannian": "their Riemannian mean becomes the identity (Zanini et al. 2018)",
}
"""Methods by name, each with a sentence for help texts and reports."""

# Directions with less than this share of the strongest one's power hold rounding errors only.
_RANK_TOLERANCE = 1e-9
_MAX_STEPS, _CLOSE = 200, 1e-9


def euclidean_mean(covariances: np.ndarray) -> np.ndarray:
    """Arithmetic mean of covariances (trials, channels, channels)."""
    return np.asarray(covariances).mean(axis=0)


def riemannian_mean(covariances: np.ndarray) -> np.ndarray:
    """Mean of covariances by the affine-invariant distance: no loud trial outvotes the others.

    Parameters
    ----------
    covariances : ndarray, shape (trials, n, n)
        Positive definite.

    Returns
    -------
    ndarray, shape (n, n)
        See :func:`eegsnn.filters.riemann.geometric_mean`; to 1e-9, or after 200 steps.

    Raises
    ------
    DataError
        If a covariance is not positive definite: the trial is named.

    References
    ----------
    Moakher, M. (2005). A differential geometric approach to the geometric mean of symmetric
    positive-definite matrices. *SIAM Journal on Matrix Analysis and Applications* 26(3).

    Examples
    --------
    >>> riemannian_mean(np.array([[[1.0]], [[100.0]]])).round(6)
    array([[10.]])
    """
    covariances = np.asarray(covariances, dtype=np.float64)
    values = np.linalg.eigvalsh(covariances)
    lacking = values[:, 0] <= _RANK_TOLERANCE * values[:, -1]
    if lacking.any():
        raise DataError(
            f"Riemannian alignment: the covariance of trial {int(np.argmax(lacking))} has no full "
            f"rank. Give longer trials or fewer channels, or align with method 'euclidean'."
        )
    return geometric_mean(covariances, tol=_CLOSE, max_iter=_MAX_STEPS)


def alignment_matrix(X: np.ndarray, method: str = "euclidean") -> np.ndarray:
    """Return the matrix that makes the mean covariance of some trials the identity.

    Parameters
    ----------
    X : ndarray, shape (trials, channels, times)
        Of one group, in any unit.
    method : {"euclidean", "riemannian"}, default "euclidean"
        A key of :data:`ALIGNMENTS`.

    Returns
    -------
    ndarray, shape (channels, channels)
        Symmetric: the inverse square root of the mean. Directions that hold no power, such as the
        one that an average reference takes away, stay empty.

    Raises
    ------
    DataError
        If the trials have no power at all, or for "riemannian" a trial lacks rank where the mean
        has it.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(20, 3, 100)) * [[1.0], [5.0], [0.2]]
    >>> aligned = alignment_matrix(X) @ X
    >>> together = aligned.transpose(1, 0, 2).reshape(3, -1)
    >>> bool(np.allclose(np.cov(together), np.eye(3), atol=0.05))
    True
    """
    return matrix_of_covariances(trial_covariances(X), method)


@one_blas_thread()
def trial_covariances(X: np.ndarray) -> np.ndarray:
    """Covariance of each trial about zero: (trials, channels, times) → (trials, n, n)."""
    X = np.asarray(X, dtype=np.float64)
    return np.asarray(X @ X.transpose(0, 2, 1) / X.shape[2])


@one_blas_thread()
def matrix_of_covariances(covariances: np.ndarray, method: str = "euclidean") -> np.ndarray:
    """Return the matrix of :func:`alignment_matrix` for trials whose covariances are known.

    Parameters, result and errors as there; a recording too long to be held in windows is aligned
    by its windows' covariances.
    """
    check_choice("alignment.method", method, ALIGNMENTS)
    mean = euclidean_mean(covariances)
    values, vectors = linalg.eigh(mean)
    kept = values > _RANK_TOLERANCE * max(values[-1], 0.0)
    if not kept.any() or values[-1] <= 0:
        raise DataError("alignment: the trials are flat in every channel.")
    basis = vectors[:, kept]
    # Within the directions that hold power: there the covariances can have full rank.
    if method == "riemannian":
        centre = riemannian_mean(basis.T @ covariances @ basis)
    else:
        centre = np.diag(values[kept])
    return basis @ inverse_root(centre) @ basis.T


@one_blas_thread()
def align(
    X: np.ndarray, groups: np.ndarray | None = None, method: str = "euclidean"
) -> tuple[np.ndarray, dict[Any, np.ndarray]]:
    """Align the trials of each group by themselves.

    Parameters
    ----------
    X : ndarray, shape (trials, channels, times)
    groups : ndarray, shape (trials,), optional
        The person (or session) of each trial; one for all if not given.
    method : str, default "euclidean"

    Returns
    -------
    X : ndarray, shape (trials, channels, times)
        Without unit; float32 stays, everything else becomes float64.
    matrices : dict
        Group → what its trials were multiplied with.

    Raises
    ------
    DataError
        If a group's trials are flat, or lengths differ; the group is named.
    """
    dtype = np.float32 if np.asarray(X).dtype == np.float32 else np.float64
    X = check_series(X, dtype=dtype)
    names = _names_of_groups(groups, len(X))
    aligned = np.empty_like(X)
    matrices = {}
    for group in np.unique(names):
        members = names == group
        try:
            matrix = alignment_matrix(X[members], method)
        except DataError as error:
            where = "" if groups is None else f"{group}: "
            raise DataError(f"{where}{error}") from error
        aligned[members] = matrix @ X[members]
        matrices[group] = matrix
    return aligned, matrices


class Alignment(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """Align trials group by group; groups that fit has not seen are aligned by themselves.

    Parameters
    ----------
    method : {"euclidean", "riemannian"}, default "euclidean"

    Attributes
    ----------
    matrices_ : dict
        Group → matrix, of the groups given to `fit`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X, groups = rng.normal(size=(30, 2, 80)), np.repeat(["a", "b", "c"], 10)
    >>> X[groups == "c"] *= 50
    >>> alignment = Alignment().fit(X[:20], groups=groups[:20])
    >>> bool(0.9 < alignment.transform(X[20:], groups=groups[20:]).std() < 1.1)
    True
    """

    def __init__(self, method: str = "euclidean") -> None:
        self.method = method

    def fit(self, X: Any, y: Any = None, groups: Any = None) -> Alignment:
        """Learn the matrix of each group; labels are not looked at."""
        _, self.matrices_ = align(X, groups, self.method)
        return self

    def transform(self, X: Any, groups: Any = None) -> np.ndarray:
        """Multiply each trial with its group's matrix.

        The matrix of a group that was not fitted is learned from the trials given: all those of a
        person belong into one call.
        """
        X = check_series(X)
        names = _names_of_groups(groups, len(X))
        aligned = np.empty_like(X)
        for group in np.unique(names):
            members = names == group
            matrix = self.matrices_.get(group)
            if matrix is None:
                matrix = alignment_matrix(X[members], self.method)
            aligned[members] = matrix @ X[members]
        return aligned

    def fit_transform(self, X: Any, y: Any = None, groups: Any = None) -> np.ndarray:
        """Fit, then transform the same trials."""
        return self.fit(X, y, groups).transform(X, groups)


def _names_of_groups(groups: Any, n_trials: int) -> np.ndarray:
    given = check_groups(groups, n_trials)
    return np.zeros(n_trials, dtype=int) if given is None else given
