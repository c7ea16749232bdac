"""The command line: what it prints, what it returns, and one line for every mistake."""

import csv
import errno
import json
import re
import subprocess
import sys

import mne
import numpy as np
import pytest

from eegsnn.cli import main
from eegsnn.encoding import EEGEncoder
from eegsnn.estimators import EEGSpikingClassifier
from eegsnn.pipeline import run as running
from eegsnn.pipeline import writing
from eegsnn.pipeline.model_folder import load_card, save_card


@pytest.fixture
def generated(monkeypatch, dataset):
    """Lets pipelines load the generated data set."""
    monkeypatch.setattr(running, "load_data", lambda config: dataset)
    return dataset


def errors_of(capsys, *arguments):
    """Run a command that must fail; return its exit code and the one line it says."""
    code = main([str(argument) for argument in arguments])
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1, lines
    return code, lines[0]


@pytest.fixture
def recording(tmp_path):
    """4.5 s of noise at 100 Hz, alpha on C4 in the first 1.5 s, on C3 in the second."""
    rng = np.random.default_rng(1)
    data = 1e-5 * rng.normal(size=(3, 450))
    wave = 3e-5 * np.sin(2 * np.pi * 10 * np.arange(150) / 100)
    data[0, :150] += wave  # C4
    data[2, 150:300] += wave  # C3
    raw = mne.io.RawArray(data, mne.create_info(["C4", "Cz", "C3"], 100.0, "eeg"), verbose="error")
    raw.set_annotations(mne.Annotations([0.0, 1.5, 3.2], [0.1] * 3, ["T1", "T2", "BAD_move"]))
    path = tmp_path / "generated_raw.fif"
    raw.save(path, verbose="error")
    return path


def test_help_has_examples_and_imports_nothing_heavy():
    code = (
        "import sys; from eegsnn.cli import main; code = main(['--help']);"
        "heavy = {'mne', 'mlx', 'scipy', 'sklearn', 'matplotlib'} & set(sys.modules);"
        "sys.exit(1 if heavy or code else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "eegsnn run scp1" in done.stdout


def test_python_runs_the_package_as_the_command():
    for arguments, expected in ((["--version"], 0), (["walk"], 2)):
        command = [sys.executable, "-m", "eegsnn", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == expected
        assert (done.stdout or done.stderr).removeprefix("usage: ").startswith("eegsnn ")


@pytest.mark.parametrize(
    "arguments", [[], ["walk"], ["run"], ["datasets"], ["run", "x", "--speed"]]
)
def test_what_cannot_be_parsed_returns_two(arguments, capsys):
    assert main(arguments) == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.usefixtures("undrawn")
def test_run_writes_a_result_and_says_what_it_means(generated, pipeline_file, tmp_path, capsys):
    out = tmp_path / "result"
    arguments = ["run", str(pipeline_file), "--out", str(out), "--seeds", "3"]
    more = ["--set", "training.max_epochs=4", "--add-baseline", "csp-lda"]
    assert main([*arguments, *more]) == 0
    captured = capsys.readouterr()
    assert "spiking network" in captured.out
    assert {"band-power-lda", "csp-lda"} <= set(captured.out.split())
    assert re.search(r"accuracy +interval +seeds", captured.out)
    low, high = map(float, re.search(r"(\d\.\d{3})–(\d\.\d{3})", captured.out).groups())
    assert low <= high
    assert re.search(r"interval: 95 %, .*, n = \d+", captured.out)
    table = captured.out[: captured.out.index("Report:")]
    assert max(map(len, table.splitlines())) <= 100
    assert "report.html" in captured.out
    assert "run 2 · seed 3: accuracy" in captured.err
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["seeds"] == [3]
    assert metrics["configuration"]["training"]["max_epochs"] == 4
    assert "&lt;b&gt;entirely&lt;/b&gt;" in (out / "report.html").read_text()


@pytest.mark.usefixtures("quick_report")
def test_quiet_run_says_nothing(generated, pipeline_file, tmp_path, capsys):
    arguments = ["run", str(pipeline_file), "--out", str(tmp_path / "r"), "--quiet"]
    assert main([*arguments, "--seeds", "0", "--set", "training.max_epochs=2"]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == ""


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["nothing.toml"], "nothing.toml: no such pipeline file"),
        (["--set", "training.max_epoch=3"], "training.max_epoch: unknown key. Did you mean"),
        (["--set", "protocol.group=subject"], "has no group 'subject'"),
        (["--set", "bands.bands={fast=[30,60]}"], "Nyquist"),
        (["--set", "protocol"], "--set: expected section.key=value"),
        (["--add-baseline", "csp"], "--add-baseline: expected one of"),
    ],
)
def test_run_refuses_in_one_line(generated, pipeline_file, tmp_path, capsys, arguments, expected):
    if not arguments[0].endswith(".toml"):
        arguments = [pipeline_file, *arguments]
    code, line = errors_of(capsys, "run", *arguments, "--out", tmp_path / "r")
    assert code == 2
    assert line.startswith("error: ")
    assert expected in line


