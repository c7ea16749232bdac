"""What a kept run is found by: the same in every process, another where anything differs."""

import os
import subprocess
import sys

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import RBF
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from eegsnn.estimators import SpikingClassifier
from eegsnn.evaluation import code_fingerprint, describe_estimator
from eegsnn.evaluation.sources import closure


def test_functions_are_described_by_what_they_do():
    def doubled(factor):
        return FunctionTransformer(lambda x: factor * x)

    assert describe_estimator(doubled(2)) == describe_estimator(doubled(2))
    assert describe_estimator(doubled(2)) != describe_estimator(doubled(3))
    one, other = FunctionTransformer(lambda x: x + 1), FunctionTransformer(lambda x: x + 2)
    assert describe_estimator(one) != describe_estimator(other)


def test_large_arrays_count_in_every_element():
    weights = np.zeros(5000)
    before = describe_estimator(LogisticRegression(class_weight={0: weights}))
    weights[2500] = 1e-9
    assert describe_estimator(LogisticRegression(class_weight={0: weights})) != before


def test_a_description_is_the_same_in_another_process(capsys):
    code = (
        "from sklearn.preprocessing import FunctionTransformer;"
        "from eegsnn.evaluation.fingerprint import describe_estimator;"
        "print(describe_estimator(FunctionTransformer("
        "lambda x: x in {'alpha', 'beta', 'gamma', 'delta'})))"
    )
    exec(code, {"__name__": "__main__"})
    here = capsys.readouterr().out
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert here == there.stdout
    assert "0x" not in here


MINE = """
from sklearn.base import BaseEstimator
from sklearn.preprocessing import FunctionTransformer
GAIN = {gain}
class Mine(BaseEstimator):
    def predict(self, X):
        return {answer}
def scaled(x, *, by={by}):
    return GAIN * x * by
"""


@pytest.mark.parametrize("change", [{}, {"gain": 2}, {"answer": 1}, {"by": 2.0}])
def test_code_of_one_s_own_counts(tmp_path, change):
    (tmp_path / "mine.py").write_text(MINE.format(**{"gain": 1, "answer": 0, "by": 1.0}))
    code = (
        "from mine import *; from eegsnn.evaluation.fingerprint import describe_estimator;"
        "print(describe_estimator([Mine(), FunctionTransformer(scaled)]))"
    )

    def description():
        environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-c", code]
        return subprocess.run(
            command, capture_output=True, text=True, check=True, env=environment
        ).stdout

    before = description()
    (tmp_path / "mine.py").write_text(MINE.format(**{"gain": 1, "answer": 0, "by": 1.0, **change}))
    assert (description() == before) is (not change)


def test_what_prints_alike_need_not_be_alike():
    one, other = (GaussianProcessClassifier(RBF(scale)) for scale in (1.0001, 1.0004))
    assert describe_estimator(one) != describe_estimator(other)


def test_a_model_depends_on_the_sources_that_it_imports():
    needed = closure([SpikingClassifier.__module__])
    assert {"eegsnn.models.feedforward", "eegsnn.training.epochs"} <= needed
    # A kernel whose name is put together at run time brings its room.
    assert "eegsnn.kernels.leaky" in needed
    others = ("eegsnn.reports", "eegsnn.study", "eegsnn.exchange", "eegsnn.estimators.liquid")
    assert not any(name.startswith(others) for name in needed)


@pytest.mark.parametrize("estimator", [SpikingClassifier(), LogisticRegression()])
def test_the_sources_of_a_model_are_hashed_alike_each_time(estimator):
    assert code_fingerprint(estimator) == code_fingerprint(estimator)
    assert code_fingerprint(SpikingClassifier()) != code_fingerprint(LogisticRegression())
