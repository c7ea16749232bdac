"""How certain readouts may be, and how much each counts in a committee, by held-out trials."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize, minimize_scalar

from eegsnn.training.readouts import LOWEST_LOG_PROBABILITY, log_softmax, tempered_logs

# How strongly weights are held to the prior, in trials: from "they are the prior" to "hardly". A
# weaker hold served thirty trials worse, and hundreds no better.
_STRENGTHS = (np.inf, 128.0, 32.0, 8.0)
_N_FOLDS = 5


def class_logs(
    codes: np.ndarray,
    n_classes: int,
    weights: np.ndarray | None = None,
    groups: np.ndarray | None = None,
) -> np.ndarray:
    """Logarithm of how frequent each class is: what is said of a trial by who knows nothing of it.

    Where each of several groups is of one class (a trait of the subject), the frequencies are those
    of the few who were recruited, and all classes are taken to be as likely.

    Returns
    -------
    ndarray, shape (classes,)
    """
    if _one_class_each(codes, groups):
        return np.full(n_classes, -np.log(n_classes))
    counts = np.bincount(codes, _shares(codes, weights), minlength=n_classes)
    return np.log(np.maximum(counts, np.finfo(float).tiny))


def certainty(
    scores: np.ndarray,
    codes: np.ndarray,
    weights: np.ndarray | None = None,
    *,
    least: float = np.exp(-6.0),
    most: float = np.exp(1.0),
    pull: float = 1.0,
    around: float = 1.0,
    base: np.ndarray | None = None,
    groups: np.ndarray | None = None,
) -> float:
    """Factor on the scores with which held-out trials are predicted best (temperature scaling).

    With more features than trials a discriminant is far too certain. What is scaled is how far
    scores are from `base`, so that who is not certain of anything says what is said without it.

    Parameters
    ----------
    scores : ndarray, shape (trials, classes)
        Class scores or log-probabilities of trials that the readout was not fitted on.
    codes : ndarray of int, shape (trials,)
    weights : ndarray, shape (trials,), optional
    least, most : float, default e⁻⁶ and e
        Bounds of the factor.
    pull : float, default 1.0
        Towards the factor `around`, in trials: keeps it moderate where held-out trials are all
        right.
    around : float, default 1.0
    base : ndarray, shape (classes,), optional
        Log-probabilities of the classes that need no readout, see :func:`class_logs`. Default: all
        alike.
    groups : ndarray, shape (trials,), optional
        As in :func:`committee_weights`.

    Returns
    -------
    float

    References
    ----------
    Guo, C., Pleiss, G., Sun, Y. & Weinberger, K. Q. (2017). On calibration of modern neural
    networks. *ICML*.
    """
    share = _shares(codes, weights)
    trials = np.arange(len(codes))
    strength = pull / _independent(codes, groups)
    start = np.zeros(scores.shape[1]) if base is None else base

    def loss(logarithm: float) -> float:
        logs = tempered_logs(scores, np.exp(logarithm), start)
        away = logarithm - np.log(around)
        return float(-share @ logs[trials, codes] + strength * away**2)

    bounds = (np.log(least), np.log(most))
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))


def certainties(
    scores: np.ndarray,
    codes: np.ndarray,
    weights: np.ndarray | None = None,
    groups: np.ndarray | None = None,
) -> list[float]:
    """Factor on the scores of each of several readouts, see :func:`certainty`.

    Where each group is of one class, each factor is pulled towards the one that is best for all
    together, in proportion to how few groups there are: a few subjects cannot tell how certain each
    readout should be, and would else choose among them by chance.

    Parameters
    ----------
    scores : ndarray, shape (readouts, trials, classes)
        Of trials that the readouts were not fitted on.
    codes, weights, groups
        As in :func:`committee_weights`.

    Examples
    --------
    >>> scores = np.array([[[2.0, 0.0], [0.0, 2.0], [0.0, 2.0], [2.0, 0.0]]])
    >>> both, codes = np.concatenate([scores, 10 * scores]), np.array([0, 1, 0, 1])
    >>> alone = certainties(both, codes)
    >>> together = certainties(both, codes, groups=np.array([1, 2, 3, 4]))
    >>> bool(alone[0] / alone[1] > together[0] / together[1] > 1)
    True
    """
    n_readouts = len(scores)
    base = class_logs(codes, scores.shape[2], weights, groups)
    if groups is None or not _one_class_each(codes, groups):
        return [certainty(one, codes, weights, base=base) for one in scores]
    share = _shares(codes, weights)
    common = certainty(
        scores.reshape(-1, scores.shape[2]),
        np.tile(codes, n_readouts),
        np.tile(share, n_readouts),
        groups=np.tile(groups, n_readouts),
    )
    return [certainty(one, codes, share, around=common, groups=groups) for one in scores]


def committee_weights(
    log_probabilities: np.ndarray,
    codes: np.ndarray,
    prior: np.ndarray,
    weights: np.ndarray | None = None,
    groups: np.ndarray | None = None,
) -> np.ndarray:
    """Weights ≥ 0 with which members' log-probabilities, beyond :func:`class_logs`, are added up.

    They minimise the cross-entropy of trials that the members were not trained on, and the
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
    share = _shares(codes, weights)
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
    evidence = -losses * _independent(codes, groups)
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
    independent = _independent(codes, groups)

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


def _one_class_each(codes: np.ndarray, groups: np.ndarray | None) -> bool:
    """Whether there are several groups, and none holds trials of two classes."""
    if groups is None:
        return False
    numbers = np.unique(groups, return_inverse=True)[1]
    n_groups = int(numbers.max()) + 1
    return n_groups > 1 and len(np.unique(numbers * (codes.max() + 1) + codes)) == n_groups


def _independent(codes: np.ndarray, groups: np.ndarray | None) -> int:
    """Count what says something of its own: trials; or groups, where each is of one class."""
    if groups is None or not _one_class_each(codes, groups):
        return len(codes)
    return len(np.unique(groups))


def _shares(codes: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """Weights of trials that add up to 1."""
    share = np.ones(len(codes)) if weights is None else np.asarray(weights, dtype=float)
    return share / share.sum()
