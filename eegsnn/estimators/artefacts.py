"""Training trials that are exceptions: an electrode that popped, a jaw that was clenched.

Means and covariances weigh trials by their power, so that a few such trials decide what all others
are compared with. Somebody who looked at the recording would leave them out; so does this.
"""

from __future__ import annotations

import numpy as np

# A trial is left out for a channel with ten times the power that is usual in its class, and five
# robust deviations above it. Where that is so of more than a tenth of all trials, it is no
# exception but how the recording is (eyes that blink will blink in new trials too), and only a
# hundredfold power is. The spread of the logarithm is taken to be at least `_LEAST_SPREAD`: a few
# trials may be alike by chance.
_RATIO, _RATIO_IF_FREQUENT = 10.0, 100.0
_SELDOM = 0.1
_DEVIATIONS = 5.0
_LEAST_SPREAD = 0.2
_MOST = 0.25  # of the trials of a class: what is more frequent is no exception
_FEWEST_IN_CLASS = 8
_FEWEST_IN_GROUP = 5  # for a usual power of its own


def artefact_trials(
    X: np.ndarray, codes: np.ndarray, groups: np.ndarray | None = None
) -> np.ndarray:
    """Find training trials in which a channel is far more powerful than in others of the class.

    What is usual is told class by class, so that a class which differs in power (seizures) is not
    taken for artefacts, and within a class group by group: subjects differ. How much is too much is
    told for all classes alike: a class must not be known by what was left in it. Equal trials count
    once, and the order of trials does not matter.

    Parameters
    ----------
    X : ndarray, shape (trials, channels, times)
        In any unit.
    codes : ndarray of int, shape (trials,)
        Class of each trial.
    groups : ndarray, shape (trials,), optional

    Returns
    -------
    ndarray of bool, shape (trials,)
        At most a quarter of each class; none of a class with fewer than eight trials.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(20, 4, 500))
    >>> X[3, 2] *= 10.0
    >>> np.flatnonzero(artefact_trials(X, np.repeat([0, 1], 10)))
    array([3])
    """
    powers = log_powers(X)
    owners = np.zeros(len(X), int) if groups is None else np.unique(groups, return_inverse=True)[1]
    found = _found(powers, codes, owners, _RATIO)
    once = np.unique(np.column_stack([codes, owners, powers]), axis=0, return_index=True)[1]
    if found[once].mean() > _SELDOM:
        found = _found(powers, codes, owners, _RATIO_IF_FREQUENT)
    return found


def _found(powers: np.ndarray, codes: np.ndarray, owners: np.ndarray, ratio: float) -> np.ndarray:
    """Mark trials with a channel of `ratio` times the usual power, by powers as logarithms."""
    found = np.zeros(len(powers), dtype=bool)
    for code in np.unique(codes):
        mine = np.flatnonzero(codes == code)
        # With the group in front, equal powers of two groups stay two trials.
        rows, inverse = np.unique(
            np.column_stack([owners[mine], powers[mine]]), axis=0, return_inverse=True
        )
        if len(rows) >= _FEWEST_IN_CLASS:
            found[mine] = _exceptions(rows[:, 1:], rows[:, 0], ratio)[inverse.reshape(-1)]
    return found


def _exceptions(powers: np.ndarray, owners: np.ndarray, ratio: float) -> np.ndarray:
    """Mark trials whose log powers (trials, channels) stand out among those of one class."""
    excess = powers - np.median(powers, axis=0)
    for owner in np.unique(owners):
        own = owners == owner
        if own.sum() >= _FEWEST_IN_GROUP:
            excess[own] = powers[own] - np.median(powers[own], axis=0)
    # 1.4826 median absolute deviations are the standard deviation of a normal distribution.
    spread = np.maximum(1.4826 * np.median(np.abs(excess), axis=0), _LEAST_SPREAD)
    exceptional = excess > np.maximum(np.log(ratio), _DEVIATIONS * spread)
    worst = np.where(exceptional, excess, 0.0).max(axis=1)
    kept = np.argsort(worst, kind="stable")[: len(worst) - int(_MOST * len(worst))]
    worst[kept] = 0.0
    return worst > 0


def log_powers(X: np.ndarray) -> np.ndarray:
    """Logarithm of the variance of each channel in each trial, (trials, channels)."""
    power = np.array([trial.var(axis=1, dtype=np.float64) for trial in X])
    return np.log(np.maximum(power, np.finfo(float).tiny))
