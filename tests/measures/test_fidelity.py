"""Measures of fidelity: by hand, in any unit, and where there is nothing to measure."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegsnn.errors import DataError
from eegsnn.measures import correlation, nrmse, rmse, snr

S = np.array([3.0, -1.0, -2.0, 0.0])
R = np.array([2.0, -1.0, -1.0, 1.0])


def test_by_hand():
    assert snr(S, R) == pytest.approx(10 * np.log10(14 / 3))
    assert rmse(S, R) == pytest.approx(np.sqrt(3 / 4))
    assert nrmse(S, R) == pytest.approx(np.sqrt(3 / 4) / S.std())
    assert correlation(S, R) == pytest.approx(np.corrcoef(S, R)[0, 1])


@given(scale=st.floats(1e-200, 1e150))
def test_the_unit_does_not_matter_even_where_squares_would_vanish(scale):
    assert snr(S * scale, R * scale) == pytest.approx(snr(S, R))
    assert rmse(S * scale, R * scale) == pytest.approx(scale * rmse(S, R), rel=1e-9, abs=0)
    assert nrmse(S * scale, R * scale) == pytest.approx(nrmse(S, R))
    assert correlation(S * scale, R * scale) == pytest.approx(correlation(S, R))


def test_over_the_last_axis(rng):
    s, r = rng.normal(size=(2, 3, 4, 50))
    for measure in (snr, rmse, nrmse, correlation):
        assert measure(s, r).shape == (3, 4)
        assert measure(s, r)[1, 2] == pytest.approx(measure(s[1, 2], r[1, 2]))


def test_limits():
    assert snr(S, S) == np.inf
    assert snr(0 * S, S) == -np.inf
    assert np.isnan(snr(0 * S, 0 * S))
    assert rmse(S, S) == 0
    assert np.isnan(nrmse(np.ones(4), R))
    assert np.isnan(correlation(S, np.ones(4)))


@pytest.mark.parametrize("measure", [snr, rmse, nrmse, correlation])
def test_bad_input(measure):
    with pytest.raises(DataError, match="n_times"):
        measure(S, R[:3])
    with pytest.raises(DataError, match="r contains NaN"):
        measure(S, R * np.nan)
    with pytest.raises(DataError, match="at least one sample"):
        measure([], [])
