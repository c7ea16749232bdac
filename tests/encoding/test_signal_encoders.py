"""What every encoder of signals promises, and what the codes with an inverse promise besides."""

import pickle
import warnings

import mne
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from eegsnn.encoding import (
    ENCODERS,
    LevelCrossingEncoder,
    PoissonRateEncoder,
    PopulationEncoder,
    StepForwardEncoder,
    ThresholdCrossingEncoder,
    integrate_spikes,
    level_crossing,
    make_encoder,
    signals,
)
from eegsnn.errors import ConfigurationError, DataError, SlewLimitWarning
from eegsnn.filters import BAND_SETS, FilterBank

# Noise is faster than some codes can follow; the tests of the warning ask for it.
pytestmark = pytest.mark.filterwarnings("ignore::eegsnn.errors.SlewLimitWarning")

SETTINGS = {
    "poisson": {"random_state": 3},
    "threshold_crossing": {"threshold": [0.5, 1.5], "refractory": 3},
    "latency": {"n_steps": 5, "window": 3},
    "burst": {"n_steps": 6, "window": 4},
    "rank_order": {"window": 2},
    "population": {"n_units": 5},
    "repeat": {"n_steps": 3, "window": 2},
}
CURRENTS = {"direct", "repeat"}


def encoder_of(name):
    return make_encoder(name, SETTINGS.get(name, {}))


@pytest.fixture
def banded(rng):
    return rng.normal(size=(3, 2, 4, 101)) * np.array([1.0, 9.0, 0.1, 3.0])[:, None]


every_encoder = pytest.mark.parametrize("name", ENCODERS)


