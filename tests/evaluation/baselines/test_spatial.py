"""Filter-bank CSP finds the band and the place, and chooses features on training trials alone."""

import numpy as np
import pytest

from eegsnn.errors import ConfigurationError
from eegsnn.evaluation import Signal, build_baseline
from eegsnn.evaluation.baselines.spatial import MostInformative

SFREQ = 100.0


def lateralised(rng, n=60, n_classes=2, n_channels=4, n_times=200, frequency=22.0):
    """Beta that is strong on the channel with the number of the class."""
    y = np.arange(n) % n_classes
    X = rng.normal(size=(n, n_channels, n_times))
    time = np.arange(n_times) / SFREQ
    for i, label in enumerate(y):
        X[i, label] += np.sin(2 * np.pi * frequency * time + rng.uniform(0, 6))
    return X, np.array(["a", "b", "c"])[y]


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("scale", [1e-6, 1.0])
def test_filter_bank_csp_learns_any_number_of_classes_in_any_unit(rng, n_classes, scale):
    X, y = lateralised(rng, n_classes=n_classes)
    X *= scale
    model = build_baseline("fbcsp-lda", {}, Signal(SFREQ, 4, 200)).fit(X[:42], y[:42])
    assert model.score(X[42:], y[42:]) >= 0.85
    assert model.macs_ > 0


def test_the_features_of_the_band_that_differs_are_kept(rng):
    X, y = lateralised(rng)
    bands = {"alpha": [8, 13], "beta": [18, 26]}
    parameters = {"bands": bands, "n_components": 2, "n_selected": 2}
    model = build_baseline("fbcsp-lda", parameters, Signal(SFREQ, 4, 200)).fit(X, y)
    assert model.named_steps["mostinformative"].kept_.tolist() == [2, 3]


def test_most_informative_keeps_all_of_few_and_is_deterministic(rng):
    y = np.arange(40) % 2
    X = rng.normal(size=(40, 5))
    X[:, 3] += 4 * y
    assert 3 in MostInformative(1).fit(X, y).kept_
    assert MostInformative(9).fit(X, y).kept_.tolist() == [0, 1, 2, 3, 4]
    first, second = (MostInformative(3).fit(X, y).kept_ for _ in range(2))
    np.testing.assert_array_equal(first, second)


def bands_of(signal, parameters=None):
    model = build_baseline("fbcsp-lda", parameters or {}, signal)
    union = model.named_steps["featureunion"]
    return [(part.steps[0][1].low, part.steps[0][1].high) for _, part in union.transformer_list]


def test_a_named_filter_bank_is_clipped_to_what_can_be_had():
    assert bands_of(Signal(250.0, 4, 500)) == [(low, low + 4) for low in range(4, 40, 4)]
    assert bands_of(Signal(50.0, 4, 500)) == [(4, 8), (8, 12), (12, 16), (16, 20), (20, 24)]
    assert bands_of(Signal(250.0, 4, 50))[0] == (12, 16)


@pytest.mark.parametrize(
    ("parameters", "signal", "message"),
    [
        ({}, Signal(SFREQ, 1, 200), "at least two channels"),
        ({}, Signal(None, 1), "table of features"),
        ({}, Signal(8.0, 4, 200), "none of 'filter_bank_csp'"),
        ({}, Signal(SFREQ, 4, 4), "none of 'filter_bank_csp'"),
        ({"bands": {"fast": [30, 60]}}, Signal(SFREQ, 4, 200), "fast.*half the sampling rate"),
        ({"bands": {"slow": [0.5, 2]}}, Signal(SFREQ, 4, 200), "slow.*two periods"),
        ({"bands": {"slow": [0, 2]}}, Signal(SFREQ, 4, 200), "two edges"),
        ({"n_components": 0}, Signal(SFREQ, 4, 200), "fbcsp-lda: n_components"),
        ({"n_selected": 0}, Signal(SFREQ, 4, 200), "fbcsp-lda: n_selected"),
    ],
)
def test_what_cannot_be_is_refused_before_fitting(parameters, signal, message):
    with pytest.raises(ConfigurationError, match=message):
        build_baseline("fbcsp-lda", parameters, signal)
