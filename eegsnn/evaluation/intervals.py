"""How sure a score is: confidence intervals over trials, or over the groups that they come from.

Pure functions on arrays: what may be counted as independent (trials, subjects, folds) is for the
caller to say (:mod:`eegsnn.evaluation.comparison` does for an experiment). Everything that is
drawn is drawn from a seed: the same numbers give the same answer.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from eegsnn._validation import check_integer, check_number
from eegsnn.errors import DataError

ENOUGH_UNITS = 6
"""Fewer groups than this cannot reach p < 0.05 in a two-sided sign-flip test (2 / 2⁵ = 0.0625)."""

# Sums that differ by rounding alone are one.
_DECIMALS = 15


@dataclass(frozen=True)
class Interval:
    """A confidence interval, and what it counts as independent.

    Attributes
    ----------
    low, high : float
    confidence : float
    n_units : int
        Independent units (trials, subjects, …) that it rests on.
    method : str
    """

    low: float
    high: float
    confidence: float
    n_units: int
    method: str


def cluster_bootstrap(
    values: np.ndarray,
    weights: np.ndarray | None = None,
    units: np.ndarray | None = None,
    *,
    differences: bool = False,
    confidence: float = 0.95,
    n_resamples: int = 10_000,
    seed: int = 0,
) -> Interval:
    """Confidence interval of a weighted mean, by drawing whole units with replacement.

    Trials of one subject resemble each other, so that drawing trials would promise too much:
    units are drawn whole. Percentiles of few units are too close together; they are widened as
    Student's t is wider than the normal curve (Hesterberg 2015, "expanded percentiles"). Of fewer
    than :data:`ENOUGH_UNITS` units, trials within the drawn units are drawn too, and the interval
    should be read as a rough one. Where all values are equal a bootstrap has nothing to draw
    from; for values between 0 and 1 the interval of Clopper and Pearson over all trials takes its
    place, as if units did not matter: it, too, is a rough one.

    Parameters
    ----------
    values : ndarray, shape (trials,)
        Such as 1 for a right decision, 0 for a wrong one.
    weights : ndarray, shape (trials,), optional
        Default: all alike.
    units : ndarray, shape (trials,), optional
        Which unit each trial is of. Default: each is its own.
    differences : bool, default False
        Whether values are differences between two decisions, from −1 to 1, so that equal ones are
        as unsure on either side: of n trials on which two models agree, the interval is that of 0
        disagreements among n, in favour of either.
    confidence : float, default 0.95
    n_resamples : int, default 10000
    seed : int, default 0

    Returns
    -------
    Interval

    Raises
    ------
    DataError
        If there is no value, one is not finite, lengths differ, or weights are no weights.

    References
    ----------
    Hesterberg, T. C. (2015). What teachers should know about the bootstrap. *The American
    Statistician* 69(4).

    Examples
    --------
    >>> right = np.array([1.0] * 75 + [0.0] * 25)
    >>> interval = cluster_bootstrap(right)
    >>> 0.65 < interval.low < 0.68 and 0.82 < interval.high < 0.85
    True
    """
    values, weights, labels = _trials(values, weights, units)
    confidence = check_number(
        "confidence", confidence, low=0, high=1, low_open=True, high_open=True
    )
    n_resamples = check_integer("n_resamples", n_resamples, low=1)
    n_units = int(labels.max()) + 1
    rng = np.random.default_rng(seed)
    by_trial = n_units == len(values)
    of_trials = functools.partial(
        cluster_bootstrap,
        values,
        weights,
        differences=differences,
        confidence=confidence,
        n_resamples=n_resamples,
        seed=seed,
    )
    if np.ptp(values) < 1e-12:
        low, high, method = _of_equal_values(values, confidence, differences)
        return Interval(low, high, confidence, len(values), method)
    if n_units == 1:
        return of_trials()
    if not by_trial and n_units < ENOUGH_UNITS:
        means = _draw_in_two_stages(values, weights, labels, n_resamples, rng)
        tail = (1 - confidence) / 2
        method = "bootstrap of groups and of trials within them"
    else:
        sums = np.column_stack(
            [np.bincount(labels, weights * values), np.bincount(labels, weights)]
        )
        means = _ratios(_draw(sums, n_units, n_resamples, rng))
        tail = _expanded_tail(confidence, n_units)
        method = f"bootstrap of {'trials' if by_trial else 'whole groups'}"
    low, high = np.quantile(means, [tail, 1 - tail])
    if high - low < 1e-12 and not by_trial:
        # Groups that happen to agree to the last digit: their trials still tell how sure it is.
        return of_trials()
    return Interval(float(low), float(high), confidence, n_units, method)


def clopper_pearson(successes: float, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Exact interval of a proportion (Clopper & Pearson 1934).

    Examples
    --------
    >>> low, high = clopper_pearson(20, 20)
    >>> round(low, 3), high
    (0.832, 1.0)
    """
    tail = (1 - confidence) / 2
    low = 0.0 if successes <= 0 else float(stats.beta.ppf(tail, successes, n - successes + 1))
    high = 1.0 if successes >= n else float(stats.beta.ppf(1 - tail, successes + 1, n - successes))
    return low, high


