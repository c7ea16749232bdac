"""From real recordings to decisions: the shipped pipelines reach what the README promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from eegsnn.pipeline import read_pipeline
from eegsnn.pipeline.build import SPIKING
from eegsnn.pipeline.run import Outcome, run_pipeline

pytestmark = [
    pytest.mark.data,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::eegsnn.errors.DataTrapWarning"),
]


def run(name: str, folder: Path) -> Outcome:
    return run_pipeline(read_pipeline(name, ["protocol.seeds=[0]"]), folder)


def accuracy(outcome: Outcome) -> float:
    runs = outcome.result.runs_of(SPIKING)
    truth = [label for run in runs for label in run.predictions["truth"]]
    decided = [label for run in runs for label in run.predictions["label"]]
    return sum(a == b for a, b in zip(truth, decided, strict=True)) / len(truth)


@pytest.mark.parametrize(
    ("name", "bar"), [("scp1", 0.85), ("finger_movements", 0.65), ("eegmmidb", 0.85)]
)
def test_pipeline_reaches_its_bar(name: str, bar: float, tmp_path: Path, data_folder: Path) -> None:
    outcome = run(name, tmp_path / name)
    assert accuracy(outcome) >= bar
    assert outcome.report.is_file()


def test_nothing_is_invented_where_there_is_nothing(tmp_path: Path, data_folder: Path) -> None:
    # 180 test trials: 0.5 ± 2.5 standard deviations.
    assert abs(accuracy(run("scp2", tmp_path / "scp2")) - 0.5) < 0.094
