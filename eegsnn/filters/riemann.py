"""Covariances of trials as points on a curved space: functions, mean, tangent vectors.

All functions work on stacks (…, n, n) of symmetric positive definite matrices.

References
----------
Barachant, A., Bonnet, S., Congedo, M. & Jutten, C. (2012). Multiclass brain-computer interface
classification by Riemannian geometry. *IEEE Transactions on Biomedical Engineering* 59(4).
Chen, Y., Wiesel, A., Eldar, Y. C. & Hero, A. O. (2010). Shrinkage algorithms for MMSE covariance
estimation. *IEEE Transactions on Signal Processing* 58(10).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

# Eigenvalues below this share of the largest hold rounding errors (an average reference leaves
# one): their logarithm would be the largest feature of all.
_FLOOR = 1e-10


def covariances(X: np.ndarray) -> np.ndarray:
    """Covariance of each trial (trials, channels, times), about the means of its channels."""
    X = X - X.mean(axis=2, keepdims=True)
    return X @ X.transpose(0, 2, 1) / X.shape[2]


def shrunk_covariances(X: np.ndarray) -> np.ndarray:
    """Covariance of each trial, shrunk towards the identity (OAS, Chen et al. 2010, eq. 23).

    Parameters
    ----------
    X : ndarray, shape (trials, channels, times)

    Returns
    -------
    ndarray, shape (trials, channels, channels)
        Positive definite unless a trial is zero throughout.
    """
    return oas_shrunk(covariances(X), X.shape[2])


def oas_shrunk(covariances: np.ndarray, n_times: int) -> np.ndarray:
    """Shrink covariances (trials, n, n) of `n_times` samples each; see :func:`shrunk_covariances`.

    Returns
    -------
    ndarray, shape (trials, n, n)
    """
    size = covariances.shape[1]
    power = np.trace(covariances, axis1=1, axis2=2) / size
    squares = np.mean(covariances**2, axis=(1, 2))
    above = squares + power**2
    below = (n_times + 1.0) * (squares - power**2 / size)
    weight = np.where(below > above, above / np.where(below > 0, below, 1.0), 1.0)
    result = (1 - weight)[:, None, None] * covariances
    result[:, np.arange(size), np.arange(size)] += (weight * power)[:, None]
    return result


def matrix_function(C: np.ndarray, function: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Apply a function to the eigenvalues of symmetric matrices (…, n, n).

    Eigenvalues are taken to be at least 1e-10 of the largest, and never 0.

    Examples
    --------
    >>> matrix_function(np.diag([4.0, 9.0]), np.sqrt).round(6)
    array([[2., 0.],
           [0., 3.]])
    """
    values, vectors = np.linalg.eigh(C)
    floor = np.maximum(_FLOOR * values[..., -1:], np.finfo(float).tiny)
    return (vectors * function(np.maximum(values, floor))[..., None, :]) @ np.swapaxes(
        vectors, -1, -2
    )


def inverse_root(C: np.ndarray) -> np.ndarray:
    """Inverse square root of symmetric matrices (…, n, n): it whitens what has this covariance."""
    return matrix_function(C, lambda values: 1 / np.sqrt(values))


def geometric_mean(C: np.ndarray, tol: float = 1e-3, max_iter: int = 10) -> np.ndarray:
    """Riemannian mean of matrices (trials, n, n) under the affine-invariant metric.

    Found by gradient descent from the log-Euclidean mean (Barachant et al. 2012), with steps that
    are halved whenever the gradient grows, until it is shorter than `tol` per dimension: far less
    than means of other trials differ (a trial is typically more than one unit from the mean).

    Examples
    --------
    >>> geometric_mean(np.array([[[1.0]], [[4.0]]])).round(6)
    array([[2.]])
    """
    mean = _symmetric_exponential(matrix_function(C, np.log).mean(axis=0))
    length, shortest = 1.0, np.inf
    for _ in range(max_iter):
        root = matrix_function(mean, np.sqrt)
        whitening = inverse_root(mean)
        step = matrix_function(whitening @ C @ whitening, np.log).mean(axis=0)
        norm = float(np.linalg.norm(step))
        length = length if norm < shortest else length / 2
        shortest = min(norm, shortest)
        mean = root @ _symmetric_exponential(length * step) @ root
        if norm <= tol * np.sqrt(len(step)):
            break
    return mean


def _symmetric_exponential(C: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(C)
    return (vectors * np.exp(values)) @ vectors.T


def whitener(C: np.ndarray) -> np.ndarray:
    """Inverse square root of the geometric mean of matrices (trials, n, n).

    The point from which tangent vectors are taken need not be the mean to many digits: it is off
    by one or two hundredths of what trials differ by, at a third of the time.
    """
    return inverse_root(geometric_mean(C, tol=0.02))


def tangent_vectors(C: np.ndarray, whitening: np.ndarray) -> np.ndarray:
    """Logarithm of ``whitening @ C @ whitening``, as vectors (…, n(n + 1)/2).

    Entries off the diagonal are multiplied by √2, so that the length of a vector is the distance
    of its matrix from the mean.
    """
    logarithms = matrix_function(whitening @ C @ whitening, np.log)
    rows, columns = np.triu_indices(C.shape[-1])
    return logarithms[..., rows, columns] * np.where(rows == columns, 1.0, np.sqrt(2.0))
