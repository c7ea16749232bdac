"""Paired tests against closed forms and SciPy, and what must hold of any numbers."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from eegsnn.errors import DataError
from eegsnn.evaluation import (
    cluster_bootstrap,
    cohens_d,
    cohens_g,
    corrected_resampled_t,
    holm,
    mcnemar_exact,
    sign_flip_test,
    wilcoxon_signed_rank,
)

DIFFERENCES = st.lists(st.integers(-20, 20).map(lambda k: k / 20), min_size=1, max_size=9)


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_is_the_binomial_test_of_disagreements(won, lost):
    expected = stats.binomtest(won, won + lost).pvalue if won + lost else 1.0
    assert mcnemar_exact(won, lost) == pytest.approx(expected)


@settings(max_examples=30, deadline=None)
@given(DIFFERENCES)
def test_sign_flips_are_counted_exactly(differences):
    d = np.array(differences)
    sums = [abs(np.dot(signs, d)) for signs in itertools.product((-1, 1), repeat=len(d))]
    expected = np.mean(np.array(sums) >= abs(d.sum()) - 1e-9)
    p = sign_flip_test(d)
    assert p == pytest.approx(expected)
    assert p == sign_flip_test(-d) == sign_flip_test(np.append(d, [0.0, 0.0]))


def test_sign_flips_of_right_and_wrong_are_mcnemars_test():
    d = np.array([1.0] * 25 + [-1.0] * 9 + [0.0] * 200)
    assert sign_flip_test(d) == mcnemar_exact(25, 9)


def test_drawn_sign_flips_are_near_the_exact_ones(rng):
    d = rng.choice([0.2, 0.4, -0.2, 1.0, -0.6], size=60) + 0.0
    expected = stats.permutation_test(
        (d,), np.mean, permutation_type="samples", n_resamples=20_000, rng=rng
    ).pvalue
    assert sign_flip_test(d) == pytest.approx(expected, abs=0.02)


def test_no_difference_is_no_finding():
    zeros = np.zeros(10)
    assert sign_flip_test(zeros) == wilcoxon_signed_rank(zeros) == 1.0
    assert cohens_d(zeros) is None
    assert cohens_g(zeros) is None


def test_false_findings_are_as_rare_as_promised():
    rng = np.random.default_rng(1)
    d = rng.normal(size=(400, 10))
    assert np.mean([sign_flip_test(row) < 0.05 for row in d[:100]]) <= 0.1
    assert np.mean([wilcoxon_signed_rank(row) < 0.05 for row in d]) <= 0.08


def test_wilcoxon_by_hand():
    # All six positive: the smallest p of six pairs.
    assert wilcoxon_signed_rank(np.arange(1, 7) / 10) == pytest.approx(2 / 2**6)
    assert wilcoxon_signed_rank(np.array([0.0, *np.arange(1, 7) / 10])) == pytest.approx(2 / 2**6)


def test_corrected_t_is_the_paired_t_test_without_overlap(rng):
    d = rng.normal(0.1, 0.2, size=10)
    plain = stats.ttest_1samp(d, 0.0)
    result = corrected_resampled_t(d, 0.0)
    assert result.statistic == pytest.approx(plain.statistic)
    assert result.p_value == pytest.approx(plain.pvalue)
    low, high = plain.confidence_interval(0.95)
    assert (result.low, result.high) == pytest.approx((low, high))


def test_overlap_makes_the_corrected_t_more_careful(rng):
    d = rng.normal(0.1, 0.1, size=10)
    p_values = [corrected_resampled_t(d, ratio).p_value for ratio in (0.0, 1 / 9, 0.5, 1.0)]
    assert p_values == sorted(p_values)
    # By hand for ten folds: the variance of the mean is 1/10 + 1/9 of the folds' variance.
    expected = d.mean() / (np.sqrt(0.1 + 1 / 9) * d.std(ddof=1))
    assert corrected_resampled_t(d, 1 / 9).statistic == pytest.approx(expected)


def test_equal_differences_prove_nothing_to_a_t_test():
    assert corrected_resampled_t(np.array([0.1, 0.1]), 0.5).p_value == 1.0


def test_one_fold_is_refused():
    with pytest.raises(DataError, match="two folds or more, but got 1"):
        corrected_resampled_t(np.array([0.1]), 0.5)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_keeps_the_order_and_lies_between_single_and_bonferroni(p_values):
    p = np.array(p_values)
    adjusted = holm(p)
    assert (adjusted >= p - 1e-15).all()
    assert (adjusted <= np.minimum(1.0, p * len(p)) + 1e-12).all()
    assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= 0).all()
    np.testing.assert_allclose(holm(p[::-1]), adjusted[::-1])


@pytest.mark.parametrize(
    "test",
    [
        sign_flip_test,
        wilcoxon_signed_rank,
        cluster_bootstrap,
        lambda differences: corrected_resampled_t(differences, 0.25),
    ],
)
@pytest.mark.parametrize("missing", [np.nan, np.inf])
def test_what_is_missing_is_no_finding(test, missing):
    with pytest.raises(DataError, match="1 of 3 are NaN or infinite, the first at place 1"):
        test(np.array([0.1, missing, -0.1]))


@pytest.mark.parametrize("unit", [1e-12, 1e-6, 1e6])
@pytest.mark.parametrize("test", [sign_flip_test, wilcoxon_signed_rank])
def test_no_unit_changes_a_p_value(test, unit):
    assert test(unit * np.arange(1.0, 8.0)) == test(np.arange(1.0, 8.0)) == 2 / 2**7
