"""`EEGEncoder` with any code: per band, by polarity, as events, saved and restored."""

import json

import numpy as np
import pytest
from sklearn.base import clone

from eegsnn.encoding import (
    ENCODERS,
    EEGEncoder,
    LevelCrossingEncoder,
    band_coding,
    bin_sums,
    level_crossing,
)
from eegsnn.errors import ConfigurationError, ModelFileError
from eegsnn.filters import design_filter, filter_zero_phase, resolve_bands

pytestmark = pytest.mark.filterwarnings("ignore::eegsnn.errors.SlewLimitWarning")

SFREQ = 200.0
SPIKING = [name for name in ENCODERS if name not in ("direct", "repeat")]


@pytest.fixture
def trials(rng):
    return rng.normal(size=(6, 3, 400)) * np.array([1.0, 5.0, 20.0])[:, None]


@pytest.mark.parametrize("name", ENCODERS)
def test_any_code_in_any_band(name, trials):
    encoder = EEGEncoder("motor", SFREQ, name, random_state=1)
    encoded = encoder.fit(trials, ch_names=["C3", "Cz", "C4"]).transform(trials)
    names = list(encoder.get_feature_names_out())
    assert encoded.dtype == np.float32
    assert encoded.shape == (encoder.n_steps(400), 6, len(names))
    assert len(names) == len(set(names)) == encoder.n_features_out_
    assert np.abs(encoded).sum() > 0
    assert np.array_equal(clone(encoder).fit_transform(trials), encoded)
    np.testing.assert_allclose(
        clone(encoder).fit_transform(1e-6 * trials), encoded, atol=1e-4
    )  # currents


@pytest.mark.parametrize("name", ENCODERS)
def test_saved_and_restored(name, trials):
    encoder = EEGEncoder("motor", SFREQ, name, random_state=1).fit(trials)
    config, arrays = encoder.get_state()
    restored = EEGEncoder.from_state(json.loads(json.dumps(config)), arrays)
    assert np.array_equal(restored.transform(trials), encoder.transform(trials))
    assert list(restored.get_feature_names_out()) == list(encoder.get_feature_names_out())


def test_a_state_without_the_code_is_refused(trials):
    config, arrays = EEGEncoder("motor", SFREQ, "temporal_contrast").fit(trials).get_state()
    arrays.pop("code.1.thresholds_")
    with pytest.raises(ModelFileError, match=r"code\.1\.thresholds_"):
        EEGEncoder.from_state(config, arrays)


def test_a_state_of_before_these_codes_is_read(trials):
    encoder = EEGEncoder("motor", SFREQ, "delta").fit(trials)
    config, arrays = encoder.get_state()
    for added in ("settings", "polarity", "normalization"):
        config["parameters"].pop(added)
    restored = EEGEncoder.from_state(config, arrays)
    assert np.array_equal(restored.transform(trials), encoder.transform(trials))


@pytest.mark.parametrize("name", ["poisson", "level_crossing", "population", "latency"])
def test_blocks_of_trials_make_no_difference(name, trials, monkeypatch):
    encoder = EEGEncoder("motor", SFREQ, name, random_state=0).fit(trials)
    whole = encoder.transform(trials)
    monkeypatch.setattr(band_coding, "_BLOCK_SAMPLES", 2500)
    assert np.array_equal(encoder.transform(trials), whole)


def test_delta_and_level_crossing_are_one_code(trials):
    delta = EEGEncoder("motor", SFREQ, "delta", threshold=0.3).fit_transform(trials)
    same = EEGEncoder("motor", SFREQ, "level_crossing", threshold=0.3).fit_transform(trials)
    assert np.array_equal(delta, same)
    other = EEGEncoder("motor", SFREQ, "level_crossing", settings={"threshold": 0.3})
    assert np.array_equal(other.fit_transform(trials), same)


def test_another_code_for_every_band(trials):
    methods = {"mu": {"method": "bsa", "n_taps": 7}, "beta": "step_forward"}
    mixed = EEGEncoder("motor", SFREQ, methods).fit(trials)
    encoded = mixed.transform(trials)
    assert [name.split("_", 1)[1] for name in mixed.get_feature_names_out()[[0, 3, 4]]] == [
        "mu", "beta_up", "beta_down"]  # fmt: skip
    mu = EEGEncoder("mu", SFREQ, "bsa", settings={"n_taps": 7}).fit_transform(trials)
    assert np.array_equal(encoded[:, :, :3], mu)
    bands = {"beta": (12, 30)}
    beta = EEGEncoder(bands, SFREQ, "step_forward").fit_transform(trials)
    assert np.array_equal(encoded[:, :, 3:], beta)
    config, arrays = mixed.get_state()
    restored = EEGEncoder.from_state(json.loads(json.dumps(config)), arrays)
    assert np.array_equal(restored.transform(trials), encoded)


@pytest.mark.parametrize("method", ["rate", "delta", "threshold", "step_forward", "poisson"])
def test_polarities(method, trials):
    def encode(polarity):
        encoder = EEGEncoder("mu", SFREQ, method, polarity=polarity, random_state=5).fit(trials)
        return encoder.transform(trials), list(encoder.get_feature_names_out())

    split, names = encode("split")
    assert names[:2] == ["ch0_mu_up", "ch0_mu_down"]
    up, down = split[:, :, 0::2], split[:, :, 1::2]
    assert np.array_equal(encode("up")[0], up)
    assert encode("up")[1][0] == "ch0_mu_up"
    assert np.array_equal(encode("down")[0], down)
    assert encode("down")[1][0] == "ch0_mu_down"
    assert np.array_equal(encode("signed")[0], up - down)
    assert encode("signed")[1][0] == "ch0_mu"
    if method != "rate":  # whose half-waves are integrated together when merged
        assert np.array_equal(encode("merged")[0], up + down)


