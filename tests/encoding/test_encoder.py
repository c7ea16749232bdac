"""`EEGEncoder`: what it encodes, on which scale, under which names, and what it refuses."""

import pickle

import mne
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from eegsnn.encoding import EEGEncoder, band_coding, bin_sums, level_crossing
from eegsnn.errors import ConfigurationError, DataError
from eegsnn.filters import FrequencyBand, SpatialFilter, design_filter, filter_zero_phase

SFREQ = 200.0
METHODS = ["rate", "delta", "threshold", "direct"]


@pytest.fixture
def trials(rng):
    return rng.normal(size=(6, 3, 400)) * np.array([1.0, 5.0, 20.0])[:, None]


@pytest.fixture
def labels():
    return np.repeat(["left", "right"], 3)


def epochs_of(X, names=("C3", "Cz", "C4")):
    info = mne.create_info(list(names), SFREQ, "eeg")
    return mne.EpochsArray(X * 1e-6, info, verbose="error")


@pytest.mark.parametrize("method", METHODS)
def test_shape_type_and_names_agree(trials, method):
    encoder = EEGEncoder("motor", SFREQ, method)
    encoded = encoder.fit(trials, ch_names=["C3", "Cz", "C4"]).transform(trials)
    assert encoded.dtype == np.float32
    assert encoded.shape == (encoder.n_steps(400), 6, encoder.n_features_out_) == (40, 6, len(
        encoder.get_feature_names_out()))  # fmt: skip
    names = list(encoder.get_feature_names_out())
    if method == "direct":
        assert names[:4] == ["C3_mu", "Cz_mu", "C4_mu", "C3_beta"]
    else:
        assert names[:3] == ["C3_mu_up", "C3_mu_down", "Cz_mu_up"]
        assert np.array_equal(encoded, np.round(encoded))
        assert encoded.min() >= 0
        assert encoded.sum() > 0


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("feature", ["signal", "envelope", "log_power"])
@pytest.mark.parametrize("spatial_filter", [None, "csp", "average"])
def test_fit_transform_is_fit_and_transform(trials, labels, method, feature, spatial_filter):
    encoder = EEGEncoder("motor", SFREQ, method, feature=feature, spatial_filter=spatial_filter,
                         n_components=2, rate_code="poisson", random_state=1)  # fmt: skip
    both = encoder.fit_transform(trials, labels)
    assert np.array_equal(clone(encoder).fit(trials, labels).transform(trials), both)


def test_delta_is_the_level_crossing_of_the_standardised_band(trials):
    encoder = EEGEncoder("alpha", SFREQ, "delta", threshold=0.3, bin_width=0.1).fit(trials)
    band = filter_zero_phase(trials, design_filter(FrequencyBand("alpha", 8, 13), SFREQ))
    z = band / band.std(axis=(0, 2))[:, None]
    spikes = level_crossing(z, 0.3)
    starts = np.arange(0, 400, 20)
    encoded = encoder.transform(trials)
    np.testing.assert_array_equal(
        encoded[:, :, 0::2], bin_sums(np.maximum(spikes, 0), starts).transpose(2, 0, 1)
    )
    np.testing.assert_array_equal(
        encoded[:, :, 1::2], bin_sums(np.maximum(-spikes, 0), starts).transpose(2, 0, 1)
    )


def test_signs_are_two_features_or_added_in_one(trials):
    signed = EEGEncoder("alpha", SFREQ, "delta").fit_transform(trials)
    unsigned = EEGEncoder("alpha", SFREQ, "delta", signed=False).fit(trials)
    assert np.array_equal(unsigned.transform(trials), signed[:, :, 0::2] + signed[:, :, 1::2])
    assert list(unsigned.get_feature_names_out()) == ["ch0_alpha", "ch1_alpha", "ch2_alpha"]


def test_rate_follows_the_half_waves():
    # One cycle of 1 Hz per second: up spikes in the first half, down in the second, none mixed.
    X = np.sin(2 * np.pi * np.arange(800) / SFREQ)[None, None]
    encoded = EEGEncoder(None, SFREQ, bin_width=0.5).fit_transform(X)[:, 0]
    assert (encoded[0::2, 0] > 40).all()
    assert (encoded[1::2, 0] <= 1).all()
    assert (encoded[0::2, 1] <= 1).all()
    assert (encoded[1::2, 1] > 40).all()


