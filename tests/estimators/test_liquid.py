"""`LiquidStateClassifier`: scikit-learn's contract, real inputs, files, and what it refuses."""

import json
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import RidgeClassifierCV
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import parametrize_with_checks

from eegsnn.encoding import EEGEncoder, EncoderUnion
from eegsnn.errors import ConfigurationError, DataError, ModelFileError
from eegsnn.estimators import LiquidStateClassifier, SpikingClassifier, load_model
from eegsnn.models import ReservoirConfig

SMALL: dict[str, Any] = {"n_units": 40, "n_steps": 6, "random_state": 0}


@parametrize_with_checks([LiquidStateClassifier(n_units=40, n_steps=6)])
@pytest.mark.filterwarnings("ignore::eegsnn.errors.EegsnnWarning")
def test_check_estimator(estimator: Any, check: Any) -> None:
    """The whole of scikit-learn's checks; no failure is expected."""
    check(estimator)


def make_model(**parameters):
    encoder = EEGEncoder({"alpha": (8, 13)}, feature="envelope", bin_width=0.05)
    return LiquidStateClassifier(**{"encoder": encoder, "sfreq": 100.0} | SMALL | parameters)


def test_it_has_every_parameter_of_the_reservoir_with_its_default():
    defaults = LiquidStateClassifier().get_params()
    for name, value in ReservoirConfig().to_dict().items():
        assert defaults[name] == value


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"readout": "logistic"},
        {"with_input": False, "with_rates": False, "n_snapshots": 1},
        {"neuron": "izhikevich", "target_rate": 0.05, "short_term_plasticity": True},
        {"topology": "random", "scaling": "branching_factor", "n_snapshots": 500},
    ],
    ids=["ridge", "logistic", "one-state", "izhikevich", "random"],
)
def test_trials_that_it_has_not_seen_are_told_apart(parameters, trials):
    model = make_model(**parameters).fit(trials.X[:16], trials.y[:16])
    assert model.score(trials.X[16:], trials.y[16:]) >= 0.85
    probabilities = model.predict_proba(trials.X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert 0.01 < model.spike_rates_["reservoir"] < 0.3
    steps = model.encode(trials.X).shape[0]
    assert model.hidden_spikes(trials.X).shape == (steps, 24, 40)


def test_a_reservoir_separates_what_no_linear_readout_of_the_input_can(rng):
    """Whether two pulses come at one of two distances: the order of time, not the amounts."""
    y = np.arange(240) % 2
    X = np.zeros((240, 2, 60))
    for trial, label in enumerate(y):
        first = rng.integers(2, 40)
        X[trial, 0, first] = 1
        X[trial, 1, first + (3 if label else 12)] = 1
    train, test = slice(0, 160), slice(160, 240)
    encoder = EEGEncoder(None, method="direct", bin_width=0.01)
    model = LiquidStateClassifier(
        encoder, sfreq=100.0, n_units=150, n_snapshots=1, with_input=False, random_state=0
    )
    model.fit(X[train], y[train])
    flat = X.reshape(240, -1)
    linear = RidgeClassifierCV(np.logspace(-3, 3, 13)).fit(flat[train], y[train])
    assert linear.score(flat[test], y[test]) < 0.65
    assert model.score(X[test], y[test]) > 0.8


def test_seeds_clones_and_order_of_trials(trials, rng):
    model = make_model().fit(trials.X, trials.y)
    expected = model.predict_proba(trials.X)
    np.testing.assert_array_equal(
        clone(model).fit(trials.X, trials.y).predict_proba(trials.X), expected
    )
    order = rng.permutation(24)
    moved = make_model().fit(trials.X[order], trials.y[order])
    np.testing.assert_allclose(moved.predict_proba(trials.X), expected, atol=1e-9)
    other = make_model(random_state=1).fit(trials.X, trials.y)
    assert not np.array_equal(other.predict_proba(trials.X), expected)


def test_a_trial_is_decided_alone(trials):
    model = make_model().fit(trials.X, trials.y)
    alone = np.concatenate([model.predict_proba(trials.X[i : i + 1]) for i in range(24)])
    np.testing.assert_allclose(alone, model.predict_proba(trials.X), rtol=1e-9)


def test_epochs_are_matched_by_name(trials, make_epochs, ch_names):
    model = make_model(sfreq=None).fit(make_epochs(trials))
    expected = model.predict_proba(make_epochs(trials))
    np.testing.assert_array_equal(model.classes_, ["left", "right"])
    assert model.ch_names_ == ch_names
    assert model.sfreq_ == 100.0
    np.testing.assert_array_equal(
        model.predict_proba(make_epochs(trials, ch_names[::-1])), expected
    )
    with pytest.raises(DataError, match="Channels missing from the data: C4"):
        model.predict(make_epochs(trials).drop_channels(["C4"]))


def test_groups_and_weights(trials):
    plain = make_model().fit(trials.X, trials.y)
    grouped = make_model().fit(trials.X, trials.y, groups=trials.groups)
    assert plain.readout_.weights.shape == grouped.readout_.weights.shape
    weights = np.arange(24) % 3
    weighted = make_model().fit(trials.X, trials.y, sample_weight=weights)
    chosen = np.repeat(np.arange(24), weights)
    repeated = make_model().fit(trials.X[chosen], trials.y[chosen])
    np.testing.assert_allclose(
        weighted.predict_proba(trials.X), repeated.predict_proba(trials.X), atol=1e-9
    )


def test_parameters_can_be_searched(trials):
    search = GridSearchCV(
        make_model(), {"encoder__bin_width": [0.05, 0.1], "strength": [0.0]}, cv=2
    )
    assert search.fit(trials.X, trials.y).best_score_ > 0.8


ENCODERS = {
    "one": EEGEncoder({"alpha": (8, 13)}, feature="envelope", bin_width=0.05),
    "union": EncoderUnion(
        [
            EEGEncoder({"alpha": (8, 13)}, feature="envelope", bin_width=0.1),
            EEGEncoder(None, method="delta", bin_width=0.1),
        ]
    ),
}


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("readout", ["ridge", "logistic"])
def test_a_saved_model_decides_the_same(encoder, readout, trials, tmp_path):
    parameters = {"short_term_plasticity": True, "grid": (5, 4, 2), "class_weight": {"left": 2.0}}
    model = make_model(encoder=ENCODERS[encoder], readout=readout, **parameters)
    model.fit(trials.X, trials.y)
    folder = model.save(tmp_path / "model")
    again = load_model(folder)
    assert type(again) is LiquidStateClassifier
    np.testing.assert_array_equal(again.predict_proba(trials.X), model.predict_proba(trials.X))
    assert again.spike_rates_ == model.spike_rates_
    assert clone(again).get_params()["grid"] == (5, 4, 2)
    assert json.loads((folder / "model.json").read_text())["class"] == "LiquidStateClassifier"


def test_rows_are_saved_too_and_kinds_are_not_mixed_up(rows, tmp_path):
    model = LiquidStateClassifier(**SMALL).fit(rows.X[:40], rows.y[:40])
    assert model.score(rows.X[40:], rows.y[40:]) > 0.8
    folder = model.save(tmp_path / "rows")
    again = LiquidStateClassifier.load(folder)
    np.testing.assert_array_equal(again.predict_proba(rows.X), model.predict_proba(rows.X))
    with pytest.raises(ModelFileError, match="expected SpikingClassifier"):
        SpikingClassifier.load(folder)


IMPOSSIBLE = {
    "encoder": "rate",
    "sfreq": -1.0,
    "n_units": 2.5,
    "delays": (3, 2),
    "n_snapshots": 0,
    "with_rates": "no",
    "with_input": None,
    "readout": "svm",
    "n_steps": 0,
    "class_weight": "fair",
    "random_state": -3,
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_impossible_parameters_are_named(name, trials):
    with pytest.raises(ConfigurationError, match=f"^{name}"):
        make_model(**{name: IMPOSSIBLE[name]}).fit(trials.X, trials.y)


def test_impossible_data_are_named_and_leave_the_model_as_it_was(trials):
    model = make_model().fit(trials.X, trials.y, ch_names=["C3", "Cz", "C4"])
    expected = model.predict_proba(trials.X)
    broken = trials.X.copy()
    broken[5, 2, 7] = np.nan
    with pytest.raises(DataError, match=r"trial 5, channel 2 \(C4\)"):
        model.predict(broken)
    with pytest.raises(DataError, match="trial 5, channel 2"):
        model.fit(broken, trials.y)
    with pytest.raises(DataError, match="at least two classes"):
        model.fit(trials.X, np.repeat("left", 24))
    with pytest.raises(DataError, match="3 channels, as in training, but got 2"):
        model.predict(trials.X[:, :2])
    with pytest.raises(DataError, match="trials of 20 steps, as in training, but these have 10"):
        model.predict(trials.X[..., :50])
    with pytest.raises(DataError, match="series, as in training"):
        model.predict(trials.X[:, :, 0])
    np.testing.assert_array_equal(model.predict_proba(trials.X), expected)


@pytest.mark.parametrize("plastic", [False, True])
def test_operations_are_those_of_the_connections_that_spikes_meet(plastic, trials):
    encoder = EEGEncoder({"alpha": (8, 13)}, method="direct", bin_width=0.05)
    model = make_model(encoder=encoder, short_term_plasticity=plastic, n_snapshots=3)
    model.fit(trials.X, trials.y)
    counted = {layer.name: layer for layer in model.count_operations(trials.X).layers}
    series, spikes = model.encode(trials.X), model.hidden_spikes(trials.X)
    n_steps, n_features = len(series), series.shape[2]
    synapses = model.liquid_.reservoir.recurrent.starts
    sent = (spikes[:-1].sum(axis=(0, 1)) / 24) @ np.diff(synapses)
    products = {
        "input": n_steps * len(model.liquid_.reservoir.inputs.targets),
        "reservoir": sent if plastic else 0.0,
        "readout of states": 3 * 40 * 2,
        "readout of rates": 0.0,
        "readout of the input": n_steps * n_features * 2,
    }
    additions = dict.fromkeys(products, 0.0)
    additions["reservoir"] = 0.0 if plastic else sent
    additions["readout of rates"] = 2 * spikes.sum() / 24
    for name, layer in counted.items():
        assert layer.multiply_accumulates == pytest.approx(products[name])
        assert layer.synaptic_operations == pytest.approx(additions[name])
    assert set(counted) == set(products)
    assert model.n_parameters_ == 2 * (3 * 40 + 40 + n_steps * n_features) + 2


def test_spikes_of_an_encoder_are_added_and_rows_are_read_once(trials, rows):
    encoder = EEGEncoder({"alpha": (8, 13)}, method="rate", feature="envelope", bin_width=0.05)
    model = make_model(encoder=encoder, with_rates=False).fit(trials.X, trials.y)
    counted = {layer.name: layer for layer in model.count_operations(trials.X).layers}
    arriving = model.encode(trials.X).sum() / 24
    assert counted["readout of the input"].synaptic_operations == pytest.approx(2 * arriving)
    assert counted["input"].multiply_accumulates == 0
    assert "readout of rates" not in counted

    static = LiquidStateClassifier(**SMALL).fit(rows.X, rows.y)
    read = static.count_operations(rows.X).layers[-1]
    assert read.name == "readout of the input"
    assert read.multiply_accumulates == 4 * 2
    with pytest.raises(AttributeError, match="n_parameters_ is known after"):
        LiquidStateClassifier().n_parameters_  # noqa: B018
