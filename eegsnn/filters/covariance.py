"""Mean covariance of trials, shrunk by how much the trials disagree."""

from __future__ import annotations

import numpy as np


def normalised_covariances(X: np.ndarray) -> np.ndarray:
    """Covariance of each trial about zero, divided by its trace.

    The trace is the trial's total power: without it one loud trial outvotes all others (Ramoser,
    Müller-Gerking & Pfurtscheller 2000, *Optimal spatial filtering of single trial EEG*).

    Parameters
    ----------
    X : ndarray, shape (trials, channels, times)

    Returns
    -------
    ndarray, shape (trials, channels, channels)
        Zero for a trial without power.
    """
    return unit_trace(X @ X.transpose(0, 2, 1))


def unit_trace(products: np.ndarray) -> np.ndarray:
    """Divide each matrix (trials, n, n) by its trace; zero stays zero."""
    traces = np.trace(products, axis1=1, axis2=2)[:, None, None]
    return np.divide(products, traces, out=np.zeros_like(products), where=traces > 0)


def shrunk_mean(
    covariances: np.ndarray, shrinkage: str | float = "auto", basis: np.ndarray | None = None
) -> np.ndarray:
    """Mean of covariances, drawn towards a multiple of the identity.

    Parameters
    ----------
    covariances : ndarray, shape (trials, n, n)
    shrinkage : "auto" or float in [0, 1]
        "auto": the weight of Ledoit & Wolf (2004, *A well-conditioned estimator for
        large-dimensional covariance matrices*), with trials as the independent draws. Samples of
        a band-limited signal are anything but independent; counted as such they would make the
        estimate look far more certain than it is.
    basis : ndarray, shape (n, rank), optional
        Orthonormal directions of a space that holds the trials: the mean is given, and shrunk,
        in it.

    Returns
    -------
    ndarray, shape (n, n) or (rank, rank)
    """
    n_trials = len(covariances)
    mean = covariances.mean(axis=0)
    if basis is not None:
        mean = basis.T @ mean @ basis
    size = len(mean)
    target = np.eye(size) * np.trace(mean) / size
    if isinstance(shrinkage, str):
        distance = np.sum((mean - target) ** 2)
        # The variance of the mean, without bias: trials may be few. One tells nothing of it.
        # Lengths of matrices are the same in the basis: it need not be applied to every trial.
        flat = covariances.reshape(-1)
        squares = max(float(flat @ flat) - n_trials * float(np.sum(mean**2)), 0.0)
        spread = squares / (n_trials * max(n_trials - 1, 1))
        weight = min(1.0, spread / distance) if distance > 0 else 0.0
    else:
        weight = shrinkage
    return (1 - weight) * mean + weight * target
