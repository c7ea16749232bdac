"""Intervals and tests against closed forms and SciPy, and what must hold of any numbers."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from eegsnn.errors import ConfigurationError, DataError
from eegsnn.evaluation import (
    clopper_pearson,
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


def test_bootstrap_of_trials_is_near_the_normal_interval():
    right = np.array([1.0] * 160 + [0.0] * 40)
    interval = cluster_bootstrap(right)
    error = np.sqrt(0.8 * 0.2 / 200)
    assert interval.low == pytest.approx(0.8 - 1.96 * error, abs=0.01)
    assert interval.high == pytest.approx(0.8 + 1.96 * error, abs=0.01)
    assert interval.n_units == 200


def test_bootstrap_of_groups_is_as_wide_as_the_t_interval(rng):
    means = rng.normal(0.7, 0.1, size=8)
    values, units = np.repeat(means, 50), np.repeat(np.arange(8), 50)
    interval = cluster_bootstrap(values, units=units)
    low, high = stats.t.interval(0.95, 7, means.mean(), means.std(ddof=1) / np.sqrt(8))
    assert interval.low == pytest.approx(low, abs=0.02)
    assert interval.high == pytest.approx(high, abs=0.02)


def test_bootstrap_of_groups_is_wider_than_that_of_their_trials(rng):
    rates = np.linspace(0.5, 0.95, 8)
    values = (rng.random((8, 100)) < rates[:, None]).astype(float).ravel()
    units = np.repeat(np.arange(8), 100)
    whole, single = cluster_bootstrap(values, units=units), cluster_bootstrap(values)
    assert whole.high - whole.low > 2 * (single.high - single.low)


def test_bootstrap_covers_as_often_as_it_says():
    """Of experiments with 8 subjects nearly 95 % hold the truth; of plain percentiles, 89 %."""
    rng = np.random.default_rng(5)
    units = np.repeat(np.arange(8), 10)
    hits = 0
    for _ in range(200):
        values = np.repeat(rng.normal(0.0, 1.0, 8), 10)
        interval = cluster_bootstrap(values, units=units, n_resamples=1000)
        hits += interval.low <= 0 <= interval.high
    assert hits >= 0.92 * 200


def test_few_groups_draw_trials_too(rng):
    """Three runs that happen to agree must not be taken for certainty."""
    values = np.tile([1.0] * 8 + [0.0] * 2, 3)
    interval = cluster_bootstrap(values, units=np.repeat(np.arange(3), 10))
    assert interval.high - interval.low > 0.2
    assert "within" in interval.method


def test_groups_that_agree_exactly_fall_back_to_their_trials():
    values = np.tile([1.0] * 8 + [0.0] * 2, 8)
    interval = cluster_bootstrap(values, units=np.repeat(np.arange(8), 10))
    assert interval.low < 0.75 < 0.85 < interval.high


def test_all_right_is_not_certainty():
    interval = cluster_bootstrap(np.ones(20))
    assert interval.low == pytest.approx(0.025 ** (1 / 20))
    assert interval.high == 1.0


@pytest.mark.parametrize("n", [8, 60])
def test_equal_differences_are_as_unsure_on_either_side(n):
    reach = clopper_pearson(0, n)[1]
    same = cluster_bootstrap(np.zeros(n), differences=True)
    assert (same.low, same.high) == (-reach, reach)
    won = cluster_bootstrap(np.ones(n), units=np.arange(n) // 2, differences=True)
    lost = cluster_bootstrap(-np.ones(n), differences=True)
    assert (won.low, won.high) == (pytest.approx(1 - 2 * reach), 1.0)
    assert (lost.low, lost.high) == (-1.0, pytest.approx(2 * reach - 1))


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


def test_weights_move_the_interval():
    values, weights = np.array([0.0] * 50 + [1.0] * 50), np.array([1.0] * 50 + [3.0] * 50)
    interval = cluster_bootstrap(values, weights)
    assert interval.low < 0.75 < interval.high
    assert interval.low > 0.6


@settings(max_examples=25, deadline=None)
@given(st.lists(st.booleans(), min_size=2, max_size=60), st.integers(0, 5))
def test_an_interval_holds_the_mean_and_stays_within_the_values(right, seed):
    values = np.array(right, dtype=float)
    first = cluster_bootstrap(values, n_resamples=500, seed=seed)
    assert 0 <= first.low <= values.mean() <= first.high <= 1
    assert first == cluster_bootstrap(values[::-1], n_resamples=500, seed=seed)


def test_clopper_pearson_is_what_scipy_says():
    for k in (0, 3, 10):
        expected = stats.binomtest(k, 10).proportion_ci(0.95, method="exact")
        assert clopper_pearson(k, 10) == pytest.approx((expected.low, expected.high))


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


def test_what_cannot_be_drawn_from_is_refused():
    with pytest.raises(DataError, match="one or more values, but got 0"):
        cluster_bootstrap(np.array([]))
    with pytest.raises(DataError, match="3 values, 2 weights"):
        cluster_bootstrap(np.ones(3), np.ones(2))
    with pytest.raises(ConfigurationError, match="confidence"):
        cluster_bootstrap(np.ones(3), confidence=95)
