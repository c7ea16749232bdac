"""Measures of spikes: by hand, and for clocks and Poisson processes."""

import numpy as np
import pytest

from eegsnn.errors import ConfigurationError, DataError
from eegsnn.measures import (
    bits_per_sample,
    interval_statistics,
    silent_fraction,
    spike_rate,
    spikes_per_second,
)


def test_rates_by_hand():
    z = np.array([[0, 2, 0, -1], [0, 0, 0, 0]], dtype=np.int8)
    assert spike_rate(z).tolist() == [0.75, 0]
    rates = spikes_per_second(z, 100.0)
    assert rates["up"].tolist() == [50, 0]
    assert rates["down"].tolist() == [25, 0]
    assert rates["total"].tolist() == [75, 0]
    assert silent_fraction(z) == 0.5


def test_one_byte_counts_do_not_overflow():
    z = np.full((1, 1000), -1, dtype=np.int8)
    assert spike_rate(z) == 1
    assert spikes_per_second(z, 1.0)["down"] == 1
    assert interval_statistics(z, 10.0, 50.0)["fano"] == 0


def test_entropy():
    assert bits_per_sample(np.zeros(10, dtype=int)) == 0
    assert bits_per_sample(np.tile([0, 1], 50)) == pytest.approx(1)
    assert bits_per_sample(np.tile([0, 1, 2, -1], 50), steps_per_sample=3.0) == pytest.approx(6)
    assert bits_per_sample(np.tile([-(10**6), 10**6], 50)) == pytest.approx(1)
    p = np.array([0.9, 0.1])
    z = (np.arange(1000) % 10 == 0).astype(int)
    assert bits_per_sample(z) == pytest.approx(-(p * np.log2(p)).sum())


def test_clocks_and_poisson_processes(rng):
    clock = np.tile([0, 1, 0, 0, 0], 400)
    found = interval_statistics(clock, 100.0)
    assert found["mean_interval"] == pytest.approx(0.05)
    assert found["cv"] == pytest.approx(0, abs=1e-9)
    assert found["fano"] == 0
    poisson = rng.poisson(0.02, size=(3, 200_000))
    found = interval_statistics(poisson, 100.0, 5.0)
    assert found["cv"] == pytest.approx(1, abs=0.05)
    assert found["fano"] == pytest.approx(1, abs=0.15)
    assert found["mean_interval"] == pytest.approx(0.5, rel=0.05)


def test_too_few_spikes_have_no_regularity():
    found = interval_statistics(np.array([[0, 1, 0, 1], [0, 0, 0, 0]]), 1.0, 2.0)
    assert np.isnan(found["cv"]).all()
    assert found["fano"][0] == 0
    assert np.isnan(found["fano"][1])


def test_bad_input():
    with pytest.raises(DataError, match=r"Currents have no spikes"):
        spike_rate(np.array([0.5, 0.1]))
    assert spike_rate(np.array([1.0, 0.0], dtype=np.float32)) == 0.5
    with pytest.raises(DataError, match="shape"):
        spike_rate(np.zeros((3, 0), dtype=int))
    with pytest.raises(ConfigurationError, match="sfreq"):
        spikes_per_second(np.zeros(4, dtype=int), 0.0)
    with pytest.raises(ConfigurationError, match="window"):
        interval_statistics(np.zeros(4, dtype=int), 1.0, 0.1)


def test_the_lowest_number_of_a_type_has_a_magnitude():
    z = np.array([[-128, 1, 2, -1]], np.int8)
    np.testing.assert_array_equal(spike_rate(z), [33.0])
    np.testing.assert_array_equal(
        interval_statistics(z, 4.0, 1.0)["cv"], interval_statistics(z.astype(int), 4.0, 1.0)["cv"]
    )
