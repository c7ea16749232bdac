import dataclasses

import mne
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegsnn.errors import ConfigurationError, DataError, RecordingError
from eegsnn.recordings import Preprocessing, make_epochs, preprocess, preprocess_trials

TIMES = np.arange(0, 20, 1 / 200)


def power_at(raw, frequency):
    """Amplitude of the tone at `frequency` in the middle of the recording, per channel."""
    data = raw.get_data()[:, raw.n_times // 4 : -raw.n_times // 4]
    times = np.arange(data.shape[1]) / raw.info["sfreq"]
    return 2 * np.abs((data * np.exp(-2j * np.pi * frequency * times)).mean(axis=1))


@pytest.fixture
def tones(make_raw):
    """One channel with tones of 1 V at 2, 10, 50 and 70 Hz, sampled at 200 Hz for 20 s."""
    signal = sum(np.sin(2 * np.pi * f * TIMES) for f in (2, 10, 50, 70))
    return make_raw(signal[None], ["Cz"], 200.0)


@pytest.mark.parametrize("phase", ["zero", "causal"])
def test_every_kind_of_signal_is_filtered(tones, phase):
    names = ["Cz", "EOG", "resp", "codes"]
    raw = mne.io.RawArray(
        np.repeat(tones.get_data(), 4, axis=0), mne.create_info(names, 200.0), verbose="error"
    )
    kinds = dict(zip(names, ["eeg", "eog", "misc", "stim"], strict=True))
    raw.set_channel_types(kinds, on_unit_change="ignore", verbose="error")
    cleaned = preprocess(raw, Preprocessing(picks="all", notch=50, phase=phase))
    assert (power_at(cleaned, 50)[:3] < 0.1).all()
    np.testing.assert_array_equal(cleaned.get_data()[3], raw.get_data()[3])


@pytest.mark.parametrize("phase", ["zero", "causal"])
def test_notch_takes_its_frequency_only(tones, phase):
    cleaned = preprocess(tones, Preprocessing(notch=50, phase=phase))
    assert power_at(cleaned, 50) < 0.1
    np.testing.assert_allclose([power_at(cleaned, f)[0] for f in (2, 10, 70)], 1, atol=0.05)


@pytest.mark.parametrize("phase", ["zero", "causal"])
def test_band_limits(tones, phase):
    band = preprocess(tones, Preprocessing(l_freq=5, h_freq=25, phase=phase))
    assert power_at(band, 10) == pytest.approx(1, abs=0.05)
    assert max(power_at(band, f)[0] for f in (2, 50, 70)) < 0.06


def test_several_notches(tones):
    cleaned = preprocess(tones, Preprocessing(notch=[50, 70]))
    assert max(power_at(cleaned, f)[0] for f in (50, 70)) < 0.02


def impulse(make_raw):
    signal = np.zeros((1, 4000))
    signal[0, 2000] = 1
    return make_raw(signal, ["Cz"], 200.0)


def test_causal_filter_does_not_look_ahead(make_raw):
    steps = Preprocessing(l_freq=4, h_freq=30, notch=50, phase="causal")
    answer = preprocess(impulse(make_raw), steps).get_data()[0]
    assert np.abs(answer[:2000]).max() == 0
    assert np.abs(answer[2000:]).max() > 1e-3


def test_zero_phase_filter_is_symmetric(make_raw):
    answer = preprocess(impulse(make_raw), Preprocessing(l_freq=4, h_freq=30)).get_data()[0]
    np.testing.assert_allclose(answer[1001:2000], answer[2999:2000:-1], atol=1e-12)
    assert np.abs(answer[:2000]).max() > 1e-3


def test_resampling_does_not_alias(tones):
    resampled = preprocess(tones, Preprocessing(resample=100))
    assert resampled.n_times == 2000
    assert power_at(resampled, 30) < 0.01  # where 70 Hz would fold to
    np.testing.assert_allclose([power_at(resampled, f)[0] for f in (2, 10)], 1, atol=0.02)


def test_resampling_keeps_trials_in_place(make_raw):
    signal = np.exp(-((TIMES - 7.35) ** 2) / 0.005)[None]
    raw = make_raw(signal, ["Cz"], 200.0, annotations=[(7.35, 0.0, "bump")])
    for rate in (200.0, 128.0, 50.0):
        cut = make_epochs(preprocess(raw, Preprocessing(resample=rate)), tmin=-0.5, tmax=0.5)
        peak = cut.times[np.argmax(cut.get_data()[0, 0])]
        assert abs(peak) <= 1 / rate


@pytest.mark.parametrize(("key", "value"), [("h_freq", 60.0), ("l_freq", 50.0), ("notch", 50.0)])
def test_beyond_nyquist_names_both(make_raw, key, value):
    raw = make_raw(np.zeros((1, 1000)), ["Cz"], 100.0)
    with pytest.raises(ConfigurationError, match=rf"{key}: {value:g} Hz.*Nyquist frequency 50 Hz"):
        preprocess(raw, Preprocessing(**{key: value}))


def test_average_reference_uses_all_good_eeg_channels(make_raw, rng):
    data = rng.normal(size=(4, 1000))
    raw = make_raw(data, ["C3", "Cz", "C4", "Pz"])
    raw.info["bads"] = ["Pz"]
    result = preprocess(raw, Preprocessing(picks=["C4", "C3"], reference="average"))
    assert result.ch_names == ["C4", "C3"]
    np.testing.assert_allclose(result.get_data(), (data - data[:3].mean(0))[[2, 0]], atol=1e-12)


def test_named_reference_may_be_left_out_of_the_picks(make_raw, rng):
    data = rng.normal(size=(3, 1000))
    raw = make_raw(data, ["Cz", "M1", "M2"])
    result = preprocess(raw, Preprocessing(picks=["Cz"], reference=["m1", "M2"]))
    np.testing.assert_allclose(result.get_data()[0], data[0] - data[1:].mean(0), atol=1e-12)


def test_missing_reference_is_named(make_raw):
    raw = make_raw(np.zeros((1, 100)), ["Cz"])
    with pytest.raises(RecordingError, match=r"reference: channels missing.*M1. Present: Cz"):
        preprocess(raw, Preprocessing(reference=["M1"]))


def test_picks_by_types_and_names(make_raw):
    types = ["eeg", "eog", "stim"]
    raw = make_raw(np.zeros((3, 100)), ["Cz", "up", "STI"], types=types)
    assert preprocess(raw, Preprocessing()).ch_names == ["Cz"]
    assert preprocess(raw, Preprocessing(picks=None)).ch_names == ["Cz", "up", "STI"]
    assert preprocess(raw, Preprocessing(picks=["stim", "CZ."])).ch_names == ["STI", "Cz"]
    assert preprocess(raw, Preprocessing(picks="up")).ch_names == ["up"]


def test_the_recording_given_stays_as_it_was(tones):
    before = tones.get_data().copy()
    preprocess(tones, Preprocessing(l_freq=5, reference=None, resample=100, notch=50))
    np.testing.assert_array_equal(tones.get_data(), before)
    assert tones.info["sfreq"] == 200


@pytest.mark.parametrize("phase", ["zero", "causal"])
def test_nan_is_refused_before_a_filter_spreads_it(make_raw, phase):
    data = np.zeros((2, 2000))
    data[1, 150] = np.nan
    raw = make_raw(data, ["C3", "C4"], 200.0)
    with pytest.raises(DataError, match=r"Channel C4 contains NaN.*first at 0\.750 s"):
        preprocess(raw, Preprocessing(l_freq=1, phase=phase))


def test_recording_shorter_than_the_filter(make_raw):
    raw = make_raw(np.zeros((1, 100)), ["Cz"], 100.0)
    with pytest.raises(RecordingError, match=r"cannot be filtered as asked.*l_freq=0.1"):
        preprocess(raw, Preprocessing(l_freq=0.1))


def test_overlapping_spelling_of_one_channel_is_refused():
    with pytest.raises(DataError, match="each channel once"):
        Preprocessing(picks=["C3", "C3"])


FREQUENCY = st.floats(0.01, 1000)


@settings(deadline=None)
@given(
    picks=st.none() | st.just("eeg") | st.lists(st.text(min_size=1), min_size=1, unique=True),
    notch=st.none() | FREQUENCY | st.lists(FREQUENCY, max_size=3),
    resample=st.none() | FREQUENCY,
    phase=st.sampled_from(["zero", "causal"]),
    reference=st.none() | st.just("average") | st.just(["M1", "M2"]),
)
def test_as_a_mapping_and_back(**fields):
    steps = Preprocessing(**fields)
    assert Preprocessing.from_dict(steps.to_dict()) == steps


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"phase": "linear"}, "phase: expected one of 'zero', 'causal'"),
        ({"reference": "mean"}, "reference: expected one of 'average'"),
        ({"h_freq": -1}, "h_freq: expected a number > 0 Hz"),
        ({"l_freq": "low"}, "l_freq: expected a number > 0 Hz, but got 'low'"),
        ({"notch": [50, 0]}, "notch: expected a number > 0 Hz"),
        ({"resample": 0}, "resample: expected a number > 0 Hz"),
        ({"l_freq": 30, "h_freq": 8}, "l_freq: expected less than h_freq = 8 Hz"),
        ({"picks": 3}, "picks: expected a word"),
        ({"picks": []}, "picks: expected a word"),
        ({"montage": 1005}, "montage: expected"),
    ],
)
def test_impossible_values(fields, message):
    with pytest.raises(ConfigurationError, match=message):
        Preprocessing(**fields)


