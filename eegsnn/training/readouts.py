"""Readouts: linear scores of classes, and the log-probabilities that they stand for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Log-probabilities below this are taken to be this: one confident mistake shall not decide.
LOWEST_LOG_PROBABILITY = -8.0


@dataclass(frozen=True)
class LinearReadout:
    """Class scores ``values @ weights.T + bias``.

    Attributes
    ----------
    weights : ndarray (classes, features)
    bias : ndarray (classes,)
    """

    weights: np.ndarray
    bias: np.ndarray

    def log_probabilities(self, values: np.ndarray) -> np.ndarray:
        """Log-probability of each class, float64 (trials, classes)."""
        return log_softmax(values @ self.weights.T + self.bias)


def log_softmax(scores: np.ndarray) -> np.ndarray:
    """Logarithm of the softmax over the last axis, without overflow."""
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
