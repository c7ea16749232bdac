"""What labelled trials are evidence of: how frequent classes are, and how much trials count."""

from __future__ import annotations

import numpy as np


def class_logs(
    codes: np.ndarray,
    n_classes: int,
    weights: np.ndarray | None = None,
    groups: np.ndarray | None = None,
) -> np.ndarray:
    """Logarithm of how frequent each class is: what is said of a trial by who knows nothing of it.

    Where each of several groups is of one class (a trait of the subject), the frequencies are those
    of the few who were recruited, and all classes are taken to be as likely.

    Returns
    -------
    ndarray, shape (classes,)
    """
    if one_class_each(codes, groups):
        return np.full(n_classes, -np.log(n_classes))
    counts = np.bincount(codes, shares(codes, weights), minlength=n_classes)
    return np.log(np.maximum(counts, np.finfo(float).tiny))


def rarity(codes: np.ndarray, n_classes: int, weights: np.ndarray | None = None) -> np.ndarray:
    """How much less is known of each class than of the others: minus the logarithm of its trials.

    Trials of unequal weight count as the fewer of equal weight that tell a mean as well.

    Returns
    -------
    ndarray, shape (classes,)
        Of sum 0.

    Examples
    --------
    >>> rarity(np.array([0, 0, 0, 0, 1]), 2).round(2)
    array([-0.69,  0.69])
    """
    share = shares(codes, weights)
    total = np.bincount(codes, share, minlength=n_classes)
    squares = np.bincount(codes, share**2, minlength=n_classes)
    tiny = np.finfo(float).tiny
    logs = np.log(np.maximum(squares, tiny)) - 2 * np.log(np.maximum(total, tiny))
    return np.asarray(logs - logs.mean())


def one_class_each(codes: np.ndarray, groups: np.ndarray | None) -> bool:
    """Whether there are several groups, and none holds trials of two classes."""
    if groups is None:
        return False
    numbers = np.unique(groups, return_inverse=True)[1]
    n_groups = int(numbers.max()) + 1
    return n_groups > 1 and len(np.unique(numbers * (codes.max() + 1) + codes)) == n_groups


def n_independent(codes: np.ndarray, groups: np.ndarray | None) -> int:
    """Count what says something of its own: trials; or groups, where each is of one class."""
    if groups is None or not one_class_each(codes, groups):
        return len(codes)
    return len(np.unique(groups))


def shares(codes: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """Weights of trials that add up to 1."""
    share = np.ones(len(codes)) if weights is None else np.asarray(weights, dtype=float)
    return share / share.sum()
