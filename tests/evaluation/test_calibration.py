"""Probabilities are taken at their word, and found out."""

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from eegsnn.errors import DataError
from eegsnn.evaluation import (
    are_probabilities,
    brier_score,
    calibration_of,
    expected_calibration_error,
    reliability_curve,
)


def test_error_of_an_overconfident_model():
    assert expected_calibration_error(np.full(10, 0.95), np.arange(10) < 6) == pytest.approx(0.35)


def test_bins_hold_every_decision_and_their_means(rng):
    confidence = rng.uniform(0.5, 1.0, size=400)
    right = rng.random(400) < confidence
    bins = reliability_curve(confidence, right, n_bins=5)
    assert sum(b.n for b in bins) == 400
    assert all(b.low <= b.confidence <= b.high for b in bins)
    assert sum(b.n * b.accuracy for b in bins) == pytest.approx(right.sum())
    assert reliability_curve(np.array([1.0]), np.array([1]))[0].high == 1.0


def test_brier_score_of_two_classes_is_twice_scikit_learns(rng):
    p, truth = rng.random(50), rng.integers(0, 2, 50)
    ours = brier_score(np.column_stack([1 - p, p]), truth)
    assert ours == pytest.approx(2 * brier_score_loss(truth, p))


def test_what_is_a_probability():
    assert are_probabilities([[0.333, 0.333, 0.333], [1.0, 0.0, 0.0]])
    assert not are_probabilities([[-1.0, 2.0]])
    assert not are_probabilities([0.2, 0.9])
    assert not are_probabilities(None)


def probabilities_of(confidence, hits):
    """Of two classes in turn: so sure, and so often right."""
    truth = np.arange(len(hits)) % 2
    label = np.where(hits, truth, 1 - truth)
    return np.where(np.arange(2) == label[:, None], confidence[:, None], 1 - confidence[:, None])


def test_a_calibrated_model_is_told_from_a_boastful_one(make_result, rng):
    confidence = rng.uniform(0.5, 1.0, 400)
    right = rng.random(400) < confidence
    boasting = np.full(400, 0.999)
    result = make_result(
        {"ours": {0: right, 1: right}, "boaster": {None: right}},
        {"official": np.arange(400)},
        scores={
            "ours": probabilities_of(confidence, right),
            "boaster": probabilities_of(boasting, right),
        },
    )
    honest, boaster = (calibration_of(result, model) for model in ("ours", "boaster"))
    assert honest.n == 400
    assert honest.error < 2 * honest.error_if_calibrated
    assert boaster.error == pytest.approx(0.999 - right.mean(), abs=1e-6)
    assert boaster.error > 5 * boaster.error_if_calibrated
    assert honest.brier < boaster.brier
    assert honest.brier_of_shares == pytest.approx(0.5)
    assert sum(b.n for b in honest.bins) == 800


def test_decision_functions_have_no_calibration(make_result):
    result = make_result({"ours": {0: np.ones(10)}}, {"official": np.arange(10)})
    assert calibration_of(result, "ours") is None


def test_nothing_to_calibrate_is_refused():
    with pytest.raises(DataError, match="one or more decisions"):
        reliability_curve(np.array([]), np.array([]))
