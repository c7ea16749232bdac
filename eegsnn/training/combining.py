"""How much each readout counts in a committee, by held-out trials."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from eegsnn.training.evidence import class_logs, n_independent, shares
from eegsnn.training.readouts import LOWEST_LOG_PROBABILITY, log_softmax

# How strongly weights are held to the prior, in trials: from "they are the prior" to "hardly". A
# weaker hold served thirty trials worse, and hundreds no better.
_STRENGTHS = (np.inf, 128.0, 32.0, 8.0)
_N_FOLDS = 5


def committee_weights(
    log_probabilities: np.ndarray,
    codes: np.ndarray,
    prior: np.ndarray,
    weights: np.ndarray | None = None,
    groups: np.ndarray | None = None,
) -> np.ndarray:
    """Weights ≥ 0 with which members' log-probabilities are added up.

    What is added is how far each goes beyond :func:`~eegsnn.training.evidence.class_logs`. Weights
    minimise the cross-entropy of trials that the members were not trained on, and the
    chi-squared distance from `prior`, Σ (weight - prior)² / prior: a member of which little was
    expected has to show more.

    How strong the pull to the prior is, nobody knows beforehand: where groups differ, what suits
    some misleads in others. Weights are therefore found at several strengths, 8 to 128 trials and
    the prior itself, each judged on folds of trials (of whole groups) that took no part in finding
    them, and averaged with the likelihood that each strength gave to these.

    Parameters
    ----------
    log_probabilities : ndarray, shape (members, trials, classes)
        Of held-out trials.
    codes : ndarray of int, shape (trials,)
    prior : ndarray, shape (members,)
        Above 0; scaled here so that it adds up to 1.
    weights : ndarray, shape (trials,), optional
        Importance of each trial.
    groups : ndarray, shape (trials,), optional
        Subject, session or run of each trial. Where each is of one class (a trait), its trials
        count as one against the prior: they are right or wrong together.

    Returns
    -------
    ndarray, shape (members,)
    """
    base = class_logs(codes, log_probabilities.shape[2], weights, groups)
    scores = np.maximum(log_probabilities, LOWEST_LOG_PROBABILITY) - base
    share = shares(codes, weights)
    start = prior / prior.sum()
    losses = np.zeros(len(_STRENGTHS))
    for train, test in _folds(codes, groups):
        known = None if groups is None else groups[train]
        paths = _weights_by_strength(
            scores[:, train], codes[train], share[train], start, base, known
        )
        for number, found in enumerate(paths):
            logs = log_softmax(np.tensordot(found, scores[:, test], axes=1) + base)
            losses[number] -= share[test] @ logs[np.arange(len(test)), codes[test]]
    evidence = -losses * n_independent(codes, groups)
    likelihood = np.exp(evidence - evidence.max())
    paths = _weights_by_strength(scores, codes, share, start, base, groups)
    return likelihood @ paths / likelihood.sum()


def _weights_by_strength(
    scores: np.ndarray,
    codes: np.ndarray,
    share: np.ndarray,
    start: np.ndarray,
    base: np.ndarray,
    groups: np.ndarray | None,
) -> np.ndarray:
    """Weights (strengths, members), each found from those at the strength before it."""
    share = share / share.sum()
    trials = np.arange(len(codes))
    scale = np.sqrt(start * len(start))  # 1 where all are expected to count alike
    independent = n_independent(codes, groups)

    def loss(member_weights: np.ndarray, pull: float) -> tuple[float, np.ndarray]:
        logs = log_softmax(np.tensordot(member_weights, scores, axes=1) + base)
        residual = np.exp(logs)
        residual[trials, codes] -= 1.0
        away = (member_weights - start) / scale
        value = -share @ logs[trials, codes] + pull * away @ away
        gradient = np.tensordot(scores, share[:, None] * residual, axes=2) + 2 * pull * away / scale
        return value, gradient

    found, path = start, []
    bounds = [(0.0, None)] * len(start)
    for strength in _STRENGTHS:
        if np.isfinite(strength):
            pull = strength / independent
            found = minimize(loss, found, (pull,), jac=True, method="L-BFGS-B", bounds=bounds).x
        path.append(found)
    return np.array(path)


def _folds(codes: np.ndarray, groups: np.ndarray | None) -> list[tuple[np.ndarray, np.ndarray]]:
    """Split trials, or whole groups, into up to five parts, each held out in turn."""
    if groups is not None and len(np.unique(groups)) > 1:
        parts = np.unique(groups, return_inverse=True)[1] % _N_FOLDS
    else:  # every n-th of each class
        parts = np.empty(len(codes), dtype=int)
        parts[np.argsort(codes, kind="stable")] = np.arange(len(codes)) % _N_FOLDS
    return [
        (np.flatnonzero(parts != part), np.flatnonzero(parts == part))
        for part in np.unique(parts)
        if (parts != part).any()
    ]
