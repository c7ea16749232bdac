import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegsnn.datasets.repairs import has_channel_stride_defect, repair_channel_stride


def misreshape(true):
    """Cut (trials, K, T) as the archive did: row c from sample c·K of the flat vector on."""
    n_trials, n_channels, n_times = true.shape
    flat = true.reshape(n_trials, -1)
    rows = [flat[:, c * n_channels : c * n_channels + n_times] for c in range(n_channels)]
    return np.stack(rows, axis=1)


@settings(deadline=None)
@given(st.integers(2, 9), st.integers(2, 60), st.integers(1, 4))
def test_whole_channels_come_back_exactly(n_channels, extra, n_trials):
    n_times = n_channels + extra
    rng = np.random.default_rng(extra)
    true = rng.normal(size=(n_trials, n_channels, n_times))
    shipped = misreshape(true)
    assert has_channel_stride_defect(shipped)
    repaired = repair_channel_stride(shipped)
    whole = (n_times + (n_channels - 1) * n_channels) // n_times
    assert repaired.shape == (n_trials, whole, n_times)
    np.testing.assert_array_equal(repaired, true[:, :whole])


@settings(deadline=None)
@given(st.integers(1, 9), st.integers(1, 60))
def test_true_channels_are_left_alone(n_channels, n_times):
    true = np.random.default_rng(n_times).normal(size=(3, n_channels, n_times))
    assert not has_channel_stride_defect(true)


def test_one_differing_sample_is_enough():
    shipped = misreshape(np.random.default_rng(0).normal(size=(5, 4, 30)))
    shipped[3, 2, 1] += 1e-12
    assert not has_channel_stride_defect(shipped)


@pytest.mark.parametrize(
    ("shape", "distinct", "whole"),
    [((6, 896), 926, 1), ((7, 1152), 1194, 1), ((28, 50), 806, 16)],
)
def test_sizes_of_the_three_sets(shape, distinct, whole):
    n_channels, n_times = shape
    assert n_times + (n_channels - 1) * n_channels == distinct
    assert distinct // n_times == whole