@every_encoder
def test_shapes_types_and_names_agree(name, banded):
    encoder = encoder_of(name).fit(banded, ch_names=list("abcd"), band_names=["x", "y"])
    spikes = encoder.transform(banded)
    names = encoder.get_feature_names_out()
    assert spikes.shape[:3] == (3, 2, 4)
    assert np.prod(spikes.shape[1:-1]) == len(names)
    assert len(set(names)) == len(names)
    assert names[0].startswith("a_x")
    assert names[-1].startswith("d_y")
    assert spikes.dtype == (np.float32 if name in CURRENTS else spikes.dtype)
    assert spikes.dtype in (np.int8, np.int32, np.float32)
    window = getattr(encoder, "window", 1) if name != "moving_window" else 1
    steps = -(-101 // window) * round(encoder.steps_per_sample_ * window)
    assert spikes.shape[-1] == steps
    assert np.abs(spikes).sum() > 0
    flat = encoder_of(name).fit(banded[:, 0]).transform(banded[:, 0])
    assert flat.shape == (3, 4, *spikes.shape[3:])


@every_encoder
def test_bands_and_trials_are_independent(name, banded):
    encoder = encoder_of(name).fit(banded)
    spikes = encoder.transform(banded)
    if name != "poisson":  # whose draws differ from row to row
        alone = encoder_of(name).fit(banded[:, 1]).transform(banded[:, 1])
        assert np.array_equal(alone, spikes[:, 1])
        assert np.array_equal(encoder.transform(banded[1:2]), spikes[1:2])
    assert np.array_equal(encoder.transform(banded[:2]), spikes[:2])


@every_encoder
@settings(max_examples=15)
@given(scale=st.floats(1e-9, 1e9), seed=st.integers(0, 99))
def test_volts_and_microvolts_spike_alike(name, scale, seed):
    X = np.random.default_rng(seed).normal(size=(2, 3, 60)).cumsum(axis=2)
    expected = encoder_of(name).fit_transform(X)
    scaled = encoder_of(name).fit_transform(X * scale)
    if name in CURRENTS:
        np.testing.assert_allclose(scaled, expected, atol=1e-5)
    else:
        assert np.array_equal(scaled, expected)


@every_encoder
@settings(max_examples=15)
@given(cuts=st.lists(st.integers(0, 101), max_size=8).map(sorted))
def test_chunks_equal_the_whole(name, cuts):
    X = np.random.default_rng(len(cuts)).normal(size=(2, 3, 101))
    encoder = encoder_of(name).fit(X)
    stream = encoder.stream()
    parts = [stream.process(part) for part in np.split(X, cuts, axis=2)]
    whole = encoder.transform(X)
    assert np.array_equal(np.concatenate([*parts, stream.flush()], axis=-1), whole)
    # ... and flushing began anew.
    again = [stream.process(X), stream.flush()]
    assert np.array_equal(np.concatenate(again, axis=-1), whole)


@every_encoder
def test_blocks_of_rows_make_no_difference(name, banded, monkeypatch):
    encoder = encoder_of(name).fit(banded)
    whole = encoder.transform(banded)
    monkeypatch.setattr(signals, "_BLOCK_SAMPLES", 1)
    assert np.array_equal(encoder.transform(banded), whole)


@every_encoder
def test_copies_do_the_same(name, banded):
    encoder = encoder_of(name).fit(banded)
    spikes = encoder.transform(banded)
    assert clone(encoder).get_params() == encoder.get_params()
    assert np.array_equal(pickle.loads(pickle.dumps(encoder)).transform(banded), spikes)
    assert np.array_equal(clone(encoder).fit_transform(banded), spikes)


@every_encoder
def test_scales_come_from_training_data_only(name, banded):
    encoder = encoder_of(name).fit(banded)
    before = encoder.offset_.copy(), encoder.unit_.copy()
    encoder.transform(5 * banded + 3)
    assert all(map(np.array_equal, before, (encoder.offset_, encoder.unit_)))


@every_encoder
def test_unusable_data_are_refused_by_name(name, banded):
    encoder = encoder_of(name)
    bad, flat = banded.copy(), banded.copy()
    bad[1, 0, 2, 7] = np.nan
    flat[:, 1, 1] = 4.2
    with pytest.raises(DataError, match=r"trial 1, band 0, channel 2 \(c\)"):
        encoder.fit(bad, ch_names=list("abcd"))
    with pytest.raises(DataError, match="channel b, band y does not vary"):
        encoder.fit(flat, ch_names=list("abcd"), band_names=["x", "y"])
    with pytest.raises(DataError, match="expected an array"):
        encoder.fit(banded[0, 0])
    encoder.fit(banded, ch_names=list("abcd"))
    with pytest.raises(DataError, match=r"2 bands of 4 channels, but X has 2 bands of 3"):
        encoder.transform(banded[:, :, :3])
    with pytest.raises(DataError, match="2 bands of 4 channels, but X has 4 channels"):
        encoder.transform(banded[:, 0])
    with pytest.raises(DataError, match="NaN"):
        encoder.transform(banded * np.nan)
    stream = encoder.stream()
    with pytest.raises(DataError, match="chunk: expected shape"):
        stream.process(banded[0, 0])
    with pytest.raises(DataError, match="NaN"):
        stream.process(banded * np.nan)
    stream.process(banded)
    with pytest.raises(DataError, match="the stream began with"):
        stream.process(banded[:2])
    with pytest.raises(DataError, match="missing from the data: d"):
        encoder.transform(banded, ch_names=list("abce"))
    turned = encoder.transform(banded[:, :, ::-1], ch_names=list("dcba"))
    assert np.array_equal(turned, encoder.transform(banded))


@every_encoder
def test_an_inverse_or_the_measures_instead(name, banded):
    encoder = encoder_of(name).fit(banded)
    spikes = encoder.transform(banded)
    if encoder.instead_of_inverse is not None:
        with pytest.raises(ConfigurationError, match=r"has no inverse.*eegsnn\.measures"):
            encoder.inverse_transform(spikes)
        return
    decoded = encoder.inverse_transform(spikes, start=banded[..., 0], n_times=101)
    assert decoded.shape == banded.shape
    with pytest.raises(DataError, match="spikes: expected shape"):
        encoder.inverse_transform(spikes[:, :1])
    with pytest.raises(DataError, match="start"):
        encoder.inverse_transform(spikes, start=np.zeros(3))


# Slow in samples, so that every code can follow; the floor is what the defaults must reach.
@pytest.mark.parametrize(
    ("name", "floor"),
    [("regular", 14), ("poisson", 8), ("latency", 20), ("level_crossing", 10),
     ("step_forward", 10), ("bsa", 5), ("hsa", 1), ("modified_hsa", 6), ("sigma_delta", 14),
     ("phase", 35), ("burst", 7), ("population", 17), ("repeat", 100), ("direct", 100)],
)  # fmt: skip
def test_a_slow_rhythm_comes_back(name, floor, rng):
    times = np.arange(3000) / 250
    X = 1e-5 * np.stack([np.sin(2 * np.pi * f * times) for f in (2.0, 3.1)])[None] + 2e-5
    encoder = make_encoder(name, {"random_state": 0} if name == "poisson" else {}).fit(X)
    decoded = encoder.inverse_transform(encoder.transform(X), start=X[..., 0])
    centred = X - X.mean(axis=-1, keepdims=True)
    decibels = 10 * np.log10((centred**2).sum() / ((X - decoded) ** 2).sum())
    assert decibels > floor


def test_rank_order_gives_every_rank_its_training_mean(rng):
    X = rng.normal(size=(4, 5, 30))
    encoder = make_encoder("rank_order").fit(X)
    decoded = encoder.inverse_transform(encoder.transform(X))
    z = (decoded - encoder.offset_[:, None]) / encoder.unit_[:, None]
    assert np.allclose(-np.sort(-z, axis=1), encoder.by_rank_[:, None])
    scaled = (X - encoder.offset_[:, None]) / encoder.unit_[:, None]
    assert np.array_equal(np.argsort(z, axis=1), np.argsort(scaled, axis=1))


# Closed forms


def rhythms(seed, sfreq=250.0, seconds=60):
    """Return 1/f noise with an alpha peak, in the standard bands: (1, bands, 2, times)."""
    rng = np.random.default_rng(seed)
    n_times = int(sfreq * seconds)
    f = np.fft.rfftfreq(n_times, 1 / sfreq)
    amplitude = 1 / np.maximum(f, 0.5) ** 0.5 + 0.5 * np.exp(-((f - 10) ** 2) / 2)
    spectrum = amplitude * np.exp(2j * np.pi * rng.random((1, 2, len(f))))
    X = 1e-5 * np.fft.irfft(spectrum, n_times)
    return FilterBank("standard", sfreq=sfreq).fit_transform(X)


@pytest.mark.parametrize("threshold", [0.05, 0.1, 0.25])
@settings(max_examples=5)
@given(seed=st.integers(0, 10_000))
def test_level_crossing_has_the_signal_to_noise_ratio_predicted_in_every_band(threshold, seed):
    X = rhythms(seed)
    encoder = LevelCrossingEncoder(threshold).fit(X)
    error = X - encoder.inverse_transform(encoder.transform(X), start=X[..., 0])
    decibels = 10 * np.log10((X**2).sum(axis=(0, 2, 3)) / (error**2).sum(axis=(0, 2, 3)))
    predicted = 10 * np.log10(3 / threshold**2)
    assert len(decibels) == len(BAND_SETS["standard"]) == 5
    assert np.abs(decibels - predicted).max() < 1


hostile = st.one_of(
    st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=80),
    st.tuples(st.integers(1, 20), st.integers(1, 20), st.floats(-1e6, 1e6)).map(
        lambda v: [0.0] * v[0] + [v[2]] * v[1]
    ),
    st.tuples(st.integers(1, 20), st.integers(1, 20), st.floats(-1e6, 1e6)).map(
        lambda v: [0.0] * v[0] + [v[2]] + [0.0] * v[1]
    ),
    st.floats(-1e6, 1e6).map(lambda v: [v] * 30),
).map(np.array)