def test_debug_shows_where_it_happened(generated, pipeline_file, tmp_path):
    with pytest.raises(ValueError, match="has no group"):
        main(["run", str(pipeline_file), "--set", "protocol.group=subject", "--debug"])


def test_interruption_says_what_is_kept(generated, pipeline_file, tmp_path, capsys, monkeypatch):
    original = EEGSpikingClassifier.fit
    calls = []

    def fit(self, X, y=None, **options):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return original(self, X, y, **options)

    monkeypatch.setattr(EEGSpikingClassifier, "fit", fit)
    out = tmp_path / "r"
    assert main(["run", str(pipeline_file), "--out", str(out), "--quiet"]) == 130
    message = capsys.readouterr().err
    assert "4 of 9 runs are finished and kept" in message
    assert str(out / "folds") in message


def test_ctrl_c_within_training_saves_the_best_weights_so_far(
    generated, pipeline_file, tmp_path, capsys, monkeypatch
):
    import warnings

    from eegsnn.errors import InterruptedTrainingWarning

    original = EEGSpikingClassifier.fit

    def fit(self, X, y=None, **options):
        original(self, X, y, **options)
        warnings.warn("stopped by hand", InterruptedTrainingWarning, stacklevel=2)
        return self

    monkeypatch.setattr(EEGSpikingClassifier, "fit", fit)
    out = tmp_path / "r"
    assert main(["run", str(pipeline_file), "--out", str(out), "--quiet"]) == 130
    assert "model-interrupted" in capsys.readouterr().err
    assert "interrupted" in load_card(out / "model-interrupted").trained_on


