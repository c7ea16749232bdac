"""The spikers: what was made of spikes is found again, and the residue does not fall below."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegsnn.encoding.spikers import spiker, spiker_decode, spiker_taps
from eegsnn.errors import ConfigurationError, DataError


def test_hough_finds_the_spikes_that_made_the_signal(rng):
    taps = spiker_taps(6)
    spikes = np.zeros(300, dtype=int)
    spikes[np.arange(5, 290, 11)] = 1
    assert np.array_equal(spiker(spiker_decode(spikes, taps), taps, 0.0, "hsa"), spikes)


def test_decoding_is_the_convolution(rng):
    spikes, taps = rng.integers(0, 2, size=(2, 40)), rng.random(7)
    expected = [np.convolve(row, taps)[:40] for row in spikes]
    np.testing.assert_allclose(spiker_decode(spikes, taps), expected)


@given(values=st.lists(st.floats(0, 1), min_size=8, max_size=120).map(np.array))
def test_hough_never_takes_off_more_than_there_is(values):
    taps = spiker_taps(5)
    assert (values - spiker_decode(spiker(values, taps, 0.0, "hsa"), taps)).min() >= -1e-6


@pytest.mark.parametrize(("method", "threshold", "floor"),
                         [("bsa", 0.3, 8), ("hsa", 0, 8), ("modified_hsa", 0.03, 15)])  # fmt: skip
def test_a_slow_signal_comes_back(method, threshold, floor):
    s = 0.5 + 0.4 * np.sin(2 * np.pi * np.arange(2000) / 200)
    taps = spiker_taps(15)
    error = (s - spiker_decode(spiker(s, taps, threshold, method), taps))[30:-30]
    assert 10 * np.log10(np.mean(s**2) / np.mean(error**2)) > floor


def test_taps_are_a_low_pass_of_unit_sum():
    for length in (1, 2, 9, 30):
        for cutoff in (0.05, 0.25, 0.5):
            taps = spiker_taps(length, cutoff)
            assert len(taps) == length
            assert taps.sum() == pytest.approx(1)
            assert (taps >= 0).all()


def test_bad_input():
    taps = spiker_taps(3)
    with pytest.raises(DataError, match="not negative"):
        spiker(np.array([0.1, -0.2]), taps, 0.1)
    with pytest.raises(ConfigurationError, match="Did you mean 'bsa'"):
        spiker(np.ones(4), taps, 0.1, "bsaa")
    with pytest.raises(ConfigurationError, match="taps"):
        spiker(np.ones(4), np.zeros(3), 0.1)
    assert not spiker(np.ones(2), taps, 0.1).any()  # shorter than the filter
