"""Envelope and log power of sinusoids of known amplitude."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegsnn.encoding.binning import bin_starts
from eegsnn.encoding.features import feature_bins, feature_series, moving_mean, power_window
from eegsnn.filters import FrequencyBand

SINE = 3 * np.sin(2 * np.pi * 10 * np.arange(1000) / 250)


def test_the_envelope_of_a_sine_is_its_amplitude():
    assert feature_series(SINE, "envelope", 25)[50:-50] == pytest.approx(3, abs=0.01)
    assert feature_bins(SINE, "envelope", bin_starts(1000, 250.0, 0.1)) == pytest.approx(
        3, abs=0.01
    )


def test_log_power_has_a_floor():
    assert feature_series(SINE, "log_power", 25)[100] == pytest.approx(np.log(4.5), abs=0.01)
    assert feature_series(np.zeros(50), "log_power", 5) == pytest.approx(np.log(1e-4))


def test_the_signal_is_itself_and_its_bins_are_means():
    assert feature_series(SINE, "signal", 25) is SINE
    means = feature_bins(np.arange(6.0), "signal", bin_starts(6, 1.0, 3.0))
    assert means.tolist() == [1, 4]


@given(
    x=st.lists(st.floats(-100, 100), min_size=1, max_size=30),
    window=st.integers(1, 40),
    causal=st.booleans(),
)
def test_moving_mean_equals_the_plain_loop(x, window, causal):
    x = np.array(x)
    before = window - 1 if causal else window // 2
    expected = [
        x[max(t - before, 0) : min(t - before + window, len(x))].mean() for t in range(len(x))
    ]
    np.testing.assert_allclose(moving_mean(x, window, causal=causal), expected, atol=1e-9)


def test_the_causal_mean_does_not_know_the_future(rng):
    x = rng.random(100)
    longer = np.concatenate([x, rng.random(20)])
    assert np.array_equal(moving_mean(longer, 7, causal=True)[:100], moving_mean(x, 7, causal=True))


def test_power_is_averaged_over_a_period_or_a_bin():
    assert power_window(FrequencyBand("alpha", 8, 13), 256.0, 0.05) == 32
    assert power_window(FrequencyBand("alpha", 8, 13), 256.0, 0.5) == 128
    assert power_window(FrequencyBand("slow", None, 2), 100.0, 0.05) == 50
    assert power_window(FrequencyBand("all"), 100.0, 0.05) == 5
