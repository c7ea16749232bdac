"""Shares of the trials, or of the groups, such that a smaller share is a part of a larger one."""

from __future__ import annotations

import numpy as np


def nested_subset(y: np.ndarray, size: float, *, seed: int = 0) -> np.ndarray:
    """Return the positions of a share of the trials, of every class alike, sorted.

    With one `seed` a smaller share is a part of every larger one.

    Parameters
    ----------
    y : ndarray, shape (trials,)
    size : float
        In (0, 1].
    seed : int

    Examples
    --------
    >>> y = np.array(["a", "b"] * 10)
    >>> some, more = nested_subset(y, 0.2), nested_subset(y, 0.5)
    >>> np.unique(y[some], return_counts=True)[1].tolist(), bool(np.isin(some, more).all())
    ([2, 2], True)
    """
    y = np.asarray(y)
    generator = np.random.default_rng(seed)
    chosen = []
    for label in np.unique(y):
        members = generator.permutation(np.flatnonzero(y == label))
        chosen.append(members[: max(1, round(size * len(members)))])
    return np.sort(np.concatenate(chosen))


def nested_groups(groups: np.ndarray, size: float, *, seed: int = 0) -> np.ndarray:
    """Return the positions of the trials of a share of the groups, nested as well."""
    groups = np.asarray(groups)
    order = np.random.default_rng(seed).permutation(np.unique(groups))
    return np.flatnonzero(np.isin(groups, order[: max(1, round(size * len(order)))]))
