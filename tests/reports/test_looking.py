"""What is found in a network is what was put there."""

import numpy as np
import pytest

from eegsnn.encoding import EEGEncoder
from eegsnn.estimators import EEGSpikingClassifier
from eegsnn.recordings import EEGDataset
from eegsnn.reports import look_into
from eegsnn.reports.looking import patterns_of_filters, selectivity, spatial_maps

SFREQ = 128.0


class Resonator:
    """Two neurons that spike where the first channel, or both, pass a threshold around 10 Hz."""

    def hidden_spikes(self, X):
        spectrum = np.fft.rfft(X, axis=2)
        frequency = np.fft.rfftfreq(X.shape[2], 1 / SFREQ)
        spectrum[..., (frequency < 8) | (frequency > 12)] = 0
        signal = np.fft.irfft(spectrum, X.shape[2], axis=2)
        neurons = np.stack([signal[:, 0], signal.sum(axis=1)], axis=-1) > 1.5
        return np.moveaxis(neurons, 1, 0)


@pytest.fixture
def trials(rng):
    return rng.normal(size=(20, 2, 256))


def test_a_neurons_frequency_and_channel_are_found(trials):
    found = selectivity(Resonator(), trials, SFREQ, ["a", "b"])
    assert found.change.shape == (2, 2, len(found.frequencies))
    best = found.frequencies[found.change[0, 0].argmax()]
    assert 8 <= best <= 12
    first, both = np.abs(found.change).max(axis=2)
    assert first[1] == 0
    assert both[1] > 0.05
    outside = (found.frequencies < 7) | (found.frequencies > 13)
    assert np.abs(found.change[..., outside]).max() < 0.03


def test_asking_twice_gives_the_same(trials):
    first, second = (selectivity(Resonator(), trials, SFREQ, ["a", "b"]) for _ in range(2))
    np.testing.assert_array_equal(first.change, second.change)


def test_who_has_no_neurons_is_not_asked(trials):
    assert selectivity(object(), trials, SFREQ, ["a", "b"]) is None


def test_a_pattern_shows_the_source_and_not_what_a_filter_cancels(rng):
    mixing = rng.normal(size=(4, 4))
    sources = rng.normal(size=(30, 4, 200)) * np.array([3.0, 1.0, 2.0, 0.5])[:, None]
    filters = np.linalg.inv(mixing)
    patterns = patterns_of_filters(filters, mixing @ sources)
    np.testing.assert_allclose(patterns, mixing.T, rtol=0.1, atol=0.1)


def test_a_filter_of_a_band_has_the_pattern_of_that_band(rng):
    """A strong slow source must not appear in the pattern of a filter that sees alpha alone."""
    time = np.arange(512) / SFREQ
    slow, alpha = 10 * np.sin(2 * np.pi * 2 * time), np.sin(2 * np.pi * 10 * time)
    X = 0.1 * rng.normal(size=(10, 2, 512)) + np.stack([alpha, slow])
    weights = np.array([[1.0, 0.1]])
    broad = patterns_of_filters(weights, X)[0]
    inside = patterns_of_filters(weights, X, (8.0, 12.0), SFREQ)[0]
    assert abs(broad[1]) > abs(broad[0])
    assert abs(inside[1]) < 0.1 * abs(inside[0])


def test_views_that_decide_together_show_the_filters_of_their_bands(trials):
    class Features:
        filters_, bands = np.array([[[1.0, 0.0]], [[0.0, -1.0]]]), ((4, 8), (8, 12))

    class Member:
        features, weight = Features(), 0.5

    class Committee:
        members = (Member(),)

    class Automatic:
        committee_ = Committee()

    maps = spatial_maps(Automatic(), trials, ["a", "b"], SFREQ)
    assert maps.names == ["4–8 Hz\nfilter 1", "8–12 Hz\nfilter 1"]
    assert (maps.patterns[[0, 1], [0, 1]] > 0).all()


def test_filters_that_an_estimator_shows_are_mapped(trials):
    class Filtered:
        spatial_filters_ = np.array([[1.0, 0.0], [0.0, 2.0]])

    maps = spatial_maps(Filtered(), trials, ["a", "b"])
    assert maps.names == ["filter 1", "filter 2"]
    np.testing.assert_array_equal(maps.filters, Filtered.spatial_filters_)
    assert maps.patterns[1, 1] == pytest.approx(0.5, abs=0.05)


@pytest.fixture(scope="module")
def fitted():
    """A network behind CSP of two bands, on trials whose alpha tells the classes apart."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(24, 6, 256)), np.repeat(["left", "right"], 12)
    X[:12, 2] += 3 * np.sin(2 * np.pi * 10 * np.arange(256) / SFREQ)
    encoder = EEGEncoder(
        {"alpha": (8, 12), "beta": (14, 28)}, method="rate", feature="envelope",
        spatial_filter="csp", n_components=2, bin_width=0.25,
    )  # fmt: skip
    model = EEGSpikingClassifier(encoder, sfreq=SFREQ, hidden=(8,), max_epochs=3, random_state=0)
    names = ["Fz", "C3", "Cz", "C4", "Pz", "Oz"]
    return model.fit(X, y, ch_names=names), X, y, names


def test_common_spatial_patterns_are_those_of_the_encoder(fitted):
    model, X, _, names = fitted
    maps = spatial_maps(model, X, names)
    assert maps.names == ["alpha\ncsp1", "beta\ncsp1", "alpha\ncsp2", "beta\ncsp2"]
    assert names[np.abs(maps.patterns[0]).argmax()] == "Cz"


def test_a_real_network_listens_to_the_band_it_was_given(fitted):
    model, X, y, names = fitted
    dataset = EEGDataset(X=X, y=y, sfreq=SFREQ, ch_names=names, classes=["left", "right"])
    look = look_into(model, dataset, np.arange(24))
    strength = np.abs(look.selectivity.change).mean(axis=(0, 1))
    frequencies = look.selectivity.frequencies
    passed = (frequencies > 9) & (frequencies < 27)
    assert strength[passed].mean() > 3 * strength[frequencies > 45].mean()


def test_a_table_of_features_has_nothing_to_look_at():
    class Table:
        X, sfreq = np.zeros((4, 3)), None

    look = look_into(object(), Table(), np.arange(4))
    assert look.maps is None
    assert look.selectivity is None
