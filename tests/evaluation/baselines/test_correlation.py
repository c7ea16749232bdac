"""Canonical correlation: against its definition, on made-up flicker, and what it refuses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cross_decomposition import CCA

from eegsnn.errors import ConfigurationError
from eegsnn.evaluation import Signal, build_baseline
from eegsnn.evaluation.baselines.correlation import SineCorrelations, frequencies_of

SFREQ = 128.0
LABELS = ("11Hz", "13Hz", "rest", "17Hz")
FLICKER = ("11Hz", "13Hz", "17Hz")


def flicker(rng, labels, n=24, n_channels=3, n_times=256, amplitude=0.8):
    y = np.array(labels)[np.arange(n) % len(labels)]
    X = rng.normal(size=(n, n_channels, n_times))
    time = np.arange(n_times) / SFREQ
    for i, label in enumerate(y):
        if label != "rest":
            phase = 2 * np.pi * float(label[:2]) * time + rng.uniform(0, 6)
            wave = np.sin(phase) + 0.7 * np.sin(2 * phase)
            X[i] += amplitude * rng.uniform(0.5, 1, (n_channels, 1)) * wave
    return X, y


@pytest.mark.parametrize("name", ["cca", "fbcca"])
def test_training_free_methods_need_labels_only(rng, name):
    X, y = flicker(rng, FLICKER)
    model = build_baseline(name, {}, Signal(SFREQ, 3, 256, FLICKER)).fit(X[:3] * 0, y[:3])
    assert model.score(X, y) >= 0.95
    assert model.decision_function(X).shape == (24, 3)
    assert model.macs_ > 0


def test_two_frequencies_are_decided_by_the_difference(rng):
    X, y = flicker(rng, FLICKER[:2])
    model = build_baseline("fbcca", {}, Signal(SFREQ, 3, 256, FLICKER[:2])).fit(X, y)
    assert model.decision_function(X).shape == (24,)
    assert model.score(X, y) >= 0.95


def test_a_class_without_a_frequency_is_learned(rng):
    X, y = flicker(rng, LABELS, n=80)
    model = build_baseline("fbcca-lr", {}, Signal(SFREQ, 3, 256, LABELS)).fit(X[:48], y[:48])
    assert model.score(X[48:], y[48:]) >= 0.9


def test_one_channel_will_do(rng):
    X, y = flicker(rng, FLICKER, n_channels=1, amplitude=1)
    model = build_baseline("cca", {}, Signal(SFREQ, 1, 256, FLICKER)).fit(X, y)
    assert model.score(X, y) >= 0.95


def test_the_correlation_is_the_canonical_one(rng):
    X = rng.normal(size=(1, 3, 200)).cumsum(axis=2)
    features = SineCorrelations(SFREQ, {"a": 9.0}, n_harmonics=2, n_bands=None).fit(None, ["a"])
    time = np.arange(200)[:, None] / SFREQ
    waves = np.concatenate(
        [f(2 * np.pi * 9 * k * time) for k in (1, 2) for f in (np.sin, np.cos)], axis=1
    )
    left, right = CCA(n_components=1, max_iter=5000, tol=1e-12).fit_transform(X[0].T, waves)
    expected = np.corrcoef(left[:, 0], right[:, 0])[0, 1]
    assert features.transform(X)[0, 0] == pytest.approx(expected, abs=1e-5)


@given(st.integers(0, 2**32 - 1), st.floats(1e-7, 1e4))
@settings(max_examples=30, deadline=None)
def test_correlations_lie_between_0_and_1_and_know_no_unit_and_no_mixture(seed, scale):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(2, 3, 64))
    features = SineCorrelations(SFREQ, [10.0, 14.0], 2, None).fit(None, ["a", "b"])
    expected = features.transform(X)
    assert (expected >= 0).all()
    assert (expected <= 1 + 1e-12).all()
    mixed = scale * np.linalg.qr(rng.normal(size=(3, 3)))[0] @ X + 5 * scale
    np.testing.assert_allclose(features.transform(mixed), expected, atol=1e-7)


def test_a_lost_rank_and_a_flat_channel_change_nothing(rng):
    X = rng.normal(size=(2, 3, 100))
    features = SineCorrelations(SFREQ, [10.0], 2, None).fit(None, ["a"])
    expected = features.transform(X)
    more = np.concatenate([X, X.sum(axis=1, keepdims=True), np.zeros((2, 1, 100))], axis=1)
    np.testing.assert_allclose(features.transform(more), expected)


def test_frequencies_come_from_labels_tables_and_lists():
    assert frequencies_of(["13 Hz", "7.5hz", "rest"]) == {"13 Hz": 13.0, "7.5hz": 7.5}
    assert frequencies_of([1, 2, 3], {"1": 13, "3": 21}) == {1: 13.0, 3: 21.0}
    assert frequencies_of(["a", "b"], [10, 12]) == {"a": 10.0, "b": 12.0}


@pytest.mark.parametrize(
    ("name", "parameters", "classes", "message"),
    [
        ("cca", {}, LABELS, "rest has none.*'fbcca-lr'"),
        ("fbcca", {}, ("left", "right"), "none can be read"),
        ("fbcca-lr", {}, ("left", "right"), "none can be read"),
        ("cca", {"frequencies": {"a": 10}}, FLICKER, "but got a"),
        ("cca", {"frequencies": [10, 12]}, FLICKER, "each of the 3 classes"),
        ("cca", {"frequencies": 10}, FLICKER, "a table of label and hertz"),
        ("cca", {"frequencies": [10, 12, 64]}, FLICKER, r"frequencies\['17Hz'\].*64"),
        ("fbcca", {"frequencies": [63, 63.2, 63.5]}, FLICKER, "Use 'cca'"),
        ("fbcca", {"n_bands": 0}, FLICKER, "fbcca: n_bands"),
        ("cca", {"n_harmonics": 0}, FLICKER, "cca: n_harmonics"),
    ],
)
def test_frequencies_that_do_not_fit_are_refused_before_fitting(name, parameters, classes, message):
    with pytest.raises(ConfigurationError, match=message):
        build_baseline(name, parameters, Signal(SFREQ, 3, 256, classes))


def test_trials_shorter_than_sines_are_refused():
    with pytest.raises(ConfigurationError, match="at least 11 samples"):
        build_baseline("fbcca", {}, Signal(SFREQ, 3, 8, FLICKER))


def test_a_frequency_is_a_number_of_its_own():
    assert frequencies_of(["13,5Hz", "17.25 Hz", "stim_2-21hz"]) == {
        "13,5Hz": 13.5,
        "17.25 Hz": 17.25,
        "stim_2-21hz": 21.0,
    }
    assert "1.5e1 Hz" not in frequencies_of(["1.5e1 Hz", "17Hz"])
