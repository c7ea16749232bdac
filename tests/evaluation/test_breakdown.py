"""Scores fold by fold and subject by subject add up to those of the whole."""

import numpy as np
import pytest

from eegsnn.evaluation import breakdown, parts_of


@pytest.fixture
def result(make_result, rng):
    folds = {"session 1": np.arange(0, 120, 2), "session 2": np.arange(1, 120, 2)}
    groups = {
        "subject": [f"S{k // 40}" for k in range(120)],
        "session": [str(1 + k % 2) for k in range(120)],
    }
    right = {seed: rng.random(120) < 0.8 for seed in (0, 1)}
    return make_result(
        {"ours": right}, folds, groups=groups,
        protocol={"kind": "leave-one-group-out", "group": "session"},
    )  # fmt: skip


def test_parts_leave_out_groups_that_are_the_folds(result, make_result):
    assert parts_of(result) == ["fold", "subject"]
    result.groups = {}
    assert parts_of(result) == ["fold"]


def test_one_subject_is_no_part(make_result):
    alone = make_result(
        {"ours": {0: np.ones(10)}}, {"official": np.arange(10)}, groups={"subject": ["S1"] * 10}
    )
    assert parts_of(alone) == ["fold"]


def test_rows_of_folds_are_the_runs(result):
    rows = breakdown(result, "ours")
    assert [row.name for row in rows] == ["session 1", "session 2"]
    for row in rows:
        scores = [run.test["accuracy"] for run in result.runs if run.fold == row.name]
        assert row.accuracy.mean == pytest.approx(np.mean(scores))
        assert (row.n, row.accuracy.n) == (60, 2)
        assert row.auc is None


def test_subjects_are_scored_over_all_folds(result):
    rows = breakdown(result, "ours", "subject")
    assert [(row.name, row.n) for row in rows] == [("S0", 40), ("S1", 40), ("S2", 40)]
    overall = result.summary("ours").accuracy.mean
    assert np.mean([row.accuracy.mean for row in rows]) == pytest.approx(overall)


def test_an_experiment_as_json_holds_what_a_report_shows(result):
    import json

    content = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    summary = content["summaries"][0]
    assert summary["interval"]["low"] <= summary["accuracy"]["mean"] <= summary["interval"]["high"]
    assert len(summary["scores_by"]["subject"]) == 3
    assert summary["calibration"] is None
    assert content["comparisons"] == []
