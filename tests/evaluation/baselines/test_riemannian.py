"""Tangent spaces: they find covariances and evoked potentials, whatever the unit and the rank."""

import numpy as np
import pytest
from sklearn.covariance import ledoit_wolf, oas

from eegsnn.errors import ConfigurationError, DependencyError
from eegsnn.evaluation import Signal, build_baseline
from eegsnn.evaluation.baselines import signal as signal_module
from eegsnn.evaluation.baselines.riemannian import ledoit_wolf_covariance, oracle_covariance

SFREQ = 100.0
NAMES = ["tangent-space-lr", "fb-tangent-space-lr", "xdawn-tangent-lr"]


@pytest.fixture
def pyriemann():
    return pytest.importorskip("pyriemann", reason="needs the extra 'baselines'")


def trials(rng, kind, n=60, n_channels=4, n_times=150):
    y = np.arange(n) % 2
    X = rng.normal(size=(n, n_channels, n_times))
    time = np.arange(n_times) / SFREQ
    for i, label in enumerate(y):
        if kind == "evoked":
            X[i, 1] += 3 * label * np.exp(-(((time - 0.6) / 0.1) ** 2))
        else:
            X[i, label] += 1.5 * np.sin(2 * np.pi * 12 * time + rng.uniform(0, 6))
    return X, y


@pytest.mark.parametrize("scale", [1e-6, 1e3])
@pytest.mark.parametrize(
    ("name", "kind"), [(NAMES[0], "induced"), (NAMES[1], "induced"), (NAMES[2], "evoked")]
)
def test_they_learn_what_they_are_made_for_in_any_unit(rng, pyriemann, name, kind, scale):
    X, y = trials(rng, kind)
    X *= scale
    model = build_baseline(name, {}, Signal(SFREQ, 4, 150)).fit(X[:42], y[:42])
    assert model.score(X[42:], y[42:]) >= 0.85
    assert model.predict_proba(X[42:]).shape == (18, 2)
    assert model.macs_ > 0


@pytest.mark.parametrize("name", NAMES)
def test_an_average_reference_takes_nothing_from_them(rng, pyriemann, name):
    X, y = trials(rng, "evoked" if name.startswith("xdawn") else "induced")
    X -= X.mean(axis=1, keepdims=True)
    model = build_baseline(name, {}, Signal(SFREQ, 4, 150)).fit(X[:42], y[:42])
    assert model.score(X[42:], y[42:]) >= 0.8


def test_the_tangent_space_has_a_coordinate_for_each_pair_of_channels(rng, pyriemann):
    X, y = trials(rng, "induced")
    model = build_baseline("tangent-space-lr", {}, Signal(SFREQ, 4, 150)).fit(X, y)
    assert model[:-1].transform(X).shape == (60, 10)


@pytest.mark.parametrize(
    ("ours", "reference"),
    [(oracle_covariance, oas), (ledoit_wolf_covariance, ledoit_wolf)],
)
@pytest.mark.parametrize("n_times", [3, 20, 500])
def test_covariances_are_those_of_scikit_learn(rng, ours, reference, n_times):
    X = rng.normal(size=(3, 4, n_times)) * [[1.0], [3.0], [0.5], [1.0]] + 2
    expected = [reference(trial.T)[0] for trial in X]
    np.testing.assert_allclose(ours(X), expected, rtol=1e-10)
    np.testing.assert_array_equal(ours(np.zeros((1, 2, 5))), 0)


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_extra_is_named_when_it_is_built(monkeypatch, name):
    monkeypatch.setattr(signal_module, "find_spec", lambda module: None)
    with pytest.raises(DependencyError, match=rf"{name}.*pyriemann.*eegsnn\[baselines\]"):
        build_baseline(name, {}, Signal(SFREQ, 4, 150))


@pytest.mark.parametrize(
    ("name", "parameters", "signal", "message"),
    [
        (NAMES[0], {}, Signal(SFREQ, 1, 150), "at least two channels"),
        (NAMES[0], {"high": 50}, Signal(SFREQ, 4, 150), "tangent-space-lr: high"),
        (NAMES[0], {"covariance": "oa"}, Signal(SFREQ, 4, 150), "Did you mean 'oas'"),
        (NAMES[0], {"C": 0}, Signal(SFREQ, 4, 150), "tangent-space-lr: C"),
        (NAMES[1], {"bands": [[30, 60]]}, Signal(SFREQ, 4, 150), "half the sampling rate"),
        (NAMES[2], {"high": 60}, Signal(SFREQ, 4, 150), "xdawn-tangent-lr: high"),
        (NAMES[2], {"n_filters": 0}, Signal(SFREQ, 4, 150), "xdawn-tangent-lr: n_filters"),
    ],
)
def test_what_cannot_be_is_refused(pyriemann, name, parameters, signal, message):
    with pytest.raises(ConfigurationError, match=message):
        build_baseline(name, parameters, signal)
