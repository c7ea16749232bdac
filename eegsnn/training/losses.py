"""Losses on class scores."""

from __future__ import annotations

import mlx.core as mx
import mlx.nn as nn


def weighted_cross_entropy(
    logits: mx.array, labels: mx.array, weights: mx.array, *, label_smoothing: float = 0.0
) -> mx.array:
    """Cross-entropy of class scores, as a mean over the batch with a weight per trial.

    Parameters
    ----------
    logits : array (batch, classes)
        Scores: mean membrane potentials of the readout, or its rates times a gain.
    labels : array of int (batch,)
    weights : array (batch,)
        Relative importance; a mean of 1 over the training set keeps the step size.
    label_smoothing : float, default 0
        Part of the target that is spread evenly over the classes.

    Returns
    -------
    array, scalar
    """
    losses = nn.losses.cross_entropy(logits, labels, label_smoothing=label_smoothing)
    return (losses * weights).mean()
