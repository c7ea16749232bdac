"""Whether two scores differ: paired tests, their correction for many, sizes of effects.

Pure functions on arrays, like :mod:`eegsnn.evaluation.intervals`.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from eegsnn.errors import DataError
from eegsnn.evaluation.intervals import finite_values

# All sign patterns of so many differences are gone through; of more, some are drawn.
_ENUMERATED = 14
# Magnitudes that differ by rounding alone are one: 0.2 and 0.6 − 0.4.
_DECIMALS = 12


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
    differences = _changes(differences, "sign_flip_test")
    sizes = np.abs(differences)
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
    differences = _changes(differences, "wilcoxon_signed_rank")
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
    differences = finite_values(differences, "corrected_resampled_t")
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


def _changes(differences: np.ndarray, name: str) -> np.ndarray:
    """Differences other than 0, as shares of the largest: rounding is rounding in every unit."""
    differences = finite_values(differences, name)
    largest = np.abs(differences).max(initial=0.0)
    shares = differences if largest == 0 else np.round(differences / largest, _DECIMALS)
    return np.asarray(shares[shares != 0])
