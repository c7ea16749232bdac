"""Bins: every sample in exactly one, by its time."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from eegsnn.encoding import bin_means, bin_starts, bin_sums
from eegsnn.errors import ConfigurationError, DataError

lengths = st.integers(1, 3000)
rates = st.sampled_from([100.0, 128.0, 160.0, 173.61, 250.0, 256.0, 1000.0])
widths = st.floats(0.005, 0.5)


def starts_or_skip(n_times, sfreq, width):
    assume(width * sfreq >= 1)
    assume(n_times >= width * sfreq)
    return bin_starts(n_times, sfreq, width)


@given(n_times=lengths, sfreq=rates, width=widths)
def test_no_spike_is_lost_or_counted_twice(n_times, sfreq, width):
    starts = starts_or_skip(n_times, sfreq, width)
    spikes = np.random.default_rng(n_times).integers(0, 4, size=(2, 3, n_times))
    counts = bin_sums(spikes, starts)
    assert counts.shape == (2, 3, len(starts))
    assert np.array_equal(counts.sum(axis=-1), spikes.sum(axis=-1))


@given(n_times=lengths, sfreq=rates, width=widths)
def test_samples_go_by_their_time(n_times, sfreq, width):
    starts = starts_or_skip(n_times, sfreq, width)
    assert starts[0] == 0
    assert (np.diff(starts, append=n_times) >= 1).all()
    index = np.searchsorted(starts, np.arange(n_times), side="right") - 1
    exact = np.arange(n_times) / sfreq / width
    assert (np.abs(index - np.floor(exact + 1e-9)) == 0).all()


@pytest.mark.parametrize("width", [0.05, 0.1, 0.15, 0.2, 0.3])
def test_widths_that_are_not_exact_in_binary_still_make_equal_bins(width):
    lengths = np.diff(bin_starts(6000, 1000.0, width), append=6000)
    assert set(lengths) == {round(width * 1000)}


def test_an_inclusive_end_makes_a_last_bin_of_one_sample():
    starts = bin_starts(385, 128.0, 0.5)  # 3 s and one sample
    assert len(starts) == 7
    assert starts[-1] == 384


def test_means_are_over_the_samples_there_are():
    starts = bin_starts(5, 1.0, 2.0)
    assert bin_means(np.array([1.0, 3.0, 5.0, 7.0, 9.0]), starts).tolist() == [2, 6, 9]


def test_impossible_bins():
    with pytest.raises(ConfigurationError, match=r"bin_width.*0.01 s at 100 Hz"):
        bin_starts(100, 100.0, 0.005)
    with pytest.raises(DataError, match=r"shorter than one bin \(bin_width=0.5 s\)"):
        bin_starts(49, 100.0, 0.5)
    assert bin_starts(50, 100.0, 0.5).tolist() == [0]
    assert bin_starts(3, 100.0, 0.01).tolist() == [0, 1, 2]
