"""The command as a process of its own: real signals, a real limit of space, a user's own folder."""

import contextlib
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import mne
import numpy as np
import pytest

from eegsnn.cli import main
from eegsnn.estimators import SpikingClassifier, load_model

resource = pytest.importorskip("resource", reason="limits of space need POSIX")

MANIFEST = """\
name = "Own"
reader = "recordings"

[folder]
path = "recordings"
files = "*_raw.fif"
pattern = 'run-(?P<run>\\d)'

[events]
T1 = "left"
T2 = "right"
"""
PIPELINE = """\
title = "Own recordings"

[data]
name = "own.toml"
options = { tmax = 1.5 }

[bands]
bands = { alpha = [8, 13] }

[encoder]
method = "direct"
feature = "log_power"
bin_width = 0.25

[network]
hidden = [8]

[training]
max_epochs = 3

[protocol]
kind = "leave-one-group-out"
group = "run"
seeds = [0]
"""
MAIN = "import sys; from eegsnn.cli import main; sys.exit(main(sys.argv[1:]))"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A folder as a user would have it: three recordings, a manifest and a pipeline."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "recordings").mkdir()
    (folder / "own.toml").write_text(MANIFEST)
    (folder / "own_pipeline.toml").write_text(PIPELINE)
    rng = np.random.default_rng(0)
    info = mne.create_info(["C3", "C4"], 100.0, "eeg")
    for run in range(3):
        data = 1e-5 * rng.normal(size=(2, 2600))
        for trial in range(12):
            wave = 3e-5 * np.sin(2 * np.pi * 10 * np.arange(150) / 100 + rng.uniform(0, 6))
            data[trial % 2, 100 + 200 * trial : 250 + 200 * trial] += wave
        raw = mne.io.RawArray(data, info, verbose="error")
        onsets = 1.0 + 2.0 * np.arange(12)
        raw.set_annotations(mne.Annotations(onsets, [0.0] * 12, ["T1", "T2"] * 6))
        raw.save(folder / "recordings" / f"run-{run}_raw.fif", verbose="error")
    return folder


def start(*arguments):
    def prepare():
        # A parent that ignores Ctrl-C (as some test runners do) must not hand that on.
        signal.signal(signal.SIGINT, signal.default_int_handler)

    return subprocess.Popen(
        [sys.executable, "-c", MAIN, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=prepare,
        env={key: value for key, value in os.environ.items() if key != "EEGSNN_DATA"},
    )


def finish(*arguments):
    process = start(*arguments)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


@contextlib.contextmanager
def little_space(limit):
    """No file of this process may be longer than so many bytes: what a full disk does, really."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def contents(folder):
    return {path: path.read_bytes() for path in sorted(Path(folder).rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def finished_run(study, tmp_path_factory):
    """Result folder and outputs of the pipeline on the user's recordings; not to be changed."""
    folder = tmp_path_factory.mktemp("finished") / "r"
    return folder, *finish("run", study / "own_pipeline.toml", "--out", folder)


def test_own_recordings_are_learnt_and_decided_about(study, finished_run, capsys):
    """A user's folder of recordings, from the command line alone."""
    folder, code, out, err = finished_run
    assert code == 0, err
    assert "Own recordings" in out
    recording = study / "recordings" / "run-0_raw.fif"
    assert main(["predict", str(folder), str(recording), "--events", "T1,T2"]) == 0
    lines = [line.split(",") for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["start_s", "end_s", "event", "label", "p_left", "p_right"]
    assert len(lines) == 13
    # Warnings and progress go to the other stream, so that a table can be piped.
    assert all(len(line) == len(lines[0]) for line in lines)


def test_a_full_disk_leaves_the_old_result(study, finished_run, tmp_path, undrawn, capsys):
    out = shutil.copytree(finished_run[0], tmp_path / "r")
    before = contents(out)
    again = ["run", str(study / "own_pipeline.toml"), "--out", str(out)]
    with little_space(10_000):
        assert main([*again, "--set", "training.max_epochs=2"]) == 1
    err = capsys.readouterr().err
    assert "File too large" in err
    assert "unchanged. Free some space" in err.splitlines()[-1]
    after = contents(out)
    assert {path: after.get(path) for path in before} == before
    assert [path for path in out.iterdir() if path.name.startswith(".")] == []


def test_a_full_disk_leaves_the_saved_model(tmp_path, rng):
    """The estimator's own save, in a process that may write little."""
    X, y = rng.random((12, 5)), [0, 1] * 6
    small, large = (
        SpikingClassifier(hidden=hidden, max_epochs=1, random_state=0).fit(X, y)
        for hidden in ((4,), (4000,))
    )
    target = tmp_path / "model"
    small.save(target)
    with little_space(9000), pytest.raises(OSError, match="File too large") as caught:
        large.save(target)
    assert caught.value.errno == errno.EFBIG
    assert load_model(target).hidden == (4,)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def wait_for(condition, process, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition():
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            pytest.fail(f"it ended before it could be interrupted: {process.communicate()}")
        time.sleep(0.02)


def test_ctrl_c_keeps_what_is_finished_and_the_model_in_training(study, tmp_path, capsys):
    """The signal that a terminal sends, to a process in the middle of a training of hours."""
    out = tmp_path / "r"
    command = ["run", study / "own_pipeline.toml", "--out", out]
    long = ["--set", "training.max_epochs=1000000"]
    baseline = "baselines=[{name='csp-lda', parameters={n_components=2}}]"
    process = start(*command, *long, "--set", baseline)
    # Baselines run first: once all three folds of theirs are there, the network is in training.
    wait_for(lambda: len(list(out.glob("folds/csp-lda-*.json"))) == 3, process)
    time.sleep(3.0)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    last = err.strip().splitlines()[-1]
    assert last.startswith("Interrupted: 3 of 6 runs are finished and kept in")
    assert "model-interrupted" in last
    assert not (out / "model").exists()
    assert len(json.loads((out / "model-interrupted" / "model.json").read_text())["classes"]) == 2
    recording = study / "recordings" / "run-0_raw.fif"
    assert main(["predict", str(out), str(recording)]) == 2
    assert "no finished model" in capsys.readouterr().err
    assert main(["predict", str(out / "model-interrupted"), str(recording)]) == 0


def test_ctrl_c_within_fit_returns_the_estimator(tmp_path):
    script = """
import sys, warnings
import numpy as np
from eegsnn.errors import InterruptedTrainingWarning
from eegsnn.estimators import SpikingClassifier
X = np.random.default_rng(0).random((12, 5)); y = [0, 1] * 6
SpikingClassifier(hidden=(4,), max_epochs=1).fit(X, y)  # all is loaded and compiled
model = SpikingClassifier(hidden=(4,), max_epochs=10**6, random_state=0, verbose=0)
open(sys.argv[1], "w").close()
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    model.fit(X, y)
assert any(w.category is InterruptedTrainingWarning for w in caught), caught
assert model.interrupted_ and 0 < model.n_iter_ < 10**6
assert len(model.predict(X)) == 12
"""
    mark = tmp_path / "started"
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(mark)],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    wait_for(mark.exists, process)
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
