"""Intervals against closed forms and SciPy, and what must hold of any numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from eegsnn.errors import ConfigurationError, DataError
from eegsnn.evaluation import (
    clopper_pearson,
    cluster_bootstrap,
)


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


def test_what_cannot_be_drawn_from_is_refused():
    with pytest.raises(DataError, match="one or more values, but got 0"):
        cluster_bootstrap(np.array([]))
    with pytest.raises(DataError, match="3 values, 2 weights"):
        cluster_bootstrap(np.ones(3), np.ones(2))
    with pytest.raises(ConfigurationError, match="confidence"):
        cluster_bootstrap(np.ones(3), confidence=95)
