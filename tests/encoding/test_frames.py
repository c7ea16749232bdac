"""Latency, phase, burst and rank order: there and back, within the resolution they have."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegsnn.encoding import frames
from eegsnn.errors import ConfigurationError

values = st.lists(st.floats(0, 1), min_size=1, max_size=50).map(np.array)


@given(x=values, n_steps=st.integers(2, 40))
def test_linear_latency_is_inverted_within_half_a_step(x, n_steps):
    spikes = frames.latency_code(x, n_steps)
    assert (spikes.sum(axis=-1) == (x > 0.01)).all()
    error = np.abs(frames.latency_decode(spikes) - x)
    assert (error <= np.where(x > 0.01, 0.5 / (n_steps - 1), 0.01) + 1e-9).all()


@given(x=values, threshold=st.floats(0.01, 0.5))
def test_logarithmic_latency_is_the_time_to_threshold_of_a_leaky_neuron(x, threshold):
    n_steps, tau = 30, 9.0
    spikes = frames.latency_code(x, n_steps, "logarithmic", threshold, tau)
    assert (spikes.sum(axis=-1) == (x > threshold)).all()
    step = spikes.argmax(axis=-1)
    inner = (x > threshold) & (step > 0) & (step < n_steps - 1)
    reached = x[inner] * -np.expm1(-(step[inner] + np.array([[-0.5], [0.5]])) / tau)
    assert (reached[0] <= threshold * (1 + 1e-9)).all()
    assert (reached[1] >= threshold * (1 - 1e-9)).all()
    decoded = frames.latency_decode(spikes, "logarithmic", threshold, tau)
    again = frames.latency_code(decoded, n_steps, "logarithmic", threshold, tau)
    assert np.array_equal(again[inner], spikes[inner])


def test_latency_by_hand():
    spikes = frames.latency_code(np.array([0.02, 0.5, 1.0]), 5)
    assert spikes.argmax(axis=-1).tolist() == [4, 2, 0]


@given(x=values, n_bits=st.integers(1, 16))
def test_phase_is_inverted_within_its_last_bit(x, n_bits):
    decoded = frames.phase_decode(frames.phase_code(x, n_bits))
    assert (decoded <= x + 1e-12).all()
    assert (x - decoded <= 2.0**-n_bits + 1e-12).all()


@given(x=values, most=st.integers(1, 8), extra=st.integers(0, 30))
def test_a_burst_holds_its_spikes_whatever_the_value(x, most, extra):
    n_steps = max(2, most + extra)
    spikes = frames.burst_code(x, n_steps, most)
    assert np.array_equal(spikes.sum(axis=-1), np.ceil(most * x - 1e-9))
    error = np.abs(frames.burst_decode(spikes, most) - x)
    assert (error <= 0.5 / most + 1e-6).all()


def test_larger_values_burst_faster():
    spikes = frames.burst_code(np.array([0.3, 0.6, 1.0]), 21, 5)
    gaps = [np.diff(np.flatnonzero(row)) for row in spikes]
    assert gaps[0].tolist() == [4]
    assert gaps[1].tolist() == [3, 3]
    assert gaps[2].tolist() == [1] * 4


@given(x=st.lists(st.integers(-99, 99), min_size=2, max_size=12, unique=True).map(np.array))
def test_rank_order_keeps_the_order_and_nothing_else(x):
    spikes = frames.rank_order_code(x)
    assert (spikes.sum(axis=-1) == 1).all()
    assert (spikes.sum(axis=-2) == 1).all()
    assert np.array_equal(np.argsort(spikes.argmax(axis=-1)), np.argsort(-x))
    assert np.array_equal(frames.rank_order_code(3 * x + 1), spikes)
    table = np.sort(x)[::-1]
    assert np.array_equal(frames.rank_order_decode(spikes, table), x)


def test_windows_too_short_are_explained():
    with pytest.raises(ConfigurationError, match=r"n_steps.*at least 2 steps.*got 1"):
        frames.latency_code(np.ones(2), 1)
    with pytest.raises(ConfigurationError, match="max_spikes"):
        frames.burst_code(np.ones(2), 4, 5)
    with pytest.raises(ConfigurationError, match="n_bits"):
        frames.phase_code(np.ones(2), 0)
    with pytest.raises(ConfigurationError, match="tau"):
        frames.latency_code(np.ones(2), 4, "logarithmic", tau=0.0)
    with pytest.raises(ConfigurationError, match="Did you mean 'linear'"):
        frames.latency_code(np.ones(2), 4, "liner")