def test_a_full_disk_is_one_line(generated, pipeline_file, tmp_path, capsys, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device", "metrics.json")

    monkeypatch.setattr(writing, "write_json", full)
    monkeypatch.setattr(writing, "render_report", lambda report: "")
    arguments = ["--out", tmp_path / "r", "--quiet", "--seeds", 0, "--set", "training.max_epochs=2"]
    code, line = errors_of(capsys, "run", pipeline_file, *arguments)
    assert code == 1
    assert "No space left on device" in line
    assert "unchanged" in line


def rows_of(path):
    with path.open() as stream:
        return list(csv.DictReader(stream))


def test_predict_writes_a_decision_per_window(finished, recording, tmp_path, capsys):
    out = tmp_path / "decisions.csv"
    assert main(["predict", str(finished), str(recording), "--out", str(out)]) == 0
    rows = rows_of(out)
    assert [row["start_s"] for row in rows] == ["0", "1.5"]  # the third touches BAD_move
    assert [row["label"] for row in rows] == ["left", "right"]  # channels are matched by name
    for row in rows:
        assert float(row["p_left"]) + float(row["p_right"]) == pytest.approx(1, abs=1e-3)
    captured = capsys.readouterr()
    assert "2 decisions" in captured.out
    assert "1 windows were left out" in captured.err


def test_predict_does_not_miss_a_channel_that_is_left_out(finished, recording, tmp_path):
    (card,) = finished.rglob("pipeline.json")
    content = json.loads(card.read_text())
    content["preprocessing"] = {"picks": ["eeg", "!C3-1"]}
    card.write_text(json.dumps(content))
    out = tmp_path / "decisions.csv"
    for options in ([], ["--events", "T1,T2"]):
        assert main(["predict", str(finished), str(recording), *options, "--out", str(out)]) == 0
        assert [row["label"] for row in rows_of(out)] == ["left", "right"]


def test_predict_decides_about_trials_that_are_cut(finished, recording, tmp_path, capsys):
    """The same signals as a recording, as epochs (0.2 s before too), as arrays in microvolts."""
    raw = mne.io.read_raw(recording, preload=True, verbose="error")
    events = np.array([[raw.first_samp + start, 0, 1] for start in (20, 150)])
    cut = {"tmin": -0.2, "tmax": 1.6, "baseline": None, "preload": True, "verbose": "error"}
    mne.Epochs(raw, events, {"cue": 1}, **cut).save(tmp_path / "t-epo.fif", verbose="error")
    X = raw.get_data()[:, :300].reshape(3, 2, 150).transpose(1, 0, 2)
    arrays = {"X": X[:, ::-1] * 1e6, "unit": "uV", "ch_names": raw.ch_names[::-1]}
    np.savez(tmp_path / "t.npz", **arrays, sfreq=100.0)

    def shares(name, *options):
        out = tmp_path / "out.csv"
        assert main(["predict", str(finished), str(name), *options, "--out", str(out)]) == 0
        return [(row.get("event"), row["label"], row["p_left"]) for row in rows_of(out)]

    running = shares(recording)
    assert [row[1:] for row in shares(tmp_path / "t.npz")] == [row[1:] for row in running]
    raw.set_annotations(mne.Annotations([0.2, 1.5], 0.0, "cue")).save(recording, overwrite=True)
    assert shares(tmp_path / "t-epo.fif") == shares(recording, "--events", "cue")
    np.savez(tmp_path / "t.npz", **arrays, sfreq=100.0, tmin=0.5)
    capsys.readouterr()
    _, line = errors_of(capsys, "predict", finished, tmp_path / "t.npz")
    assert "Cut them so" in line
    _, line = errors_of(capsys, "predict", finished, tmp_path / "t.npz", "--step", "1")
    assert "step: t.npz holds trials that are cut" in line
    _, line = errors_of(
        capsys, "predict", finished, tmp_path / "t.npz", "--out", tmp_path / "a_annot.fif"
    )
    assert "annotations lie in a recording" in line


def test_predict_decides_at_a_stimulus_channel(finished, recording, tmp_path):
    raw = mne.io.read_raw(recording, preload=True, verbose="error").set_annotations(None)
    pulses = np.zeros((1, raw.n_times))
    pulses[0, 150:155] = 4
    info = mne.create_info(["STI 014"], 100.0, "stim")
    raw.add_channels([mne.io.RawArray(pulses, info, verbose="error")], force_update_info=True)
    raw.save(recording, overwrite=True, verbose="error")
    out = tmp_path / "out.csv"
    assert (
        main(["predict", str(finished), str(recording), "--events", "stim", "--out", str(out)]) == 0
    )
    assert [(row["start_s"], row["event"], row["label"]) for row in rows_of(out)] == [
        ("1.5", "4", "right")
    ]


def test_predict_slides_and_prints(finished, recording, capsys):
    arguments = ["predict", str(finished / "model"), str(recording), "--window", "1.2"]
    assert main([*arguments, "--step", "0.5"]) == 0
    lines = capsys.readouterr().out.strip().splitlines()
    assert lines[0] == "start_s,end_s,label,p_left,p_right"
    assert [line.split(",")[0] for line in lines[1:]] == ["0", "0.5", "1", "1.5", "2"]
    assert lines[1].split(",")[1] == "1.2"


@pytest.mark.parametrize("ending", ["_annot.txt", "-annot.fif"])
def test_predict_writes_annotations(finished, recording, tmp_path, ending):
    out = tmp_path / f"decisions{ending}"
    assert main(["predict", str(finished), str(recording), "--out", str(out)]) == 0
    annotations = mne.read_annotations(out)
    assert list(annotations.description) == ["left", "right"]
    assert annotations.duration[0] == pytest.approx(1.5)
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_predict_writes_annotations_as_csv_without_pandas(finished, recording, tmp_path):
    out = tmp_path / "decisions_annot.csv"
    assert main(["predict", str(finished), str(recording), "--out", str(out)]) == 0
    assert out.read_text().splitlines() == [
        "onset,duration,description",
        "1970-01-01 00:00:00.000000,1.5,left",
        "1970-01-01 00:00:01.500000,1.5,right",
    ]


@pytest.mark.parametrize("events", ["T1,T2", "annotations"])
def test_predict_decides_at_annotations(finished, recording, tmp_path, events):
    out = tmp_path / "d.csv"
    main(["predict", str(finished), str(recording), "--events", events, "--out", str(out)])
    assert [(row["event"], row["label"]) for row in rows_of(out)] == [
        ("T1", "left"),
        ("T2", "right"),
    ]


def test_predict_decides_at_annotations_of_a_recording_that_was_cropped(
    finished, recording, tmp_path
):
    """Without a date, too, MNE counts onsets from where the measurement began."""
    raw = mne.io.read_raw(recording, preload=True, verbose="error").crop(1.5)
    raw.save(tmp_path / "later_raw.fif", verbose="error")
    out = tmp_path / "d.csv"
    command = ["predict", str(finished), str(tmp_path / "later_raw.fif"), "--out", str(out)]
    main([*command, "--events", "T2"])
    assert [(row["event"], row["label"]) for row in rows_of(out)] == [("T2", "right")]
    main(command)  # the second window, from 1.5 s, touches the BAD annotation
    assert [row["label"] for row in rows_of(out)] == ["right"]


def test_trials_that_are_no_volts_are_refused_by_a_model_of_volts(finished, tmp_path, capsys):
    path = tmp_path / "t.npz"
    X = np.random.default_rng(0).normal(size=(2, 3, 150))
    names = ["C4", "Cz", "C3"]
    np.savez(path, X=X, y=["a", "b"], sfreq=100.0, ch_names=names, unit="a.u.")
    error = errors_of(capsys, "predict", finished, path)[1]
    assert "these trials are in a.u." in error
    assert "--scale" in error
    assert main(["predict", str(finished), str(path), "--scale", "1e-5"]) == 0


def test_labels_with_commas_and_letters_beyond_ascii(finished, tmp_path, capsys):
    info = mne.create_info(["C4", "Cz", "C3"], 100.0, "eeg")
    data = 1e-5 * np.random.default_rng(0).normal(size=(3, 600))
    raw = mne.io.RawArray(data, info, verbose="error")
    raw.set_annotations(mne.Annotations([1.0, 3.0], 0.0, ["go, left", "右手"]))
    raw.save(tmp_path / "x_raw.fif", verbose="error")
    for events in ("go, left", "右手"):
        command = ["predict", str(finished), str(tmp_path / "x_raw.fif"), "--events", events]
        assert main([*command, "--out", str(tmp_path / "d.csv")]) == 0
        assert [row["event"] for row in rows_of(tmp_path / "d.csv")] == [events]
    error = errors_of(capsys, *command[:-1], "go")[1]
    assert "Labels present: 'go, left', '右手'." in error


def test_predict_decides_at_an_event_called_bad(finished, recording, tmp_path):
    raw = mne.io.read_raw(recording, preload=True, verbose="error")
    raw.annotations.rename({"T1": "bad"}, verbose="error")
    raw.save(tmp_path / "x_raw.fif", verbose="error")
    out = tmp_path / "d.csv"
    command = ["predict", str(finished), str(tmp_path / "x_raw.fif"), "--out", str(out)]
    assert main([*command, "--events", "bad,T2"]) == 0
    assert [row["event"] for row in rows_of(out)] == ["bad", "T2"]


def test_decisions_as_annotations_are_events_again(finished, recording, tmp_path):
    out = tmp_path / "d_annot.csv"
    command = ["predict", str(finished), str(recording)]
    main([*command, "--out", str(out)])
    main([*command, "--events", str(out), "--out", str(tmp_path / "d.csv")])
    assert [row["event"] for row in rows_of(tmp_path / "d.csv")] == ["left", "right"]


def test_predict_decides_at_an_events_file(finished, recording, tmp_path):
    events = tmp_path / "generated-eve.fif"
    mne.write_events(events, np.array([[0, 0, 7], [150, 0, 8], [440, 0, 7]]), verbose="error")
    out = tmp_path / "d.csv"
    main(["predict", str(finished), str(recording), "--events", str(events), "--out", str(out)])
    assert [(row["event"], row["label"]) for row in rows_of(out)] == [("7", "left"), ("8", "right")]


def test_predict_decides_at_the_events_of_a_table(finished, recording, tmp_path):
    events = tmp_path / "cues.csv"
    events.write_text("onset,label\n0,go\n1.5,stop\n4.4,go\n")
    out = tmp_path / "d.csv"
    main(["predict", str(finished), str(recording), "--events", str(events), "--out", str(out)])
    found = [(row["event"], row["label"]) for row in rows_of(out)]
    assert found == [("go", "left"), ("stop", "right")]


def test_predict_refuses_what_are_no_events(finished, recording, tmp_path, capsys):
    events = tmp_path / "events.txt"
    events.write_text("1 2\n")
    code, line = errors_of(capsys, "predict", finished, recording, "--events", events)
    assert code == 2
    assert "events.txt: cannot be read as events" in line


def test_predict_warns_if_the_amplitude_is_that_of_something_else(finished, recording, capsys):
    rng = np.random.default_rng(3)
    info = mne.create_info(["C3", "C4"], 100.0, "eeg")
    epochs = mne.EpochsArray(1e-5 * rng.normal(size=(8, 2, 100)), info, verbose="error")
    model = EEGSpikingClassifier(sfreq=100.0, max_epochs=1, random_state=0)
    model.fit(epochs, ["rest", "move"] * 4).save(finished / "by-hand")
    arguments = ["predict", str(finished / "by-hand"), str(recording), "--window", "1"]
    assert main([*arguments, "--scale", "1e-9"]) == 0
    assert "every window got the same probabilities" in " ".join(capsys.readouterr().err.split())
    assert main(arguments) == 0
    assert capsys.readouterr().err.count("warning") == 0


def save(raw, path):
    raw.save(path, verbose="error", overwrite=True)
    return path


def test_predict_resamples_only_when_asked(finished, recording, tmp_path, capsys):
    raw = mne.io.read_raw(recording, preload=True, verbose="error").resample(200, verbose="error")
    path = save(raw, tmp_path / "fast_raw.fif")
    code, line = errors_of(capsys, "predict", finished, path)
    assert code == 2
    assert "200 Hz" in line
    assert "100 Hz" in line
    assert "--resample" in line
    out = tmp_path / "d.csv"
    assert main(["predict", str(finished), str(path), "--resample", "--out", str(out)]) == 0
    assert [row["label"] for row in rows_of(out)] == ["left", "right"]


def test_predict_names_missing_channels(finished, recording, tmp_path, capsys):
    raw = mne.io.read_raw(recording, preload=True, verbose="error").drop_channels(["C4"])
    code, line = errors_of(capsys, "predict", finished, save(raw, tmp_path / "less_raw.fif"))
    assert code == 2
    assert "missing" in line
    assert "C4" in line
    assert "--estimate-missing" in line


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.nan, "NaN or infinity: 10 of 600 samples, the first in the window from 1.5 s, channel"),
        (np.inf, "(C3). Drop or interpolate"),
    ],
)
def test_predict_names_the_window_and_channel_of_nan(
    finished, recording, tmp_path, capsys, value, expected
):
    raw = mne.io.read_raw(recording, preload=True, verbose="error")
    raw._data[2, 200:210] = value
    path = save(raw, tmp_path / "nan_raw.fif")
    code, line = errors_of(capsys, "predict", finished, path)
    assert code == 2
    assert "nan_raw.fif: contains" in line
    assert expected in line


