"""Losses on the spikes of the output neurons: cross entropy and squared error of rates and counts.

Spikes are [T, batch, outputs], targets the class of each trial [batch]. Definitions are those of
``snntorch.functional`` 1.0.0, as functions of arrays; :mod:`eegsnn.functional` has those that the
mlx-snn documentation gives under partly the same names.
"""

from __future__ import annotations

from typing import Any

import mlx.core as mx

from eegsnn._validation import check_number
from eegsnn.training.outputs import (
    check_classes,
    check_outputs,
    cross_entropy,
    group_size,
    spike_counts,
    targets_for,
)


def ce_rate_loss(
    spikes: mx.array, targets: Any, *, class_weight: mx.array | None = None
) -> mx.array:
    """Cross entropy of the spikes of every step, as a mean over steps and trials.

    ``L = 1/(T·B) · Σ_t Σ_b w[y_b] · CE(spikes[t, b], y_b)``, with the zeros and ones themselves as
    class scores. The correct output is to spike at every step and the others at none.

    Parameters
    ----------
    spikes : array [T, batch, outputs]
        Spikes of the output neurons; membranes work as well (see also
        :func:`~eegsnn.training.tet_loss`).
    targets : array of int [batch]
        Class of each trial.
    class_weight : array [outputs], optional
        Weight of each class; the mean over trials stays a plain one (PyTorch's own cross entropy
        divides by the sum of weights, snnTorch's does not).

    Returns
    -------
    array, scalar

    Raises
    ------
    DataError
        If shapes or dtypes are others, or a class has no output.
    ConfigurationError
        If `class_weight` has another shape.

    Notes
    -----
    ``ce_rate_loss`` of snnTorch 1.0.0. Scores of 0 and 1 bound the loss from below: it never falls
    under ``log(1 + (outputs − 1)/e)``, 1.46 for ten classes, however well the network does.
    :func:`eegsnn.functional.ce_rate_loss` is the cross entropy of the mean rate instead.

    Examples
    --------
    >>> spikes = mx.array([[[1.0, 0.0]], [[0.0, 0.0]]])
    >>> round(ce_rate_loss(spikes, mx.array([0])).item(), 4)
    0.5032
    """
    check_outputs(spikes)
    return cross_entropy(spikes, targets, class_weight)


def ce_count_loss(
    spikes: mx.array,
    targets: Any,
    *,
    n_classes: int | None = None,
    class_weight: mx.array | None = None,
) -> mx.array:
    """Cross entropy of the spike counts, as a mean over trials: ``CE(Σ_t spikes[t], y)``.

    Parameters
    ----------
    spikes : array [T, batch, outputs]
    targets : array of int [batch]
    n_classes : int, optional
        With a population code, the number of classes: outputs are taken in consecutive groups of
        the same size, one group for a class, and counts are summed over a group. Without it each
        output is a class.
    class_weight : array [classes], optional
        As in :func:`ce_rate_loss`.

    Returns
    -------
    array, scalar

    Raises
    ------
    DataError, ConfigurationError
        As in :func:`ce_rate_loss`; also where `n_classes` does not divide the outputs.

    Notes
    -----
    ``ce_count_loss`` of snnTorch 1.0.0, whose ``population_code=True, num_classes=C`` is
    ``n_classes=C`` here.
    """
    return cross_entropy(spike_counts(spikes, n_classes), targets, class_weight)


def mse_count_loss(
    spikes: mx.array,
    targets: Any,
    *,
    correct_rate: float = 1.0,
    incorrect_rate: float = 0.0,
    n_classes: int | None = None,
) -> mx.array:
    """Squared distance of the spike counts from wanted ones, divided by the number of steps.

    ``L = 1/T · mean_{b,c} (n[b, c] − n*[b, c])²``, with ``n* = ⌊T·correct_rate·g⌋`` for the trial's
    class and ``⌊T·incorrect_rate·g⌋`` for the others, where g is the size of a group (1 without a
    population code).

    Parameters
    ----------
    spikes : array [T, batch, outputs]
    targets : array of int [batch]
    correct_rate, incorrect_rate : float in [0, 1], default 1 and 0
        Part of the steps at which the correct output, and each other one, is to spike.
    n_classes : int, optional
        As in :func:`ce_count_loss`.

    Returns
    -------
    array, scalar

    Raises
    ------
    DataError, ConfigurationError
        As in :func:`ce_count_loss`; also for a rate outside [0, 1].

    Notes
    -----
    ``mse_count_loss`` of snnTorch 1.0.0, after SLAYER (Shrestha & Orchard, 2018). Two things are
    odd in that definition and kept: wanted counts are rounded down in floating-point arithmetic
    (100 steps at a rate of 0.29 want 28 spikes), and the squared error of counts is divided by T
    once, so that the loss of a given error of *rate* grows with T.
    """
    n_steps, batch, n_outputs = check_outputs(spikes)
    correct = check_number("correct_rate", correct_rate, low=0, high=1)
    incorrect = check_number("incorrect_rate", incorrect_rate, low=0, high=1)
    size = group_size(n_outputs, n_classes)
    classes = check_classes(targets, batch, n_outputs // size)
    wanted = targets_for(
        classes, n_outputs // size, int(n_steps * correct * size), int(n_steps * incorrect * size)
    )
    return mx.square(spike_counts(spikes, n_classes) - wanted).mean() / n_steps
