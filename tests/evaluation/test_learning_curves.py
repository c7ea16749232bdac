"""Learning curves: nested parts of each fold's training trials, the test trials untouched."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from eegsnn.errors import ConfigurationError, DataError
from eegsnn.evaluation import (
    Candidate,
    FoldStore,
    learning_curve,
    make_split,
    run_experiment,
)


@pytest.fixture
def data(rng):
    y = np.arange(120) % 2
    X = rng.normal(size=(120, 20)) + 0.4 * y[:, None]
    groups = {"subject": np.repeat(list("abcdef"), 20)}
    return SimpleNamespace(X=X, y=y, groups=groups, classes=[0, 1], name="Made", split=None)


def lda(fits=None):
    def build(seed):
        return Noted(fits if fits is not None else [])

    return Candidate("lda", build, "baseline", seeded=False)


class Noted(LinearDiscriminantAnalysis):
    def __init__(self, fits=None):
        super().__init__()
        self.fits = fits

    def get_params(self, deep=True):
        return {}

    def fit(self, X, y):
        self.fits.append(X)
        return super().fit(X, y)


def test_a_curve_rises_from_few_trials_to_all(data):
    split = make_split(data, "leave-one-group-out", group="subject")
    curve = learning_curve(data, [lda()], split, sizes=[1, 0.1, 0.5], draws=3)
    assert [point.size for point in curve.points] == [0.1, 0.5, 1.0]
    assert [point.n_train for point in curve.points] == [10, 50, 100]
    assert [point.accuracy.n for point in curve.points] == [3, 3, 1]
    few, _, everything = (point.accuracy.mean for point in curve.points)
    assert few < everything
    assert [row["n_train"] for row in curve.rows()] == [10, 50, 100]
    json.dumps(curve.to_dict(), allow_nan=False)


def test_the_whole_fold_is_the_experiment_and_is_not_run_again(data, tmp_path):
    split = make_split(data, "leave-one-group-out", group="subject")
    store, fits = FoldStore(tmp_path), []
    whole = run_experiment(data, [lda(fits)], split, store=store)
    assert len(fits) == 6
    curve = learning_curve(data, [lda(fits)], split, sizes=[0.5, 1], store=store)
    assert len(fits) == 12
    assert {len(X) for X in fits[6:]} == {50}
    assert curve.points[-1].accuracy.mean == whole.summary("lda").accuracy.mean


def test_test_trials_never_train(data):
    split = make_split(data, "leave-one-group-out", group="subject")
    curve = learning_curve(data, [lda()], split, sizes=[0.2, 0.6], by="subject")
    for run in curve.result.runs:
        assert len(run.predictions["trial"]) == 20
    assert [point.n_train for point in curve.points] == [20, 60]


@pytest.mark.parametrize("sizes", [[], [0.0], [1.5], [0.5, 0.5], "all"])
def test_impossible_sizes_are_refused(data, sizes):
    split = make_split(data, "leave-one-group-out", group="subject")
    with pytest.raises(ConfigurationError, match="sizes: expected"):
        learning_curve(data, [lda()], split, sizes=sizes)


def test_too_few_trials_are_refused_before_anything_is_fitted(data):
    split, fits = make_split(data, "leave-one-group-out", group="subject"), []
    with pytest.raises(DataError, match="class '0' has 1 training trial in 'subject a, "):
        learning_curve(data, [lda(fits)], split, sizes=[0.02, 1])
    with pytest.raises(DataError, match="no group 'session'"):
        learning_curve(data, [lda(fits)], split, by="session")
    assert fits == []
