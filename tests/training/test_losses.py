from __future__ import annotations

import mlx.core as mx
import numpy as np
import pytest

from eegsnn.training import weighted_cross_entropy


def reference(
    logits: np.ndarray, labels: np.ndarray, weights: np.ndarray, smoothing: float
) -> float:
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    n_classes = logits.shape[1]
    targets = np.eye(n_classes)[labels] * (1 - smoothing) + smoothing / n_classes
    return float(np.mean(weights * -(targets * log_probabilities).sum(axis=1)))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_equals_the_formula(smoothing: float, rng: np.random.Generator) -> None:
    logits = rng.normal(scale=3, size=(20, 4))
    labels = rng.integers(4, size=20)
    weights = rng.uniform(0, 2, size=20)
    got = weighted_cross_entropy(
        mx.array(logits, mx.float32),
        mx.array(labels),
        mx.array(weights, mx.float32),
        label_smoothing=smoothing,
    )
    assert got.item() == pytest.approx(reference(logits, labels, weights, smoothing), rel=1e-5)


def test_equal_scores_cost_the_logarithm_of_the_classes() -> None:
    loss = weighted_cross_entropy(mx.zeros((5, 3)), mx.zeros((5,), mx.int32), mx.ones((5,)))
    assert loss.item() == pytest.approx(np.log(3), rel=1e-6)


def test_a_trial_of_weight_two_counts_twice() -> None:
    logits = mx.array([[2.0, 0.0], [0.0, 1.0]])
    twice = weighted_cross_entropy(
        mx.concatenate([logits, logits[:1]]), mx.array([1, 1, 1]), mx.ones((3,))
    )
    weighted = weighted_cross_entropy(logits, mx.array([1, 1]), mx.array([2.0, 1.0]))
    assert weighted.item() * 2 == pytest.approx(twice.item() * 3, rel=1e-6)