def test_predict_ignores_nan_under_a_bad_annotation(finished, recording, tmp_path):
    raw = mne.io.read_raw(recording, preload=True, verbose="error")
    raw._data[:, 330:340] = np.nan
    path, out = save(raw, tmp_path / "nan_raw.fif"), tmp_path / "d.csv"
    assert main(["predict", str(finished), str(path), "--out", str(out)]) == 0
    assert len(rows_of(out)) == 2


def test_predict_refuses_a_dead_electrode(finished, recording, tmp_path, capsys):
    raw = mne.io.read_raw(recording, preload=True, verbose="error")
    raw._data[0] = 3e-6
    code, line = errors_of(capsys, "predict", finished, save(raw, tmp_path / "flat_raw.fif"))
    assert code == 2
    assert "channel C4 is flat throughout" in line


@pytest.fixture(scope="module")
def chosen(tmp_path_factory):
    """A model that was chosen automatically, and a recording of six windows like its trials."""
    folder, rng = tmp_path_factory.mktemp("chosen") / "model", np.random.default_rng(3)
    names = ["C3", "C4", "Cz", "Pz"]
    data = 1e-5 * rng.normal(size=(20, 4, 100))
    data[1::2, 0] *= 1.5
    model = EEGSpikingClassifier(sfreq=100.0, random_state=0, time_budget_s=0.5)
    model.fit(data, ["rest", "move"] * 10, ch_names=names).save(folder)
    signal = np.concatenate(list(data[:6]), axis=1)
    return folder, mne.io.RawArray(signal, mne.create_info(names, 100.0, "eeg"), verbose="error")


