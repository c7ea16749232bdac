"""Folds within the training trials, for whatever `fit` chooses by trials held out."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

N_FOLDS = 5
# Groups differ more than trials do: with few left out at once, more of them are learned from, and
# the outcome hangs less on which ones happen to be left out together.
N_GROUP_FOLDS = 10
_LEAST_TRIALS = 2  # of a class, for it to be in training and held out


def inner_folds(
    codes: np.ndarray, n_classes: int, groups: np.ndarray | None, seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Up to five folds of training trials; up to ten by whole groups where there are several.

    Parameters
    ----------
    codes : ndarray of int (trials,)
        Class numbers.
    n_classes : int
    groups : ndarray (trials,) or None
        Trials of one group are held out together.
    seed : int
        Of the shuffling.

    Returns
    -------
    list of (train, test)
        Positions. Every class is in every training part, and every trial held out once. Empty
        where that cannot be had: a choice judged on a part of the trials would be another one.

    Examples
    --------
    >>> folds = inner_folds(np.arange(12) % 2, 2, np.repeat([0, 1, 2], 4), seed=0)
    >>> sorted(test.tolist() for _, test in folds)
    [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    """
    counts = np.bincount(codes, minlength=n_classes)
    n_groups = 0 if groups is None else len(np.unique(groups))
    kind: Any
    if n_groups > 1:
        n_folds, kind = min(N_GROUP_FOLDS, n_groups, int(counts.max())), StratifiedGroupKFold
    else:
        n_folds, kind, groups = min(N_FOLDS, int(counts.min())), StratifiedKFold, None
    if n_folds < _LEAST_TRIALS:
        return []
    with warnings.catch_warnings():
        # That a class has fewer trials than there are folds is looked at below.
        warnings.simplefilter("ignore", UserWarning)
        splitter = kind(n_folds, shuffle=True, random_state=seed)
        folds = list(splitter.split(codes, codes, groups))
    whole = all(len(np.unique(codes[train])) == n_classes for train, _ in folds)
    return [(train, test) for train, test in folds if len(test)] if whole else []
