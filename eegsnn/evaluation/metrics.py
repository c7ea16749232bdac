"""Scores of predictions, as plain numbers that JSON can hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn import metrics as sklearn_metrics


@dataclass
class Spread:
    """Mean and spread of one score over seeds."""

    mean: float
    std: float
    low: float
    high: float
    n: int

    @classmethod
    def of(cls, values: list[float]) -> Spread:
        """Summarise the scores of each seed; the standard deviation is that of a sample.

        Examples
        --------
        >>> Spread.of([0.5, 0.7]).mean
        0.6
        """
        array = np.asarray(values, dtype=float)
        std = float(array.std(ddof=1)) if len(array) > 1 else 0.0
        return cls(float(array.mean()), std, float(array.min()), float(array.max()), len(array))


def significant(scores: np.ndarray, digits: int = 7) -> np.ndarray:
    """Round to so many significant digits, whatever the unit: what float32 holds.

    Examples
    --------
    >>> significant(np.array([0.123456789, 1.23456789e-9, 0.0, -250.0])).tolist()
    [0.1234568, 1.234568e-09, 0.0, -250.0]
    """
    exact = np.asarray(scores, dtype=float)
    # As text: powers of ten overflow for the 1e-310 that a discriminant may say.
    rounded = [float(f"{score:.{digits - 1}e}") for score in exact.ravel().tolist()]
    return np.array(rounded).reshape(exact.shape)


def score_predictions(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    scores: np.ndarray | None = None,
    *,
    classes: Sequence[Any],
) -> dict[str, Any]:
    """Score predicted labels and class scores against the truth.

    Parameters
    ----------
    y_true, y_pred : ndarray, shape (trials,)
    scores : ndarray, shape (trials, classes) or (trials,), optional
        Probabilities, or a decision function (one column for two classes), in the order of
        `classes`. Without it the AUC is None.
    classes : sequence
        All classes, also those that `y_true` lacks.

    Returns
    -------
    dict
        ``n``; ``accuracy``; ``balanced_accuracy`` (mean recall of the classes that occur);
        ``auc`` (area under the ROC curve; for more than two classes the mean of one-against-rest;
        None where a class does not occur, because it is not defined then); ``confusion_matrix``
        (rows: true class, columns: predicted).

    Examples
    --------
    >>> truth = np.array(["l", "l", "r", "r"])
    >>> result = score_predictions(truth, np.array(["l", "r", "r", "r"]), classes=["l", "r"])
    >>> result["accuracy"], result["confusion_matrix"]
    (0.75, [[1, 1], [0, 2]])
    """
    index = {label: i for i, label in enumerate(classes)}
    truth = np.array([index[label] for label in np.asarray(y_true).tolist()])
    guess = np.array([index[label] for label in np.asarray(y_pred).tolist()])
    matrix = sklearn_metrics.confusion_matrix(truth, guess, labels=range(len(classes)))
    occurring = matrix.sum(axis=1) > 0
    recall = matrix.diagonal()[occurring] / matrix.sum(axis=1)[occurring]
    return {
        "n": len(truth),
        "accuracy": float(np.mean(truth == guess)),
        "balanced_accuracy": float(recall.mean()),
        "auc": _auc(truth, scores, len(classes)),
        "confusion_matrix": matrix.tolist(),
    }


def chance_of_folds(y: np.ndarray, tests: Sequence[np.ndarray]) -> float:
    """Accuracy of the best constant decision, each fold counting alike as in a model's accuracy.

    Examples
    --------
    >>> y = np.array(["a", "b", "a", "b", "a"])
    >>> chance_of_folds(y, [np.arange(4), np.array([4])]), chance_level(y)
    (0.75, 0.6)
    """
    shares = [[np.mean(y[test] == label) for test in tests] for label in np.unique(y)]
    return float(np.mean(shares, axis=1).max())


def chance_level(y: np.ndarray) -> float:
    """Return the accuracy of always saying the most frequent label.

    Examples
    --------
    >>> chance_level(np.array(["a", "a", "b", "b", "b"]))
    0.6
    """
    counts = np.unique(np.asarray(y), return_counts=True)[1]
    return float(counts.max() / counts.sum())


def class_scores(estimator: Any, X: np.ndarray, classes: Sequence[Any]) -> np.ndarray | None:
    """Return an estimator's probabilities, else its decision function, in the order of `classes`.

    Estimators sort their classes; a data set may name them in another order.

    Parameters
    ----------
    estimator : fitted classifier
    X : ndarray
    classes : sequence
        All of the estimator's classes.

    Returns
    -------
    ndarray, shape (trials, classes) or, for a two-class decision function, (trials,); or None
        None where the estimator has neither.
    """
    if hasattr(estimator, "predict_proba"):
        scores = np.asarray(estimator.predict_proba(X))
    elif hasattr(estimator, "decision_function"):
        scores = np.asarray(estimator.decision_function(X))
    else:
        return None
    position = {label: i for i, label in enumerate(np.asarray(estimator.classes_).tolist())}
    order = [position[label] for label in classes]
    if scores.ndim == 1:
        return scores if order == [0, 1] else -scores
    return scores[:, order]


def decide(
    estimator: Any, X: np.ndarray, classes: Sequence[Any]
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return labels and class scores of one pass over the data.

    Where there are probabilities the label is the most probable class, so that nothing is
    computed, and nothing random drawn, twice.

    Parameters
    ----------
    estimator, X, classes
        As for :func:`class_scores`.

    Returns
    -------
    labels : ndarray, shape (trials,)
    scores : ndarray or None
    """
    scores = class_scores(estimator, X, classes)
    if scores is None or not hasattr(estimator, "predict_proba"):
        return np.asarray(estimator.predict(X)), scores
    return np.asarray(classes)[scores.argmax(axis=1)], scores


def _auc(truth: np.ndarray, scores: np.ndarray | None, n_classes: int) -> float | None:
    if scores is None or len(np.unique(truth)) < n_classes:
        return None
    if n_classes == 2:
        positive = scores if scores.ndim == 1 else scores[:, 1]
        return float(sklearn_metrics.roc_auc_score(truth, positive))
    each = [sklearn_metrics.roc_auc_score(truth == k, scores[:, k]) for k in range(n_classes)]
    return float(np.mean(each))