def came_off(signal):
    signal[1, 250:] += 1e-3 * np.sin(np.arange(350))


def was_off(signal):
    signal[1] = 2e-6


@pytest.mark.parametrize(("happens", "decisions"), [(came_off, 4), (was_off, 6)])
def test_predict_tells_of_channels_that_it_estimates(chosen, happens, decisions, tmp_path, capsys):
    model, raw = chosen[0], chosen[1].copy()
    happens(raw._data)
    assert main(["predict", str(model), str(save(raw, tmp_path / "new_raw.fif"))]) == 0
    said = capsys.readouterr()
    assert f"estimated from the others (in how many decisions): C4 ({decisions})." in said.err
    assert len(said.out.splitlines()) == 7


def test_predict_estimates_dead_electrodes_of_trials_that_are_cut(chosen, tmp_path, capsys):
    model, raw = chosen
    X = np.stack(np.split(raw.get_data(), 6, axis=1))
    X[:, 2] = 0.0
    np.savez(tmp_path / "trials.npz", X=X, sfreq=100.0, ch_names=raw.ch_names)
    assert main(["predict", str(model), str(tmp_path / "trials.npz")]) == 0
    assert "Cz (6)." in capsys.readouterr().err


def test_predict_estimates_dead_electrodes_for_a_trained_network(tmp_path, capsys):
    rng, names = np.random.default_rng(3), ["C3", "C4", "Cz", "Pz"]
    encoder = EEGEncoder("standard", method="rate", feature="envelope", bin_width=0.1)
    model = EEGSpikingClassifier(encoder, sfreq=100.0, random_state=0, max_epochs=2)
    data = 1e-5 * rng.normal(size=(20, 4, 100))
    model.fit(data, ["rest", "move"] * 10, ch_names=names).save(tmp_path / "model")
    signal = np.concatenate(list(data[:6]), axis=1)
    signal[3] = 1e-6
    raw = mne.io.RawArray(signal, mne.create_info(names, 100.0, "eeg"), verbose="error")
    path, out = save(raw, tmp_path / "new_raw.fif"), tmp_path / "d.csv"
    command = ["predict", str(tmp_path / "model"), str(path), "--window", "1", "--out", str(out)]
    assert main(command) == 0
    assert "estimated from the others (in how many decisions): Pz (6)." in capsys.readouterr().err
    assert len(rows_of(out)) == 6


