"""Decisions of several runs stand together in the order of the runs."""

import numpy as np
import pytest

from eegsnn.evaluation.pooling import by_seed, pool_decisions, score_together

FOLDS = {"1": np.arange(0, 20, 2), "2": np.arange(1, 20, 2)}


@pytest.fixture
def runs(make_result, rng):
    right = {seed: rng.random(20) < 0.7 for seed in (3, 1)}
    return make_result({"ours": right}, FOLDS, scores={"ours": rng.random((20, 2))}).runs


def test_seeds_stay_in_the_order_of_the_runs(runs):
    assert [[run.seed for run in group] for group in by_seed(runs)] == [[3, 3], [1, 1]]


def test_decisions_are_those_of_the_runs(runs):
    found = pool_decisions(runs[:2])
    assert found.trial.tolist() == [*range(0, 20, 2), *range(1, 20, 2)]
    assert found.truth.tolist() == (found.trial % 2).tolist()
    assert found.score[10:].tolist() == runs[1].predictions["score"]


def test_there_are_no_scores_where_one_run_kept_none(runs):
    runs[1].predictions["score"] = None
    assert pool_decisions(runs[:2]).score is None
    assert score_together(runs[:2], 2)["auc"] is None


def test_chosen_trials_alone_are_scored(runs):
    chosen = np.arange(20) < 10
    found = score_together(runs[:2], 2, chosen)
    parts = pool_decisions(runs[:2])
    assert found["n"] == 10
    assert found["accuracy"] == np.mean((parts.truth == parts.label)[parts.trial < 10])
