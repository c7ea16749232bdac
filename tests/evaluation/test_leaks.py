"""Shared groups and copied trials are found, warned about and kept with the split."""

from types import SimpleNamespace

import numpy as np
import pytest

from eegsnn.errors import LeakageWarning
from eegsnn.evaluation import Fold, Split, duplicated_trials, find_leaks, make_split, trial_hashes


def dataset(X, groups=None):
    y = np.array(["a", "b"] * (len(X) // 2))
    return SimpleNamespace(
        name="Stub", X=X, y=y, classes=["a", "b"], groups=groups or {}, split=None
    )


def test_an_honest_split_is_silent(rng):
    X = rng.normal(size=(12, 2, 5))
    data = dataset(X, {"run": np.repeat([1, 2, 3], 4)})
    assert find_leaks(data, make_split(data, "leave-one-group-out", group="run")) == []


def test_copied_trials_are_found_and_counted(rng):
    X = rng.normal(size=(12, 2, 5))
    X[9] = X[2]
    data = dataset(X)
    split = Split("official", [Fold("official", np.arange(8), np.arange(8, 12))])
    with pytest.warns(LeakageWarning, match="1 test trial is a copy"):
        (reason,) = find_leaks(data, split)
    assert "trial 9" in reason
    assert duplicated_trials(split.folds[0], trial_hashes(X)).tolist() == [9]


def test_a_copy_within_the_training_set_is_no_leak(rng):
    X = rng.normal(size=(12, 2, 5))
    X[1] = X[0]
    fold = Fold("official", np.arange(8), np.arange(8, 12))
    assert len(duplicated_trials(fold, trial_hashes(X))) == 0


def test_an_official_split_that_shares_the_declared_group_is_marked(rng):
    data = dataset(rng.normal(size=(12, 2, 5)), {"subject": np.repeat(["s1", "s2", "s3"], 4)})
    split = Split("official", [Fold("official", np.arange(6), np.arange(6, 12))], group="subject")
    with pytest.warns(LeakageWarning, match="same subject"):
        (reason,) = find_leaks(data, split)
    assert "1 of 3" in reason


def test_each_leak_is_told_once(rng):
    data = dataset(rng.normal(size=(12, 2, 5)), {"subject": np.repeat(["s1", "s2", "s3"], 4)})
    split = make_split(data, "stratified-k-fold", group="subject", n_splits=2)
    with pytest.warns(LeakageWarning) as caught:
        reasons = find_leaks(data, split)
    assert len(reasons) == 1
    assert len(caught) == 1