@pytest.mark.parametrize("cut", [False, True])
def test_predict_estimates_missing_channels_when_asked(chosen, cut, tmp_path, capsys):
    model, raw = (
        chosen[0],
        chosen[1].copy().drop_channels(["C4"]).reorder_channels(["Pz", "C3", "Cz"]),
    )
    path = tmp_path / ("trials.npz" if cut else "less_raw.fif")
    if cut:
        X = np.stack(np.split(raw.get_data(), 6, axis=1))
        np.savez(path, X=X, sfreq=100.0, ch_names=raw.ch_names)
    else:
        save(raw, path)
    assert main(["predict", str(model), str(path), "--estimate-missing"]) == 0
    said = capsys.readouterr()
    assert "estimated from the others (in how many decisions): C4 (6)." in said.err
    dead = chosen[1].copy()
    dead._data[1] = 0.0
    main(["predict", str(model), str(save(dead, tmp_path / "dead_raw.fif"))])
    same = capsys.readouterr().out
    assert [line.split(",")[-2:] for line in said.out.splitlines()] == [
        line.split(",")[-2:] for line in same.splitlines()
    ]


def test_predict_estimates_no_more_than_it_can(chosen, tmp_path, capsys):
    model, raw = chosen[0], chosen[1].copy().drop_channels(["C4", "Pz"])
    path = save(raw, tmp_path / "less_raw.fif")
    code, line = errors_of(capsys, "predict", model, path, "--estimate-missing")
    assert code == 2
    assert "channel C4, Pz is missing or flat, which this model cannot estimate" in line
    raw = chosen[1].copy().rename_channels(dict(zip(chosen[1].ch_names, "abcd", strict=True)))
    path = save(raw, tmp_path / "other_raw.fif")
    code, line = errors_of(capsys, "predict", model, path, "--estimate-missing")
    assert code == 2
    assert "Channels missing from the data: C3, C4, Cz, Pz. Present: a, b, c, d." in line


