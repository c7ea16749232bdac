"""A liquid state machine in a pipeline file: run, kept, saved, applied, and misspelt."""

import json

import mne
import numpy as np
import pytest

from eegsnn.cli import main
from eegsnn.errors import ConfigurationError
from eegsnn.estimators import LiquidStateClassifier, load_model
from eegsnn.pipeline import read_pipeline
from eegsnn.pipeline.predict import predict_recording
from eegsnn.pipeline.run import run_pipeline

NETWORK = 'estimator = "LiquidStateClassifier"\nn_units = 40\ndelays = [1, 2]'


@pytest.fixture
def liquid_file(pipeline_file):
    text = pipeline_file.read_text().replace("hidden = [8]", NETWORK)
    pipeline_file.write_text(text.replace("max_epochs = 12", 'readout = "ridge"'))
    return pipeline_file


def metrics_of(folder):
    return json.loads((folder / "metrics.json").read_text())


@pytest.fixture
def fits(monkeypatch):
    """Counts the fits of reservoirs."""
    log = []
    original = LiquidStateClassifier.fit

    def fit(self, X, y=None, **options):
        log.append(self.random_state)
        return original(self, X, y, **options)

    monkeypatch.setattr(LiquidStateClassifier, "fit", fit)
    return log


@pytest.mark.usefixtures("undrawn")
def test_a_reservoir_is_run_kept_saved_and_applied_like_any_network(
    liquid_file, dataset, fits, tmp_path, capsys
):
    out = tmp_path / "out"
    run_pipeline(read_pipeline(liquid_file, ["protocol.seeds=[0]"]), out, dataset=dataset)
    assert fits == [0] * 4  # three folds, and the saved model
    metrics = metrics_of(out)
    (summary,) = [s for s in metrics["summaries"] if s["kind"] == "spiking"]
    assert summary["accuracy"]["mean"] > 0.8
    for run in (run for run in metrics["runs"] if run["kind"] == "spiking"):
        assert run["operations"]["synaptic_operations"] > 0
        assert 0 < run["spike_rates"]["reservoir"] < 1
    page = (out / "report.html").read_text()
    assert "Traceback" not in page
    card = json.loads((out / "model_card.json").read_text())
    assert card["model"]["estimator"] == "LiquidStateClassifier"
    assert card["model"]["parameters"] == load_model(out / "model").n_parameters_
    assert "ahead" in card["filters"]["causality"]
    assert not [path for path in (out / "model").iterdir() if "pkl" in path.name]

    run_pipeline(read_pipeline(liquid_file, ["protocol.seeds=[0]"]), out, dataset=dataset)
    assert len(fits) == 4  # the same command again repeats nothing

    X = 1e-5 * np.random.default_rng(1).normal(size=(2, 4 * 150))
    raw = mne.io.RawArray(X, mne.create_info(["C3", "C4"], 100.0, "eeg"), verbose="error")
    raw.save(tmp_path / "new_raw.fif", fmt="double", verbose="error")
    decisions = predict_recording(out, tmp_path / "new_raw.fif")
    windows = X.reshape(2, 4, 150).transpose(1, 0, 2)
    expected = load_model(out / "model").predict_proba(windows)
    np.testing.assert_allclose(decisions.probabilities, expected, atol=1e-6)

    assert main(["nir", "export", str(out), str(tmp_path / "liquid.nir")]) != 0
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "LiquidStateClassifier" in line


@pytest.mark.usefixtures("undrawn")
def test_without_an_encoder_it_has_that_of_the_class(liquid_file, dataset, tmp_path):
    text = liquid_file.read_text()
    start, end = text.index("[bands]"), text.index("[network]")
    liquid_file.write_text(text[:start] + text[end:])
    run_pipeline(read_pipeline(liquid_file, ["protocol.seeds=[0]"]), tmp_path, dataset=dataset)
    assert load_model(tmp_path / "model").ch_names_ == ["C3", "C4"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("n_units = 40", "n_unit = 40", "network.n_unit: unknown key. Did you mean 'n_units'?"),
        (
            "n_units = 40",
            "hidden = [8]",
            "It belongs to network.estimator = 'EEGSpikingClassifier' or 'SpikingClassifier'.",
        ),
        ("n_units = 40", "n_units = 0", "network.n_units: expected an integer ≥ 1"),
        ("delays = [1, 2]", "delays = [3, 1]", "network.delays"),
        ("delays = [1, 2]", "grid = [2, 2, 2]", "network.grid: expected sides whose product"),
        ('"ridge"', '"ridg"', "training.readout: expected one of 'ridge', 'logistic'"),
        ('"LiquidStateClassifier"', '"LiquidState"', "Did you mean 'LiquidStateClassifier'?"),
        (
            'estimator = "LiquidStateClassifier"',
            "",
            "It belongs to network.estimator = 'LiquidStateClassifier'.",
        ),
    ],
)
def test_a_mistake_is_one_line_that_names_the_key(liquid_file, old, new, expected):
    text = liquid_file.read_text()
    assert old in text
    liquid_file.write_text(text.replace(old, new, 1))
    with pytest.raises(ConfigurationError) as caught:
        read_pipeline(liquid_file)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_twin_of_a_reservoir_is_refused_before_anything_is_fitted(
    liquid_file, dataset, fits, tmp_path
):
    liquid_file.write_text(liquid_file.read_text() + '\n[[baselines]]\nname = "gru-twin"\n')
    with pytest.raises(ConfigurationError, match=r"baselines\[1\]: gru-twin: expected a Spiking"):
        run_pipeline(read_pipeline(liquid_file), tmp_path / "out", dataset=dataset)
    assert not fits
