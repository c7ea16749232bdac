"""Alignment, learning curves, parallel runs, transfer: what a pipeline file may ask for besides."""

import csv
import json

import mne
import numpy as np
import pytest

from eegsnn.cli import main
from eegsnn.errors import ConfigurationError, DataError
from eegsnn.estimators import EEGSpikingClassifier, load_model
from eegsnn.filters import align
from eegsnn.pipeline import read_pipeline, writing
from eegsnn.pipeline import run as running
from eegsnn.pipeline.model_folder import load_card
from eegsnn.pipeline.predict import predict_recording
from eegsnn.pipeline.run import run_pipeline

QUICK = ["training.max_epochs=2", "protocol.seeds=[0]"]


@pytest.fixture
def fits(monkeypatch):
    """Counts the trainings of networks."""
    log = []
    original = EEGSpikingClassifier.fit

    def fit(self, X, y=None, **options):
        log.append(len(X))
        return original(self, X, y, **options)

    monkeypatch.setattr(EEGSpikingClassifier, "fit", fit)
    return log


def read(folder):
    return json.loads((folder / "metrics.json").read_text())


ALIGNED = ["alignment.method=euclidean", "alignment.group=run"]


@pytest.mark.usefixtures("quick_report")
def test_alignment_marks_every_output_and_is_kept_with_the_model(
    pipeline_file, dataset, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(running, "load_data", lambda config: dataset)
    out = tmp_path / "out"
    options = [word for text in [*QUICK, *ALIGNED] for word in ("--set", text)]
    assert main(["run", str(pipeline_file), "--out", str(out), *options]) == 0
    metrics = read(out)
    assert "were aligned with all of its trials" in metrics["protocol"]["transductive"][0]
    assert metrics["leaky"] is False
    assert "Trials are aligned with all trials of their run" in metrics["causality"]
    with (out / "metrics.csv").open() as stream:
        assert {row["transductive"] for row in csv.DictReader(stream)} == {"True"}
    assert "transductive" in capsys.readouterr().out
    card = load_card(out / "model")
    assert card.alignment == {"method": "euclidean", "group": "run"}
    assert "which looks ahead" in metrics["causality"]
    assert card.unit == "V"  # recordings are scaled before they are aligned
    # What a recording's windows are decided as is what aligned trials are.
    X, names = 1e-5 * np.random.default_rng(1).normal(size=(2, 6 * 150)), ["C3", "C4"]
    raw = mne.io.RawArray(X, mne.create_info(names, 100.0, "eeg"), verbose="error")
    path = tmp_path / "new_raw.fif"
    raw.save(path, fmt="double", verbose="error")
    decisions = predict_recording(out, path)
    windows, _ = align(X.reshape(2, 6, 150).transpose(1, 0, 2))
    expected = load_model(out / "model").predict_proba(windows)
    np.testing.assert_allclose(decisions.probabilities, expected, atol=1e-6)
    with pytest.raises(DataError, match="aligned per run, which one window cannot be"):
        predict_recording(out, path, window=9.0)


@pytest.mark.usefixtures("quick_report")
def test_a_plain_card_says_nothing_of_alignment(finished):
    assert "alignment" not in json.loads((finished / "model" / "pipeline.json").read_text())
    assert load_card(finished / "model").alignment == {}


@pytest.mark.usefixtures("quick_report")
def test_a_learning_curve_is_written_beside_the_scores(pipeline_file, dataset, tmp_path, fits):
    config = read_pipeline(pipeline_file, [*QUICK, "learning_curve.sizes=[0.25, 1]"])
    out = run_pipeline(config, tmp_path / "out", dataset=dataset).folder
    with (out / "learning_curve.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["model"], float(row["n_train"])) for row in rows] == [
        ("band-power-lda", 6),
        ("band-power-lda", 24),
        ("spiking network", 6),
        ("spiking network", 24),
    ]
    assert read(out)["learning_curve"]["sizes"] == [0.25, 1.0]
    assert fits == [24] * 3 + [6] * 3 + [36]  # whole folds are not fitted again
    fits.clear()
    run_pipeline(config, out, dataset=dataset)
    assert fits == []


@pytest.mark.usefixtures("quick_report")
def test_seeds_that_are_not_asked_for_today_are_kept(pipeline_file, dataset, tmp_path, fits):
    out = tmp_path / "out"
    for seeds, expected in (([0, 1], 6 + 1), ([0], 0), ([0, 1], 0)):
        fits.clear()
        config = read_pipeline(pipeline_file, ["training.max_epochs=2", f"protocol.seeds={seeds}"])
        run_pipeline(config, out, dataset=dataset)
        assert len(fits) == expected


@pytest.mark.usefixtures("quick_report")
def test_examples_stay_in_the_report_when_seeds_change_places(
    pipeline_file, dataset, tmp_path, monkeypatch
):
    shown = []
    monkeypatch.setattr(
        writing, "render_report", lambda report: shown.append(len(report.examples)) or ""
    )
    for seeds in ([0, 1], [1, 0]):
        config = read_pipeline(pipeline_file, ["training.max_epochs=2", f"protocol.seeds={seeds}"])
        run_pipeline(config, tmp_path / "out", dataset=dataset)
    assert shown[0] == shown[1] > 0


@pytest.mark.usefixtures("quick_report")
def test_runs_in_parallel_give_the_same_result_folder(pipeline_file, official_dataset, tmp_path):
    overrides = ["training.max_epochs=2", "protocol.kind=official"]
    config = read_pipeline(pipeline_file, overrides)
    one, many = tmp_path / "one", tmp_path / "many"
    run_pipeline(config, one, dataset=official_dataset)
    run_pipeline(config, many, dataset=official_dataset, n_jobs=2)

    def contents(folder):
        metrics = read(folder)
        for run in metrics["runs"]:
            run["fit_seconds"] = run["predict_seconds"] = None
        return metrics["runs"], metrics["verdict"], metrics["settings"]

    assert contents(one) == contents(many)
    weights = [(folder / "model" / "weights.safetensors").read_bytes() for folder in (one, many)]
    assert weights[0] == weights[1]
    names = [sorted(path.name for path in (folder / "folds").iterdir()) for folder in (one, many)]
    assert names[0] == names[1]
    assert any(name.startswith("examples") for name in names[1])


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["protocol.kind=transfer"], "protocol.train: missing; transfer needs"),
        (["protocol.train={run=[1]}", "protocol.test={run=[2]}"], "belong to kind 'transfer'"),
        (["protocol.kind=transfer", "protocol.train={run=[1]}"], "expected both"),
        (["protocol.kind=transfer", "protocol.train={run=1}"], "protocol.train.run: expected a ta"),
        (["protocol.kind=official", "protocol.within=subject"], "nothing is divided within"),
        (["test_data.name=Bonn"], "test_data: is what is tested on under"),
        (["test_data.name=Bon"], "test_data.name: Unknown data set 'Bon'"),
        (["alignment.method=procrustes"], "alignment.method: expected 'euclidean' or"),
        (["alignment.group=subject"], "alignment.method: missing"),
        (["learning_curve.sizes=[0.5, 2.0]"], "learning_curve.sizes: expected a number in"),
        (["learning_curve.draws=0"], "learning_curve.draws: expected an integer ≥ 1"),
        (["learning_curve.seeds=[1, 1]"], "learning_curve.seeds: expected different"),
        (["learning_curve.size=[0.5]"], "learning_curve.size: unknown key. Did you mean 'sizes'"),
    ],
)
def test_mistakes_are_one_line(pipeline_file, overrides, expected):
    with pytest.raises(ConfigurationError) as caught:
        read_pipeline(pipeline_file, overrides)
    message = str(caught.value)
    assert message.startswith("small.toml: ")
    assert "\n" not in message
    assert expected in message


