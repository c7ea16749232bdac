"""One fold: what is scored, and on how many trials."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from eegsnn.evaluation import Fold, run_fold


@dataclass
class Data:
    X: np.ndarray
    y: np.ndarray
    groups: dict = field(default_factory=dict)
    classes: list = field(default_factory=lambda: [0, 1])
    name: str = "Generated"


class Counting(LinearDiscriminantAnalysis):
    """Notes how many trials of each class it was asked about."""

    def predict_proba(self, X):
        self.asked = [*getattr(self, "asked", []), np.bincount(X[:, 1].astype(int)).tolist()]
        return super().predict_proba(X)


@pytest.fixture
def data(rng):
    y = np.repeat([0, 1], [400, 200])
    return Data(np.stack([rng.normal(size=600) + 3 * y, y + 0.0], axis=1), y)


@pytest.mark.parametrize("n_test", [20, 150, 300])
def test_training_accuracy_is_that_of_as_many_trials_of_every_class_alike(data, rng, n_test):
    order = rng.permutation(600)
    fold = Fold("one", np.sort(order[n_test:]), np.sort(order[:n_test]))
    model = Counting()
    record = run_fold(model, data, fold)
    tested, again = model.asked
    assert sum(tested) == n_test
    scored = max(n_test, 100)
    assert abs(sum(again) - scored) <= 2
    shares = np.bincount(data.y[fold.train]) / len(fold.train)
    assert np.allclose(np.array(again) / sum(again), shares, atol=0.02)
    assert record.n_train == 600 - n_test
    assert record.train["accuracy"] > 0.9
    assert record.predictions["trial"] == fold.test.tolist()


def test_where_there_are_few_training_trials_all_of_them_are_scored(data):
    fold = Fold("one", np.arange(380, 420), np.arange(380))
    model = Counting()
    run_fold(model, data, fold)
    assert model.asked[1] == [20, 20]
