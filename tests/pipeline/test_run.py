"""A run writes a whole result, goes on after an interruption, and never breaks an old one."""

import csv
import errno
import json
import tomllib

import numpy as np
import pytest

from eegsnn.errors import ConfigurationError, DataError, DataTrapWarning, LeakageWarning
from eegsnn.estimators import EEGSpikingClassifier, load_model
from eegsnn.evaluation import ExperimentInterrupted
from eegsnn.pipeline import read_pipeline, writing
from eegsnn.pipeline.model_folder import load_card
from eegsnn.pipeline.run import run_pipeline


@pytest.fixture
def config(pipeline_file):
    return read_pipeline(pipeline_file)


@pytest.fixture
def fits(monkeypatch):
    """Counts the trainings of networks, and interrupts where asked."""
    log = []
    original = EEGSpikingClassifier.fit

    def fit(self, X, y=None, **options):
        log.append(len(X))
        if len(log) == fit.interrupt_at:
            raise KeyboardInterrupt
        return original(self, X, y, **options)

    fit.interrupt_at = None
    monkeypatch.setattr(EEGSpikingClassifier, "fit", fit)
    log_and_control = type("Fits", (), {"log": log, "control": fit})
    return log_and_control


def read(folder):
    return json.loads((folder / "metrics.json").read_text())


