"""Losses on the membrane potentials of the output neurons, [T, batch, outputs]."""

from __future__ import annotations

from typing import Any

import mlx.core as mx

from eegsnn._validation import check_choice, check_number
from eegsnn.training.outputs import check_classes, check_outputs, cross_entropy, targets_for

OVER_TIME: tuple[str, ...] = ("last", "mean", "max")
"""What stands for the course of a membrane: its last value, its mean, its highest value."""


def ce_membrane_loss(
    membranes: mx.array,
    targets: Any,
    *,
    over_time: str = "last",
    class_weight: mx.array | None = None,
) -> mx.array:
    """Cross entropy of membrane potentials, as a mean over trials: ``CE(m, y)``.

    Parameters
    ----------
    membranes : array [T, batch, outputs]
    targets : array of int [batch]
        Class of each trial.
    over_time : {"last", "mean", "max"}, default "last"
        What `m` is: the membrane after the last step (as in the mlx-snn documentation), its mean,
        or its highest value.
    class_weight : array [outputs], optional
        Weight of each class; the mean over trials stays a plain one.

    Returns
    -------
    array, scalar

    Raises
    ------
    DataError
        If shapes or dtypes are others, or a class has no output.
    ConfigurationError
        For another `over_time`, or a `class_weight` of another shape.

    Examples
    --------
    >>> membranes = mx.array([[[0.0, 3.0]], [[1.0, 1.0]]])
    >>> round(ce_membrane_loss(membranes, mx.array([0])).item(), 4)
    0.6931
    """
    check_outputs(membranes, "membranes")
    check_choice("over_time", over_time, OVER_TIME)
    if over_time == "last":
        scores = membranes[-1]
    else:
        scores = membranes.mean(axis=0) if over_time == "mean" else membranes.max(axis=0)
    return cross_entropy(scores, targets, class_weight)


def ce_max_membrane_loss(
    membranes: mx.array, targets: Any, *, class_weight: mx.array | None = None
) -> mx.array:
    """Cross entropy of the highest membrane potential: :func:`ce_membrane_loss` with "max".

    ``ce_max_membrane_loss`` of snnTorch 1.0.0, which has it from SpyTorch (Zenke).
    """
    return ce_membrane_loss(membranes, targets, over_time="max", class_weight=class_weight)


def mse_membrane_loss(
    membranes: mx.array, targets: Any, *, on_target: float = 1.0, off_target: float = 0.0
) -> mx.array:
    """Squared distance of the membranes from wanted ones, as a mean over steps, trials and outputs.

    ``L = mean_{t,b,c} (m[t, b, c] − m*[b, c])²``.

    Parameters
    ----------
    membranes : array [T, batch, outputs]
    targets : array of int [batch], or of floats [T, batch, outputs]
        Class of each trial: the membrane of its output is to be `on_target` at every step, the
        others `off_target`. Or the wanted membranes themselves.
    on_target, off_target : float, default 1 and 0

    Returns
    -------
    array, scalar

    Raises
    ------
    DataError
        If shapes or dtypes are others, or a class has no output.

    Notes
    -----
    ``mse_membrane_loss`` of snnTorch 1.0.0. Its ``time_var_targets=True``, which fails there for a
    class per step, is here an array of wanted membranes. And where `on_target` is the higher one,
    snnTorch takes 0 for a negative `off_target`; here it is what was asked for.
    """
    _, batch, n_outputs = check_outputs(membranes, "membranes")
    on_target = check_number("on_target", on_target)
    off_target = check_number("off_target", off_target)
    wanted = mx.array(targets)
    if wanted.shape != membranes.shape:
        classes = check_classes(targets, batch, n_outputs)
        wanted = targets_for(classes, n_outputs, on_target, off_target)
    return mx.square(membranes - wanted).mean()


def tet_loss(
    membranes: mx.array,
    targets: Any,
    *,
    regularisation: float = 0.05,
    level: float = 1.0,
    class_weight: mx.array | None = None,
) -> mx.array:
    """Temporal efficient training: every step is to classify by itself.

    ``L = (1 − λ) · 1/T Σ_t CE(o[t], y) + λ · 1/T Σ_t MSE(o[t], φ)``. Other than the cross entropy
    of the mean over time, it has no flat minimum in which some steps compensate for others; the
    squared term keeps outputs from running away from the level φ.

    Parameters
    ----------
    membranes : array [T, batch, outputs]
        Outputs before a threshold: currents of the last layer, or membranes.
    targets : array of int [batch]
        Class of each trial.
    regularisation : float in [0, 1], default 0.05
        λ, the share of the squared term; 0 leaves it out.
    level : float, default 1.0
        φ: the paper takes the threshold of the neurons.
    class_weight : array [outputs], optional
        Weight of each class in the cross entropy.

    Returns
    -------
    array, scalar

    Raises
    ------
    DataError, ConfigurationError
        As in :func:`ce_membrane_loss`.

    References
    ----------
    Deng, Li, Zhang & Gu (2022), Temporal efficient training of spiking neural network via gradient
    re-weighting, ICLR.
    """
    check_outputs(membranes, "membranes")
    share = check_number("regularisation", regularisation, low=0, high=1)
    level = check_number("level", level)
    loss = (1 - share) * cross_entropy(membranes, targets, class_weight)
    return loss + share * mx.square(membranes - level).mean() if share else loss
