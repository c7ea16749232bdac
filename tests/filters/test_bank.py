"""`FilterBank`: shapes, names, errors, and streaming equal to one shot."""

import mne
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from eegsnn.errors import ConfigurationError, DataError
from eegsnn.filters import FilterBank, FrequencyBand


@pytest.fixture
def trials(rng):
    return rng.normal(size=(4, 3, 500))


@pytest.fixture
def epochs(trials):
    info = mne.create_info(["C3", "Cz", "C4"], 250.0, "eeg")
    return mne.EpochsArray(trials * 1e-6, info, verbose="error")


def test_shape_names_and_attributes(trials):
    bank = FilterBank("motor", sfreq=250.0).fit(trials, ch_names=["C3", "Cz", "C4"])
    assert bank.transform(trials).shape == (4, 2, 3, 500)
    assert list(bank.get_feature_names_out())[:4] == ["C3_mu", "Cz_mu", "C4_mu", "C3_beta"]
    assert bank.sfreq_ == 250
    assert bank.n_channels_in_ == 3


def test_each_band_holds_its_own_sine():
    times = np.arange(1500) / 250
    X = (np.sin(2 * np.pi * 10 * times) + np.sin(2 * np.pi * 20 * times))[None, None]
    for phase in ("zero", "causal"):
        filtered = FilterBank(["alpha", "beta"], 250.0, phase=phase).fit_transform(X)[0, :, 0]
        for band, frequency in zip(filtered[:, 250:-250], (10, 20), strict=True):
            spectrum = np.abs(np.fft.rfft(band))
            assert np.fft.rfftfreq(len(band), 1 / 250)[spectrum.argmax()] == frequency


def test_trials_and_channels_are_independent(trials):
    bank = FilterBank(sfreq=250.0).fit(trials)
    assert np.array_equal(bank.transform(trials)[1:2, :, 2:], FilterBank(sfreq=250.0)
                          .fit_transform(trials[1:2, 2:]))  # fmt: skip


def test_epochs_bring_rate_and_names(epochs, trials):
    bank = FilterBank("motor").fit(epochs)
    assert bank.sfreq_ == 250
    assert bank.ch_names_ == ["C3", "Cz", "C4"]
    reordered = epochs.copy().reorder_channels(["C4", "C3", "Cz"])
    assert np.array_equal(bank.transform(reordered), bank.transform(epochs))
    X = epochs.get_data()
    assert np.array_equal(
        bank.transform(X[:, ::-1], ch_names=["C4", "Cz", "C3"]), bank.transform(X)
    )


def test_it_is_a_scikit_learn_transformer(trials):
    bank = FilterBank([FrequencyBand("x", 8, 12)], sfreq=250.0, order=2, phase="causal")
    copy = clone(bank)
    assert copy.get_params() == bank.get_params()
    assert make_pipeline(copy).fit_transform(trials).shape == (4, 1, 3, 500)


def test_padding_in_seconds(trials):
    auto = FilterBank("alpha", sfreq=250.0).fit(trials)
    seconds = auto.filters_[0].ring_samples / 250
    same = FilterBank("alpha", sfreq=250.0, padding=seconds).fit_transform(trials)
    none = FilterBank("alpha", sfreq=250.0, padding=0).fit_transform(trials)
    assert np.array_equal(same, auto.transform(trials))
    assert not np.allclose(none, same)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"phase": "linear"}, "phase"),
        ({"order": 0}, "order"),
        ({"order": 2.5}, "order"),
        ({"padding": -1}, "padding"),
        ({"padding": "lots"}, "padding"),
        ({"extension": "even"}, "extension"),
        ({"sfreq": 0}, "sfreq"),
        ({"bands": "brain"}, "bands"),
        ({"sfreq": 80.0}, r"gamma \(30–45 Hz\).*80 Hz"),
    ],
)
def test_impossible_parameters_are_named_without_data(parameters, message):
    with pytest.raises(ConfigurationError, match=message):
        FilterBank(**{"sfreq": 250.0, **parameters}).check_parameters()


def test_unknown_rate_is_an_error(trials):
    with pytest.raises(ConfigurationError, match="sfreq"):
        FilterBank().fit(trials)


def test_data_that_do_not_fit(trials, epochs):
    bank = FilterBank("motor", sfreq=250.0).fit(trials)
    with pytest.raises(DataError, match="3 channels"):
        bank.transform(trials[:, :2])
    with pytest.raises(DataError, match="250 Hz"):
        FilterBank("motor").fit(epochs).transform(epochs.copy().resample(200, verbose="error"))
    with pytest.raises(DataError, match="shorter"):
        bank.transform(trials[:, :, :10])
    with pytest.raises(DataError, match="shorter"):
        FilterBank("standard", sfreq=250.0).fit(trials[:, :, :100])
    with pytest.raises(DataError, match="Channels missing from the data: C4"):
        FilterBank("motor").fit(epochs).transform(epochs.copy().drop_channels(["C4"]))
    trials[2, 1, 7] = np.nan
    with pytest.raises(DataError, match=r"trial 2, channel 1"):
        bank.transform(trials)


@settings(max_examples=40, deadline=None)
@given(
    cuts=st.lists(st.integers(0, 120), max_size=12).map(sorted),
    bands=st.sampled_from(["standard", "slow", None, {"high": [20, None], "all": [0, None]}]),
    offset=st.sampled_from([0.0, 1.0, -1e5]),
)
def test_chunks_equal_one_shot_bit_for_bit(cuts, bands, offset):
    X = np.random.default_rng(3).normal(size=(2, 3, 120)) + offset
    bank = FilterBank(bands, sfreq=100.0, phase="causal").fit(X)
    stream = bank.stream()
    chunks = [stream.process(chunk) for chunk in np.split(X, cuts, axis=2)]
    assert np.array_equal(np.concatenate(chunks, axis=3), bank.transform(X))
    stream.reset()
    assert np.array_equal(stream.process(X), bank.transform(X))


def test_a_stream_of_one_recording_has_no_trial_axis(rng):
    X = rng.normal(size=(3, 200))
    bank = FilterBank("motor", sfreq=100.0, phase="causal").fit(X[None])
    assert np.array_equal(bank.stream().process(X), bank.transform(X[None])[0])


def test_stream_refuses_what_it_cannot_do(trials):
    with pytest.raises(ConfigurationError, match="phase"):
        FilterBank("motor", sfreq=250.0).fit(trials).stream()
    bank = FilterBank("motor", sfreq=250.0, phase="causal").fit(trials)
    stream = bank.stream()
    first = stream.process(trials[:, :, :100])
    with pytest.raises(DataError, match="reset"):
        stream.process(trials[:, :2, 100:])
    broken = trials[:, :, 100:].copy()
    broken[0, 0, 0] = np.inf
    with pytest.raises(DataError, match="nothing of it was processed"):
        stream.process(broken)
    with pytest.raises(DataError, match="channels, times"):
        stream.process(np.zeros(5))
    rest = stream.process(trials[:, :, 100:])  # the refusals left the state alone
    assert np.array_equal(np.concatenate([first, rest], axis=3), bank.transform(trials))