def test_result_folder_holds_what_it_should(finished):
    out = finished
    assert {path.name for path in out.iterdir()} == {
        "metrics.json",
        "metrics.csv",
        "config.toml",
        "report.html",
        "model_card.json",
        "model",
        "folds",
    }
    metrics = read(out)
    assert len(metrics["runs"]) == 3 + 3 * 2
    run = metrics["runs"][-1]
    assert {"accuracy", "balanced_accuracy", "auc", "confusion_matrix"} <= set(run["test"])
    assert run["seed"] == 1
    assert run["spike_rates"]
    assert len(run["history"]["loss"]) == 12
    assert run["fit_seconds"] > 0
    assert metrics["provenance"]["sha256"]["generated.edf"] == "ab" * 32
    assert metrics["versions"]["mlx"]
    assert metrics["leaky"] is False
    (summary,) = [s for s in metrics["summaries"] if s["kind"] == "spiking"]
    assert summary["accuracy"]["mean"] > 0.8
    assert summary["auc"]["mean"] > 0.8
    with (out / "metrics.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 9
    assert {row["fold"] for row in rows} == {"run 1", "run 2", "run 3"}
    assert tomllib.loads((out / "config.toml").read_text())["protocol"]["seeds"] == [0, 1]


def test_each_fold_keeps_the_decision_on_every_test_trial(finished):
    tested = []
    for path in (finished / "folds").glob("spiking*seed-0*.json"):
        record = json.loads(path.read_text())
        tested += record["predictions"]["trial"]
        assert np.allclose(np.sum(record["predictions"]["score"], axis=1), 1, atol=1e-4)
    assert sorted(tested) == list(range(36))


@pytest.mark.usefixtures("quick_report")
def test_saved_model_of_an_official_split_is_the_tested_one(
    pipeline_text, official_dataset, tmp_path
):
    from eegsnn.pipeline import parse_pipeline

    text = pipeline_text.replace("leave-one-group-out", "official").replace('group = "run"', "")
    config = parse_pipeline(tomllib.loads(text))
    run_pipeline(config, tmp_path / "r", dataset=official_dataset)
    model = load_model(tmp_path / "r" / "model")
    test = official_dataset.split == "test"
    accuracy = np.mean(model.predict(official_dataset.X[test]) == official_dataset.y[test])
    runs = [r for r in read(tmp_path / "r")["runs"] if r["seed"] == 0]
    assert accuracy == pytest.approx(runs[0]["test"]["accuracy"])


def test_saved_model_of_other_protocols_saw_all_trials_and_says_so(finished):
    card = load_card(finished / "model")
    assert "all 36 trials" in card.trained_on
    assert "never tested" in read(finished)["model"]
    assert card.ch_names == ["C3", "C4"]
    assert card.unit == "V"
    assert card.window == 1.5


@pytest.mark.usefixtures("quick_report")
def test_the_same_command_again_repeats_nothing(config, dataset, finished, fits):
    before = read(finished)
    run_pipeline(config, finished, dataset=dataset)
    assert fits.log == []
    assert read(finished)["runs"] == before["runs"]
    assert (finished / "model" / "model.json").is_file()


@pytest.mark.usefixtures("quick_report")
def test_the_same_weights_get_the_card_of_what_was_asked_for_last(config, dataset, finished, fits):
    """Of what no trial tells: units, how a recording is to be preprocessed."""
    (finished / "learning_curve.csv").write_text("of an earlier configuration")
    weights = (finished / "model" / "model.json").read_text()
    config.preprocessing["bads"] = "interpolate"
    dataset.unit = "a.u."
    run_pipeline(config, finished, dataset=dataset)
    assert fits.log == []
    card = load_card(finished / "model")
    assert (card.preprocessing["bads"], card.unit) == ("interpolate", "a.u.")
    assert (finished / "model" / "model.json").read_text() == weights
    assert not (finished / "learning_curve.csv").exists()


@pytest.mark.usefixtures("quick_report")
def test_fresh_repeats_everything(config, dataset, finished, fits):
    run_pipeline(config, finished, dataset=dataset, fresh=True)
    assert fits.log == [24] * 6 + [36]


@pytest.mark.usefixtures("quick_report")
def test_interruption_keeps_finished_folds_and_goes_on_from_there(config, dataset, tmp_path, fits):
    fits.control.interrupt_at = 4
    with pytest.raises(ExperimentInterrupted) as caught:
        run_pipeline(config, tmp_path / "r", dataset=dataset)
    assert (caught.value.done, caught.value.total) == (6, 9)
    assert not (tmp_path / "r" / "metrics.json").exists()
    fits.log.clear()
    fits.control.interrupt_at = None
    run_pipeline(config, tmp_path / "r", dataset=dataset)
    assert fits.log == [24] * 3 + [36]


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.usefixtures("quick_report")
def test_interruption_leaves_an_old_result_as_it_was(config, dataset, finished, fits):
    old = contents(finished)
    fits.control.interrupt_at = 2
    dataset.X *= 1.1
    with pytest.raises(ExperimentInterrupted):
        run_pipeline(config, finished, dataset=dataset)
    for path, content in old.items():
        assert path.read_bytes() == content


@pytest.mark.parametrize("victim", ["report.html", "metrics.csv", "model"])
@pytest.mark.usefixtures("quick_report")
def test_a_full_disk_leaves_an_old_result_as_it_was(config, dataset, finished, monkeypatch, victim):
    old = contents(finished)
    write_text, save_model = writing.write_text, writing.save_model

    def failing(path, *rest):
        if path.name == victim:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return (save_model if victim == "model" else write_text)(path, *rest)

    monkeypatch.setattr(writing, "save_model" if victim == "model" else "write_text", failing)
    with pytest.raises(OSError, match="No space left"):
        run_pipeline(config, finished, dataset=dataset, fresh=victim == "model")
    for path, content in old.items():
        if path.parent.name != "folds":  # finished folds are kept: they are new, and whole
            assert path.read_bytes() == content
    assert not list(finished.glob(".new-*"))
    assert not list(finished.glob(".old-*"))


@pytest.mark.usefixtures("quick_report")
def test_results_of_another_configuration_are_removed_once_the_new_are_whole(
    pipeline_file, dataset, finished
):
    config = read_pipeline(pipeline_file, ["training.max_epochs=3", "protocol.seeds=[0]"])
    run_pipeline(config, finished, dataset=dataset)
    assert len(list((finished / "folds").glob("*.json"))) == 6
    assert len(list((finished / "folds").glob("*.npz"))) == 1


@pytest.mark.usefixtures("undrawn")
def test_a_leaky_protocol_is_marked_everywhere(pipeline_file, dataset, tmp_path):
    overrides = ["protocol.kind=stratified-k-fold", "protocol.n_splits=2", "protocol.seeds=[0]"]
    config = read_pipeline(pipeline_file, overrides)
    with pytest.warns(LeakageWarning, match="same run"):
        run_pipeline(config, tmp_path / "r", dataset=dataset)
    assert read(tmp_path / "r")["leaky"] is True
    assert "must not be quoted" in " ".join(read(tmp_path / "r")["verdict"])
    assert "do not quote" in (tmp_path / "r" / "report.html").read_text()
    assert "True" in (tmp_path / "r" / "metrics.csv").read_text()


@pytest.mark.parametrize(
    ("overrides", "error", "message"),
    [
        (["protocol.kind=official"], DataError, "no official split"),
        (["protocol.group=subject"], DataError, "has no group 'subject'"),
        (["learning_curve.by=sesion"], DataError, "learning_curve.by: .* no group 'sesion'"),
        (["learning_curve.sizes=[0.01, 1]"], DataError, "learning_curve: class .* training trial"),
        (["protocol.kind=group-k-fold", "protocol.n_splits=9"], DataError, "at least 9 groups"),
        (["bands.bands={fast=[30, 60]}"], ConfigurationError, "fast"),
        (["encoder.bin_width=0.001"], ConfigurationError, "bin_width"),
        (["encoder.bin_width=2.0"], ConfigurationError, r"small\.toml: .* shorter than one bin"),
        (["bands.bands={slow=[0.1, 0.5]}"], ConfigurationError, "shorter than one cycle"),
        (
            ["encoder.spatial_filter=csp", "encoder.n_components=3"],
            ConfigurationError,
            "number of channels, 2, but got 3",
        ),
    ],
)
def test_what_does_not_fit_the_data_is_refused_before_training(
    pipeline_file, dataset, tmp_path, fits, overrides, error, message
):
    config = read_pipeline(pipeline_file, overrides)
    with pytest.raises(error, match=message):
        run_pipeline(config, tmp_path / "r", dataset=dataset)
    assert fits.log == []
    assert not (tmp_path / "r").exists()


def test_oddities_of_the_signals_are_told_before_anything_is_trained(config, dataset, tmp_path):
    dataset.y[:] = "left"
    dataset.provenance["oddities"] = ["Flat in every trial of a.fif: Cz."]
    with pytest.warns(DataTrapWarning, match=r"Flat .*: Cz"), pytest.raises(DataError):
        run_pipeline(config, tmp_path / "r", dataset=dataset)


def test_one_class_only_is_refused(config, dataset, tmp_path):
    dataset.y[:] = "left"
    with pytest.raises(DataError, match="at least two classes"):
        run_pipeline(config, tmp_path / "r", dataset=dataset)