def test_rate_stays_below_its_maximum(trials):
    encoded = EEGEncoder("motor", SFREQ, max_rate=40.0, bin_width=0.5, quantile=0.6)
    counts = encoded.fit_transform(trials)
    assert counts.max() <= 21
    assert counts.max() > 5


@pytest.mark.parametrize("feature", ["envelope", "log_power"])
@pytest.mark.parametrize("method", ["rate", "direct"])
def test_power_features_tell_strong_from_weak_whatever_the_phase(rng, feature, method):
    times = np.arange(400) / SFREQ
    amplitude = np.tile([1.0, 3.0], 10)
    phase = rng.random(20) * 2 * np.pi
    X = amplitude[:, None] * np.sin(2 * np.pi * 10 * times + phase[:, None])
    X = (X + 0.1 * rng.normal(size=X.shape))[:, None]
    encoder = EEGEncoder("alpha", SFREQ, method, feature=feature, bin_width=0.2)
    encoded = encoder.fit_transform(X)
    assert encoded.shape[2] == 1
    assert list(encoder.get_feature_names_out()) == ["ch0_alpha"]
    mean = encoded[1:-1, :, 0].mean(axis=0)
    assert mean[amplitude == 3].min() > mean[amplitude == 1].max()


def test_direct_current_is_standardised_on_training_data(trials):
    encoder = EEGEncoder("motor", SFREQ, "direct").fit(trials)
    encoded = encoder.transform(trials)
    np.testing.assert_allclose(encoded.mean(axis=(0, 1)), 0, atol=1e-5)
    np.testing.assert_allclose(encoded.std(axis=(0, 1)), 1, atol=1e-5)
    np.testing.assert_allclose(encoder.transform(2 * trials).std(axis=(0, 1)), 2, atol=1e-4)


@settings(max_examples=30, deadline=None)
@given(
    scale=st.floats(1e-9, 1e9),
    method=st.sampled_from(METHODS),
    feature=st.sampled_from(["signal", "envelope", "log_power"]),
    spatial_filter=st.sampled_from([None, "csp", "whitening", "average"]),
)
def test_volts_and_microvolts_spike_alike(scale, method, feature, spatial_filter):
    rng = np.random.default_rng(4)
    X, y = rng.normal(size=(6, 3, 200)), np.arange(6) % 2
    encoder = EEGEncoder("motor", SFREQ, method, feature=feature, spatial_filter=spatial_filter,
                         n_components=2)  # fmt: skip
    expected = encoder.fit_transform(X, y)
    scaled = clone(encoder).fit_transform(X * scale, y)
    if method == "direct":
        np.testing.assert_allclose(scaled, expected, atol=1e-4)
    else:
        assert np.array_equal(scaled, expected)


def test_scales_come_from_training_data_only(trials):
    encoder = EEGEncoder("motor", SFREQ, "delta").fit(trials)
    before = [scale.unit.copy() for scale in encoder.scales_]
    assert encoder.transform(3 * trials).sum() > 2 * encoder.transform(trials).sum()
    assert all(map(np.array_equal, before, [scale.unit for scale in encoder.scales_]))
    alone = encoder.transform(trials[2:3])
    assert np.array_equal(alone, encoder.transform(trials)[:, 2:3])


def test_channels_are_matched_by_name(trials):
    encoder = EEGEncoder("motor", method="delta").fit(epochs_of(trials))
    expected = encoder.transform(epochs_of(trials))
    turned = epochs_of(trials[:, ::-1], ("C4", "Cz", "C3"))
    assert np.array_equal(encoder.transform(turned), expected)
    array = trials[:, ::-1] * 1e-6
    assert np.array_equal(encoder.transform(array, ch_names=["C4", "Cz", "C3"]), expected)
    more = np.concatenate([trials, trials[:, :1]], axis=1)
    assert np.array_equal(encoder.transform(epochs_of(more, ("C3", "Cz", "C4", "Pz"))), expected)
    with pytest.raises(DataError, match="missing from the data: Cz, C4"):
        encoder.transform(epochs_of(trials, ("C3", "P3", "P4")))


def test_epochs_and_arrays_are_alike(trials):
    epochs = epochs_of(trials)
    from_epochs = EEGEncoder("motor").fit_transform(epochs)
    from_array = EEGEncoder("motor", SFREQ).fit_transform(epochs.get_data())
    assert np.array_equal(from_epochs, from_array)


