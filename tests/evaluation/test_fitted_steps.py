"""A step that was fitted before the folds and stays as it was marks the result."""

import warnings
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier
from sklearn.feature_selection import SelectFromModel
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from eegsnn.errors import LeakageWarning
from eegsnn.evaluation import Candidate, fitted_steps, make_split, run_experiment


class Stubborn(TransformerMixin, BaseEstimator):
    """Learns once, from whatever it sees first."""

    def fit(self, X, y=None):
        if not hasattr(self, "mean_"):
            self.mean_ = np.mean(X, axis=0)
        return self

    def transform(self, X):
        return X - self.mean_


@pytest.fixture
def data(rng):
    y = np.arange(30) % 2
    X = rng.normal(size=(30, 4)) + y[:, None]
    groups = {"run": np.repeat(["1", "2", "3"], 10)}
    return SimpleNamespace(X=X, y=y, groups=groups, classes=[0, 1], name="Made", split=None)


@pytest.fixture
def fitted(data):
    return StandardScaler().fit(data.X)


def test_a_method_of_something_fitted_is_a_leak(fitted):
    (reason,) = fitted_steps(make_pipeline(FunctionTransformer(fitted.transform)))
    assert reason.startswith("StandardScaler.transform in FunctionTransformer is of an estimator")
    assert fitted_steps(FunctionTransformer(np.log)) == []
    assert fitted_steps(FunctionTransformer(StandardScaler().transform)) == []


def model(data):
    return LogisticRegression().fit(data.X, data.y)


def test_what_will_be_fitted_anew_is_no_leak(data, fitted):
    for estimator in (
        make_pipeline(fitted, LogisticRegression()),
        GridSearchCV(model(data), {"C": [1.0]}),
        SGDClassifier(warm_start=True),
        FrozenEstimator(StandardScaler()),
        SelectFromModel(LogisticRegression()),
    ):
        assert fitted_steps(estimator) == []


def test_frozen_taken_and_continued_models_are_found_wherever_they_are(data, fitted):
    frozen = FrozenEstimator(fitted)
    for estimator, word in (
        (make_pipeline(make_union(frozen, StandardScaler()), LogisticRegression()), "frozen"),
        (make_pipeline(SelectFromModel(model(data), prefit=True), LogisticRegression()), "before"),
        (SGDClassifier(warm_start=True).fit(data.X, data.y), "warm_start"),
        (GridSearchCV(make_pipeline(frozen, LogisticRegression()), {}), "frozen"),
    ):
        (reason,) = fitted_steps(estimator)
        assert word in reason


def experiment(data, build):
    split = make_split(data, "leave-one-group-out", group="run")
    candidate = Candidate("model", lambda seed: build(), "baseline", seeded=False)
    return run_experiment(data, [candidate], split)


def test_a_frozen_step_marks_the_result_before_anything_is_fitted(data, fitted):
    frozen = FrozenEstimator(fitted)
    with pytest.warns(LeakageWarning, match="StandardScaler was fitted before the folds"):
        result = experiment(data, lambda: make_pipeline(frozen, LogisticRegression()))
    assert result.leaky
    assert result.to_dict()["leaky"] is True
    assert all(row["leaky"] for row in result.rows())


def test_a_step_that_its_fit_leaves_as_it_was_marks_the_result(data):
    def build():
        return make_pipeline(Stubborn().fit(data.X), LogisticRegression())

    result = experiment(data, build)
    (reason,) = result.protocol["leaky"]
    assert "Stubborn was fitted before the folds and its fit changed nothing" in reason


def test_a_fitted_step_that_learns_anew_leaves_the_result_honest(data, fitted):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = experiment(data, lambda: make_pipeline(fitted, LogisticRegression()))
    assert not result.leaky


def test_what_a_data_set_says_was_fitted_on_all_of_it_is_a_leak(data):
    data.provenance = {"fitted_on_all": "channels were scaled over all trials"}
    with pytest.warns(LeakageWarning, match="scaled over all trials"):
        result = experiment(data, LogisticRegression)
    assert result.protocol["leaky"] == ["channels were scaled over all trials"]


def flattened(X):
    return np.reshape(X, (len(X), -1))


@pytest.mark.parametrize(
    "wrap",
    [
        lambda fitted: make_pipeline(FrozenEstimator(fitted)),
        lambda fitted: CalibratedClassifierCV(FrozenEstimator(fitted)),
        lambda fitted: StackingClassifier([("a", fitted)], cv="prefit"),
        lambda fitted: StackingClassifier([("a", FrozenEstimator(fitted))]),
        lambda fitted: make_pipeline(
            FunctionTransformer(partial(fitted.predict_proba)), LogisticRegression()
        ),
    ],
)
def test_a_fitted_pipeline_is_fitted_wherever_it_hides(data, wrap):
    fitted = make_pipeline(FunctionTransformer(flattened), StandardScaler(), LogisticRegression())
    fresh = clone(fitted)
    fitted.fit(data.X, data.y)
    assert "before the folds" in fitted_steps(wrap(fitted))[0]
    assert fitted_steps(CalibratedClassifierCV(fresh)) == []
    assert fitted_steps(StackingClassifier([("a", fresh)])) == []
