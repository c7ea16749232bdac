"""Labels, weights, encoders, seeds and shapes, checked for the estimators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight

from eegsnn._validation import check_finite, check_number
from eegsnn.encoding import EEGEncoder
from eegsnn.encoding.union import EncoderUnion
from eegsnn.errors import ConfigurationError, DataError

Encoder = EEGEncoder | EncoderUnion


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
            f"{classes.tolist()[0]!r}."
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
    ConfigurationError
        If `class_weight` names a label that does not occur.
    """
    weights = _plain_weights(sample_weight, X)
    if isinstance(class_weight, dict):
        weights = weights * _weights_by_label(class_weight, y, classes)
    elif class_weight is not None:
        # Balanced in the weights that count: a trial of weight 2 is two trials here too.
        totals = np.array([weights[y == label].sum() for label in classes])
        share = np.divide(
            totals.sum(), len(classes) * totals, out=np.zeros_like(totals), where=totals > 0
        )
        weights = weights * share[np.searchsorted(classes, y)]
    if len(np.unique(y[weights > 0])) < 2:
        raise DataError(
            "sample_weight, class_weight: expected weights above 0 in at least two classes, but "
            "fewer have any."
        )
    return weights


def batch_weights(
    sample_weight: Any, class_weight: Any, X: np.ndarray, y: np.ndarray, classes: np.ndarray
) -> np.ndarray:
    """Weight of each trial of a batch, which need not hold more than one class.

    Raises
    ------
    DataError
        If weights are negative, or none is above 0.
    ConfigurationError
        If `class_weight` is "balanced": a batch does not tell how frequent the classes are.
    """
    weights = _plain_weights(sample_weight, X)
    if class_weight == "balanced":
        raise ConfigurationError(
            "class_weight: expected None or a dictionary label → weight in partial_fit, which "
            "sees a part of the trials only, but got 'balanced'."
        )
    if class_weight is not None:
        weights = weights * _weights_by_label(class_weight, y, classes)
    if not weights.any():
        raise DataError("sample_weight: expected a weight above 0, but all are 0.")
    return weights


def check_encoder(encoder: Any) -> None:
    """Refuse what is not None or an encoder, and an encoder whose parameters are impossible."""
    if encoder is None:
        return
    if not isinstance(encoder, Encoder):
        raise ConfigurationError(
            f"encoder: expected an EEGEncoder or EncoderUnion, but got {encoder!r}."
        )
    encoder.check_parameters()


def check_class_weight(class_weight: Any) -> None:
    """Refuse what is not None, "balanced" or a dictionary of label and weight ≥ 0."""
    if isinstance(class_weight, dict):
        for label, weight in class_weight.items():
            check_number(f"class_weight[{label!r}]", weight, low=0)
    elif class_weight is not None and class_weight != "balanced":
        raise ConfigurationError(
            f"class_weight: expected None, 'balanced' or a dictionary label → weight, but got "
            f"{class_weight!r}."
        )


def _plain_weights(sample_weight: Any, X: np.ndarray) -> np.ndarray:
    weights = np.array(_check_sample_weight(sample_weight, X, dtype=np.float64))
    if (weights < 0).any():
        raise DataError("sample_weight: expected weights ≥ 0, but some are negative.")
    return weights


def _weights_by_label(class_weight: dict, y: np.ndarray, classes: np.ndarray) -> np.ndarray:
    unknown = [label for label in class_weight if label not in classes.tolist()]
    if unknown:
        raise ConfigurationError(
            f"class_weight: expected labels among {classes.tolist()}, but got {unknown}."
        )
    return np.array([class_weight.get(label, 1.0) for label in y.tolist()], dtype=np.float64)


def check_seed(random_state: Any) -> None:
    """Refuse a `random_state` that scikit-learn would not take."""
    try:
        check_random_state(random_state)
    except ValueError as error:
        raise ConfigurationError(
            f"random_state: expected an integer ≥ 0, a RandomState or None, but got "
            f"{random_state!r}."
        ) from error


def draw_seed(random_state: Any) -> int:
    """Integer seed from whatever scikit-learn takes as `random_state`."""
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def check_trial_shape(
    X: Any, n_channels: int | None = None, ch_names: Sequence[str] | None = None
) -> None:
    """Say of series what scikit-learn's own check cannot: which channel, which trial.

    Raises
    ------
    DataError
        If X has more than two dimensions and is not (trials, channels, times) of at least one
        sample and of `n_channels`, or holds NaN or infinity.
    """
    array = np.asarray(X) if not hasattr(X, "toarray") else None
    if array is None or array.ndim <= 2:
        return
    if array.ndim != 3 or not array.shape[2]:
        raise DataError(
            f"X: expected rows (trials, features) or series (trials, channels, times) of at least "
            f"one sample, but got shape {array.shape}."
        )
    if n_channels is not None and array.shape[1] != n_channels:
        raise DataError(
            f"X: expected {n_channels} channels, as in training, but got {array.shape[1]}."
        )
    if array.dtype.kind == "f":
        check_finite(array, ch_names=ch_names)


def labels_of_epochs(X: Any, y: Any) -> Any:
    """Return `y`, or where it is None the names of the events of mne.Epochs.

    To be called after the data were read: that drops the epochs that are to be rejected.
    """
    if y is None and hasattr(X, "event_id") and hasattr(X, "events"):
        names = {code: name for name, code in X.event_id.items()}
        return np.array([names[code] for code in X.events[:, 2]])
    return y


def series_of(X: np.ndarray) -> np.ndarray:
    """Put time first: rows (trials, features) become one step, (trials, channels, times) T."""
    return X[None] if X.ndim == 2 else np.ascontiguousarray(np.transpose(X, (2, 0, 1)))


def check_can_hold_out(codes: np.ndarray, classes: np.ndarray) -> None:
    """Refuse a class of which no trial can be held out, by name; for splits without groups."""
    for code, label in enumerate(classes.tolist()):
        count = int((codes == code).sum())
        if count == 1:
            raise DataError(
                f"early_stopping: expected at least 2 different trials of every class, to hold "
                f"some out, but class {label!r} has 1. Give more, or set early_stopping=False."
            )


def hold_out(
    codes: np.ndarray, groups: np.ndarray | None, fraction: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Choose the trials to train on and to validate on, by index.

    With groups, whole groups are held out (those of a validation trial never train); without,
    each class gives its share, at least one trial and never all.

    Raises
    ------
    DataError
        If every choice of groups would leave a class without a training trial.
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
