"""Parameters are chosen within a fold's training trials, and groups stay whole in the choice."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from eegsnn.errors import DataError
from eegsnn.evaluation import Candidate, InnerFolds, make_split, nested_search, run_experiment


class Seen(ClassifierMixin, BaseEstimator):
    """Notes the subjects (its first feature) of every fit and prediction."""

    log: list = []  # noqa: RUF012 — shared by clones on purpose

    def __init__(self, C=1.0):
        self.C = C

    def fit(self, X, y):
        Seen.log.append(("fit", set(X[:, 0])))
        self.model_ = LogisticRegression(C=self.C).fit(X[:, 1:], y)
        self.classes_ = self.model_.classes_
        return self

    def predict(self, X):
        Seen.log.append(("predict", set(X[:, 0])))
        return self.model_.predict(X[:, 1:])


def test_groups_reach_the_search_and_the_test_group_does_not(rng):
    subject = np.repeat(np.arange(5.0), 12)
    y = np.arange(60) % 2
    X = np.column_stack([subject, rng.normal(size=(60, 3)) + y[:, None]])
    data = SimpleNamespace(
        X=X, y=y, groups={"subject": subject}, classes=[0, 1], name="Made", split=None
    )
    split = make_split(data, "leave-one-group-out", group="subject")
    model = Candidate(
        "search", lambda seed: nested_search(Seen(), {"C": [0.1, 1.0]}), "baseline", seeded=False
    )
    Seen.log.clear()
    run_experiment(data, [model], split)
    per_fold = len(Seen.log) // 5
    for held in range(5):
        calls = Seen.log[held * per_fold : (held + 1) * per_fold]
        # The last fit is that on all training trials; test and training trials are predicted after.
        last = max(k for k, (what, _) in enumerate(calls) if what == "fit")
        assert len([what for what, _ in calls[:last] if what == "fit"]) == 2 * 3
        for (what, trained), (_, validated) in pairwise(calls[:last]):
            assert float(held) not in trained
            if what == "fit":
                assert not trained & validated


def test_inner_folds_keep_groups_whole_and_classes_there():
    y = np.array(list("aabb" * 3))
    groups = np.repeat([1, 2, 3], 4)
    for train, test in InnerFolds(5).split(y, y, groups):
        assert not set(groups[train]) & set(groups[test])
        assert set(y[train]) == {"a", "b"}
    assert InnerFolds(5).get_n_splits(y, y, groups) == 3


def test_without_groups_classes_are_kept_even():
    y = np.array(list("aaabbb"))
    for train, test in InnerFolds(3).split(y, y):
        assert sorted(y[test]) == ["a", "b"]
        assert len(train) == 4


def test_what_cannot_be_chosen_by_is_refused():
    with pytest.raises(DataError, match="at least 2 trials of every class"):
        list(InnerFolds().split(np.zeros(3), np.array(list("aab"))))
    with pytest.raises(DataError, match="no group can be held out"):
        list(InnerFolds().split(np.zeros(4), np.array(list("aabb")), np.array([1, 1, 2, 2])))


@pytest.mark.filterwarnings("ignore:A single label")
def test_folds_that_would_take_a_class_away_are_left_out():
    groups = np.repeat(["a", "b", "c", "d"], 15)
    y = np.where(groups == "a", np.arange(60) % 2, 0)
    X = y[:, None] + np.linspace(0, 0.1, 60)[:, None]
    search = nested_search(LogisticRegression(), {"C": [0.1, 1.0]}).fit(X, y, groups=groups)
    assert search.n_splits_ == InnerFolds(3).get_n_splits(X, y, groups) == 2
