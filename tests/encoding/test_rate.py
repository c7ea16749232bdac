"""Rate codes: regular within half a spike, Poisson within chance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegsnn.encoding import poisson_spikes, regular_spikes

values = st.lists(st.floats(0, 1), min_size=1, max_size=100).map(np.array)


@given(x=values, rate=st.floats(0.01, 5))
def test_regular_spikes_never_differ_from_the_integral_by_more_than_half(x, rate):
    spikes = regular_spikes(x, rate)
    assert (spikes >= 0).all()
    assert np.abs(np.cumsum(spikes) - rate * np.cumsum(x)).max() <= 0.5 + 1e-6
    assert spikes.max() <= np.ceil(rate) + 1


def test_regular_spikes_are_evenly_spaced():
    assert np.diff(np.flatnonzero(regular_spikes(np.full(100, 0.1)))).tolist() == [10] * 9
    assert regular_spikes(np.ones(10)).tolist() == [1] * 10
    assert not regular_spikes(np.zeros(10)).any()


def test_trials_are_independent(rng):
    x = rng.random((3, 2, 50))
    assert np.array_equal(regular_spikes(x)[1, 1], regular_spikes(x[1, 1]))


def test_poisson_follows_the_generator_and_the_rate():
    x = np.tile(np.array([0.0, 0.2, 1.0]), (20_000, 1))
    spikes = poisson_spikes(x, np.random.default_rng(1), spikes_per_sample=0.5)
    assert spikes[:, 0].sum() == 0
    assert spikes.mean(axis=0)[1:] == pytest.approx([0.1, 0.5], abs=0.01)
    assert spikes.max() == 1
    again = poisson_spikes(x, np.random.default_rng(1), spikes_per_sample=0.5)
    assert np.array_equal(again, spikes)
    assert poisson_spikes(np.ones(50), np.random.default_rng(1), 3.0).tolist() == [1] * 50
