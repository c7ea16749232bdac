"""How much each readout counts: learned from held-out trials."""

from __future__ import annotations

import numpy as np

from eegsnn.training.combining import committee_weights
from eegsnn.training.readouts import log_softmax


def test_few_trials_leave_the_prior_and_many_overrule_it(rng: np.random.Generator) -> None:
    def weights(n: int) -> np.ndarray:
        codes = rng.integers(0, 2, n)
        good = log_softmax(rng.normal(size=(n, 2)) + 3 * np.eye(2)[codes])
        noise = log_softmax(2 * rng.normal(size=(n, 2)))
        return committee_weights(np.stack([good, noise]), codes, np.array([1.0, 9.0]))

    few, many = weights(2), weights(2000)
    assert few[1] > few[0]
    assert many[0] > 5 * many[1]
    assert (many >= 0).all()


def grouped(rng: np.random.Generator, right: np.ndarray) -> tuple[np.ndarray, ...]:
    """Two members on twenty trials of each group; the first is certain, right in some groups."""
    groups = np.repeat(np.arange(len(right)), 20)
    codes = np.tile([0, 1], len(groups) // 2)
    said = np.where(right[groups], codes, 1 - codes)
    first = log_softmax(rng.normal(size=(len(codes), 2)) + 2 * np.eye(2)[said])
    second = log_softmax(rng.normal(size=(len(codes), 2)) + 0.5 * np.eye(2)[codes])
    return np.stack([first, second]), codes, groups


def test_groups_that_agree_overrule_the_prior(rng: np.random.Generator) -> None:
    scores, codes, groups = grouped(rng, np.ones(12, dtype=bool))
    found = committee_weights(scores, codes, np.array([1.0, 1.0]), groups=groups)
    assert found[0] > 1.5 * found[1]


def test_groups_that_disagree_leave_more_of_it(rng: np.random.Generator) -> None:
    prior = np.array([1.0, 1.0])
    right = np.arange(12) % 3 > 0  # so are two thirds: what nine groups say misleads in others
    scores, codes, groups = grouped(rng, right)
    asked = committee_weights(scores, codes, prior, groups=groups)
    unasked = committee_weights(scores, codes, prior)
    assert np.abs(asked / asked.sum() - 0.5).sum() < np.abs(unasked / unasked.sum() - 0.5).sum()


def test_weights_need_neither_several_groups_nor_many_trials() -> None:
    scores = log_softmax(np.arange(8.0).reshape(2, 2, 2) ** 2)
    for groups in (None, np.array([5, 5])):
        found = committee_weights(scores, np.array([0, 1]), np.array([1.0, 3.0]), groups=groups)
        assert found.shape == (2,)
        assert (found >= 0).all()


def test_a_trial_of_no_weight_says_nothing(rng: np.random.Generator) -> None:
    scores, codes, _ = grouped(rng, np.array([True, True, False]))
    weights = np.repeat([1.0, 1.0, 0.0], 20)
    prior = np.array([2.0, 1.0])
    found = committee_weights(scores, codes, prior, weights)
    other = scores.copy()
    other[:, 40:] = log_softmax(rng.normal(size=(2, 20, 2)))
    np.testing.assert_allclose(committee_weights(other, codes, prior, weights), found)