def test_predict_refuses_more_dead_electrodes_than_it_can_estimate(chosen, tmp_path, capsys):
    model, raw = chosen[0], chosen[1].copy()
    raw._data[1:3] = 0.0
    code, line = errors_of(capsys, "predict", model, save(raw, tmp_path / "flat_raw.fif"))
    assert code == 2
    assert "channel C4, Cz is flat throughout" in line


def test_predict_with_models_saved_by_hand(recording, tmp_path, capsys):
    """Without a pipeline the length of a trial must be given, and channels must have names."""
    rng = np.random.default_rng(3)
    X, y = 1e-5 * rng.normal(size=(8, 2, 100)), ["rest", "move"] * 4
    info = mne.create_info(["C3", "C4"], 100.0, "eeg")
    settings = {"sfreq": 100.0, "max_epochs": 1, "random_state": 0}
    named = EEGSpikingClassifier(**settings).fit(mne.EpochsArray(X, info, verbose="error"), y)
    named.save(tmp_path / "named")
    code, line = errors_of(capsys, "predict", tmp_path / "named", recording)
    assert code == 2
    assert "give --window" in line
    assert main(["predict", str(tmp_path / "named"), str(recording), "--window", "1"]) == 0
    assert capsys.readouterr().out.startswith("start_s,end_s,label,p_move,p_rest")
    EEGSpikingClassifier(**settings).fit(X, y).save(tmp_path / "unnamed")
    code, line = errors_of(capsys, "predict", tmp_path / "unnamed", recording, "--window", "1")
    assert code == 2
    assert "channels had no names" in line


