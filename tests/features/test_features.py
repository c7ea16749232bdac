"""What all kinds of features promise: units and other trials do not matter, saved is kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from eegsnn.errors import ConfigurationError, DataError
from eegsnn.features import FEATURES, TrialFeatures

SFREQ = 128.0
LABELS = np.arange(24) % 2
KINDS = sorted(FEATURES)


def make(kind: str, **parameters: Any) -> TrialFeatures:
    if kind == "KernelRates":
        parameters = {"n_units": 336, **parameters}
    return FEATURES[kind](SFREQ, **parameters)


@pytest.fixture(name="X")
def make_trials(rng: np.random.Generator) -> np.ndarray:
    trials = rng.normal(size=(24, 4, 256))
    trials[::2, 0] += np.sin(2 * np.pi * 10 * np.arange(256) / SFREQ)
    return trials


@pytest.mark.parametrize("kind", KINDS)
def test_volts_and_microvolts_give_the_same(kind: str, X: np.ndarray) -> None:
    first = make(kind).fit(X, LABELS).transform(X)
    second = make(kind).fit(1e-6 * X, LABELS).transform(1e-6 * X)
    assert first.dtype == np.float64
    assert first.shape[0] == len(X)
    if kind == "FilterBankCSP":  # filters are of unit variance up to rounding of a sign
        np.testing.assert_allclose(np.abs(first), np.abs(second), rtol=1e-4, atol=1e-4)
    else:
        np.testing.assert_allclose(first, second, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_trial_is_the_same_alone_and_among_others(kind: str, X: np.ndarray) -> None:
    features = make(kind).fit(X[:16], LABELS[:16])
    together = features.transform(X[16:])
    alone = np.vstack([features.transform(X[i : i + 1]) for i in range(16, 24)])
    np.testing.assert_allclose(alone, together, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_the_short_way_and_the_long_one_agree(kind: str, X: np.ndarray) -> None:
    features = make(kind)
    prepared = features.begin(X)
    features.learn(prepared, LABELS)
    np.testing.assert_allclose(
        features.transform(X), features.compute(prepared), rtol=1e-6, atol=1e-6
    )


@pytest.mark.parametrize("kind", KINDS)
def test_blocks_of_trials_are_the_whole(
    kind: str, X: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = make(kind).fit(X, LABELS).transform(X)
    monkeypatch.setattr("eegsnn.features._base._BLOCK_SAMPLES", 3 * X[0].size)
    np.testing.assert_allclose(make(kind).fit(X, LABELS).transform(X), whole, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_state_holds_everything(kind: str, X: np.ndarray) -> None:
    features = make(kind).fit(X, LABELS)
    described, arrays = features.get_state()
    again = FEATURES[described["kind"]](**described["parameters"])
    again.set_state(arrays)
    np.testing.assert_array_equal(again.transform(X), features.transform(X))
    with pytest.raises(ValueError, match="is missing"):
        again.set_state({})


@pytest.mark.parametrize("kind", KINDS)
def test_bad_trials_are_refused(kind: str, X: np.ndarray) -> None:
    features = make(kind).fit(X, LABELS)
    with pytest.raises(DataError, match=r"expected 4 channels and 256 samples"):
        features.transform(X[:, :3])
    broken = X.copy()
    broken[3, 2, 5] = np.nan
    with pytest.raises(DataError, match="trial"):
        make(kind).fit(broken, LABELS)
    if features.least_channels > 1:
        with pytest.raises(DataError, match="at least 2 channels"):
            make(kind).fit(X[:, :1], LABELS)
    if features.needs_labels:
        with pytest.raises(DataError, match=r"y: expected"):
            make(kind).fit(X)
        with pytest.raises(DataError, match="at least two classes"):
            make(kind).fit(X, np.zeros(len(X)))


@pytest.mark.parametrize(
    ("kind", "parameters", "text"),
    [
        ("BandPower", {"bands": []}, "bands: expected a list of pairs"),
        ("BandPower", {"bands": [(8, 13, 20)]}, "bands: expected pairs"),
        ("BandPower", {"bands": [(60, 70)]}, "64"),
        ("TangentSpace", {"max_components": 1}, "max_components"),
        ("TangentSpace", {"delay_cycles": -0.25}, "delay_cycles"),
        ("FilterBankCSP", {"n_components": 0}, "n_components"),
        ("WindowMeans", {"n_windows": 0}, "n_windows"),
        ("KernelRates", {"n_thresholds": 0}, "n_thresholds"),
        ("OscillationCorrelations", {"frequencies": [70.0]}, "frequencies"),
        ("EvokedTangentSpace", {"low": 20.0, "high": 5.0}, "low edge"),
    ],
)
def test_impossible_parameters_are_named(
    kind: str, parameters: dict[str, Any], text: str, X: np.ndarray
) -> None:
    with pytest.raises(ConfigurationError, match=text):
        make(kind, **parameters).fit(X, LABELS)