def test_of_epochs_bad_channels_and_other_kinds_are_left_out(trials):
    info = mne.create_info(["C3", "STI", "C4"], SFREQ, ["eeg", "stim", "eeg"])
    info["bads"] = ["C4"]
    epochs = mne.EpochsArray(trials, info, verbose="error")
    assert EEGEncoder("motor").fit(epochs).ch_names_ == ["C3"]
    info["bads"] = ["C3", "C4"]
    with pytest.raises(DataError, match="no EEG channel"):
        EEGEncoder("motor").fit(mne.EpochsArray(trials, info, verbose="error"))


def test_spatial_components_are_named_and_fitted_to_labels(trials, labels):
    encoder = EEGEncoder("motor", SFREQ, spatial_filter="csp", n_components=2)
    assert encoder.fit_transform(trials, labels).shape[2] == 8
    assert list(encoder.get_feature_names_out())[:2] == ["csp1_mu_up", "csp1_mu_down"]
    assert encoder.spatial_filters_[1].patterns_.shape == (1, 2, 3)
    with pytest.raises(DataError, match="no y"):
        encoder.fit(trials)
    same = EEGEncoder("motor", SFREQ, spatial_filter=SpatialFilter("csp", 2))
    assert np.array_equal(same.fit_transform(trials, labels), encoder.fit_transform(trials, labels))
    kept = EEGEncoder("motor", SFREQ, spatial_filter="average").fit(trials)
    assert kept.get_feature_names_out()[0] == "ch0_mu_up"


def test_poisson_is_fixed_by_the_random_state(trials):
    def encode(state):
        encoder = EEGEncoder("motor", SFREQ, rate_code="poisson", random_state=state).fit(trials)
        return encoder.transform(trials), encoder.transform(trials), encoder.transform(trials[:2])

    first, again, part = encode(3)
    assert np.array_equal(first, again)
    assert np.array_equal(part, first[:, :2])
    assert np.array_equal(encode(3)[0], first)
    assert not np.array_equal(encode(4)[0], first)
    fresh = encode(None)
    assert np.array_equal(fresh[0], fresh[1])


@pytest.mark.parametrize("rate_code", ["regular", "poisson"])
def test_blocks_of_trials_make_no_difference(trials, rate_code, monkeypatch):
    encoder = EEGEncoder("motor", SFREQ, rate_code=rate_code, random_state=0).fit(trials)
    whole = encoder.transform(trials)
    monkeypatch.setattr(band_coding, "_BLOCK_SAMPLES", 2500)
    assert np.array_equal(encoder.transform(trials), whole)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("feature", ["signal", "envelope", "log_power"])
def test_a_causal_encoder_does_not_know_the_future(trials, method, feature):
    encoder = EEGEncoder("motor", SFREQ, method, feature=feature, phase="causal").fit(trials)
    changed = trials.copy()
    changed[:, :, 200:] = 7 - 3 * changed[:, :, 200:]
    assert np.array_equal(encoder.transform(changed)[:20], encoder.transform(trials)[:20])
    assert not np.array_equal(encoder.transform(changed)[20:], encoder.transform(trials)[20:])


def test_trials_of_another_length_are_encoded(trials):
    encoder = EEGEncoder("motor", SFREQ, phase="causal").fit(trials)
    shorter = encoder.transform(trials[:, :, :300])
    assert shorter.shape[0] == encoder.n_steps(300) == 30
    assert np.array_equal(shorter, encoder.transform(trials)[:30])


def test_it_is_a_scikit_learn_transformer(trials):
    encoder = EEGEncoder([FrequencyBand("x", 8, 12)], SFREQ, "delta", threshold=0.2)
    assert clone(encoder).get_params() == encoder.get_params()
    assert make_pipeline(encoder).fit_transform(trials).shape == (40, 6, 6)
    copy = pickle.loads(pickle.dumps(encoder.fit(trials)))
    assert np.array_equal(copy.transform(trials), encoder.transform(trials))


def test_the_input_is_left_alone(trials):
    before = trials.copy()
    EEGEncoder(None, SFREQ, spatial_filter="average").fit_transform(trials)
    assert np.array_equal(trials, before)


