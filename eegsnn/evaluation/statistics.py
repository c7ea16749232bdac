"""How sure a score is, and whether two scores differ: intervals, paired tests, corrections.

Pure functions on arrays: what may be counted as independent (trials, subjects, folds) is for the
caller to say (:mod:`eegsnn.evaluation.comparison` does for an experiment). Everything that is
drawn is drawn from a seed: the same numbers give the same answer.
"""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from eegsnn._validation import check_integer, check_number
from eegsnn.errors import DataError

ENOUGH_UNITS = 6
"""Fewer groups than this cannot reach p < 0.05 in a two-sided sign-flip test (2 / 2⁵ = 0.0625)."""

# All sign patterns of so many differences are gone through; of more, some are drawn.
_ENUMERATED = 14
# Magnitudes that differ by rounding alone are one: 0.2 and 0.6 − 0.4.
_DECIMALS = 12


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
        If there is no value, one is not finite, or lengths differ.

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


def mcnemar_exact(only_first: int, only_second: int) -> float:
    """Two-sided exact p-value of McNemar's test.

    Parameters
    ----------
    only_first, only_second : int
        Trials that only the first, and only the second, of two classifiers decides rightly.

    References
    ----------
    McNemar, Q. (1947). Note on the sampling error of the difference between correlated
    proportions or percentages. *Psychometrika* 12(2).

    Examples
    --------
    >>> mcnemar_exact(1, 7)
    0.0703125
    """
    low, n = min(only_first, only_second), only_first + only_second
    return float(min(1.0, 2 * stats.binom.cdf(low, n, 0.5))) if n else 1.0


def sign_flip_test(differences: np.ndarray, *, n_draws: int = 20_000, seed: int = 0) -> float:
    """Two-sided p-value of a paired permutation test of the mean difference.

    If neither of two models is better, each difference might as well have had the other sign.
    Exact where all differences are of one size (McNemar's exact test) or few; otherwise sign
    patterns are drawn, and the p-value is at least 1 / (n_draws + 1).

    Parameters
    ----------
    differences : ndarray, shape (units,)
    n_draws : int, default 20000
    seed : int, default 0

    Raises
    ------
    DataError
        If a difference is not finite.

    Examples
    --------
    >>> sign_flip_test(np.array([0.1, 0.2, 0.1, 0.3, 0.2, 0.1]))
    0.03125
    """
    differences = np.round(_finite(differences, "sign_flip_test"), _DECIMALS)
    sizes = np.abs(differences[differences != 0])
    if len(sizes) == 0:
        return 1.0
    distinct, counts = np.unique(sizes, return_counts=True)
    if len(distinct) == 1:
        return mcnemar_exact(int(np.sum(differences > 0)), int(np.sum(differences < 0)))
    observed = abs(float(differences.sum())) - 1e-9  # sums differ by rounding
    if len(sizes) <= _ENUMERATED:
        signs = np.array(list(itertools.product((-1.0, 1.0), repeat=len(sizes))))
        return float(np.mean(np.abs(signs @ sizes) >= observed))
    rng = np.random.default_rng(seed)
    # How many of each size are positive is all that the sum depends on.
    positive = rng.binomial(counts, 0.5, size=(n_draws, len(counts)))
    sums = np.abs((2.0 * positive - counts) @ distinct)
    return float((1 + np.sum(sums >= observed)) / (1 + n_draws))


def wilcoxon_signed_rank(differences: np.ndarray) -> float:
    """Two-sided p-value of Wilcoxon's signed-rank test; differences of zero are left out.

    Raises
    ------
    DataError
        If a difference is not finite.

    Examples
    --------
    >>> wilcoxon_signed_rank(np.array([0.1, 0.2, 0.15, 0.3, 0.25, 0.12]))
    0.03125
    """
    differences = np.round(_finite(differences, "wilcoxon_signed_rank"), _DECIMALS)
    differences = differences[differences != 0]
    if len(differences) == 0:
        return 1.0
    ties = len(np.unique(np.abs(differences))) < len(differences)
    method = "exact" if len(differences) <= 50 and not ties else "approx"
    return float(stats.wilcoxon(differences, method=method, correction=True).pvalue)


@dataclass(frozen=True)
class CorrectedT:
    """Result of :func:`corrected_resampled_t`: the p-value, and the interval that belongs to it."""

    statistic: float
    p_value: float
    low: float
    high: float


