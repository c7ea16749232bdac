"""Measures of reservoirs against systems whose memory and separation are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegsnn.errors import ConfigurationError, DataError
from eegsnn.measures import (
    filtered_distance,
    kernel_quality,
    memory_capacity,
    separation,
    state_rank,
)


def delay_line(u, length):
    states = np.zeros((len(u), length))
    for k in range(1, length + 1):
        states[k:, k - 1] = u[:-k]
    return states


@settings(max_examples=8, deadline=None)
@given(
    length=st.integers(1, 25),
    seed=st.integers(0, 10**6),
    unit=st.sampled_from([1e-6, 1.0, 1e6]),
    mixed=st.booleans(),
)
def test_a_delay_line_remembers_exactly_its_length(length, seed, unit, mixed):
    generator = np.random.default_rng(seed)
    u = unit * generator.uniform(-1, 1, 1500)
    states = delay_line(u, length)
    if mixed:  # what is linearly there may be anywhere
        states = states @ generator.normal(size=(length, length)) + 3
    capacity = memory_capacity(u, states, max_delay=40, washout=0)
    assert capacity.total == pytest.approx(length, abs=1e-6)
    np.testing.assert_allclose(capacity.by_delay[:length], 1, atol=1e-6)
    assert not capacity.by_delay[length:].any()


@settings(max_examples=8, deadline=None)
@given(n_units=st.integers(1, 15), radius=st.floats(0.1, 1.0), seed=st.integers(0, 10**6))
def test_the_number_of_units_is_the_bound(n_units, radius, seed):
    generator = np.random.default_rng(seed)
    u = generator.normal(size=3000)
    weights = generator.normal(size=(n_units, n_units))
    weights *= radius / np.abs(np.linalg.eigvals(weights)).max()
    states, x = np.zeros((3000, n_units)), np.zeros(n_units)
    inputs = 0.1 * generator.normal(size=n_units)
    for t, value in enumerate(u):
        x = np.tanh(weights @ x + inputs * value)
        states[t] = x
    capacity = memory_capacity(u, states)
    assert 0 <= capacity.total <= 1.02 * n_units
    assert capacity.by_delay.max() <= 1


def test_a_leaky_integrator_remembers_as_calculated(rng):
    """x' = a·x + u: the squared correlation with the input k steps ago is (1 − a²)·a^(2k)."""
    a, u = 0.8, rng.normal(size=60_000)
    x = np.zeros(len(u))
    for t in range(1, len(u)):
        x[t] = a * x[t - 1] + u[t]
    found = memory_capacity(u, x[:, None], max_delay=10).by_delay
    np.testing.assert_allclose(found, (1 - a**2) * a ** (2 * np.arange(1, 11)), atol=0.012)


@pytest.mark.parametrize(("size", "radius"), [(5, 0.8), (20, 0.95)])
def test_a_ring_remembers_what_is_published_for_its_size(size, radius, rng):
    """Linear units in a ring: N − (1 − r^(2N)) (Rodan & Tiňo 2011, theorem 1)."""
    u = rng.normal(size=30_000)
    states, x = np.zeros((len(u), size)), np.zeros(size)
    for t, value in enumerate(u):
        x = radius * np.roll(x, 1)
        x[0] += value
        states[t] = x
    capacity = memory_capacity(u, states, max_delay=6 * size)
    assert capacity.total == pytest.approx(size - (1 - radius ** (2 * size)), abs=0.05)


def test_noise_and_silence_remember_nothing(rng):
    u = rng.normal(size=2000)
    assert memory_capacity(u, rng.normal(size=(2000, 30))).total == 0
    assert memory_capacity(u, np.zeros((2000, 5))).total == 0
    assert memory_capacity(u, np.repeat(u[:, None], 5, axis=1)).total == 0  # the present only


def test_units_that_are_copies_add_nothing(rng):
    u = rng.normal(size=2000)
    states = np.repeat(delay_line(u, 4), 3, axis=1)
    assert memory_capacity(u, states).total == pytest.approx(4, abs=1e-6)


def test_impossible_runs_are_refused(rng):
    u, x = rng.normal(size=1000), rng.normal(size=(1000, 5))
    with pytest.raises(DataError, match=r"\(T,\) and \(T, units\)"):
        memory_capacity(u[:-1], x)
    with pytest.raises(DataError, match="Give a longer run"):
        memory_capacity(u[:130], x[:130])
    with pytest.raises(DataError, match="the input is constant"):
        memory_capacity(np.ones(1000), x)
    with pytest.raises(DataError, match="NaN or infinity, first in row 3"):
        memory_capacity(u, np.where(np.arange(1000)[:, None] == 3, np.nan, x))
    for name, value in {"max_delay": 0, "washout": -1, "train_fraction": 1.0}.items():
        with pytest.raises(ConfigurationError, match=f"^{name}"):
            memory_capacity(u, x, **{name: value})


def test_distances_of_filtered_trains_by_hand():
    a, b = np.zeros((2, 4, 2, 1))
    a[0, 0] = 1.0
    decay = np.exp(-1 / 2.0)
    expected = np.sqrt((1 + decay**2 + decay**4 + decay**6) / 4)
    np.testing.assert_allclose(filtered_distance(a, b, 2.0), [expected, 0])


def test_distance_grows_with_the_shift_of_a_spike():
    a = np.zeros((60, 8, 1))
    b = a.copy()
    a[10] = 1
    b[10 + np.arange(8), np.arange(8)] = 1
    distances = filtered_distance(a, b, 4.0)
    assert distances[0] == 0
    assert (np.diff(distances) > 0).all()


def test_what_copies_its_input_separates_in_proportion(rng):
    x = rng.normal(size=(20, 15, 3))
    scales = np.linspace(0.1, 3, 15)[:, None]
    found = separation(scales * x[:1], scales * x[0], time_constant=1e-3)
    assert len(found.pairs) == 15 * 14 // 2
    np.testing.assert_allclose(found.states, found.inputs / np.sqrt(3))
    assert found.slope == pytest.approx(1 / np.sqrt(3))
    assert found.correlation == pytest.approx(1)


def test_a_system_that_is_deaf_separates_nothing(rng):
    x = rng.normal(size=(20, 15, 3))
    found = separation(x, np.ones((2, 15, 4)), n_pairs=30)
    assert found.slope == 0
    assert np.isnan(found.correlation)
    assert found.pairs.shape == (30, 2)
    assert (found.pairs[:, 0] < found.pairs[:, 1]).all()


def test_impossible_separations_are_refused(rng):
    x = rng.normal(size=(20, 4, 3))
    with pytest.raises(DataError, match="the same two or more trials, but got 4 and 3"):
        separation(x, np.ones((3, 5)))
    with pytest.raises(DataError, match="expected trials that differ"):
        separation(np.ones((20, 4, 3)), np.ones((4, 5)))
    with pytest.raises(ConfigurationError, match="time_constant"):
        separation(x, np.ones((4, 5)), time_constant=0)
    with pytest.raises(DataError, match="of one shape"):
        filtered_distance(x, x[:5], 1.0)


def test_ranks(rng):
    basis = rng.normal(size=(3, 40))
    few = rng.normal(size=(60, 3)) @ basis
    assert state_rank(few) == 3
    assert state_rank(few + 1e-6 * rng.normal(size=few.shape)) == 3
    assert state_rank(np.zeros((5, 5))) == 0
    assert kernel_quality(rng.normal(size=(20, 40)), few) == (20, 3, 17)
    with pytest.raises(DataError, match="two dimensions"):
        state_rank(np.zeros(4))
