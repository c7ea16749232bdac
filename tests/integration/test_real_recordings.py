"""From real recordings to decisions: the shipped pipelines reach what the README promises."""

from __future__ import annotations

from collections.abc import Sequence
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


ALONE = ["baselines=[]"]
"""The network without what it is compared with, which takes several times as long."""


def run(name: str, folder: Path, overrides: Sequence[str] = ()) -> Outcome:
    return run_pipeline(read_pipeline(name, ["protocol.seeds=[0]", *overrides]), folder)


def accuracy(outcome: Outcome) -> float:
    runs = outcome.result.runs_of(SPIKING)
    truth = [label for run in runs for label in run.predictions["truth"]]
    decided = [label for run in runs for label in run.predictions["label"]]
    return sum(a == b for a, b in zip(truth, decided, strict=True)) / len(truth)


@pytest.mark.usefixtures("undrawn")
def test_a_pipeline_reaches_its_bar_and_reports(tmp_path: Path, data_folder: Path) -> None:
    outcome = run("finger_movements", tmp_path / "result")
    assert accuracy(outcome) >= 0.65
    page = outcome.report.read_text(encoding="utf-8")
    assert all(f'id="{section}"' in page for section in ("comparison", "card", "selectivity"))
    assert all(name in page for name in ("lda-windows", "csp-lda", "tangent-space-lr"))


@pytest.mark.usefixtures("quick_report")
@pytest.mark.parametrize(("name", "bar"), [("scp1", 0.85), ("eegmmidb", 0.85)])
def test_other_networks_reach_their_bars(
    name: str, bar: float, tmp_path: Path, data_folder: Path
) -> None:
    assert accuracy(run(name, tmp_path / name, ALONE)) >= bar


@pytest.mark.usefixtures("quick_report")
def test_nothing_is_invented_where_there_is_nothing(tmp_path: Path, data_folder: Path) -> None:
    # 180 test trials: 0.5 ± 2.5 standard deviations.
    assert abs(accuracy(run("scp2", tmp_path / "scp2", ALONE)) - 0.5) < 0.094