def corrected_resampled_t(
    differences: np.ndarray, test_per_train: float, *, confidence: float = 0.95
) -> CorrectedT:
    """Paired t-test over folds whose training sets overlap, with the variance corrected for it.

    Scores of folds are not independent: the plain t-test finds differences that are not there.
    ``t = mean(d) / sqrt((1 / k + n_test / n_train) var(d))`` with k − 1 degrees of freedom.

    Parameters
    ----------
    differences : ndarray, shape (folds,)
        Two or more.
    test_per_train : float
        Size of a test set divided by that of its training set.
    confidence : float, default 0.95

    Returns
    -------
    CorrectedT
        Differences without any spread say nothing of it: their p-value is 1.

    Raises
    ------
    DataError
        If there are fewer than two folds, or a difference is not finite.

    References
    ----------
    Nadeau, C. & Bengio, Y. (2003). Inference for the generalization error. *Machine Learning* 52.

    Examples
    --------
    >>> result = corrected_resampled_t(np.array([0.02, 0.05, 0.03, 0.04, 0.01]), 0.25)
    >>> round(result.statistic, 3), round(result.p_value, 3)
    (2.828, 0.047)
    """
    differences = _finite(differences, "corrected_resampled_t")
    k = len(differences)
    if k < 2:
        raise DataError(f"corrected_resampled_t: expected two folds or more, but got {k}.")
    mean, deviation = float(differences.mean()), float(differences.std(ddof=1))
    if deviation < 1e-12:
        return CorrectedT(0.0, 1.0, mean, mean)
    error = math.sqrt(1 / k + test_per_train) * deviation
    reach = float(stats.t.ppf((1 + confidence) / 2, k - 1)) * error
    p_value = 2 * float(stats.t.sf(abs(mean) / error, k - 1))
    return CorrectedT(mean / error, p_value, mean - reach, mean + reach)


def holm(p_values: np.ndarray) -> np.ndarray:
    """Adjust p-values of several tests so that the chance of any false finding stays the level.

    References
    ----------
    Holm, S. (1979). A simple sequentially rejective multiple test procedure. *Scandinavian Journal
    of Statistics* 6(2).

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.06, 0.06]
    """
    p_values = np.asarray(p_values, dtype=float)
    order = np.argsort(p_values, kind="stable")
    raised = p_values[order] * np.arange(len(p_values), 0, -1)
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(np.maximum.accumulate(raised), 1.0)
    return adjusted


def cohens_d(differences: np.ndarray) -> float | None:
    """Effect size of paired differences: their mean in standard deviations (d_z).

    None where they have no spread.

    Examples
    --------
    >>> cohens_d(np.array([0.1, 0.2, 0.3]))
    2.0
    """
    differences = np.asarray(differences, dtype=float)
    deviation = differences.std(ddof=1) if len(differences) > 1 else 0.0
    return None if deviation < 1e-12 else float(round(differences.mean() / deviation, _DECIMALS))


def cohens_g(differences: np.ndarray) -> float | None:
    """Effect size of paired decisions: share of disagreements won, minus one half.

    Between −0.5 (all lost) and 0.5 (all won); None where there is no disagreement.

    Examples
    --------
    >>> cohens_g(np.array([1, 1, 1, -1, 0, 0]))
    0.25
    """
    differences = np.asarray(differences, dtype=float)
    won, lost = differences[differences > 0].sum(), -differences[differences < 0].sum()
    return None if won + lost == 0 else float(won / (won + lost) - 0.5)


def _trials(
    values: np.ndarray, weights: np.ndarray | None, units: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    values = _finite(values, "cluster_bootstrap")
    n = len(values)
    weights = np.ones(n) if weights is None else np.asarray(weights, dtype=float)
    labels = np.arange(n) if units is None else np.unique(units, return_inverse=True)[1]
    if n == 0 or weights.shape != (n,) or labels.shape != (n,):
        raise DataError(
            f"cluster_bootstrap: expected a weight and a unit for each of one or more values, but "
            f"got {n} values, {len(weights)} weights and {len(labels)} units."
        )
    return values, weights, labels


def _finite(values: np.ndarray, name: str) -> np.ndarray:
    values = np.asarray(values, dtype=float)
    missing = np.flatnonzero(~np.isfinite(values))
    if len(missing):
        raise DataError(
            f"{name}: expected numbers, but {len(missing)} of {len(values)} are NaN or infinite, "
            f"the first at place {missing[0]}. Leave these units out, and say so."
        )
    return values


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
    distinct, counts = np.unique(np.round(sums, _DECIMALS + 3), axis=0, return_counts=True)
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
