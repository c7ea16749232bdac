"""Linear readouts of features, regularised by what they predict for trials left out of training."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression

from eegsnn.estimators._inner_folds import inner_folds
from eegsnn.training.calibration import calibrate
from eegsnn.training.evidence import class_logs
from eegsnn.training.readouts import LinearReadout

READOUTS: tuple[str, ...] = ("ridge", "logistic")

# Of ridge, as parts of the mean eigenvalue of the features' product matrix; of the logistic
# regression, its C for features of that mean eigenvalue.
_PENALTIES = np.logspace(-4, 4, 25)
_STRENGTHS = np.logspace(-4, 1, 6)
_LARGEST_LEVERAGE = 1.0 - 1e-8
_ROUNDING = 1e-10  # part of the largest eigenvalue below which there is no direction


class _Rotated(NamedTuple):
    """Standardised features in as many directions as they have.

    ``root·centred features = left·values·rightᵀ``, root being that of the trials' weights. A
    penalty on the length of the weights does not see a rotation, so that all that follows costs
    as much as there are trials, however many features there are.
    """

    left: np.ndarray
    values: np.ndarray
    right: np.ndarray
    centre: np.ndarray
    scale: np.ndarray


def fit_readout(
    kind: str,
    features: np.ndarray,
    codes: np.ndarray,
    weights: np.ndarray,
    groups: np.ndarray | None,
    seed: int,
) -> tuple[LinearReadout, float]:
    """Fit a readout of training trials; everything is chosen within them.

    Features are standardised first.

    Parameters
    ----------
    kind : {"ridge", "logistic"}
        "ridge": least squares on the classes, regularised by the squared error of predicting each
        trial (each group, where there are groups) from the others, in closed form; the scale of
        the probabilities is fitted to those predictions. "logistic": multinomial, regularised by
        the log loss in five folds.
    features : ndarray of float64 (trials, features)
    codes : ndarray of int (trials,)
        Class numbers, all of 0, 1, … occurring.
    weights : ndarray (trials,)
        Above 0.
    groups : ndarray (trials,) or None
        Trials of one group are left out together.
    seed : int
        Of the folds.

    Returns
    -------
    readout : LinearReadout
    penalty : float
        The regularisation chosen, of the grid.
    """
    fit = {"ridge": _fit_ridge, "logistic": _fit_logistic}[kind]
    rotated = _rotate(features, weights)
    if not len(
        rotated.values
    ):  # features that do not vary: what is known is how frequent classes are
        share = np.bincount(codes, weights) / weights.sum()
        return LinearReadout(np.zeros((len(share), features.shape[1])), np.log(share)), np.inf
    rotated_weights, bias, penalty = fit(rotated, codes, weights, groups, seed)
    back = rotated.right @ rotated_weights / rotated.scale[:, None]
    return LinearReadout(back.T, bias - rotated.centre @ back), penalty


def _rotate(features: np.ndarray, weights: np.ndarray) -> _Rotated:
    share = weights / weights.sum()
    centre = share @ features
    own = features - centre
    # Of trials alike: weighted, what only trials of small weight have would be made huge.
    deviation = features.std(axis=0)
    varies = deviation > _ROUNDING * np.abs(centre)
    scale = np.where(varies, deviation, 1.0)
    own = np.where(varies, own / scale, 0.0) * np.sqrt(weights)[:, None]
    # The eigenvectors of the smaller product matrix give those of the larger one.
    wide = own.shape[1] >= own.shape[0]
    squares, vectors = np.linalg.eigh(own @ own.T if wide else own.T @ own)
    kept = squares > _ROUNDING * max(squares[-1], np.finfo(float).tiny)
    values, vectors = np.sqrt(squares[kept]), vectors[:, kept]
    other = (own.T if wide else own) @ vectors / values
    left, right = (vectors, other) if wide else (other, vectors)
    return _Rotated(left, values, right, centre, scale)


def _fit_ridge(
    rotated: _Rotated,
    codes: np.ndarray,
    weights: np.ndarray,
    groups: np.ndarray | None,
    seed: int,
) -> tuple[np.ndarray, np.ndarray, float]:
    # In coordinates where every trial weighs the same, the constant is the direction `root`.
    root, basis, squares = np.sqrt(weights), rotated.left, np.square(rotated.values)
    targets = np.eye(int(codes.max()) + 1)[codes]
    level = weights @ targets / weights.sum()
    response = root[:, None] * (targets - level)
    size = squares.mean()
    best = np.inf
    for candidate in _PENALTIES:
        shrink = squares / (squares + candidate * size)
        errors = _left_out(basis, shrink, response, root, groups)
        if np.square(errors).sum() < best:
            best, penalty = float(np.square(errors).sum()), float(candidate)
            predicted = targets - errors / root[:, None]
    inverse = rotated.values / (squares + penalty * size)
    # What is known of a trial is how far its scores are from the frequencies of the classes.
    base = class_logs(codes, len(level), weights, groups)
    found = calibrate(predicted - level + base, codes, weights, groups)
    directions = found.factor * inverse[:, None] * (basis.T @ response)
    return directions, found.base + found.shift, penalty


def _left_out(
    basis: np.ndarray,
    shrink: np.ndarray,
    response: np.ndarray,
    root: np.ndarray,
    groups: np.ndarray | None,
) -> np.ndarray:
    """Errors of predicting each trial, or each group, from the others: ``(I − H)⁻¹·residual``."""
    residual = response - (basis * shrink) @ (basis.T @ response)
    constant = root / np.sqrt(root @ root)
    if groups is None:
        leverage = (np.square(basis) * shrink).sum(axis=1) + np.square(constant)
        return residual / (1.0 - np.minimum(leverage, _LARGEST_LEVERAGE))[:, None]
    error = np.empty_like(residual)
    for group in np.unique(groups):
        own = groups == group
        hat = (basis[own] * shrink) @ basis[own].T + np.outer(constant[own], constant[own])
        error[own] = np.linalg.lstsq(np.eye(len(hat)) - hat, residual[own], rcond=None)[0]
    return error


def _fit_logistic(
    rotated: _Rotated,
    codes: np.ndarray,
    weights: np.ndarray,
    groups: np.ndarray | None,
    seed: int,
) -> tuple[np.ndarray, np.ndarray, float]:
    # Divided by the typical size of a row, so that one grid serves any number of features.
    size = np.sqrt(np.square(rotated.values).sum() / weights.sum())
    coordinates = rotated.left * rotated.values / (size * np.sqrt(weights)[:, None])
    strengths = _STRENGTHS * len(codes)
    losses = np.zeros(len(strengths))
    for train, test in inner_folds(codes, int(codes.max()) + 1, groups, seed):
        model = _logistic()
        for number, strength in enumerate(strengths):  # each begins where the last one ended
            model.set_params(C=strength)
            model.fit(coordinates[train], codes[train], sample_weight=weights[train])
            predicted = model.predict_log_proba(coordinates[test])
            losses[number] -= weights[test] @ predicted[np.arange(len(test)), codes[test]]
    # Without a fold to judge by, all losses are 0: take the middle.
    best = int(np.argmin(losses)) if losses.any() else len(strengths) // 2
    model = _logistic().set_params(C=strengths[best])
    model.fit(coordinates, codes, sample_weight=weights)
    slopes, bias = model.coef_.T / size, model.intercept_
    if slopes.shape[1] == 1:  # two classes: half of the difference each
        slopes = np.concatenate([-slopes, slopes], axis=1) / 2
        bias = np.array([-bias[0], bias[0]]) / 2
    return slopes, bias, float(strengths[best])


def _logistic() -> Any:
    # In coordinates as many as trials Newton's method takes a few steps where L-BFGS takes tens.
    return LogisticRegression(solver="newton-cg", max_iter=300, warm_start=True)
