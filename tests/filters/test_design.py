"""Filters: gain where it is known, ringing as published, lengths refused."""

import numpy as np
import pytest
from scipy import signal

from eegsnn.errors import ConfigurationError, DataError
from eegsnn.filters import FrequencyBand, design_filter


def gain_db(band_filter, frequency):
    _, response = signal.freqz_sos(band_filter.sos, worN=[frequency], fs=band_filter.sfreq)
    return 20 * np.log10(abs(response[0]))


def test_edges_are_at_minus_three_decibels():
    alpha = design_filter(FrequencyBand("alpha", 8, 13), 250.0)
    assert gain_db(alpha, 8) == pytest.approx(-3.01, abs=0.01)
    assert gain_db(alpha, 13) == pytest.approx(-3.01, abs=0.01)
    assert gain_db(alpha, 10) == pytest.approx(0, abs=0.01)
    assert gain_db(alpha, 20) < -20
    assert gain_db(alpha, 4) < -20


@pytest.mark.parametrize(("order", "seconds"), [(4, 3.8), (2, 1.6)])
def test_ringing_of_the_delta_band(order, seconds):
    # 0.5–4 Hz rings for 3.8 s to 1 % at order 4, for 1.6 s at order 2.
    delta = design_filter(FrequencyBand("delta", 0.5, 4), 250.0, order)
    assert delta.ring_samples / 250 == pytest.approx(seconds, abs=0.05)


@pytest.mark.parametrize("sfreq", [100.0, 1000.0, 5000.0])
def test_a_high_pass_rings_as_long_at_any_rate(sfreq):
    """Its response begins with the impulse, which outweighs the rest where sampling is fast."""
    drift = design_filter(FrequencyBand("x", 1.0, None), sfreq)
    assert drift.ring_samples / sfreq == pytest.approx(2.29, abs=0.02)
    impulse = np.zeros(int(6 * sfreq))
    impulse[0] = 1.0
    tail = np.abs(signal.sosfilt(drift.sos, impulse))[1:]
    assert tail[drift.ring_samples :].max() < 0.02 * tail.max()


def test_low_narrow_bands_are_stable():
    for sfreq in (250.0, 2000.0):
        delta = design_filter(FrequencyBand("delta", 0.5, 4), sfreq, 5)
        _, poles, _ = signal.sos2zpk(delta.sos)
        assert np.abs(poles).max() < 1


def test_gain_of_a_constant_per_kind():
    kinds = {(None, 5): 1.0, (5, None): 0.0, (5, 10): 0.0}
    for (low, high), gain in kinds.items():
        assert design_filter(FrequencyBand("x", low, high), 100.0).dc_gain == gain
    everything = design_filter(FrequencyBand("all"), 100.0)
    assert everything.sos is None
    assert everything.ring_samples == 0


def test_beyond_nyquist_is_refused():
    with pytest.raises(ConfigurationError, match=r"gamma.*80 Hz"):
        design_filter(FrequencyBand("gamma", 30, 45), 80.0)


def test_a_filter_that_rings_for_hours_is_refused():
    with pytest.raises(ConfigurationError, match="rings for more than"):
        design_filter(FrequencyBand("glacial", None, 1e-6), 1000.0)


def test_shortest_trial_is_a_cycle_at_the_centre():
    delta = design_filter(FrequencyBand("delta", 1, 4), 100.0)
    delta.check_length(50)  # the centre is 2 Hz
    with pytest.raises(DataError, match=r"49 samples \(0.49 s\).*delta.*50 samples"):
        delta.check_length(49)
    design_filter(FrequencyBand("slow", None, 1), 100.0).check_length(1)