def test_workers_that_cannot_be_are_refused_in_one_line(
    pipeline_file, dataset, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(running, "load_data", lambda config: dataset)
    arguments = [
        "run",
        str(pipeline_file),
        "--out",
        str(tmp_path / "out"),
        "--scheduler",
        "tcp://x",
    ]
    assert main(arguments) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "only backend 'dask' has one" in line


@pytest.mark.usefixtures("quick_report")
def test_transfer_between_two_data_sets(pipeline_file, dataset, tmp_path, monkeypatch):
    from eegsnn import datasets

    def load(name, **options):
        found = dataset.select(np.arange(len(dataset)))
        found.name = name
        if name == "Bonn":
            found.X = found.X[:, ::-1] * 1.1
            found.ch_names = ["C4", "C3"]
        return found

    monkeypatch.setattr(datasets, "load_dataset", load)
    config = read_pipeline(pipeline_file, [*QUICK, "protocol.kind=transfer", "test_data.name=Bonn"])
    outcome = run_pipeline(config, tmp_path / "out")
    assert outcome.result.dataset == "EEGMMIDB → Bonn"
    assert [fold["name"] for fold in outcome.result.folds] == ["EEGMMIDB → Bonn"]
    assert outcome.result.summary("band-power-lda").accuracy.mean > 0.9
