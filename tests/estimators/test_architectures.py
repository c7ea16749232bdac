"""Every architecture behind the estimators: it learns, is saved, copied, counted, refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone

from eegsnn.encoding import EEGEncoder
from eegsnn.errors import ConfigurationError, DataError, ExchangeError
from eegsnn.estimators import EEGSpikingClassifier, SpikingClassifier, load_model, model_files
from eegsnn.models import NetworkConfig, SpikingEEGNetConfig

SFREQ = 64.0
SMALL: dict[str, dict[str, Any]] = {
    "eegnet": {"n_filters": 4, "n_spatial": 2, "high": 25.0, "n_bins": 16, "hidden": 16},
    "recurrent": {"hidden": 12, "readout_gain": 4.0},
    "resonator": {"n_frequencies": 6, "high": 20.0, "readout_gain": 4.0},
    "convolution": {"n_kernels": 16, "kernel_size": 7, "readout_gain": 4.0},
    "attention": {"size": 12, "n_heads": 2, "readout_gain": 4.0},
}


@pytest.fixture(scope="module")
def oscillations() -> tuple[np.ndarray, np.ndarray]:
    """Two channels; 10 Hz on the first or on the second, in noise."""
    rng = np.random.default_rng(3)
    time = np.arange(96) / SFREQ
    y = np.tile(["left", "right"], 45)
    X = rng.normal(scale=1e-5, size=(90, 2, 96))
    for trial, label in enumerate(y):
        wave = np.sin(2 * np.pi * 10 * time + rng.uniform(0, 2 * np.pi))
        X[trial, int(label == "right")] += 2e-5 * wave
    return X, y


def build(name: str, **parameters: Any) -> EEGSpikingClassifier:
    encoder = None
    if name in ("recurrent", "attention"):
        encoder = EEGEncoder({"a": (8, 13)}, method="direct", feature="log_power", bin_width=0.125)
    settings = {"max_epochs": 14, "learning_rate": 0.02, "random_state": 0, "batch_size": 15}
    return EEGSpikingClassifier(
        encoder, SFREQ, architecture={"name": name, **SMALL[name]}, **settings | parameters
    )


@pytest.mark.parametrize("name", SMALL)
def test_learns_is_saved_and_is_reproducible(
    name: str, oscillations: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    X, y = oscillations
    model = build(name).fit(X[:60], y[:60])
    assert model.score(X[60:], y[60:]) > 0.9
    expected = model.predict_proba(X)
    loaded = load_model(model.save(tmp_path / "model"))
    np.testing.assert_array_equal(loaded.predict_proba(X), expected)
    assert loaded.get_params()["architecture"] == model.architecture
    assert list(model.spike_rates_) == list(model._ensemble.config.layer_names)
    counted = model.count_operations(X[60:])
    assert counted.total.synaptic_operations > 0
    assert counted.total.dense_multiply_accumulates > counted.total.multiply_accumulates
    json.dumps(counted.to_dict())


def test_the_same_seed_gives_the_same_weights(
    oscillations: tuple[np.ndarray, np.ndarray],
) -> None:
    X, y = oscillations
    settings = {
        "max_epochs": 2,
        "augmentation": {"time_shift": 0.1, "noise": 0.1, "mixup": 0.2},
        "weight_averaging": 1.0,
    }
    first, second = (build("eegnet", **settings).fit(X, y) for _ in range(2))
    for name, values in first._ensemble.weights[0].items():
        np.testing.assert_array_equal(values, second._ensemble.weights[0][name])


def test_a_configuration_may_be_given_and_travels(
    oscillations: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    X, y = oscillations
    config = SpikingEEGNetConfig(n_filters=2, n_spatial=1, high=20.0, hidden=4)
    model = clone(EEGSpikingClassifier(None, SFREQ, architecture=config, max_epochs=1))
    assert model.architecture == config
    model.fit(X, y)
    assert model._ensemble.config.sfreq == SFREQ
    loaded = load_model(model.save(tmp_path / "model"))
    assert loaded._ensemble.config == model._ensemble.config
    assert loaded.get_params()["architecture"]["n_filters"] == 2
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    # The next fit of what was loaded is one of the same kind.
    assert loaded.fit(X, y)._ensemble.config == model._ensemble.config


def test_model_files_of_version_1_are_read(
    oscillations: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    X, y = oscillations
    model = SpikingClassifier((6,), max_epochs=1, random_state=0).fit(X[:, 0], y)
    folder = model.save(tmp_path / "model")
    path = folder / "model.json"
    description = json.loads(path.read_text())
    assert description["version"] == 3
    description["version"] = 1
    del description["network"]["architecture"]
    for name in ("architecture", "target_rate", "augmentation", "weight_averaging"):
        del description["parameters"][name]
    description["configuration_sha256"] = model_files.configuration_hash(description)
    path.write_text(json.dumps(description))
    np.testing.assert_array_equal(
        load_model(folder).predict_proba(X[:, 0]), model.predict_proba(X[:, 0])
    )


def test_a_feed_forward_configuration_is_the_same_as_its_parameters(
    oscillations: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    X, y = oscillations
    given = {"max_epochs": 1, "random_state": 0}
    by_parameters = SpikingClassifier((5,), **given).fit(X[:, 0], y)
    by_config = SpikingClassifier(architecture=NetworkConfig(hidden=(5,)), **given).fit(X[:, 0], y)
    expected = by_parameters.predict_proba(X[:, 0])
    np.testing.assert_array_equal(by_config.predict_proba(X[:, 0]), expected)
    loaded = load_model(by_config.save(tmp_path / "model"))
    np.testing.assert_array_equal(loaded.predict_proba(X[:, 0]), expected)


def test_spikes_of_an_encoder_count_as_spikes(
    oscillations: tuple[np.ndarray, np.ndarray],
) -> None:
    X, y = oscillations
    encoder = EEGEncoder({"a": (8, 13)}, method="delta", bin_width=0.125)
    model = EEGSpikingClassifier(encoder, SFREQ, hidden=(7,), max_epochs=1, random_state=0)
    series = model.fit(X, y).encode(X)
    first = model.count_operations(X).layers[0]
    assert first.multiply_accumulates == 0
    assert first.synaptic_operations == pytest.approx(7 * series.sum() / len(X))
    assert first.dense_multiply_accumulates == 7 * series.shape[0] * series.shape[2]


def test_analog_features_count_as_multiplications() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 4)), np.tile([0, 1], 15)
    model = SpikingClassifier((7,), n_networks=2, max_epochs=1, random_state=0).fit(X, y)
    first = model.count_operations(X).layers[0]
    # A constant current is multiplied once; two networks.
    assert first.multiply_accumulates == first.dense_multiply_accumulates == 2 * 4 * 7


class TestRefusals:
    def test_rows_for_a_network_on_the_signal(self) -> None:
        X, y = np.random.default_rng(0).normal(size=(20, 4)), np.tile([0, 1], 10)
        with pytest.raises(DataError, match="'eegnet' takes time series"):
            EEGSpikingClassifier(sfreq=100.0, architecture="eegnet").fit(X, y)

    def test_a_parameter_that_would_do_nothing(self) -> None:
        with pytest.raises(ConfigurationError, match=r"dropout: .* beside 'eegnet'"):
            SpikingClassifier(architecture="eegnet", dropout=0.5).check_parameters()

    def test_weight_averaging_beside_early_stopping(self) -> None:
        with pytest.raises(ConfigurationError, match="weight_averaging: expected False"):
            SpikingClassifier(weight_averaging=True, early_stopping=True).check_parameters()

    def test_exchange_of_what_nir_cannot_say(
        self, oscillations: tuple[np.ndarray, np.ndarray]
    ) -> None:
        X, y = oscillations
        model = build("attention", max_epochs=1).fit(X, y)
        with pytest.raises(ExchangeError, match="architecture: expected 'feedforward'"):
            model.to_nir()
