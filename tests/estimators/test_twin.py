"""The non-spiking twin: same shape and training, continuous units, its products counted."""

import tomllib

import mlx.core as mx
import numpy as np
import pytest
from sklearn.base import clone

from eegsnn.encoding import EEGEncoder
from eegsnn.errors import ConfigurationError
from eegsnn.estimators import EEGSpikingClassifier, SpikingClassifier
from eegsnn.estimators.twin import GatedConfig, twin_of
from eegsnn.evaluation import Signal, build_baseline, decision_costs
from eegsnn.pipeline import parse_pipeline
from eegsnn.pipeline.build import build_candidates

SFREQ = 100.0


@pytest.fixture
def trials(rng):
    y = np.repeat(["a", "b"], 20)
    X = rng.normal(size=(40, 2, 100))
    X[:20, 0] += 2 * np.sin(2 * np.pi * 10 * np.arange(100) / SFREQ)
    return X, y


def spiking(**changes):
    settings = {"hidden": (12,), "max_epochs": 15, "random_state": 3, "n_delays": 2} | changes
    encoder = EEGEncoder({"alpha": [8, 13]}, method="rate", feature="envelope", bin_width=0.1)
    return EEGSpikingClassifier(encoder, SFREQ, **settings)


def test_it_learns_through_the_same_front_end_and_repeats_itself(trials):
    X, y = trials
    network = spiking()
    before = str(network.get_params())
    twin = twin_of(network).fit(X, y, ch_names=["C3", "C4"])
    assert twin.score(X, y) > 0.9
    assert twin.twin_.encoder_.ch_names_ == ["C3", "C4"]
    assert twin.loss_curve_[-1] < twin.loss_curve_[0]
    again = clone(twin_of(network)).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), twin.predict_proba(X))
    assert str(network.get_params()) == before


def test_it_has_the_shape_of_the_network_and_its_products_are_counted(trials):
    X, y = trials
    twin = twin_of(spiking(dropout=0.1, readout_beta=0.9, n_networks=2)).fit(X, y)
    config = twin.twin_._ensemble.config
    assert (config.hidden, config.n_delays, config.dropout) == ((12,), 2, 0.1)
    assert config.readout_beta == 0.9
    n_steps, n_inputs = 10, 2 * 2  # bins of a trial; channels twice, once delayed
    per_step = 3 * 12 * (n_inputs + 12) + 3 * 12 + 12 * 2 + 2
    assert twin.macs_ == 2 * n_steps * per_step
    n_weights = 3 * 12 * (n_inputs + 12) + 3 * 12 + 12 + 12 * 2 + 2
    assert twin.n_parameters_ == n_weights


def test_rows_of_features_are_multiplied_once(rng):
    X = rng.normal(size=(40, 3)) + np.repeat([[0.0], [4.0]], 20, axis=0)
    y = np.repeat([0, 1], 20)
    twin = twin_of(SpikingClassifier((6,), n_steps=8, max_epochs=15, random_state=0)).fit(X, y)
    assert twin.score(X, y) > 0.9
    assert twin.macs_ == 3 * 6 * 3 + 8 * (3 * 6 * 6 + 3 * 6 + 6 * 2 + 2)


def test_early_stopping_takes_whole_groups(trials):
    X, y = trials
    twin = twin_of(spiking(early_stopping=True, max_epochs=3))
    twin.fit(X, y, groups=np.tile(np.arange(4), 10))
    assert len(twin.validation_scores_) == 3


def test_calibration_gives_gates_of_unit_deviation(rng):
    config = GatedConfig(hidden=(8, 4))
    network = config.build(5, 2, 20, key=mx.random.key(0))
    x = mx.array(1e3 * rng.normal(size=(20, 16, 5)).astype(np.float32))
    network.calibrate(x)
    projected = np.asarray(network.units[0].project(x))
    np.testing.assert_allclose(projected.std(axis=(0, 1)), 1, rtol=0.05)


def test_the_registry_gives_the_twin_of_the_network_of_a_pipeline():
    signal = Signal(SFREQ, 2, 100, ("a", "b"))
    twin = build_baseline("gru-twin", {}, signal, seed=7, network=spiking())
    assert twin.network.random_state == 7
    wider = build_baseline("gru-twin", {"hidden": [20, 10]}, signal, network=spiking())
    assert wider.hidden == [20, 10]


def test_an_architecture_without_hidden_neurons_needs_sizes():
    network = spiking(hidden=(64,), n_delays=1, architecture="convolution")
    with pytest.raises(ConfigurationError, match="no layers of hidden neurons"):
        twin_of(network)
    assert twin_of(network, hidden=[16]).hidden == [16]


def test_a_network_that_chooses_for_itself_leaves_the_encoder_to_its_twin(trials):
    X, y = trials
    automatic = EEGSpikingClassifier(sfreq=SFREQ, random_state=0)
    with pytest.raises(ConfigurationError, match="chooses its front end"):
        twin_of(automatic)
    with pytest.raises(ConfigurationError, match="Did you mean 'method'"):
        twin_of(automatic, encoders=[{"methods": "rate"}])
    given = {"bands": {"alpha": [8, 13]}, "method": "direct", "feature": "log_power"}
    twin = twin_of(automatic, hidden=[8], encoders=[given | {"bin_width": 0.1}]).fit(X, y)
    assert twin.score(X, y) > 0.9


@pytest.mark.parametrize("hidden", [[0], [2.5], "many"])
def test_impossible_sizes_are_refused(hidden):
    with pytest.raises(ConfigurationError, match="hidden"):
        twin_of(spiking(), hidden=hidden)


def test_a_pipeline_runs_it_beside_its_network_once_per_seed(dataset, pipeline_text):
    text = pipeline_text + '\n[[baselines]]\nname = "gru-twin"\n'
    config = parse_pipeline(tomllib.loads(text))
    twins = [c for c in build_candidates(config, dataset) if c.name == "gru-twin"]
    assert twins[0].seeded
    twin = twins[0].build(1).fit(dataset.X, dataset.y)
    assert twin.network.random_state == 1
    costs = decision_costs(twin, dataset.X[:4])
    assert costs["multiply_accumulates"] == twin.macs_
    assert costs["synaptic_operations"] == 0
