"""BOLD to spikes: simulated responses to a known stimulus, and what cannot be BOLD."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from eegsnn.encoding import BOLDEncoder, haemodynamic_response
from eegsnn.errors import ConfigurationError, DataError

TR = 2.0
EVENTS = np.array([12, 31, 47, 70, 88, 104, 131, 150, 171])
BLOCKS = np.arange(10, 190, 30)  # 20 s on, 40 s off


def simulate(activity, rng, percent=2.0, noise=0.15, baseline=900.0, tr=TR):
    """Scanner units: baseline, response, white noise and a slow drift."""
    n = len(activity)
    response = np.convolve(activity, haemodynamic_response(tr))[:n]
    change = percent * response / response.max() + noise * rng.normal(size=n)
    return baseline * (1 + (change + np.linspace(-0.5, 0.5, n)) / 100)


def events_design(n=200):
    activity = np.zeros(n)
    activity[EVENTS] = 1.0
    return activity


def blocks_design(n=200, length=10):
    activity = np.zeros(n)
    for onset in BLOCKS:
        activity[onset : onset + length] = 1.0
    return activity


def test_the_response_is_the_canonical_one():
    """Peak near 5 s, undershoot near 15 s, as Friston et al. (1998) and SPM have it."""
    response = haemodynamic_response(0.1)
    times = 0.1 * np.arange(len(response))
    assert times[np.argmax(response)] == pytest.approx(5.0, abs=0.15)
    assert 14 < times[np.argmin(response)] < 17
    assert response.sum() == pytest.approx(1.0)
    assert response.min() / response.max() == pytest.approx(-0.0887, abs=0.01)


def test_events_are_found_where_they_were(rng):
    X = simulate(events_design(), rng)[None, None]
    encoder = BOLDEncoder(TR, "threshold_crossing", {"threshold": 2.0})
    onsets = np.flatnonzero(encoder.fit_transform(X)[0, 0] > 0)
    assert len(onsets) == len(EVENTS)
    assert np.abs(onsets - EVENTS).max() <= 1


def test_blocks_begin_and_end_where_they_did(rng):
    X = simulate(blocks_design(), rng)[None, None]
    encoder = BOLDEncoder(TR, "threshold_crossing", {"threshold": 0.3, "hysteresis": 0.6})
    spikes = encoder.fit_transform(X)[0, 0]
    ups, downs = np.flatnonzero(spikes > 0), np.flatnonzero(spikes < 0)
    for onset in BLOCKS:
        assert np.abs(ups - onset).min() <= 1
    for end in BLOCKS + 10:
        assert np.abs(downs - end).min() <= 2
    # Where the run begins and ends, the estimate may be off.
    assert np.count_nonzero((ups > 3) & (ups < len(spikes) - 16)) == len(BLOCKS)


def test_without_deconvolution_spikes_are_late(rng):
    """What deconvolution is for: the blood answers 4 to 6 seconds later."""
    X = simulate(events_design(), rng, noise=0.05)[None, None]
    settings = {"threshold": 1.0}
    raw = BOLDEncoder(TR, "threshold_crossing", settings, deconvolve=False).fit_transform(X)[0, 0]
    first = np.flatnonzero(raw > 0)
    late = [first[first >= event].min() - event for event in EVENTS]
    assert np.median(late) >= 1.5


def test_decoding_restores_the_percent_signal_change(rng):
    signals = [simulate(events_design(), rng, noise=0.02), simulate(blocks_design(), rng)]
    X = np.stack(signals)[None]
    encoder = BOLDEncoder(TR, "level_crossing", {"threshold": 0.1}).fit(X, regions=["V1", "M1"])
    spikes = encoder.transform(X)
    assert spikes.shape == X.shape
    assert list(encoder.get_feature_names_out()) == ["V1", "M1"]
    restored = encoder.inverse_transform(spikes)
    change = clone(encoder).set_params(deconvolve=False).fit(X).activity(X)
    for region in range(2):
        assert np.corrcoef(restored[0, region], change[0, region])[0, 1] > 0.9


@settings(max_examples=5, deadline=None)
@given(scale=st.floats(1e-3, 1e6), tr=st.floats(0.5, 3.0))
def test_the_scanners_unit_does_not_matter(scale, tr):
    X = simulate(events_design(), np.random.default_rng(0), tr=tr)[None, None]
    one = BOLDEncoder(tr, "bsa").fit_transform(X)
    assert np.mean(one != BOLDEncoder(tr, "bsa").fit_transform(X * scale)) < 0.02


def test_percent_is_taken_as_it_is(rng):
    X = simulate(events_design(), rng)[None, None]
    percent = 100 * (X / X.mean(axis=-1, keepdims=True) - 1)
    one = BOLDEncoder(TR).fit(X).activity(X)
    other = BOLDEncoder(TR, units="percent").fit(percent).activity(percent)
    assert np.allclose(one, other)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (2000, "repetition_time.*milliseconds"),
        (0, "repetition_time.*s, but got 0"),
        (-1.0, "repetition_time"),
        (float("nan"), "repetition_time"),
        ("2 s", "repetition_time: expected a number"),
        (None, "repetition_time"),
    ],
)
def test_a_wrong_repetition_time_is_named(value, said):
    with pytest.raises(ConfigurationError, match=said):
        BOLDEncoder(value).fit(np.ones((1, 1, 100)))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"units": "volts"}, "units: expected one of"),
        ({"high_pass": 3.0}, "high_pass"),
        ({"regularisation": 0.0}, "regularisation"),
        ({"method": "bold"}, "encoder: expected one of"),
        ({"settings": {"treshold": 1}}, "Did you mean 'threshold'"),
    ],
)
def test_a_wrong_parameter_is_named(options, said, rng):
    with pytest.raises(ConfigurationError, match=said):
        BOLDEncoder(TR, **options).fit(simulate(events_design(), rng)[None, None])


def test_data_in_another_unit_are_refused(rng):
    X = simulate(events_design(), rng)[None, None]
    with pytest.raises(DataError, match=r"region 1 .M1.*units='percent'"):
        BOLDEncoder(TR).fit(np.concatenate([X, X - X.mean()], axis=1), regions=["V1", "M1"])
    with pytest.raises(DataError, match="units='signal'"):
        BOLDEncoder(TR, units="percent").fit(X)
    with pytest.raises(DataError, match=r"shorter than the response.*repetition_time = 2 s"):
        BOLDEncoder(TR).fit(X[..., :10])
    with pytest.raises(DataError, match="NaN"):
        BOLDEncoder(TR).fit(np.where(X.max() == X, np.nan, X))
    with pytest.raises(DataError, match="1 regions fitted, but got 2"):
        BOLDEncoder(TR).fit(X).transform(np.concatenate([X, X], axis=1))


def test_a_code_without_inverse_says_so(rng):
    X = simulate(events_design(), rng)[None, None]
    encoder = BOLDEncoder(TR, "threshold_crossing").fit(X)
    with pytest.raises(ConfigurationError, match="no inverse"):
        encoder.inverse_transform(encoder.transform(X))
