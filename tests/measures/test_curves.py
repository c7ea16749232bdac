"""The curve of fidelity against spikes, its best points, and the search along it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegsnn.errors import ConfigurationError
from eegsnn.measures import best_threshold, pareto_set, snr_rate_curve

SFREQ = 200.0


@pytest.fixture(name="X")
def rhythms(rng):
    times = np.arange(4000) / SFREQ
    return (np.sin(2 * np.pi * np.array([9.0, 10.1])[:, None] * times) * [[1.0], [7.0]])[None]


def test_level_crossing_pays_for_fidelity_with_spikes(X):
    values = [0.05, 0.1, 0.2, 0.4, 0.8]
    curve = snr_rate_curve(X, SFREQ, "level_crossing", values)
    assert [point.value for point in curve] == values
    rates, decibels = [p.rate for p in curve], [p.snr for p in curve]
    assert rates == sorted(rates, reverse=True)
    assert decibels == sorted(decibels, reverse=True)
    assert pareto_set(rates, decibels).all()
    assert decibels[1] == pytest.approx(10 * np.log10(3 / 0.1**2), abs=1)


def test_other_parameters_and_settings(X):
    curve = snr_rate_curve(X, SFREQ, "bsa", [3, 5], parameter="n_taps", settings={"threshold": 0.4})
    assert len({point.rate for point in curve}) == 2
    with pytest.raises(ConfigurationError, match="no such setting"):
        snr_rate_curve(X, SFREQ, "phase", [0.5])
    with pytest.raises(ConfigurationError, match="has no inverse"):
        snr_rate_curve(X, SFREQ, "threshold_crossing", [0.5])


points = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=30)


@given(points=points)
def test_pareto_set_by_its_definition(points):
    rate, decibels = (np.array(v) for v in zip(*points, strict=True))
    expected = [
        not any(
            (rate[j] <= rate[i] and decibels[j] > decibels[i])
            or (rate[j] < rate[i] and decibels[j] >= decibels[i])
            for j in range(len(points))
        )
        for i in range(len(points))
    ]
    assert pareto_set(rate, decibels).tolist() == expected


@pytest.mark.parametrize("method", ["level_crossing", "step_forward"])
def test_the_best_threshold_beats_a_fine_grid(X, method):
    point = best_threshold(X, SFREQ, method, max_rate=60.0)
    assert point.rate <= 60
    grid = snr_rate_curve(X, SFREQ, method, np.geomspace(0.02, 3, 60))
    assert point.snr > max(p.snr for p in grid if p.rate <= 60) - 0.3


def test_impossible_searches(X):
    with pytest.raises(ConfigurationError, match="max_rate: 'level_crossing' gives"):
        best_threshold(X, SFREQ, "level_crossing", max_rate=1.0, high=0.5)
    with pytest.raises(ConfigurationError, match="high"):
        best_threshold(X, SFREQ, "level_crossing", max_rate=10.0, low=2.0, high=1.0)
    with pytest.raises(ConfigurationError, match="max_rate"):
        best_threshold(X, SFREQ, "level_crossing", max_rate=0.0)


@pytest.mark.parametrize(
    ("method", "low", "high"), [("level_crossing", 0.1, 4.0), ("step_forward", 0.1, 0.11)]
)
def test_the_best_threshold_lies_in_the_range(method, low, high):
    X = np.sin(np.arange(5000) / 20)[None, None]
    assert low <= best_threshold(X, 250.0, method, max_rate=1e6, low=low, high=high).value <= high
