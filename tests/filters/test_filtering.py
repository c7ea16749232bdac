"""Causal and zero-phase filtering of signals whose filtered form is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegsnn.filters import BAND_SETS, FrequencyBand, design_filter, filter_causal, filter_zero_phase
from eegsnn.filters import filtering as filtering_module
from eegsnn.filters.filtering import extend_odd

SFREQ = 250.0
ALPHA = design_filter(FrequencyBand("alpha", 8, 13), SFREQ)
SLOW = design_filter(FrequencyBand("slow", None, 1), SFREQ)
HIGH = design_filter(FrequencyBand("high", 30, None), SFREQ)


def sine(frequency, seconds=8.0, phase=0.0):
    return np.sin(2 * np.pi * frequency * np.arange(int(seconds * SFREQ)) / SFREQ + phase)


def middle(x):
    return x[..., int(2 * SFREQ) : -int(2 * SFREQ)]


def lag(x, y):
    """Samples by which y is behind x."""
    correlation = np.correlate(middle(y), middle(x), mode="full")
    return int(correlation.argmax()) - (len(middle(x)) - 1)


@pytest.mark.parametrize("filtered", [filter_causal, filter_zero_phase])
def test_in_band_passes_and_out_of_band_does_not(filtered):
    inside = middle(filtered(sine(10), ALPHA))
    assert inside.std() / middle(sine(10)).std() == pytest.approx(1, abs=0.02)
    for frequency in (2, 30):
        outside = middle(filtered(sine(frequency), ALPHA))
        assert outside.std() / middle(sine(frequency)).std() < 0.1


def test_zero_phase_does_not_delay_and_causal_does():
    x = sine(10) * np.exp(-(((np.arange(2000) - 1000) / 200) ** 2))
    assert lag(x, filter_zero_phase(x, ALPHA)) == 0
    assert 10 < np.argmax(np.abs(filter_causal(x, ALPHA))) - 1000 < 100


def test_causal_output_does_not_know_the_future(rng):
    x = rng.normal(size=500)
    changed = x.copy()
    changed[300:] += 10
    assert np.array_equal(filter_causal(x, ALPHA)[:300], filter_causal(changed, ALPHA)[:300])


@pytest.mark.parametrize("filtered", [filter_causal, filter_zero_phase])
@pytest.mark.parametrize("offset", [1e-6, 1.0, 1e6])
def test_an_offset_makes_no_transient(filtered, offset):
    constant = np.full(300, offset)
    assert np.abs(filtered(constant, ALPHA)).max() == 0
    np.testing.assert_allclose(filtered(constant, SLOW), offset, rtol=1e-12)


@pytest.mark.parametrize("extension", ["edge", "odd"])
def test_trials_shorter_than_the_ringing_stay_bounded(extension, rng):
    x = rng.normal(size=(4, 60))
    filtered = filter_zero_phase(x, ALPHA, extension=extension)
    assert filtered.shape == x.shape
    assert np.abs(filtered).max() < 3 * np.abs(x).max()


def test_a_trial_is_filtered_nearly_as_within_its_recording(rng):
    # The reason for the padding: a 2 s cut against the recording filtered whole.
    recording = np.cumsum(rng.normal(size=100 * 250)) * 0.1 + 5 * sine(10, 100)
    whole = filter_zero_phase(recording, ALPHA)
    starts = np.arange(1000, 20_000, 750)
    cuts = np.stack([recording[s : s + 500] for s in starts])
    truth = np.stack([whole[s : s + 500] for s in starts])
    error = (filter_zero_phase(cuts, ALPHA) - truth).std() / truth.std()
    unpadded = (filter_zero_phase(cuts, ALPHA, padding=0) - truth).std() / truth.std()
    assert error < 0.25
    assert error < unpadded


def test_edge_padding_equals_explicit_padding_on_both_sides(rng):
    # Only the right side is really padded; the left one must follow from the initial state.
    x = rng.normal(size=300)
    pad = ALPHA.ring_samples
    explicit = filter_zero_phase(np.pad(x, (pad, pad), mode="edge"), ALPHA)[pad:-pad]
    np.testing.assert_allclose(filter_zero_phase(x, ALPHA), explicit, atol=0.02 * x.std())
    long = filter_zero_phase(x, ALPHA, padding=10 * pad)
    np.testing.assert_allclose(filter_zero_phase(x, ALPHA), long, atol=0.02 * x.std())


@given(
    x=st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=12), pad=st.integers(0, 40)
)  # fmt: skip
def test_odd_extension_holds_the_trial_and_is_odd_about_its_ends(x, pad):
    x = np.array(x)
    extended = extend_odd(x, pad)
    assert extended.shape == (len(x) + 2 * pad,)
    assert np.array_equal(extended[pad : pad + len(x)], x)
    for k in range(min(pad, len(x) - 1)):
        before, after = extended[pad - 1 - k], extended[pad + 1 + k]
        assert before + after == pytest.approx(2 * x[0], abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(scale=st.floats(1e-9, 1e9), zero=st.booleans())
def test_filtering_is_linear_in_scale(scale, zero):
    x = np.random.default_rng(1).normal(size=(2, 400))
    filtered = filter_zero_phase if zero else filter_causal
    np.testing.assert_allclose(filtered(x * scale, HIGH), scale * filtered(x, HIGH), rtol=1e-6,
                               atol=1e-12 * scale)  # fmt: skip


def test_blocks_make_no_difference(rng, monkeypatch):
    x = rng.normal(size=(3, 5, 200))
    whole = filter_zero_phase(x, ALPHA)
    monkeypatch.setattr(filtering_module, "_BLOCK_SAMPLES", 700)
    assert np.array_equal(filter_zero_phase(x, ALPHA), whole)


def test_everything_is_returned_unchanged_as_a_copy(rng):
    x = rng.normal(size=(2, 50))
    unfiltered = filter_causal(x, design_filter(FrequencyBand("all"), SFREQ))
    assert np.array_equal(unfiltered, x)
    assert not np.shares_memory(unfiltered, x)


@pytest.mark.parametrize("filtered_by", [filter_causal, filter_zero_phase])
def test_long_recordings_are_filtered_to_the_same_numbers(filtered_by, rng, monkeypatch):
    from eegsnn import _sharing
    from eegsnn.filters import _sections

    x = rng.normal(size=(3, 13, 700)).cumsum(axis=2)
    for band in BAND_SETS["standard"][:2] + BAND_SETS["slow"]:
        band_filter = design_filter(band, 100.0)
        expected = filtered_by(x, band_filter)
        with monkeypatch.context() as patch:
            patch.setattr(_sections, "WORTHWHILE", 1)
            patch.setattr(filtering_module, "WORTHWHILE", 1)
            patch.setattr(_sharing, "_LEAST_ELEMENTS", 1)
            assert np.array_equal(filtered_by(x, band_filter), expected)