def _trials(
    values: np.ndarray, weights: np.ndarray | None, units: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    values = finite_values(values, "cluster_bootstrap")
    n = len(values)
    weights = np.ones(n) if weights is None else np.asarray(weights, dtype=float)
    labels = np.arange(n) if units is None else np.unique(units, return_inverse=True)[1]
    if n == 0 or weights.shape != (n,) or labels.shape != (n,):
        raise DataError(
            f"cluster_bootstrap: expected a weight and a unit for each of one or more values, but "
            f"got {n} values, {len(weights)} weights and {len(labels)} units."
        )
    wrong = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if len(wrong):
        raise DataError(
            f"weights: expected finite numbers of 0 or more, but weight {wrong[0]} is "
            f"{weights[wrong[0]]:g}."
        )
    if not weights.any():
        raise DataError("weights: expected one above 0 at least, but all are 0.")
    return values, weights, labels


def _of_equal_values(
    values: np.ndarray, confidence: float, differences: bool
) -> tuple[float, float, str]:
    value, n = float(values[0]), len(values)
    if differences and value in (-1.0, 0.0, 1.0):
        # At most so many trials in which it is otherwise, in favour of either model.
        reach = clopper_pearson(0, n, confidence)[1]
        low, high = (-reach, reach) if value == 0 else sorted((value, value * (1 - 2 * reach)))
        return low, high, "Clopper–Pearson over trials"
    if not 0 <= value <= 1 or value not in (0.0, 1.0):
        return value, value, "all values are equal"
    return *clopper_pearson(value * n, n, confidence), "Clopper–Pearson over trials"


def _expanded_tail(confidence: float, n_units: int) -> float:
    quantile = stats.t.ppf((1 + confidence) / 2, n_units - 1)
    return float(stats.norm.cdf(-math.sqrt(n_units / (n_units - 1)) * quantile))


def _draw(sums: np.ndarray, n_drawn: int, n_resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Add up `n_drawn` rows drawn with replacement, shape (resamples, columns).

    Equal rows are counted together: ten thousand trials are only ever right or wrong.
    """
    distinct, counts = np.unique(np.round(sums, _DECIMALS), axis=0, return_counts=True)
    drawn = rng.multinomial(n_drawn, counts / counts.sum(), size=n_resamples)
    return np.asarray(drawn @ distinct)


def _draw_in_two_stages(
    values: np.ndarray,
    weights: np.ndarray,
    labels: np.ndarray,
    n_resamples: int,
    rng: np.random.Generator,
) -> np.ndarray:
    n_units = int(labels.max()) + 1
    chosen = rng.integers(n_units, size=(n_units, n_resamples))
    totals = np.zeros((n_resamples, 2))
    for unit in range(n_units):
        rows = np.column_stack([weights * values, weights])[labels == unit]
        for slot in chosen:
            totals[slot == unit] += _draw(rows, len(rows), int(np.sum(slot == unit)), rng)
    return _ratios(totals)


def _ratios(sums: np.ndarray) -> np.ndarray:
    return np.asarray(sums[:, 0] / sums[:, 1])


def finite_values(values: np.ndarray, name: str) -> np.ndarray:
    """Return the values as floats; raise DataError, in the name of who asks, if any is none."""
    values = np.asarray(values, dtype=float)
    missing = np.flatnonzero(~np.isfinite(values))
    if len(missing):
        raise DataError(
            f"{name}: expected numbers, but {len(missing)} of {len(values)} are NaN or infinite, "
            f"the first at place {missing[0]}. Leave these units out, and say so."
        )
    return values
