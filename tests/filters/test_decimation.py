"""Fewer samples: what they can tell is kept, what they cannot is gone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegsnn.filters.decimation import decimated


def wave(frequency, n_times=2000):
    return np.sin(2 * np.pi * frequency * np.arange(n_times) / 1000.0)


@pytest.mark.parametrize("step", [2, 4, 8])
@pytest.mark.parametrize("share", [0.05, 0.4, 0.7])
def test_what_is_slow_stays(step, share):
    slow = wave(share * 500 / step)
    np.testing.assert_allclose(decimated(slow, step)[30:-30], slow[::step][30:-30], atol=0.02)


@pytest.mark.parametrize("step", [2, 4, 8])
def test_what_is_fast_does_not_come_back_as_something_slow(step):
    fast = wave(500 / step * 1.3)
    assert np.abs(decimated(fast, step)[30:-30]).max() < 0.02


@settings(deadline=None)
@given(st.floats(-100, 100), st.floats(-100, 100), st.integers(1, 9), st.integers(2, 100))
def test_offsets_and_drifts_have_no_edges(offset, drift, step, n_times):
    X = np.tile(np.linspace(offset, offset + drift, n_times), (2, 3, 1))
    kept = decimated(X, step)
    assert kept.shape == (2, 3, -(-n_times // step))
    np.testing.assert_allclose(kept, X[:, :, ::step], atol=1e-9 * (1 + abs(offset) + abs(drift)))
