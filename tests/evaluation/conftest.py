"""Experiments made of given decisions, without any model."""

import numpy as np
import pytest

from eegsnn.evaluation import ExperimentResult, RunRecord, score_predictions


def _run(model, kind, seed, fold, trials, truth, label, score=None, **fields):
    scores = score_predictions(truth, label, score, classes=[0, 1])
    return RunRecord(
        model, kind, fold, seed, 40, len(trials), scores, scores, 1.0, 0.01,
        {
            "trial": np.asarray(trials).tolist(),
            "truth": np.asarray(truth).tolist(),
            "label": np.asarray(label).tolist(),
            "score": None if score is None else np.asarray(score).tolist(),
        },
        **fields,
    )  # fmt: skip


def _result(right, folds, *, groups=None, protocol=None, scores=None):
    """An experiment of two classes in turn.

    right: model → seed → 0 or 1 per trial; the model called "ours" is the spiking one.
    folds: fold → positions of its test trials. scores: model → (trials, 2).
    """
    n = sum(len(trials) for trials in folds.values())
    truth = np.arange(n) % 2
    runs = []
    for model, seeds in right.items():
        for seed, hits in seeds.items():
            label = np.where(np.asarray(hits, bool), truth, 1 - truth)
            for fold, trials in folds.items():
                score = None if scores is None else scores[model][trials]
                kind = "spiking" if model == "ours" else "baseline"
                runs.append(
                    _run(model, kind, seed, fold, trials, truth[trials], label[trials], score)
                )
    return ExperimentResult(
        "Generated",
        ["left", "right"],
        {"kind": "official", "group": None, "leaky": [], "notes": [], **(protocol or {})},
        [{"name": name, "n_train": 40, "n_test": len(t)} for name, t in folds.items()],
        [0],
        0.5,
        n,
        runs,
        groups=groups or {},
    )


@pytest.fixture
def make_result():
    """A function that makes an ExperimentResult of given decisions."""
    return _result
