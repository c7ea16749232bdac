"""Sigma-delta: its running sum follows the signal's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegsnn.encoding.modulation import sigma_delta
from eegsnn.encoding.rate import smooth, smoothing_kernel
from eegsnn.errors import ConfigurationError


@given(s=st.lists(st.floats(-1, 1), min_size=1, max_size=200).map(np.array))
def test_running_sums_differ_by_one_threshold_at_most(s):
    spikes = sigma_delta(s, 1.0)
    assert np.abs(np.cumsum(s) - np.cumsum(spikes)).max() <= 1.0 + 1e-6


def test_low_pass_gives_the_signal_back():
    s = np.sin(2 * np.pi * np.arange(4000) / 400)
    decoded = 1.5 * smooth(sigma_delta(s, 1.5), smoothing_kernel("gaussian", 12))
    assert 10 * np.log10(np.sum(s**2) / np.sum((s - decoded) ** 2)) > 25


def test_sign_turns_with_the_signal(rng):
    s = rng.normal(size=300)
    assert np.array_equal(sigma_delta(-s, 2.0), -sigma_delta(s, 2.0))


def test_bad_threshold():
    with pytest.raises(ConfigurationError, match="threshold"):
        sigma_delta(np.zeros(3), 0.0)
