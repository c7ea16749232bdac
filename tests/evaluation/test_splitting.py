"""Protocols by name: within subjects, from one part to another, and what cannot be run."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegsnn.errors import ConfigurationError, DataError, DataTrapWarning
from eegsnn.evaluation import make_split


def stub(y, **groups):
    y = np.asarray(list(y))
    arrays = {name: np.asarray(values) for name, values in groups.items()}
    return SimpleNamespace(
        name="Stub", y=y, classes=sorted(set(y.tolist())), groups=arrays, split=None, provenance={}
    )


@pytest.fixture
def two_subjects():
    """Two subjects, three sessions each, two trials of each class per session."""
    return stub(
        "aabb" * 6, subject=np.repeat(["s1", "s2"], 12), session=np.repeat(list("123") * 2, 4)
    )


def test_sessions_are_left_out_within_each_subject(two_subjects):
    split = make_split(two_subjects, "leave-one-group-out", group="session", within="subject")
    assert [fold.name for fold in split.folds[:4]] == [
        "subject s1, session 1",
        "subject s1, session 2",
        "subject s1, session 3",
        "subject s2, session 1",
    ]
    subjects, sessions = two_subjects.groups["subject"], two_subjects.groups["session"]
    for fold in split.folds:
        everyone = np.concatenate([fold.train, fold.test])
        assert len(set(subjects[everyone])) == 1
        assert not set(sessions[fold.train]) & set(sessions[fold.test])
        assert len(everyone) == 12
    tested = np.concatenate([fold.test for fold in split.folds])
    assert sorted(tested) == list(range(24))
    assert split.leaky == []
    assert "nothing about a new subject" in " ".join(split.notes)


@settings(deadline=None)
@given(
    kind=st.sampled_from(["group-k-fold", "stratified-k-fold", "contiguous-blocks"]),
    order=st.permutations(range(24)),
)
def test_any_division_within_subjects_keeps_to_one_subject(kind, order):
    data = stub(
        np.array(list("aabb" * 6))[order],
        subject=np.repeat(["s1", "s2"], 12)[order],
        session=np.repeat(list("123") * 2, 4)[order],
    )
    split = make_split(data, kind, group="session", n_splits=2, within="subject")
    for fold in split.folds:
        assert len(set(data.groups["subject"][np.concatenate([fold.train, fold.test])])) == 1
    assert sorted(np.concatenate([fold.test for fold in split.folds])) == list(range(24))
    assert not any("same subject" in reason for reason in split.leaky)


def test_a_subject_with_one_session_is_left_out_and_named(two_subjects):
    two_subjects.groups["session"][:12] = "1"
    with pytest.warns(DataTrapWarning, match="subject s1"):
        split = make_split(two_subjects, "leave-one-group-out", group="session", within="subject")
    assert min(fold.test.min() for fold in split.folds) == 12
    assert "Left out" in split.notes[0]


def test_one_session_each_cannot_be_divided(two_subjects):
    two_subjects.groups["session"][:] = "1"
    with pytest.raises(DataError, match="a subject with two of them, but each has one"):
        make_split(two_subjects, "leave-one-group-out", group="session", within="subject")


def test_a_subject_that_cannot_be_divided_is_named(two_subjects):
    with pytest.raises(DataError, match="subject s1: stratified-k-fold with 7 folds"):
        make_split(two_subjects, "stratified-k-fold", n_splits=7, within="subject")


def test_transfer_trains_on_some_groups_and_tests_on_others(two_subjects):
    split = make_split(
        two_subjects, "transfer", train={"session": [1]}, test={"session": [2], "subject": ["s2"]}
    )
    (fold,) = split.folds
    assert fold.name == "session 1 → session 2, subject s2"
    assert fold.train.tolist() == [0, 1, 2, 3, 12, 13, 14, 15]
    assert fold.test.tolist() == [16, 17, 18, 19]
    text = " ".join(split.notes)
    assert "12 trials belong to neither side" in text
    assert "nothing about a new subject" in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"train": {"session": [1]}, "test": {"session": [9]}}, "no session 9. It has: 1, 2, 3"),
        ({"train": {"day": [1]}, "test": {"day": [2]}}, "protocol.train: Stub has no group 'day'"),
        ({"train": {"session": [1]}, "test": {"subject": ["s1"]}}, "4 trials are meant for train"),
        ({}, "give protocol.train and protocol.test"),
    ],
)
def test_a_transfer_that_cannot_be_run_says_why(two_subjects, options, message):
    with pytest.raises(DataError, match=message):
        make_split(two_subjects, "transfer", **options)


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("official", {"within": "subject"}, "nothing is divided within 'subject'"),
        ("official", {"train": {"a": [1]}, "test": {"a": [2]}}, "belong to kind 'transfer'"),
        ("transfer", {"train": {"session": [1]}}, "expected both"),
    ],
)
def test_options_of_other_protocols_are_refused(two_subjects, kind, options, message):
    with pytest.raises(ConfigurationError, match=message):
        make_split(two_subjects, kind, **options)


def test_a_class_that_is_never_tested_is_refused():
    data = stub("aabbaabbaaaa", session=np.repeat(list("123"), 4))
    with pytest.raises(DataError, match="no test trial is of class 'b'"):
        make_split(data, "transfer", train={"session": [1, 2]}, test={"session": [3]})


def test_a_class_that_is_never_trained_on_is_refused():
    data = stub("aaaaaabb", session=np.repeat(list("12"), 4))
    with pytest.raises(DataError, match="class 'b' has 0 training trials in fold 'session 2'"):
        make_split(data, "leave-one-group-out", group="session")


def test_folds_that_test_one_class_only_are_told():
    data = stub("aabbaabb", person=np.repeat(list("1234"), 2))
    notes = make_split(data, "leave-one-group-out", group="person").notes
    assert "4 of 4 folds test some of the classes only" in " ".join(notes)


def test_one_subject_cannot_be_left_out():
    data = stub("aabb", subject=["s1"] * 4)
    with pytest.raises(DataError, match=r"one subject only \(s1\)"):
        make_split(data, "leave-one-group-out", group="subject")


@pytest.mark.parametrize("kind", ["leave-one-group-out", "group-k-fold"])
def test_groups_that_are_not_given_are_asked_for(kind):
    with pytest.raises(DataError, match=r"needs protocol.group.*has: subject"):
        make_split(stub("aabb", subject=list("1122")), kind)


def test_groups_of_whole_subjects_are_no_leak():
    """A trial per person: men and women may be on both sides, two trials of a family may not."""
    people = [f"p{number}" for number in range(24)]
    of_people = {"subject": people, "sex": ["f", "m", "m", "f"] * 6}
    assert make_split(stub("ab" * 12, **of_people), "stratified-k-fold", n_splits=3).leaky == []
    # Two trials of each: now subjects are divided, and all that are lumped with them.
    twice = {name: np.repeat(values, 2) for name, values in of_people.items()}
    found = make_split(stub("ab" * 24, **twice), "stratified-k-fold", n_splits=3).leaky
    assert len(found) == 2
    # A run in which several people took part is finer than nothing: it crosses subjects.
    runs = np.arange(48) % 4
    crossed = stub("ab" * 24, subject=np.arange(48), run=runs // 2 + 2 * (np.arange(48) > 30))
    assert make_split(crossed, "stratified-k-fold", n_splits=3).leaky == []
