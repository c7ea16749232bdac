"""Send on delta: the closed form against its definition, and the bound on its error."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegsnn.encoding import level_crossing
from eegsnn.encoding.delta import (
    contrast_threshold,
    integrate_spikes,
    level_crossing_reference,
    slew_limited,
    step_forward,
    temporal_contrast,
)
from eegsnn.errors import ConfigurationError, DataError

signals = st.lists(st.floats(-50, 50), min_size=1, max_size=60).map(np.array)
# Whole and half multiples of the threshold: ties are where the closed form could go wrong.
ties = st.lists(st.integers(-12, 12), min_size=1, max_size=60).map(lambda v: np.array(v) / 4)


@given(s=signals, threshold=st.floats(0.01, 20))
def test_equals_the_definition(s, threshold):
    assert np.array_equal(level_crossing(s, threshold), level_crossing_reference(s, threshold))


@given(s=ties, threshold=st.sampled_from([0.25, 0.5, 1.0, 0.75]))
def test_equals_the_definition_where_levels_are_met_exactly(s, threshold):
    assert np.array_equal(level_crossing(s, threshold), level_crossing_reference(s, threshold))


def test_the_definition_by_hand():
    s = np.array([1.0, 1.4, 2.0, 4.9, 4.0, 3.99, 3.0, 3.2, 1.0])
    expected = [0, 0, 1, 2, 0, 0, -1, 0, -2]
    assert level_crossing_reference(s, 1.0).tolist() == expected
    assert level_crossing(s, 1.0).tolist() == expected


@given(s=signals, threshold=st.floats(0.01, 20))
def test_reconstruction_is_within_one_threshold_everywhere(s, threshold):
    reconstructed = s[0] + threshold * np.cumsum(level_crossing(s, threshold))
    assert np.abs(s - reconstructed).max() <= threshold * (1 + 1e-6)


@given(s=ties, scale=st.floats(1e-9, 1e9))
def test_unit_does_not_matter_even_at_ties(s, scale):
    assert np.array_equal(level_crossing(s * scale, 0.25 * scale), level_crossing(s, 0.25))


@given(s=signals)
def test_sign_turns_with_the_signal(s):
    assert np.array_equal(level_crossing(-s, 0.5), -level_crossing(s, 0.5))


def test_signal_to_noise_is_as_predicted(rng):
    # Error uniform on ±θ: 10·log₁₀(3σ²/θ²), here for a smooth signal.
    times = np.arange(50_000) / 250
    s = sum(np.sin(2 * np.pi * f * times + p) for f, p in zip([8.1, 9.7, 11.3], rng.random(3),
                                                              strict=True))  # fmt: skip
    s /= s.std()
    for threshold in (0.25, 0.1, 0.05):
        error = s - s[0] - threshold * np.cumsum(level_crossing(s, threshold))
        decibels = 10 * np.log10(np.sum(s**2) / np.sum(error**2))
        assert decibels == pytest.approx(10 * np.log10(3 / threshold**2), abs=1)


def test_constants_are_silent_and_trials_independent(rng):
    assert not level_crossing(np.full((2, 50), 3.7), 0.1).any()
    s = np.cumsum(rng.normal(size=(3, 4, 80)), axis=-1)
    assert np.array_equal(level_crossing(s, 0.5)[2, 1], level_crossing(s[2, 1], 0.5))


def test_counts_beyond_an_int32_are_refused():
    with pytest.raises(DataError, match="at once"):
        level_crossing(np.array([0.0, 1e12]), 1e-3)


@pytest.mark.parametrize("code", [level_crossing, step_forward, temporal_contrast])
def test_bad_input(code):
    with pytest.raises(ConfigurationError, match="threshold"):
        code(np.zeros(5), 0.0)
    with pytest.raises(ConfigurationError, match="threshold"):
        code(np.zeros(5), np.inf)
    with pytest.raises(DataError, match=r"NaN.*\(3,\)"):
        code(np.array([0, 0, 1, np.nan]), 1.0)
    with pytest.raises(DataError, match="at least one sample"):
        code(np.zeros((3, 0)), 1.0)
    assert code(np.zeros((2, 3, 5)), 1.0).shape == (2, 3, 5)


@given(s=signals, threshold=st.floats(0.01, 20))
def test_step_forward_is_within_a_threshold_while_the_signal_is_slow(s, threshold):
    slow = np.cumsum(np.clip(np.diff(s, prepend=0.0), -threshold, threshold))
    baseline = integrate_spikes(step_forward(slow, threshold), threshold, slow[0])
    assert np.abs(slow - baseline).max() <= threshold * (1 + 1e-6)
    assert slew_limited(slow, step_forward(slow, threshold), threshold) == 0


def test_step_forward_lags_where_the_slew_limit_is_met():
    s = 10 * np.sin(2 * np.pi * 10 * np.arange(500) / 250)
    limited = slew_limited(s, step_forward(s, 0.5), 0.5)
    assert limited > 0.5
    assert slew_limited(s, step_forward(s, 3.0), 3.0) == 0  # 2π·10·10 / 250 = 2.5


@given(s=ties, scale=st.floats(1e-9, 1e9))
def test_step_forward_and_contrast_do_not_know_the_unit(s, scale):
    assert np.array_equal(step_forward(s * scale, 0.25 * scale), step_forward(s, 0.25))
    assert np.array_equal(temporal_contrast(s * scale, 0.5 * scale), temporal_contrast(s, 0.5))


def test_temporal_contrast_by_hand():
    s = np.array([3.0, 3.0, 4.5, 4.6, 1.0, 2.0])
    assert temporal_contrast(s, 1.0).tolist() == [0, 0, 1, 0, -1, 0]
    assert temporal_contrast(s, 1.0, previous=np.array([0.0])).tolist() == [1, 0, 1, 0, -1, 0]
    d = np.diff(s)
    assert contrast_threshold(s, 0.5) == pytest.approx(d.mean() + 0.5 * d.std())