@given(s=hostile, threshold=st.floats(0.01, 5), scale=st.sampled_from([1e-12, 1e-6, 1.0, 1e12]))
def test_level_crossing_is_within_a_threshold_of_any_signal(s, threshold, scale):
    train = scale * np.random.default_rng(0).normal(size=(1, 1, 200))
    encoder = LevelCrossingEncoder(threshold).fit(train)
    X = scale * s[None, None]
    decoded = encoder.inverse_transform(encoder.transform(X), start=X[..., 0])
    limit = threshold * encoder.unit_[0]
    assert np.abs(X - decoded).max() <= limit * (1 + 1e-6) + 1e-9 * np.abs(X).max()


@given(s=hostile, threshold=st.floats(0.01, 5), scale=st.sampled_from([1e-12, 1e-6, 1.0, 1e12]))
def test_step_forward_is_within_a_threshold_or_warns(s, threshold, scale):
    train = scale * np.random.default_rng(0).normal(size=(1, 1, 200))
    encoder = StepForwardEncoder(threshold).fit(train)
    X = scale * s[None, None]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        spikes = encoder.transform(X)
    decoded = encoder.inverse_transform(spikes, start=X[..., 0])
    limit = threshold * encoder.unit_[0]
    lost = np.abs(X - decoded).max() > limit * (1 + 1e-6) + 1e-9 * np.abs(X).max()
    told = any(issubclass(w.category, SlewLimitWarning) for w in caught)
    assert told or not lost
    slow = np.abs(np.diff(s)).max() * scale <= limit * (1 - 1e-6)
    assert not (slow and told)