def test_unknown_key_suggests_the_near_one():
    with pytest.raises(ConfigurationError, match="Did you mean 'l_freq'"):
        Preprocessing.from_dict({"lfreq": 1})


def test_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Preprocessing().l_freq = 3


@pytest.mark.parametrize("fields", [{"notch": 50}, {"l_freq": 1}, {"h_freq": 30}])
def test_no_filters_on_trials(fields):
    with pytest.raises(ConfigurationError, match="bands of the encoder"):
        preprocess_trials(np.zeros((2, 1, 50)), 100, ["Cz"], Preprocessing(**fields))


def test_trials_are_referenced_picked_and_resampled(rng):
    X = rng.normal(size=(5, 3, 200))
    steps = Preprocessing(reference="average", picks=["C4", "C3"], resample=50)
    result, sfreq, names = preprocess_trials(X, 100, ["C3", "CZ", "C4"], steps)
    assert result.shape == (5, 2, 100)
    assert (sfreq, names) == (50, ["C4", "C3"])
    expected, _, _ = preprocess_trials(
        X - X.mean(1, keepdims=True), 100, ["C3", "Cz", "C4"], Preprocessing(resample=50)
    )
    np.testing.assert_allclose(result, expected[:, [2, 0]])


def test_trials_of_one_channel_have_no_average_reference():
    with pytest.raises(ConfigurationError, match="average of the one channel A1-Cz"):
        preprocess_trials(np.zeros((2, 1, 50)), 100, ["A1-Cz"], Preprocessing(reference="average"))


def test_trials_hold_eeg_only():
    with pytest.raises(ConfigurationError, match=r"holds EEG only.*'stim'"):
        preprocess_trials(np.zeros((2, 1, 50)), 100, ["Cz"], Preprocessing(picks="stim"))
