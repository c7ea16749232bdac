"""Folds divide the trials, keep groups whole, and refuse what cannot run."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegsnn.errors import ConfigurationError, DataError
from eegsnn.evaluation import PROTOCOLS, contiguous_blocks, make_split


def stub(y, groups=None, split=None, classes=None):
    y = np.asarray(list(y))
    return SimpleNamespace(
        name="Stub",
        y=y,
        classes=sorted(set(y.tolist())) if classes is None else classes,
        groups={} if groups is None else {k: np.asarray(v) for k, v in groups.items()},
        split=None if split is None else np.asarray(split),
        X=np.zeros((len(y), 1, 1)),
    )


@st.composite
def grouped(draw):
    """Trials of two classes in 3 to 6 groups, every group with two of each class."""
    n_groups = draw(st.integers(3, 6))
    y, groups = [], []
    for group in range(n_groups):
        extra = draw(st.lists(st.sampled_from("ab"), max_size=5))
        labels = [*"aabb", *extra]
        y += labels
        groups += [f"g{group}"] * len(labels)
    order = draw(st.permutations(range(len(y))))
    return np.array(y)[list(order)], np.array(groups)[list(order)]


@given(
    grouped(),
    st.sampled_from([k for k in PROTOCOLS if k not in ("official", "transfer")]),
    st.integers(2, 3),
)
def test_folds_test_every_trial_once_and_train_on_the_rest(data, kind, n_splits):
    y, groups = data
    split = make_split(stub(y, {"subject": groups}), kind, group="subject", n_splits=n_splits)
    tested = np.concatenate([fold.test for fold in split.folds])
    assert sorted(tested.tolist()) == list(range(len(y)))
    for fold in split.folds:
        together = np.concatenate([fold.train, fold.test])
        assert sorted(together.tolist()) == list(range(len(y)))


@given(grouped(), st.sampled_from(["leave-one-group-out", "group-k-fold"]))
def test_group_protocols_never_share_a_group(data, kind):
    y, groups = data
    split = make_split(stub(y, {"run": groups}), kind, group="run", n_splits=3)
    for fold in split.folds:
        assert not set(groups[fold.train]) & set(groups[fold.test])
    assert split.leaky == []


def test_leave_one_group_out_names_its_folds_in_order_of_appearance():
    data = stub(list("abab") * 3, {"session": ["2"] * 4 + ["10"] * 4 + ["1"] * 4})
    split = make_split(data, "leave-one-group-out", group="session")
    assert [fold.name for fold in split.folds] == ["session 2", "session 10", "session 1"]


def test_official_split_is_taken_as_published():
    data = stub(list("abababab"), split=["train"] * 5 + ["test"] * 3)
    (fold,) = make_split(data, "official").folds
    assert fold.train.tolist() == [0, 1, 2, 3, 4]
    assert fold.test.tolist() == [5, 6, 7]


def test_single_trials_of_the_same_group_on_both_sides_are_marked_leaky():
    data = stub(list("ab") * 10, {"subject": np.repeat(["s1", "s2"], 10)})
    (reason,) = make_split(data, "stratified-k-fold").leaky
    assert "same subject" in reason
    assert "2 of 2" in reason


def test_groups_of_one_trial_each_do_not_leak():
    data = stub(list("ab") * 10, {"segment": np.arange(20)})
    assert make_split(data, "stratified-k-fold").leaky == []


def test_what_all_trials_share_is_no_leak() -> None:
    data = stub(list("ab") * 10, {"subject": ["s1"] * 20})
    assert make_split(data, "stratified-k-fold").leaky == []


def test_stratified_folds_without_any_groups_say_that_leaks_cannot_be_seen():
    split = make_split(stub(list("ab") * 10), "stratified-k-fold")
    assert "names no subjects" in split.notes[0]


def test_gap_removes_neighbours_of_the_tested_stretch():
    y = np.array(["a"] * 9 + ["b"] * 9)
    middle = contiguous_blocks(y, n_splits=3, gap=1)[1]
    assert middle.test.tolist() == [3, 4, 5, 12, 13, 14]
    assert middle.train.tolist() == [0, 1, 7, 8, 9, 10, 16, 17]


@given(
    y=st.lists(st.sampled_from("ab"), min_size=8, max_size=60).filter(
        lambda labels: min(map(labels.count, "ab")) >= 3
    ),
    gap=st.integers(0, 4),
)
def test_gap_counts_trials_as_they_were_recorded(y, gap):
    """Classes that do not keep step have their stretches at different times."""
    for fold in contiguous_blocks(np.array(y), n_splits=3, gap=gap):
        apart = np.abs(np.subtract.outer(fold.train, fold.test))
        assert apart.size == 0 or apart.min() > gap


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (stub("abab"), {"kind": "official"}, "no official split"),
        (stub("abab", split=["train"] * 4), {"kind": "official"}, "4 and 0"),
        (
            stub("abab", {"subject": ["s1"] * 4}),
            {"kind": "leave-one-group-out", "group": "subject"},
            "one subject only",
        ),
        (stub("abab", {"run": [1, 2, 1, 2]}), {"kind": "leave-one-group-out"}, "protocol.group"),
        (stub("abab"), {"kind": "group-k-fold", "group": "subject"}, "It has: none"),
        (
            stub("aabb", {"run": [1, 2, 1, 2]}),
            {"kind": "group-k-fold", "group": "run", "n_splits": 3},
            "at least 3 groups",
        ),
        (stub("aaaaaaab"), {"kind": "stratified-k-fold", "n_splits": 2}, "class 'b' has 1"),
        (stub("aaaaaaab"), {"kind": "contiguous-blocks", "n_splits": 2}, "class 'b' has 1"),
        (stub("aaaa"), {"kind": "stratified-k-fold"}, "at least two classes"),
        (stub("aabb", classes=["a", "b", "c"]), {"kind": "official"}, "No trial of class 'c'"),
        (
            stub("aaaabb", {"run": [1, 1, 2, 2, 3, 3]}),
            {"kind": "leave-one-group-out", "group": "run"},
            "class 'b' has 0 training trials in fold 'run 3'",
        ),
    ],
)
def test_what_cannot_run_is_refused_in_one_line(data, options, message):
    with pytest.raises(DataError, match=message) as caught:
        make_split(data, **options)
    assert "\n" not in str(caught.value)


def test_unknown_protocol_is_refused_with_a_suggestion():
    with pytest.raises(ConfigurationError, match="Did you mean 'group-k-fold'"):
        make_split(stub("abab"), "groupkfold")
