"""Shares of trials and groups: nested, and true to the classes."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from eegsnn.evaluation import nested_groups, nested_subset


@settings(deadline=None)
@given(
    st.lists(st.sampled_from("abc"), min_size=6, max_size=60),
    st.floats(0.05, 1),
    st.floats(0.05, 1),
    st.integers(0, 5),
)
def test_parts_are_nested_and_keep_the_share_of_each_class(labels, one, two, seed):
    y = np.array(labels)
    small, large = sorted([one, two])
    some, more = nested_subset(y, small, seed=seed), nested_subset(y, large, seed=seed)
    assert set(some) <= set(more)
    for label in np.unique(y):
        assert abs((y[some] == label).sum() - small * (y == label).sum()) <= 1
    assert nested_subset(y, 1.0, seed=seed).tolist() == list(range(len(y)))


@settings(deadline=None)
@given(st.lists(st.sampled_from("abcdef"), min_size=3, max_size=40), st.floats(0.1, 1))
def test_groups_are_given_whole(labels, size):
    groups = np.array(labels)
    chosen = nested_groups(groups, size)
    assert not set(groups[chosen]) & set(np.delete(groups, chosen))
    assert set(chosen) <= set(nested_groups(groups, 1.0))
