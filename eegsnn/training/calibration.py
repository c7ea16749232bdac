"""How certain a readout may be, and of which classes, by trials that it was not fitted on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from eegsnn.training.evidence import class_logs, n_independent, one_class_each, rarity, shares
from eegsnn.training.readouts import LinearReadout, log_softmax

_USUAL_SIZE = 1.0  # nats between two classes: a probability of .73 where there are two
_LEAST, _MOST = 6.0, 4.0  # how far a factor may be from where it starts, as logarithms
# In trials, of the squared logarithm of the factor: keeps it moderate where held-out trials are all
# right. And of the square of the shift, where a class is e times as rare as another: hardly
# anything, since all readouts of many features need one.
_PULLS = np.array([1.0, 0.1])


@dataclass(frozen=True)
class Calibration:
    """How scores become log-probabilities: ``factor · (scores - base) + base + shift``.

    Attributes
    ----------
    factor : float
        0 says `base` of every trial; below 1 is less certain than the scores are.
    base : ndarray (classes,)
        Log-probabilities of the classes for who knows nothing of a trial.
    shift : ndarray (classes,)
        In favour of each class.
    """

    factor: float
    base: np.ndarray
    shift: np.ndarray

    def log_probabilities(self, scores: np.ndarray) -> np.ndarray:
        """Log-probabilities (…, classes) of scores (…, classes)."""
        return log_softmax(self.factor * (scores - self.base) + self.base + self.shift)

    def of(self, readout: LinearReadout) -> LinearReadout:
        """Return the readout whose scores are these log-probabilities."""
        constant = (1 - self.factor) * self.base + self.shift
        return LinearReadout(readout.weights * self.factor, readout.bias * self.factor + constant)


def calibrate(
    scores: np.ndarray,
    codes: np.ndarray,
    weights: np.ndarray | None = None,
    groups: np.ndarray | None = None,
) -> Calibration:
    """Find factor and shift with which held-out trials are predicted best.

    With more features than trials a discriminant is far too certain: a factor mends that
    (temperature scaling). It also takes the noise in the mean of a class for distance from it, and
    is the more prejudiced against a class the fewer trials that has: a shift in proportion to
    :func:`~eegsnn.training.evidence.rarity` mends that.

    Where each group is of one class (a trait of the subject), a few subjects cannot tell how
    certain to be. The factor is then pulled towards scores of one nat, whatever their size was
    (that of discriminants differs a hundredfold), and groups, not trials, resist. There is no
    shift: how many were recruited says nothing.

    Parameters
    ----------
    scores : ndarray, shape (trials, classes)
        Class scores or log-probabilities of trials that the readout was not fitted on.
    codes : ndarray of int, shape (trials,)
    weights : ndarray, shape (trials,), optional
        Importance of each trial.
    groups : ndarray, shape (trials,), optional
        Subject, session or run of each trial.

    Examples
    --------
    >>> says = np.array([[9.0, 0.0]] * 8 + [[0.0, 9.0]] * 2)  # and is wrong once of each
    >>> found = calibrate(says, np.array([1, 0, 0, 0, 0, 0, 0, 0, 0, 1]))
    >>> bool(found.factor < 0.5)
    True

    References
    ----------
    Guo, C., Pleiss, G., Sun, Y. & Weinberger, K. Q. (2017). On calibration of modern neural
    networks. *ICML*.
    """
    n_classes = scores.shape[1]
    base = class_logs(codes, n_classes, weights, groups)
    trait = one_class_each(codes, groups)
    direction = np.zeros(n_classes) if trait else rarity(codes, n_classes, weights)
    start = np.log(_moderate(scores, base)) if trait else 0.0
    share, trials = shares(codes, weights), np.arange(len(codes))
    pulls = _PULLS / n_independent(codes, groups)
    away = scores - base

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        factor, shift = np.exp(parameters[0]), parameters[1] * direction
        logs = log_softmax(factor * away + base + shift)
        residual = np.exp(logs)
        residual[trials, codes] -= 1.0
        residual *= share[:, None]
        off = parameters - np.array([start, 0.0])
        gradient = np.array([factor * np.sum(residual * away), direction @ residual.sum(axis=0)])
        return float(-share @ logs[trials, codes] + pulls @ off**2), gradient + 2 * pulls * off

    bounds = [(start - _LEAST, start + _MOST), (None, None)]
    found = minimize(loss, [start, 0.0], jac=True, method="L-BFGS-B", bounds=bounds).x
    return Calibration(float(np.exp(found[0])), base, found[1] * direction)


def unjudged(
    scores: np.ndarray,
    codes: np.ndarray,
    weights: np.ndarray | None = None,
    groups: np.ndarray | None = None,
) -> Calibration:
    """Find a moderate factor for a readout of which no trial was held out.

    Parameters
    ----------
    scores : ndarray, shape (trials, classes)
        Of the trials that it was fitted on.
    codes, weights, groups
        As in :func:`calibrate`.
    """
    base = class_logs(codes, scores.shape[1], weights, groups)
    return Calibration(min(1.0, _moderate(scores, base)), base, np.zeros(len(base)))


def _moderate(scores: np.ndarray, base: np.ndarray) -> float:
    """Return the factor with which scores, beyond `base`, differ by one nat between two classes."""
    away = scores - base
    away = away - away.mean(axis=1, keepdims=True)
    n_classes = scores.shape[1]
    size = np.sqrt(2 * n_classes / (n_classes - 1) * np.mean(away**2))
    return float(_USUAL_SIZE / size) if size > 0 else 1.0
