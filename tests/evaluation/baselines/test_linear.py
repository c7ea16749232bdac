"""Baselines find what they are made to find, see training data alone, and refuse the impossible."""

import numpy as np
import pytest

from eegsnn.errors import ConfigurationError, DataError
from eegsnn.evaluation import Signal, build_baseline
from eegsnn.evaluation.features import LogBandPower, WindowMeans

SFREQ = 100.0


def trials(rng, kind, n=40, n_channels=3, n_times=200):
    """Noise in which class 1 differs by a slow shift, by alpha power or by its place."""
    y = np.arange(n) % 2
    X = rng.normal(size=(n, n_channels, n_times))
    time = np.arange(n_times) / SFREQ
    for i, label in enumerate(y):
        wave = 2 * np.sin(2 * np.pi * 10 * time + rng.uniform(0, 6))
        if kind == "shift":
            X[i, :, 100:] += label
        elif kind == "power":
            X[i] += label * wave
        else:
            X[i, label] += wave
    return X, y


@pytest.mark.parametrize(
    ("name", "kind"),
    [("lda-windows", "shift"), ("csp-lda", "place"), ("logistic", "shift")],
)
def test_baseline_learns_the_difference_it_is_made_for(rng, name, kind):
    X, y = trials(rng, kind)
    model = build_baseline(name, {}, Signal(SFREQ, 3)).fit(X[:30], y[:30])
    assert model.score(X[30:], y[30:]) >= 0.9
    assert model.predict_proba(X[30:]).shape == (10, 2)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("band-power-lda", "power"),
        ("windows-band-power-lda", "shift"),
        ("windows-band-power-lda", "power"),
    ],
)
def test_band_power_baselines_learn(rng, name, kind):
    X, y = trials(rng, kind)
    bands = {"alpha": [8, 13], "beta": [13, 30]}
    model = build_baseline(name, {"bands": bands}, Signal(SFREQ, 3)).fit(X[:30], y[:30])
    assert model.score(X[30:], y[30:]) >= 0.9


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_csp_does_not_depend_on_the_unit(rng, scale):
    X, y = trials(rng, "place")
    model = build_baseline("csp-lda", {}, Signal(SFREQ, 3)).fit(X[:30] * scale, y[:30])
    assert model.score(X[30:] * scale, y[30:]) >= 0.9


def test_window_means_of_uneven_windows():
    X = np.arange(10.0).reshape(1, 1, 10)
    np.testing.assert_allclose(WindowMeans(3).transform(X), [[1.0, 4.5, 8.0]])


def test_log_band_power_ranks_the_band_that_holds_the_oscillation():
    wave = np.sin(2 * np.pi * 10 * np.arange(200) / SFREQ).reshape(1, 1, -1)
    bands = {"theta": (4.0, 8.0), "alpha": (8.0, 13.0), "beta": (13.0, 30.0)}
    assert LogBandPower(bands, SFREQ).transform(wave)[0].argmax() == 1


def test_silence_has_finite_power():
    X = np.zeros((2, 1, 200))
    assert np.isfinite(LogBandPower({"alpha": (8.0, 13.0)}, SFREQ).transform(X)).all()


def test_a_band_too_narrow_for_the_trial_is_named():
    with pytest.raises(DataError, match="'slow'"):
        LogBandPower({"slow": (0.1, 0.9)}, SFREQ).transform(np.ones((1, 1, 50)))


@pytest.mark.parametrize(
    ("name", "parameters", "signal", "message"),
    [
        ("lda-window", {}, Signal(SFREQ, 3), "Did you mean 'lda-windows'"),
        ("lda-windows", {"windows": 3}, Signal(SFREQ, 3), "Did you mean 'n_windows'"),
        ("lda-windows", {"n_windows": 0}, Signal(SFREQ, 3), "lda-windows: n_windows"),
        ("lda-windows", {"high": 50}, Signal(SFREQ, 3), "lda-windows: high"),
        ("csp-lda", {}, Signal(SFREQ, 1), "at least two channels"),
        ("csp-lda", {"low": 30, "high": 8}, Signal(SFREQ, 3), "csp-lda: low"),
        ("csp-lda", {}, Signal(50.0, 3), "csp-lda: high"),
        ("csp-lda", {}, Signal(None, 1), "table of features"),
        ("logistic", {"C": -1}, Signal(None, 1), "logistic: C"),
    ],
)
def test_impossible_baselines_are_refused_by_name(name, parameters, signal, message):
    with pytest.raises(ConfigurationError, match=message):
        build_baseline(name, parameters, signal)


def test_band_beyond_nyquist_is_refused_before_fitting():
    with pytest.raises(ConfigurationError, match="'fast'"):
        build_baseline("band-power-lda", {"bands": {"fast": [30, 60]}}, Signal(SFREQ, 3))