def test_predict_with_an_automatic_choice_saved_by_hand(recording, tmp_path, capsys):
    """It knows how long its trials were, and decides about nothing else; not when they began."""
    rng = np.random.default_rng(3)
    X, y = 1e-5 * rng.normal(size=(8, 3, 100)), ["rest", "move"] * 4
    epochs = mne.EpochsArray(
        X, mne.create_info(["C3", "Cz", "C4"], 100.0, "eeg"), tmin=-0.5, verbose="error"
    )
    model = EEGSpikingClassifier(random_state=0).fit(epochs, y)
    folder, out = str(model.save(tmp_path / "model")), tmp_path / "out.csv"
    assert main(["predict", folder, str(recording), "--step", "0.5", "--out", str(out)]) == 0
    assert [row["end_s"] for row in rows_of(out)] == ["1", "1.5", "2", "2.5", "3", "4.5"]
    capsys.readouterr()
    _, line = errors_of(capsys, "predict", folder, recording, "--window", "1.2")
    assert "as long as its training trials, 1 s, but got 1.2 s" in line
    assert main(["predict", folder, str(recording), "--events", "T1,T2", "--out", str(out)]) == 0
    assert "does not tell when its trials began" in " ".join(capsys.readouterr().err.split())
    epochs.save(tmp_path / "a-epo.fif", verbose="error")
    assert main(["predict", folder, str(tmp_path / "a-epo.fif"), "--out", str(out)]) == 0
    expected = model.predict_proba(epochs)[:, 0]
    got = [float(row["p_move"]) for row in rows_of(out)]
    np.testing.assert_allclose(got, expected, atol=1e-3)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("empty.edf", b"", "the file is empty"),
        ("cut.edf", b"0       X", "truncated within its header"),
        ("notes.txt", b"hello", "eegsnn convert notes.txt"),
        ("noise_raw.fif", b"hello" * 100, "cannot be read"),
    ],
)
def test_predict_refuses_what_is_no_recording(finished, tmp_path, capsys, name, content, expected):
    (tmp_path / name).write_bytes(content)
    code, line = errors_of(capsys, "predict", finished, tmp_path / name)
    assert code == 2
    assert expected in line
    assert name in line


def test_predict_asks_for_the_scale_of_arbitrary_units(finished, recording, capsys):
    card = load_card(finished / "model")
    card.unit = "a.u."
    save_card(finished / "model", card)
    code, line = errors_of(capsys, "predict", finished, recording)
    assert code == 2
    assert "--scale" in line
    assert main(["predict", str(finished), str(recording), "--scale", "1"]) == 0


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--window", "60"], "lasts 4.5 s, but a window is 60 s"),
        (["--window", "-1"], "window: expected a number ≥ 0.01 s"),
        (["--window", "0.001"], "window: expected a number ≥ 0.01 s"),
        (["--step", "0"], "step: expected a number > 0 s"),
        (["--scale", "0"], "scale: expected a number other than 0"),
        (["--events", "T9"], "Labels present: 'BAD_move', 'T1', 'T2'"),
        (["--out", "decisions.xlsx"], "out: expected a name that ends in"),
    ],
)
def test_predict_refuses_in_one_line(finished, recording, capsys, options, expected):
    code, line = errors_of(capsys, "predict", finished, recording, *options)
    assert code == 2
    assert expected in line


def test_predict_without_a_model_or_a_recording(finished, recording, tmp_path, capsys):
    code, line = errors_of(capsys, "predict", tmp_path / "none", recording)
    assert code == 2
    assert "no such model" in line
    code, line = errors_of(capsys, "predict", finished, tmp_path / "none.edf")
    assert code == 2
    assert "none.edf" in line


def test_a_truncated_card_is_refused(finished, recording, capsys):
    card = finished / "model" / "pipeline.json"
    card.write_text(card.read_text()[:50])
    code, line = errors_of(capsys, "predict", finished, recording)
    assert code == 2
    assert "pipeline.json" in line


def test_versions(capsys):
    assert main(["versions", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"eegsnn", "python", "mlx", "numpy", "scipy", "mne", "nir", "device"} <= set(found)
    assert main(["versions"]) == 0
    assert "mlx" in capsys.readouterr().out


def test_pipelines_and_datasets_are_listed(capsys):
    assert main(["pipelines", "list"]) == 0
    assert "scp1" in capsys.readouterr().out
    assert main(["datasets", "list"]) == 0
    assert "SelfRegulationSCP1" in capsys.readouterr().out
    assert main(["datasets", "info", "bonn"]) == 0
    assert "licence" in capsys.readouterr().out


def test_an_unknown_data_set_is_one_line(capsys):
    code, line = errors_of(capsys, "datasets", "info", "Bon")
    assert code == 2
    assert "Bonn" in line
