"""Shared fixtures: small signals with known answers, and the folder of real recordings, if any."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import tomllib
from pathlib import Path

if "PYTEST_XDIST_WORKER" in os.environ:
    # Workers share the cores already; with threads besides, small matrices take several times as
    # long. What is about the number of threads sets it.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

if (
    threading.current_thread() is threading.main_thread()
    and signal.getsignal(signal.SIGINT) is signal.SIG_IGN
):
    # A shell's background jobs inherit that Ctrl-C is ignored; it is what some tests are about.
    signal.signal(signal.SIGINT, signal.default_int_handler)

import numpy as np
import pytest

from eegsnn.pipeline import parse_pipeline, writing
from eegsnn.pipeline.run import run_pipeline
from eegsnn.recordings import EEGDataset

# A pipeline whose training takes a moment, for the generated data set below.
PIPELINE = """\
title = "Generated"
description = "Alpha on one channel or the other."

[data]
name = "EEGMMIDB"

[bands]
bands = { alpha = [8, 13] }

[encoder]
method = "direct"
feature = "log_power"
bin_width = 0.25

[network]
hidden = [8]

[training]
max_epochs = 12

[protocol]
kind = "leave-one-group-out"
group = "run"
seeds = [0, 1]

[[baselines]]
name = "band-power-lda"
parameters = { bands = { alpha = [8, 13] } }
"""


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of local copies of real data sets; skips, and says why, where there is none."""
    value = os.environ.get("EEGSNN_DATA", "")
    if not value:
        pytest.skip("real recordings: EEGSNN_DATA names no folder of local copies")
    folder = Path(value)
    if not folder.is_dir():
        pytest.skip(f"real recordings: EEGSNN_DATA names {value!r}, which is not a folder")
    return folder.resolve()


@pytest.fixture
def rng() -> np.random.Generator:
    """A fresh generator with a fixed seed, one per test."""
    return np.random.default_rng(20240607)


def make_dataset(official=False):
    rng = np.random.default_rng(5)
    n_trials, sfreq = 36, 100.0
    y = np.array(["right", "left"] * (n_trials // 2))
    X = 1e-5 * rng.normal(size=(n_trials, 2, 150))
    time = np.arange(150) / sfreq
    for trial, label in enumerate(y):
        X[trial, int(label == "left")] += 3e-5 * np.sin(2 * np.pi * 10 * time + rng.uniform(0, 6))
    return EEGDataset(
        X=X,
        y=y,
        sfreq=sfreq,
        ch_names=["C3", "C4"],
        classes=["right", "left"],
        groups={"run": np.repeat(["1", "2", "3"], 12)},
        split=np.array(["train"] * 24 + ["test"] * 12) if official else None,
        name="Generated",
        provenance={"sha256": {"generated.edf": "ab" * 32}},
        warnings=["Made up, <b>entirely</b>."],
    )


@pytest.fixture
def dataset():
    return make_dataset()


@pytest.fixture
def official_dataset():
    return make_dataset(official=True)


@pytest.fixture
def pipeline_text():
    return PIPELINE


@pytest.fixture
def pipeline_file(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(PIPELINE)
    return path


@pytest.fixture
def quick_report(monkeypatch):
    """Leaves out the report and what it shows of the model: they take longer than small runs."""
    monkeypatch.setattr(writing, "render_report", lambda report: "<!doctype html>")
    monkeypatch.setattr(writing, "look_and_card", lambda *args, **options: (None, {}))


def leave_undrawn(patch):
    patch.setattr("eegsnn.reports.figures.to_svg", lambda figure, label="": "<svg></svg>")


@pytest.fixture
def undrawn(monkeypatch):
    """Figures stay empty: drawing them is most of what a report takes."""
    leave_undrawn(monkeypatch)


@pytest.fixture(scope="session")
def finished_once(tmp_path_factory):
    """The result of the pipeline, made once, its figures undrawn; not to be changed."""
    folder = tmp_path_factory.mktemp("finished") / "small"
    with pytest.MonkeyPatch.context() as patch:
        leave_undrawn(patch)
        run_pipeline(parse_pipeline(tomllib.loads(PIPELINE)), folder, dataset=make_dataset())
    return folder


@pytest.fixture
def finished(finished_once, tmp_path):
    """A copy of that result, to be worked on."""
    return shutil.copytree(finished_once, tmp_path / "result")