def test_unusable_training_data(trials):
    flat = trials.copy()
    flat[:, 1] = 3.0
    with pytest.raises(DataError, match="Flat channel in the training data: Cz"):
        EEGEncoder("motor", SFREQ).fit(flat, ch_names=["C3", "Cz", "C4"])
    bad = trials.copy()
    bad[4, 2, 9] = np.nan
    with pytest.raises(DataError, match=r"trial 4, channel 2 \(C4\)"):
        EEGEncoder("motor", SFREQ).fit(bad, ch_names=["C3", "Cz", "C4"])
    with pytest.raises(DataError, match="more than once: C3"):
        EEGEncoder("motor", SFREQ).fit(trials, ch_names=["C3", "C3", "C4"])
    with pytest.raises(DataError, match="2 channel names"):
        EEGEncoder("motor", SFREQ).fit(trials[:, :2], ch_names=["C3", "Cz", "C4"])
    with pytest.raises(DataError, match="trials, channels, times"):
        EEGEncoder("motor", SFREQ).fit(trials[0])
    with pytest.raises(DataError, match="shorter than one bin"):
        EEGEncoder("motor", SFREQ, bin_width=3.0).fit(trials)
    with pytest.raises(DataError, match=r"one cycle.*delta"):
        EEGEncoder("standard", SFREQ).fit(trials[:, :, :90])
    with pytest.raises(ConfigurationError, match="sfreq"):
        EEGEncoder("motor").fit(trials)
    with pytest.raises(DataError, match="200 Hz and the data 100 Hz"):
        EEGEncoder("motor", SFREQ).fit(trials, sfreq=100.0)
    with pytest.raises(ConfigurationError, match=r"gamma.*64 Hz"):
        EEGEncoder("standard").fit(trials, sfreq=64.0)
    with pytest.raises(ConfigurationError, match="number of channels, 3"):
        EEGEncoder("motor", SFREQ, spatial_filter="csp").fit(trials, np.arange(6) % 2)


def test_a_channel_that_holds_nothing_after_filtering_is_named(trials):
    twins = np.repeat(trials[:, :1], 2, axis=1)  # their average reference is zero
    with pytest.raises(DataError, match=r"No signal in band mu \(8–12 Hz\).*C3, C4"):
        EEGEncoder("motor", SFREQ, spatial_filter="average").fit(twins, ch_names=["C3", "C4"])


def test_unusable_test_data(trials):
    encoder = EEGEncoder("motor", SFREQ).fit(trials)
    with pytest.raises(DataError, match="3 channels"):
        encoder.transform(trials[:, :2])
    with pytest.raises(DataError, match="fitted at 200 Hz"):
        encoder.transform(trials, sfreq=250.0)
    with pytest.raises(DataError, match="NaN"):
        encoder.transform(trials * np.nan)
    with pytest.raises(DataError, match="shorter"):
        encoder.transform(trials[:, :, :5])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"method": "rates"}, "method.*Did you mean 'rate'"),
        ({"feature": "power"}, "feature"),
        ({"rate_code": "bernoulli"}, "rate_code"),
        ({"bands": {"x": [9, 3]}}, "bands"),
        ({"bands": {"x": [90, 110]}}, "Nyquist"),
        ({"bin_width": 0}, "bin_width"),
        ({"bin_width": 0.001}, "bin_width"),
        ({"threshold": 0.0}, "threshold"),
        ({"threshold": float("nan")}, "threshold"),
        ({"signed": "yes"}, "signed"),
        ({"hysteresis": -1}, "hysteresis"),
        ({"method": "threshold", "hysteresis": 1.1}, "hysteresis"),
        ({"refractory": -0.1}, "refractory"),
        ({"quantile": 0.5}, "quantile"),
        ({"max_rate": 0}, "max_rate"),
        ({"order": 0}, "order"),
        ({"phase": "minimum"}, "phase"),
        ({"spatial_filter": "CSP"}, "spatial_filter"),
        ({"spatial_filter": SpatialFilter("pca")}, "spatial_filter"),
        ({"n_components": 0}, "n_components"),
    ],
)
def test_impossible_parameters_are_named_without_data(parameters, message):
    with pytest.raises(ConfigurationError, match=message):
        EEGEncoder(**{"sfreq": SFREQ, **parameters}).check_parameters()
