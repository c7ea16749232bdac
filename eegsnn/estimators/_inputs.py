"""Labels, weights, groups, seeds and shapes, checked for the estimators."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight

from eegsnn.errors import ConfigurationError, DataError

MIN_TRIALS = 1


def encode_labels(y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the sorted classes of `y`, and the class number of each trial.

    Raises
    ------
    DataError
        If there is one class only: nothing can be told apart.
    """
    y = np.asarray(y)
    check_classification_targets(y)
    classes, codes = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise DataError(
            f"y: expected trials of at least two classes, but all {len(y)} belong to one class, "
            f"{classes[0]!r}."
        )
    return classes, codes


def trial_weights(
    sample_weight: Any, class_weight: Any, X: np.ndarray, y: np.ndarray, classes: np.ndarray
) -> np.ndarray:
    """Weight of each trial (float64): `sample_weight` times the weight of its class.

    Raises
    ------
    DataError
        If weights are negative or only one class has any.
    """
    weights = np.array(_check_sample_weight(sample_weight, X, dtype=np.float64))
    if (weights < 0).any():
        raise DataError("sample_weight: expected weights ≥ 0, but some are negative.")
    if len(np.unique(y[weights > 0])) < 2:
        raise DataError(
            "sample_weight: expected weights above 0 in at least two classes, but only one class "
            "has any."
        )
    if class_weight is None:
        return weights
    if isinstance(class_weight, dict):
        unknown = [label for label in class_weight if label not in classes]
        if unknown:
            raise ConfigurationError(
                f"class_weight: expected labels among {list(classes)}, but got {unknown}."
            )
        return weights * compute_sample_weight(class_weight, y)
    if class_weight != "balanced":
        raise ConfigurationError(
            f"class_weight: expected None, 'balanced' or a dictionary label → weight, but got "
            f"{class_weight!r}."
        )
    # Balanced in the weights that count: a trial of weight 2 is two trials here too.
    totals = np.array([weights[y == label].sum() for label in classes])
    share = np.divide(
        totals.sum(), len(classes) * totals, out=np.zeros_like(totals), where=totals > 0
    )
    return weights * share[np.searchsorted(classes, y)]


def check_groups(groups: Any, n_trials: int) -> np.ndarray | None:
    """Groups as an array of one entry per trial, or None."""
    if groups is None:
        return None
    groups = np.asarray(groups)
    if groups.shape != (n_trials,):
        raise DataError(
            f"groups: expected one entry for each of the {n_trials} trials, but got shape "
            f"{groups.shape}."
        )
    return groups


def draw_seed(random_state: Any) -> int:
    """Integer seed from whatever scikit-learn takes as `random_state`."""
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def series_of(X: np.ndarray) -> np.ndarray:
    """Time first: (trials, features) → (1, trials, features); (trials, channels, times) → (T, …)."""
    return X[None] if X.ndim == 2 else np.ascontiguousarray(np.transpose(X, (2, 0, 1)))


def hold_out(
    codes: np.ndarray, groups: np.ndarray | None, fraction: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Indices to train on and to validate on.

    With groups, whole groups are held out (those of a validation trial never train); without,
    each class gives its share.

    Raises
    ------
    DataError
        If that would leave a class without a training or a validation trial.
    """
    generator = np.random.default_rng(seed)
    if groups is None:
        held = _share_of_each_class(codes, fraction, generator)
    else:
        held = _whole_groups(codes, groups, fraction, generator)
    return np.flatnonzero(~held), np.flatnonzero(held)


def _share_of_each_class(
    codes: np.ndarray, fraction: float, generator: np.random.Generator
) -> np.ndarray:
    held = np.zeros(len(codes), dtype=bool)
    for code in np.unique(codes):
        members = generator.permutation(np.flatnonzero(codes == code))
        if len(members) < 2:
            raise DataError(
                "early_stopping: expected at least 2 different trials of every class to hold some "
                "out, but a class has 1. Set early_stopping=False."
            )
        count = min(max(1, round(fraction * len(members))), len(members) - 1)
        held[members[:count]] = True
    return held


def _whole_groups(
    codes: np.ndarray, groups: np.ndarray, fraction: float, generator: np.random.Generator
) -> np.ndarray:
    held = np.zeros(len(codes), dtype=bool)
    needed = set(np.unique(codes))
    for group in generator.permutation(np.unique(groups)):
        candidate = held | (groups == group)
        if set(codes[~candidate]) != needed:
            continue  # this group is the last to hold some class: it has to train
        held = candidate
        if held.mean() >= fraction:
            break
    if not held.any():
        raise DataError(
            "early_stopping: no group can be held out without taking a class from training. "
            "Give more groups, or set early_stopping=False."
        )
    return held