@every_encoder
@settings(max_examples=25)
@given(s=hostile)
def test_no_code_breaks_on_hostile_signals(name, s):
    train = np.random.default_rng(0).normal(size=(1, 2, 200))
    encoder = encoder_of(name).fit(train)
    spikes = encoder.transform(np.stack([s, -s])[None])
    assert np.isfinite(spikes).all()
    constant = encoder.transform(np.ones((1, 2, 20)))
    assert np.isfinite(constant).all()
    if encoder.instead_of_inverse is None:
        decoded = encoder.inverse_transform(spikes, start=np.stack([s, -s])[None, :, 0])
        assert np.isfinite(decoded).all()


def test_the_warning_says_what_to_turn(rng):
    X = np.sin(2 * np.pi * 40 * np.arange(500) / 250)[None, None]
    with pytest.warns(SlewLimitWarning, match=r"channel ch0 at \d+.*raise threshold from 0.1 to"):
        StepForwardEncoder(0.1).fit(X).transform(X)
    with pytest.warns(SlewLimitWarning, match=r"overloaded.*Raise threshold above 0.5"):
        make_encoder("sigma_delta", {"threshold": 0.5}).fit(X).transform(X)


# What single classes promise besides


def test_levels_are_spike_trains_of_their_own(rng):
    X = rng.normal(size=(2, 3, 400))
    encoder = ThresholdCrossingEncoder([0.5, 2.0]).fit(X, ch_names=list("abc"))
    spikes = encoder.transform(X)
    assert spikes.shape == (2, 3, 2, 400)
    assert list(encoder.get_feature_names_out()[:3]) == ["a_0.5sd", "a_2sd", "b_0.5sd"]
    assert np.array_equal(ThresholdCrossingEncoder(2.0).fit(X).transform(X), spikes[:, :, 1])
    assert np.abs(spikes[:, :, 0]).sum() > np.abs(spikes[:, :, 1]).sum()


