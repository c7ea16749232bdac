"""Whether a model that says 80 % is right four times out of five."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from eegsnn.errors import DataError
from eegsnn.evaluation.pooling import by_seed, pool_decisions

if TYPE_CHECKING:
    from eegsnn.evaluation.results import ExperimentResult

# Scores are kept with five digits; their sum over many classes is 1 to about this.
_ROUNDING = 1e-3
_SIMULATIONS = 200


@dataclass(frozen=True)
class ReliabilityBin:
    """Decisions of similar confidence.

    Attributes
    ----------
    low, high : float
        Limits of the confidence.
    n : int
    confidence, accuracy : float
        Means over the decisions.
    """

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Calibration:
    """How far probabilities can be taken at their word.

    Attributes
    ----------
    n : int
        Test trials of one seed.
    error : float
        Expected calibration error, mean over seeds.
    error_if_calibrated : float
        What that error would be, on so many trials, for a model whose probabilities are exactly
        right: the error is above zero by chance alone.
    brier : float
        Mean over seeds of the Brier score over all classes, between 0 and 2.
    brier_of_shares : float
        Brier score of always answering with the classes' shares in the test trials.
    bins : tuple of ReliabilityBin
        Over all seeds; empty bins are left out.
    """

    n: int
    error: float
    error_if_calibrated: float
    brier: float
    brier_of_shares: float
    bins: tuple[ReliabilityBin, ...]


def are_probabilities(scores: Any) -> bool:
    """Whether scores (trials, classes) are probabilities, and not values of a decision function."""
    if scores is None:
        return False
    array = np.asarray(scores, dtype=float)
    return bool(
        array.ndim == 2
        and array.shape[1] > 1
        and (array >= 0).all()
        and (np.abs(array.sum(axis=1) - 1) < _ROUNDING).all()
    )


def reliability_curve(
    confidence: np.ndarray, right: np.ndarray, *, n_bins: int = 10
) -> list[ReliabilityBin]:
    """Sort decisions by confidence into bins of equal width; returns those that are not empty.

    Parameters
    ----------
    confidence : ndarray, shape (decisions,)
        Probability of the class decided for.
    right : ndarray, shape (decisions,)
    n_bins : int, default 10

    Raises
    ------
    DataError
        If there is no decision, or lengths differ.

    Examples
    --------
    >>> reliability_curve(np.array([0.75, 1.0]), np.array([True, False]), n_bins=2)
    [ReliabilityBin(low=0.5, high=1.0, n=2, confidence=0.875, accuracy=0.5)]
    """
    confidence, right = np.asarray(confidence, dtype=float), np.asarray(right, dtype=float)
    if confidence.ndim != 1 or confidence.shape != right.shape or not len(confidence):
        raise DataError(
            f"reliability_curve: expected a confidence and an outcome for each of one or more "
            f"decisions, but got shapes {confidence.shape} and {right.shape}."
        )
    place = _bin_of(confidence, n_bins)
    return [
        ReliabilityBin(
            k / n_bins,
            (k + 1) / n_bins,
            int(np.sum(place == k)),
            float(confidence[place == k].mean()),
            float(right[place == k].mean()),
        )
        for k in np.unique(place).tolist()
    ]


def expected_calibration_error(
    confidence: np.ndarray, right: np.ndarray, *, n_bins: int = 10
) -> float:
    """Mean distance between confidence and accuracy, over bins of equal width.

    References
    ----------
    Guo, C., Pleiss, G., Sun, Y. & Weinberger, K. Q. (2017). On calibration of modern neural
    networks. *ICML*.

    Examples
    --------
    >>> expected_calibration_error(np.array([0.75] * 4), np.array([1, 1, 1, 0]))
    0.0
    """
    bins = reliability_curve(confidence, right, n_bins=n_bins)
    total = sum(b.n for b in bins)
    return float(sum(b.n * abs(b.confidence - b.accuracy) for b in bins) / total)


def brier_score(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """Mean over trials of the squared distance to the truth, summed over classes (Brier 1950).

    0 is perfect, 2 the worst. Of two classes it is twice what is called Brier score there.

    Parameters
    ----------
    probabilities : ndarray, shape (trials, classes)
    truth : ndarray of int, shape (trials,)

    Examples
    --------
    >>> brier_score(np.array([[0.5, 0.5], [0.0, 1.0]]), np.array([0, 1]))
    0.25
    """
    probabilities = np.asarray(probabilities, dtype=float)
    outcome = np.eye(probabilities.shape[1])[np.asarray(truth, dtype=int)]
    return float(np.square(probabilities - outcome).sum(axis=1).mean())


def calibration_of(result: ExperimentResult, model: str, *, n_bins: int = 10) -> Calibration | None:
    """Judge the probabilities that a model gave to the test trials.

    Returns
    -------
    Calibration or None
        None where a run kept no probabilities.
    """
    runs = result.runs_of(model)
    if not runs or not all(are_probabilities(run.predictions["score"]) for run in runs):
        return None
    pooled = [pool_decisions(group) for group in by_seed(runs)]
    probabilities = [d.score for d in pooled if d.score is not None]  # none is missing here
    decided = list(zip(probabilities, pooled, strict=True))
    confidences = [p[np.arange(len(p)), d.label] for p, d in decided]
    rights = [d.truth == d.label for d in pooled]
    truth = pooled[0].truth
    shares = np.bincount(truth, minlength=probabilities[0].shape[1]) / len(truth)
    return Calibration(
        len(truth),
        _mean(
            [
                expected_calibration_error(c, r, n_bins=n_bins)
                for c, r in zip(confidences, rights, strict=True)
            ]
        ),
        _error_if_calibrated(confidences[0], n_bins),
        _mean([brier_score(p, d.truth) for p, d in decided]),
        float(1 - np.square(shares).sum()),
        tuple(
            reliability_curve(np.concatenate(confidences), np.concatenate(rights), n_bins=n_bins)
        ),
    )


def _bin_of(confidence: np.ndarray, n_bins: int) -> np.ndarray:
    return np.minimum((confidence * n_bins).astype(int), n_bins - 1)


def _error_if_calibrated(confidence: np.ndarray, n_bins: int) -> float:
    """Mean error over simulated outcomes that follow the confidences exactly."""
    rng = np.random.default_rng(0)
    place = _bin_of(confidence, n_bins)
    expected = np.bincount(place, confidence, minlength=n_bins)
    errors = []
    for _ in range(_SIMULATIONS):
        right = rng.random(len(confidence)) < confidence
        errors.append(np.abs(np.bincount(place, right, minlength=n_bins) - expected).sum())
    return float(np.mean(errors) / len(confidence))


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
