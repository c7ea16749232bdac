"""Folds within training trials: groups whole, classes in every training part, or no folds."""

import numpy as np
import pytest

from eegsnn.estimators._inner_folds import inner_folds


def test_groups_are_never_on_both_sides():
    groups, codes = np.repeat(np.arange(6), 8), np.tile([0, 1], 24)
    folds = inner_folds(codes, 2, groups, seed=0)
    assert len(folds) == 6  # few groups: each by itself
    for train, test in folds:
        assert not set(groups[train]) & set(groups[test])


def test_many_groups_are_left_out_several_at_once():
    assert len(inner_folds(np.tile([0, 1], 24), 2, np.repeat(np.arange(24), 2), seed=0)) == 10


@pytest.mark.parametrize("groups", [None, np.zeros(20, int), np.arange(20) // 4])
def test_every_trial_is_held_out_once(groups):
    folds = inner_folds(np.arange(20) % 2, 2, groups, seed=3)
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(20))
    assert all(not set(train) & set(test) for train, test in folds)


def test_no_folds_where_a_class_would_be_missing_from_training():
    codes = np.array([0, 0, 0, 0, 1, 1])
    assert inner_folds(codes, 2, np.array([0, 0, 1, 1, 2, 2]), seed=0) == []
    assert inner_folds(codes, 3, None, seed=0) == []
    assert inner_folds(np.array([0, 0, 1]), 2, None, seed=0) == []


def test_more_groups_than_trials_of_any_class():
    folds = inner_folds(np.arange(6) % 2, 2, np.arange(6), seed=0)
    assert len(folds) == 3


def test_the_seed_decides():
    codes = np.arange(40) % 2
    first, same, other = (
        [test.tolist() for _, test in inner_folds(codes, 2, None, seed)] for seed in (0, 0, 1)
    )
    assert first == same
    assert first != other
