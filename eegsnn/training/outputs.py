"""What losses and accuracies on outputs over time share: checks, groups of neurons, targets."""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from eegsnn._validation import check_integer
from eegsnn.backend.values import has_values
from eegsnn.errors import ConfigurationError, DataError


def check_outputs(outputs: mx.array, name: str = "spikes") -> tuple[int, int, int]:
    """Refuse what is not an array of floats [T, batch, outputs]; returns its sizes."""
    given = isinstance(outputs, mx.array)
    if not given or outputs.ndim != 3 or not mx.issubdtype(outputs.dtype, mx.floating):
        got = f"{outputs.dtype} {tuple(outputs.shape)}" if given else type(outputs).__name__
        raise DataError(
            f"{name}: expected an MLX array of floats [T, batch, outputs], but got {got}."
        )
    if 0 in outputs.shape:
        raise DataError(
            f"{name}: expected at least one step, trial and output as [T, batch, outputs], but "
            f"got shape {tuple(outputs.shape)}."
        )
    n_steps, batch, n_outputs = outputs.shape
    return n_steps, batch, n_outputs


def check_classes(targets: Any, batch: int, n_classes: int) -> mx.array:
    """Refuse what is not one class in [0, n_classes) for each trial; returns an MLX array."""
    classes = mx.array(targets)
    if classes.shape != (batch,) or not mx.issubdtype(classes.dtype, mx.integer):
        raise DataError(
            f"targets: expected the class of each trial, integers of shape ({batch},), but got "
            f"{classes.dtype} {tuple(classes.shape)}."
        )
    if has_values(classes):
        known = np.asarray(classes)
        low, high = known.min(), known.max()
        if low < 0 or high >= n_classes:
            raise DataError(
                f"targets: expected classes in [0, {n_classes - 1}], one for each output, but got "
                f"classes from {low} to {high}."
            )
    return classes


def group_size(n_outputs: int, n_classes: int | None) -> int:
    """Give the number of outputs that stand for one class; 1 without a population code (None)."""
    if n_classes is None:
        return 1
    n_classes = check_integer("n_classes", n_classes, low=1)
    if n_outputs % n_classes:
        raise ConfigurationError(
            f"n_classes: expected a divisor of the {n_outputs} outputs, so that each class has a "
            f"group of the same size, but got {n_classes}."
        )
    return n_outputs // n_classes


def spike_counts(spikes: mx.array, n_classes: int | None = None) -> mx.array:
    """Spikes [T, batch, outputs] of each output, or of each class's group: [batch, classes]."""
    _, batch, n_outputs = check_outputs(spikes)
    size = group_size(n_outputs, n_classes)
    counts = spikes.sum(axis=0)
    return counts if size == 1 else counts.reshape(batch, -1, size).sum(axis=-1)


def targets_for(classes: mx.array, n_classes: int, on_target: Any, off_target: Any) -> mx.array:
    """``on_target`` at each trial's class and ``off_target`` elsewhere: [batch, classes]."""
    correct = classes[:, None] == mx.arange(n_classes)
    return mx.where(correct, on_target, off_target).astype(mx.float32)


def cross_entropy(scores: mx.array, targets: Any, class_weight: mx.array | None = None) -> mx.array:
    """Mean over everything of ``w[y]·(log Σ exp(score) − score[y])``; scores [(T,) batch, classes].

    The mean is a plain one over trials and steps: it is not divided by the sum of the weights.
    """
    batch, n_classes = scores.shape[-2:]
    classes = check_classes(targets, batch, n_classes)
    costs = nn.losses.cross_entropy(scores, mx.broadcast_to(classes, scores.shape[:-1]))
    if class_weight is None:
        return costs.mean()
    weight = mx.array(class_weight)
    if weight.shape != (n_classes,):
        raise ConfigurationError(
            f"class_weight: expected one weight for each of {n_classes} classes, but got shape "
            f"{tuple(weight.shape)}."
        )
    return (costs * weight[classes]).mean()
