"""Threshold crossings: by hand, against the loop, with hysteresis and refractory time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegsnn.encoding import threshold_crossing
from eegsnn.encoding.crossing import threshold_crossing_reference

signals = st.one_of(
    st.lists(st.floats(-4, 4), min_size=1, max_size=80),
    st.lists(st.integers(-8, 8).map(lambda v: v / 4), min_size=1, max_size=80),
).map(np.array)


@given(
    s=signals,
    threshold=st.sampled_from([0.25, 1.0, 1.3]),
    hysteresis=st.sampled_from([0.0, 0.25, 0.5]),
    refractory=st.integers(0, 9),
)
def test_equals_the_plain_loop(s, threshold, hysteresis, refractory):
    both = np.stack([s, s[::-1]])
    assert np.array_equal(
        threshold_crossing(both, threshold, hysteresis, refractory),
        threshold_crossing_reference(both, threshold, hysteresis, refractory),
    )


@pytest.mark.parametrize("crossing", [threshold_crossing, threshold_crossing_reference])
def test_by_hand(crossing):
    s = np.array([0.0, 1.0, 0.9, 1.2, 0.4, 1.1, -1.0, -3.0, 0.0, 2.0])
    assert crossing(s, 1.0).tolist() == [0, 1, 0, 1, 0, 1, -1, 0, 0, 1]
    assert crossing(s, 1.0, 0.5).tolist() == [0, 1, 0, 0, 0, 1, -1, 0, 0, 1]
    assert crossing(s, 1.0, 0.5, 4).tolist() == [0, 1, 0, 0, 0, 0, -1, 0, 0, 1]
    assert crossing(s, 1.0, 0.5, 3).tolist() == [0, 1, 0, 0, 0, 1, -1, 0, 0, 1]


def test_a_sine_crosses_once_per_period_and_sign():
    s = np.sin(2 * np.pi * 10 * np.arange(1000) / 250 + 0.1)
    spikes = threshold_crossing(s, 0.5, 0.25)
    assert (spikes == 1).sum() == 40
    assert (spikes == -1).sum() == 40


def test_hysteresis_silences_chatter(rng):
    s = np.sin(2 * np.pi * 2 * np.arange(1000) / 250) + rng.normal(scale=0.05, size=1000)
    assert (threshold_crossing(s, 0.5) == 1).sum() > 8
    assert (threshold_crossing(s, 0.5, 0.4) == 1).sum() == 8


def test_beginning_beyond_the_threshold_is_no_crossing():
    assert not threshold_crossing(np.full(20, 5.0), 1.0).any()
    assert threshold_crossing(np.array([5.0, 0.0, 5.0]), 1.0).tolist() == [0, 0, 1]


@given(s=signals)
def test_sign_turns_with_the_signal(s):
    assert np.array_equal(threshold_crossing(-s, 1.0, 0.25), -threshold_crossing(s, 1.0, 0.25))