def test_poisson_is_fixed_by_the_random_state_and_by_the_row(rng):
    X = rng.normal(size=(3, 2, 200))
    first = PoissonRateEncoder(random_state=1).fit(X)
    assert np.array_equal(first.transform(X), first.transform(X))
    assert np.array_equal(first.transform(X[:1]), first.transform(X)[:1])
    other = PoissonRateEncoder(random_state=2).fit(X)
    assert not np.array_equal(first.transform(X), other.transform(X))
    strong = PoissonRateEncoder(1.0, quantile=0.8, random_state=1).fit(X).transform(X)
    beyond = np.abs(X - X.mean(axis=(0, 2))[:, None]) > 2.5 * X.std(axis=(0, 2))[:, None]
    assert np.array_equal(np.sign(X[beyond]), strong[beyond])


def test_population_fields_cover_the_training_range(rng):
    X = rng.uniform(3.0, 7.0, size=(2, 1, 500))
    spikes = PopulationEncoder(n_units=6).fit(X).transform(np.full((1, 1, 60), 3.0))
    assert spikes[0, 0].sum(axis=1).argmax() in (0, 1)


def test_epochs_are_taken(rng):
    X = rng.normal(size=(3, 2, 100)) * 1e-6
    info = mne.create_info(["C3", "C4"], 100.0, "eeg")
    epochs = mne.EpochsArray(X, info, verbose="error")
    encoder = LevelCrossingEncoder().fit(epochs)
    assert list(encoder.get_feature_names_out()) == ["C3", "C4"]
    assert np.array_equal(encoder.transform(epochs), LevelCrossingEncoder().fit_transform(X))


def test_the_spikes_are_those_of_the_function(rng):
    X = rng.normal(size=(2, 3, 200)).cumsum(axis=2)
    spikes = LevelCrossingEncoder(0.3).fit(X).transform(X)
    std = X.std(axis=(0, 2))
    for channel in range(3):
        assert np.array_equal(spikes[:, channel], level_crossing(X[:, channel], 0.3 * std[channel]))
    decoded = LevelCrossingEncoder(0.3).fit(X).inverse_transform(spikes, start=X[..., 0])
    expected = integrate_spikes(spikes, 0.3 * std[:, None], X[..., :1])
    np.testing.assert_allclose(decoded, expected)


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("level_crosing", {}, "Did you mean 'level_crossing'"),
        ("level_crossing", {"treshold": 1}, "treshold.*no such setting.*Did you mean 'threshold'"),
        ("level_crossing", {"threshold": 0}, "threshold"),
        ("step_forward", {"threshold": np.nan}, "threshold"),
        ("moving_window", {"window": 0}, "window"),
        ("temporal_contrast", {"factor": -1}, "factor"),
        ("threshold_crossing", {"threshold": [2.0, 1.0]}, "rising order"),
        ("threshold_crossing", {"hysteresis": 3.0}, "hysteresis"),
        ("threshold_crossing", {"refractory": 0.5}, "refractory"),
        ("sigma_delta", {"kernel": "box"}, "Did you mean 'boxcar'"),
        ("sigma_delta", {"width": 0}, "width"),
        ("bsa", {"n_taps": 0}, "length"),
        ("bsa", {"threshold": -1}, "threshold"),
        ("regular", {"quantile": 0.4}, "quantile"),
        ("poisson", {"spikes_per_sample": 1.5}, "spikes_per_sample"),
        ("latency", {"n_steps": 1}, "at least 2 steps"),
        ("latency", {"window": 0}, "window"),
        ("phase", {"n_bits": 0}, "n_bits"),
        ("burst", {"max_spikes": 17}, "max_spikes"),
        ("population", {"n_units": 2}, "at least 3 units"),
        ("repeat", {"n_steps": 0}, "n_steps"),
        ("direct", {"window": 0}, "window"),
    ],
)
def test_impossible_settings_are_named_without_data(name, parameters, message):
    with pytest.raises(ConfigurationError, match=message):
        make_encoder(name, parameters)