def test_robust_scales_do_not_move_with_artefacts(trials):
    dirty = trials.copy()
    dirty[0, :, 200:206] += 1e4
    for clean, same in ((trials, True), (dirty, False)):
        robust = EEGEncoder(None, SFREQ, "delta", normalization="robust").fit(clean)
        plain = EEGEncoder(None, SFREQ, "delta").fit(clean)
        robust_std, plain_std = robust.scales_[0].signal_std, plain.scales_[0].signal_std
        assert np.allclose(robust_std, trials.std(axis=(0, 2)), rtol=0.1)
        assert np.allclose(plain_std, trials.std(axis=(0, 2)), rtol=0.1) == same


def test_more_than_127_spikes_in_a_bin_are_counted(trials):
    slow = np.tile(np.repeat([0.0, 1.0], 200), (2, 1, 1)) + 1e-3 * trials[:2, :1]
    encoder = EEGEncoder(None, SFREQ, "bsa", bin_width=1.0, settings={"n_taps": 1})
    assert encoder.fit_transform(slow).max() > 127


# Events


@pytest.mark.parametrize("name", [*SPIKING, "rate", "delta", "threshold"])
def test_events_are_the_spikes_that_bins_count(name, trials):
    encoder = EEGEncoder("motor", SFREQ, name, random_state=2, polarity="split").fit(trials)
    encoded, found = encoder.transform(trials), encoder.events(trials)
    n_steps, units = encoder.n_steps(400), encoder.event_units()
    features = list(encoder.get_feature_names_out())
    step_width = encoder.bin_width * encoder._steps_per_bin() ** -1
    assert len(found) == 6
    counts = np.zeros_like(encoded)
    for trial, events in enumerate(found):
        assert (np.diff(events.time) >= 0).all()
        step = np.floor(events.time / step_width + 1e-9).astype(int)
        for at, unit, sign in zip(step, events.unit, events.polarity, strict=True):
            suffix = {1: "_up", -1: "_down"}[int(sign)]
            label = str(units[unit])
            feature = label + suffix if label + suffix in features else label
            counts[at, trial, features.index(feature)] += 1
    assert counts.shape[0] == n_steps
    assert np.array_equal(counts, encoded)


def test_events_stand_at_the_times_of_their_samples(trials):
    encoder = EEGEncoder("mu", SFREQ, "level_crossing", threshold=0.4).fit(trials)
    band = filter_zero_phase(trials, design_filter(resolve_bands("mu")[0], SFREQ))
    z = (band - band.mean(axis=(0, 2))[:, None]) / band.std(axis=(0, 2))[:, None]
    spikes = level_crossing(z[1], 0.4)
    events = encoder.events(trials)[1]
    channel, sample = np.nonzero(spikes)
    repeats = np.abs(spikes[channel, sample])
    expected = sorted(zip(np.repeat(sample, repeats) / SFREQ, np.repeat(channel, repeats),
                          strict=True))  # fmt: skip
    assert list(zip(events.time, events.unit, strict=True)) == expected
    assert len(events) == repeats.sum()


def test_sparse_is_dense(trials):
    encoder = EEGEncoder("motor", SFREQ, "threshold_crossing", threshold=2.0).fit(trials)
    dense = encoder.transform(trials)
    matrices = encoder.sparse(trials)
    assert np.array_equal(np.stack([m.toarray() for m in matrices], axis=1), dense)
    assert matrices[0].nnz < dense[:, 0].size / 2


def test_currents_have_no_events(trials):
    with pytest.raises(ConfigurationError, match="currents, which have no events"):
        EEGEncoder("motor", SFREQ, "repeat").fit(trials).events(trials)


def test_the_bins_count_what_the_encoder_gives(trials):
    encoded = EEGEncoder(None, SFREQ, "level_crossing", threshold=0.5).fit_transform(trials)
    spikes = LevelCrossingEncoder(0.5).fit_transform(trials)
    starts = np.arange(0, 400, 10)
    up = bin_sums(np.maximum(spikes, 0), starts).transpose(2, 0, 1)
    assert np.array_equal(encoded[:, :, 0::2], up)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"method": {"mu": "bsa"}}, "method: .*none for beta"),
        ({"method": {"mu": "bsa", "bta": "hsa"}}, "no band 'bta'.*Did you mean 'beta'"),
        ({"method": {"mu": "bsa", "beta": "hsaa"}}, "method of band beta.*Did you mean 'hsa'"),
        ({"method": {"mu": "bsa", "beta": {"method": "hsa", "taps": 3}}}, "taps.*no such setting"),
        ({"method": {"mu": "latency", "beta": "hsa"}}, "steps per bin.*mu: 16, beta: 1"),
        ({"method": "latency", "settings": {"n_steps": 1}}, "at least 2 steps"),
        ({"method": "latency", "settings": {"window": 4}}, "give bin_width instead"),
        ({"method": "population", "settings": {"n_units": 2}}, "at least 3 units"),
        ({"method": "delta", "settings": {"threshold": 2}}, "settings: 'delta' has none"),
        ({"method": "bsa", "settings": 4}, "settings: expected a mapping"),
        ({"polarity": "both"}, "polarity"),
        ({"normalization": "robst"}, "normalization.*Did you mean 'robust'"),
        ({"method": "poisson", "max_rate": 400.0}, "spikes_per_sample"),
    ],
)
def test_impossible_parameters_are_named_without_data(parameters, message):
    with pytest.raises(ConfigurationError, match=message):
        EEGEncoder(**{"bands": "motor", "sfreq": SFREQ, **parameters}).check_parameters()
