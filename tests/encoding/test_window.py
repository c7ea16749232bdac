"""Moving window: against the mean computed afresh at every sample."""

import numpy as np
import pytest

from eegsnn.encoding.window import moving_window
from eegsnn.errors import ConfigurationError, DataError


def test_equals_the_mean_of_the_samples_before(rng):
    s = rng.normal(size=500).cumsum()
    mean = np.array([s[max(t - 25, 0) : t].mean() if t else s[0] for t in range(500)])
    expected = np.sign(s - mean) * (np.abs(s - mean) > 0.8)
    assert np.array_equal(moving_window(s, 0.8, 25), expected)


def test_a_constant_is_silent_and_a_step_is_told_for_a_window():
    assert not moving_window(np.full(30, 7.3), 0.1, 5).any()
    s = np.repeat([0.0, 10.0], 20)
    assert moving_window(s, 0.5, 5).tolist() == [0] * 20 + [1] * 5 + [0] * 15


def test_bad_input():
    with pytest.raises(ConfigurationError, match="window"):
        moving_window(np.zeros(3), 1.0, 0)
    with pytest.raises(ConfigurationError, match="threshold"):
        moving_window(np.zeros(3), -1.0, 2)
    with pytest.raises(DataError, match="NaN"):
        moving_window(np.array([0.0, np.nan]), 1.0, 2)
