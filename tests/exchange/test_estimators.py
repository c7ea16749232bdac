"""Trained classifiers: exported, imported, the same predictions on every trial."""

import mlx.core as mx
import numpy as np
import pytest

from eegsnn import load_dataset
from eegsnn.encoding import EEGEncoder
from eegsnn.errors import DataError, ExchangeError
from eegsnn.estimators import EEGSpikingClassifier, SpikingClassifier
from eegsnn.exchange import decide, from_nir, network_inputs

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4)) + np.repeat([[0.0], [1.0]], 30, axis=0)
Y = np.repeat(["rest", "move"], 30)


def predicted(model, trials, path, **options):
    """Labels by way of a file: the network of the file runs, the rest is the model's."""
    model.to_nir(path, **options)
    outputs, _ = from_nir(path).run(mx.array(network_inputs(model, trials)))
    return decide(model, outputs)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"neuron": "if", "reset_mechanism": "zero", "reset_delay": False, "hidden": (8, 6)},
        {"readout": "rate", "readout_weights": True},
        {"n_networks": 2, "n_delays": 3, "delay_step": 2},
        {"input_coding": "poisson"},
    ],
    ids=str,
)
def test_same_predictions(options, tmp_path):
    model = SpikingClassifier(max_epochs=4, random_state=0, **{"hidden": (8,), **options})
    model.fit(X, Y)
    again = predicted(model, X, tmp_path / "model.nir", dt=0.01)
    np.testing.assert_array_equal(again, model.predict(X))
    assert len(set(again)) == 2


def test_series_with_delays(tmp_path):
    series = RNG.normal(size=(40, 3, 25)) + np.repeat([0.0, 0.6], 20)[:, None, None]
    labels = np.repeat([0, 1], 20)
    model = SpikingClassifier((8,), n_delays=2, delay_step=3, max_epochs=4, random_state=0)
    model.fit(series, labels)
    assert network_inputs(model, series).shape == (25, 40, 6)
    again = predicted(model, series, tmp_path / "model.nir", dt=1 / 128)
    np.testing.assert_array_equal(again, model.predict(series))


def test_bin_width_is_the_time_step(tmp_path):
    trials = RNG.normal(size=(20, 2, 200))
    encoder = EEGEncoder("motor", bin_width=0.1)
    model = EEGSpikingClassifier(encoder, sfreq=100.0, hidden=(4,), max_epochs=2, random_state=0)
    model.fit(trials, np.repeat([0, 1], 10))
    assert model.to_nir().metadata["dt"] == 0.1


def test_unknown_time_step_and_wrong_outputs_are_refused():
    model = SpikingClassifier((4,), max_epochs=1, random_state=0).fit(X, Y)
    with pytest.raises(ExchangeError, match="Give dt"):
        model.to_nir()
    with pytest.raises(DataError, match=r"\[T, trials, 2\]"):
        decide(model, np.zeros((20, 60, 3)))


@pytest.mark.data
def test_scp1_whole_test_set(data_folder, tmp_path):
    data = load_dataset("SelfRegulationSCP1", repair=False)
    train, test = data.split == "train", data.split == "test"
    encoder = EEGEncoder({"slow": (None, 4)}, method="direct", feature="signal", bin_width=0.1)
    model = EEGSpikingClassifier(
        encoder, sfreq=data.sfreq, hidden=(24,), max_epochs=3, random_state=0
    )
    model.fit(data.X[train], data.y[train])
    expected = model.predict(data.X[test])
    again = predicted(model, data.X[test], tmp_path / "scp1.nir")
    np.testing.assert_array_equal(again, expected)
    assert np.mean(again == data.y[test]) > 0.6


@pytest.mark.data
@pytest.mark.slow
def test_mnist_whole_test_set(data_folder, tmp_path):
    data = load_dataset("MNIST")
    train, test = (np.flatnonzero(data.split == part) for part in ("train", "test"))
    images = data.X.reshape(len(data.X), -1)
    model = SpikingClassifier((64,), n_steps=8, max_epochs=3, random_state=0)
    model.fit(images[train[:2000]], data.y[train[:2000]])
    graph = from_nir(model.to_nir(tmp_path / "mnist.nir", dt=1e-3))
    for part in np.array_split(test, 10):
        outputs, _ = graph.run(mx.array(network_inputs(model, images[part])))
        np.testing.assert_array_equal(decide(model, outputs), model.predict(images[part]))
