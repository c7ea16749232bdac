"""Scores against values worked out by hand."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from eegsnn.evaluation import chance_level, class_scores, score_predictions
from eegsnn.evaluation.metrics import significant


def test_balanced_accuracy_weighs_classes_alike():
    truth = np.array(["a"] * 8 + ["b"] * 2)
    result = score_predictions(truth, np.array(["a"] * 10), classes=["a", "b"])
    assert result["accuracy"] == 0.8
    assert result["balanced_accuracy"] == 0.5
    assert result["auc"] is None
    assert result["confusion_matrix"] == [[8, 0], [2, 0]]


def test_binary_auc_from_probabilities_and_from_a_decision_function():
    truth = np.array([0, 0, 1, 1])
    positive = np.array([0.1, 0.4, 0.35, 0.8])
    both = np.column_stack([1 - positive, positive])
    for scores in (positive, both):
        result = score_predictions(truth, truth, scores, classes=[0, 1])
        assert result["auc"] == pytest.approx(0.75)


def test_auc_of_three_classes_is_the_mean_of_one_against_rest():
    truth = np.array([0, 1, 2, 0, 1, 2])
    scores = np.eye(3)[truth]
    scores[0] = [0, 1, 0]  # one trial ranked wrongly
    result = score_predictions(truth, scores.argmax(axis=1), scores, classes=[0, 1, 2])
    # Class 0: of 2 × 4 pairs 4 are right and 4 tied; class 1: 2 × 4, one negative tied with both.
    assert result["auc"] == pytest.approx(np.mean([0.75, 0.875, 1.0]))


def test_auc_is_not_invented_where_a_class_does_not_occur():
    truth = np.array(["a", "a"])
    result = score_predictions(truth, truth, np.array([[0.9, 0.1]] * 2), classes=["a", "b"])
    assert result["auc"] is None
    assert result["balanced_accuracy"] == 1.0


def test_chance_is_the_share_of_the_largest_class():
    assert chance_level(np.array(list("aab"))) == pytest.approx(2 / 3)


@pytest.mark.parametrize("model", [LinearSVC(), LogisticRegression()])
@pytest.mark.parametrize("classes", [["hands", "feet"], ["feet", "hands"]])
def test_class_scores_follow_the_order_that_is_asked_for(rng, model, classes):
    y = np.repeat(["hands", "feet"], 20)
    X = rng.normal(size=(40, 3)) + 3 * (y == "hands")[:, None]
    model = model.fit(X, y)
    scores = class_scores(model, X, classes)
    result = score_predictions(y, model.predict(X), scores, classes=classes)
    assert result["auc"] > 0.95


def test_scores_of_three_classes_are_reordered(rng):
    y = np.repeat(["c", "a", "b"], 10)
    X = rng.normal(size=(30, 3)) + 5 * np.stack([y == label for label in "abc"], axis=1)
    model = LogisticRegression().fit(X, y)
    scores = class_scores(model, X, ["b", "c", "a"])
    assert (np.array(["b", "c", "a"])[scores.argmax(axis=1)] == model.predict(X)).all()


def test_small_scores_are_kept_apart():
    scores = np.random.default_rng(0).normal(size=50)
    assert (np.argsort(significant(1e-9 * scores)) == np.argsort(significant(scores))).all()
    np.testing.assert_allclose(significant(1e-9 * scores), 1e-9 * scores, rtol=1e-6)
    assert significant(np.array([np.inf, np.nan, 0.0])).tolist()[::2] == [np.inf, 0.0]
    np.testing.assert_allclose(significant(np.array([[1.234e-310, 1e300]])), [[1.234e-310, 1e300]])
