"""How certain readouts may be, and of which classes: learned from held-out trials."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score

from eegsnn.training.calibration import Calibration, calibrate, unjudged
from eegsnn.training.discriminants import discriminant_and_held_out
from eegsnn.training.readouts import LinearReadout, log_softmax


def test_it_undoes_a_factor(rng: np.random.Generator) -> None:
    truth = log_softmax(rng.normal(size=(4000, 3)) * 2)
    codes = np.array([rng.choice(3, p=np.exp(row)) for row in truth])
    assert calibrate(log_softmax(10 * truth), codes).factor == pytest.approx(0.1, rel=0.15)
    # All right: finite all the same.
    right = log_softmax(10 * np.eye(2)[np.array([0, 1] * 5)])
    assert calibrate(right, np.array([0, 1] * 5)).factor < 3


def test_who_knows_nothing_says_how_frequent_classes_are(rng: np.random.Generator) -> None:
    codes = (np.arange(120) % 6 == 0).astype(int)
    noise = log_softmax(5 * rng.normal(size=(120, 2)))
    found = np.exp(calibrate(noise, codes).log_probabilities(noise))
    np.testing.assert_allclose(found.mean(axis=0), [5 / 6, 1 / 6], atol=0.05)


def test_prejudice_against_a_rare_class_is_undone(rng: np.random.Generator) -> None:
    """Two hundred features and eight trials of a class: the noise of its mean is not distance."""
    codes = np.repeat([0, 1], [60, 8])
    values = rng.normal(size=(68, 200)) + 0.7 * codes[:, None] * (np.arange(200) < 20)
    folds = [(np.flatnonzero(np.arange(68) % 4 != k), np.arange(k, 68, 4)) for k in range(4)]
    readout, held_out = discriminant_and_held_out(values, codes, 2, folds)
    new = np.repeat([0, 1], 300)
    seen = rng.normal(size=(600, 200)) + 0.7 * new[:, None] * (np.arange(200) < 20)
    found = calibrate(held_out, codes)
    assert found.shift[1] > 0.5

    def score(one: LinearReadout) -> float:
        return float(balanced_accuracy_score(new, one.log_probabilities(seen).argmax(axis=1)))

    assert score(found.of(readout)) > score(readout) + 0.1


def test_classes_of_one_size_are_not_shifted(rng: np.random.Generator) -> None:
    scores = log_softmax(rng.normal(size=(60, 3)) + np.array([1.0, 0.0, 0.0]))
    np.testing.assert_allclose(calibrate(scores, np.arange(60) % 3).shift, 0.0, atol=1e-12)


def test_traits_are_not_shifted_and_size_does_not_matter(rng: np.random.Generator) -> None:
    """What few subjects say of the size of scores counts little: readouts differ a hundredfold."""
    subjects = np.repeat(np.arange(6), 10)
    codes = np.repeat([0, 0, 0, 0, 1, 1], 10)
    scores = rng.normal(size=(60, 2)) + np.eye(2)[codes]
    small, large = (
        calibrate(scores, codes, groups=subjects),
        calibrate(300 * scores, codes, groups=subjects),
    )
    assert small.factor / large.factor == pytest.approx(300, rel=0.01)
    np.testing.assert_array_equal(small.shift, 0.0)
    np.testing.assert_allclose(small.base, np.log([0.5, 0.5]))


def test_a_trial_of_no_weight_says_nothing(rng: np.random.Generator) -> None:
    codes, weights = np.arange(40) % 4 // 3, np.repeat([1.0, 0.0], 20)
    scores = log_softmax(rng.normal(size=(40, 2)) + 2 * np.eye(2)[codes])
    other = scores.copy()
    other[20:] = log_softmax(rng.normal(size=(20, 2)))
    first, second = calibrate(scores, codes, weights), calibrate(other, codes, weights)
    assert first.factor == pytest.approx(second.factor, rel=1e-4)
    np.testing.assert_allclose(first.shift, second.shift, atol=1e-4)


@given(factor=st.floats(0.0, 3.0), seed=st.integers(0, 1000))
def test_a_readout_that_is_calibrated_says_what_its_scores_would(factor: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    found = Calibration(factor, np.log([0.7, 0.2, 0.1]), rng.normal(size=3))
    readout = LinearReadout(rng.normal(size=(3, 4)), rng.normal(size=3))
    values = rng.normal(size=(5, 4))
    np.testing.assert_allclose(
        found.of(readout).log_probabilities(values),
        found.log_probabilities(readout.log_probabilities(values)),
        atol=1e-12,
    )


def test_at_no_certainty_it_says_the_base() -> None:
    base = np.log([0.7, 0.3])
    found = Calibration(0.0, base, np.zeros(2))
    np.testing.assert_allclose(found.log_probabilities(np.array([[9.0, -3.0]])), [base])


def test_what_was_not_judged_is_moderate(rng: np.random.Generator) -> None:
    codes = np.array([0, 0, 0, 1])
    scores = 200 * np.eye(2)[codes]
    found = unjudged(scores, codes)
    said = np.exp(found.log_probabilities(scores))
    assert 0.75 < said[0, 0] < 0.95  # three of four are known beforehand
    silent = np.tile(found.base, (4, 1))  # a readout that says what is known without it
    np.testing.assert_allclose(unjudged(silent, codes).log_probabilities(silent), silent)
