"""Which class the outputs of a network stand for, and how often it is the right one."""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import numpy as np

from eegsnn.training.outputs import check_classes, check_outputs, group_size, spike_counts
from eegsnn.training.temporal import spike_times


def classes_by_rate(spikes: mx.array, *, n_classes: int | None = None) -> mx.array:
    """Class with the most spikes, the first among equals.

    Parameters
    ----------
    spikes : array [T, batch, outputs]
    n_classes : int, optional
        With a population code: outputs are taken in consecutive groups, one for each class.

    Returns
    -------
    array of int [batch]
    """
    return spike_counts(spikes, n_classes).argmax(axis=-1)


def classes_by_time(spikes: mx.array, *, n_classes: int | None = None) -> mx.array:
    """Class that spikes first, the first among equals; a silent output counts as the last step.

    Parameters
    ----------
    spikes : array [T, batch, outputs]
    n_classes : int, optional
        With a population code, as in :func:`classes_by_rate`: the group with the earliest spike.

    Returns
    -------
    array of int [batch]
    """
    _, batch, n_outputs = check_outputs(spikes)
    size = group_size(n_outputs, n_classes)
    return spike_times(spikes)[0].reshape(batch, -1, size).min(axis=-1).argmin(axis=-1)


def accuracy_rate(spikes: mx.array, targets: Any, *, n_classes: int | None = None) -> float:
    """Fraction of trials whose class has the most spikes; see :func:`classes_by_rate`.

    Parameters
    ----------
    spikes : array [T, batch, outputs]
    targets : array of int [batch]
        Class of each trial.
    n_classes : int, optional
        With a population code, the number of classes.

    Returns
    -------
    float in [0, 1]

    Raises
    ------
    DataError
        If shapes or dtypes are others, or a class has no output.
    ConfigurationError
        If `n_classes` does not divide the number of outputs.

    Notes
    -----
    ``accuracy_rate`` of snnTorch 1.0.0. Equal counts are common in short trials and go to the
    lower class.

    Examples
    --------
    >>> accuracy_rate(mx.array([[[0.0, 1.0], [1.0, 0.0]]]), mx.array([1, 1]))
    0.5
    """
    _, batch, n_outputs = check_outputs(spikes)
    decided = classes_by_rate(spikes, n_classes=n_classes)
    return _share(decided, check_classes(targets, batch, n_classes or n_outputs))


def accuracy_temporal(spikes: mx.array, targets: Any, *, n_classes: int | None = None) -> float:
    """Fraction of trials whose class spikes first; see :func:`classes_by_time`.

    ``accuracy_temporal`` of snnTorch 1.0.0, with population codes as well; parameters and errors as
    in :func:`accuracy_rate`.
    """
    _, batch, n_outputs = check_outputs(spikes)
    decided = classes_by_time(spikes, n_classes=n_classes)
    return _share(decided, check_classes(targets, batch, n_classes or n_outputs))


def _share(decided: mx.array, classes: mx.array) -> float:
    return float(np.mean(np.asarray(decided) == np.asarray(classes)))
