"""Windows that share samples are found, from where they were cut or from the samples alone."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegsnn.errors import LeakageWarning
from eegsnn.evaluation import (
    Fold,
    Split,
    find_leaks,
    make_split,
    overlapping_onsets,
    overlapping_pairs,
    overlapping_trials,
)
from eegsnn.recordings import EEGDataset


def windows(signal, starts, length):
    return np.stack([signal[:, start : start + length] for start in starts])


@settings(deadline=None)
@given(
    starts=st.lists(st.integers(0, 400), min_size=2, max_size=8, unique=True),
    seed=st.integers(0, 99),
    dtype=st.sampled_from(["f2", "f4", "f8", "i2", "i4", ">i4", "i8"]),
)
def test_exactly_the_windows_that_share_enough_samples_are_found(starts, seed, dtype):
    length = 100
    signal = (1e3 * np.random.default_rng(seed).normal(size=(2, 500))).astype(dtype)
    X = windows(signal, starts, length)
    expected = {
        (i, j, starts[j] - starts[i])
        for i in range(len(starts))
        for j in range(len(starts))
        if 0 < starts[j] - starts[i] <= length - 32
    }
    assert {tuple(pair) for pair in overlapping_pairs(X).tolist()} == expected


def test_flat_and_clipped_stretches_are_no_overlap(rng):
    X = rng.normal(size=(6, 2, 120))
    X[:, :, :50] = 0.0
    X[:, :, 90:] = 1.0
    assert len(overlapping_pairs(X)) == 0


def test_one_channel_in_common_is_no_overlap(rng):
    signal = rng.normal(size=(2, 300))
    X = windows(signal, [0, 50], 100)
    X[1, 1] = rng.normal(size=100)
    assert len(overlapping_pairs(X)) == 0


def test_only_overlaps_across_the_fold_count(rng):
    X = windows(rng.normal(size=(1, 400)), [0, 40, 200, 240], 100)
    pairs = overlapping_pairs(X)
    assert overlapping_trials(Fold("a", np.array([0, 1]), np.array([2, 3])), pairs).tolist() == []
    assert overlapping_trials(Fold("b", np.array([0, 2]), np.array([1, 3])), pairs).tolist() == [
        1,
        3,
    ]


def test_tables_and_short_trials_have_no_overlap(rng):
    assert overlapping_pairs(rng.normal(size=(5, 7))).shape == (0, 3)
    assert overlapping_pairs(np.zeros((5, 1, 20))).shape == (0, 3)


@settings(deadline=None)
@given(st.lists(st.integers(0, 300), min_size=2, max_size=12), st.integers(1, 80))
def test_onsets_agree_with_comparing_all_pairs(onsets, length):
    onsets, half = np.array(onsets), len(onsets) // 2
    fold = Fold("fold", np.arange(half), np.arange(half, len(onsets)))
    recordings = np.array(["a", "b"] * len(onsets))[: len(onsets)]
    expected = [
        i
        for i in fold.test
        if any(
            recordings[i] == recordings[j] and abs(onsets[i] - onsets[j]) < length
            for j in fold.train
        )
    ]
    assert overlapping_onsets(fold, onsets, recordings, length).tolist() == expected


def dataset(rng, step=50, scaled=False):
    signal = rng.normal(size=(2, 1000))
    starts = np.arange(0, 900, step)
    X = windows(signal, starts, 100)
    if scaled:
        X = X / X.std(axis=(1, 2), keepdims=True)
    return EEGDataset(
        X=X,
        y=np.array(["a", "b"] * len(X))[: len(X)],
        sfreq=100.0,
        ch_names=["C3", "C4"],
        onsets=starts if scaled else None,
        name="Made",
    )


@pytest.mark.parametrize("scaled", [False, True], ids=["by samples", "by onsets"])
def test_a_random_split_of_overlapping_windows_is_leaky(rng, scaled):
    data = dataset(rng, scaled=scaled)
    split = make_split(data, "stratified-k-fold", n_splits=3)
    with pytest.warns(LeakageWarning, match="windows that overlap"):
        (reason,) = find_leaks(data, split)
    assert "share samples with training trials" in reason


def test_windows_side_by_side_are_honest(rng):
    data = dataset(rng, step=100)
    split = make_split(data, "stratified-k-fold", n_splits=3)
    assert find_leaks(data, split) == []


def test_a_copy_is_told_as_a_copy_and_not_as_an_overlap(rng):
    data = dataset(rng, step=100)
    X = data.X.copy()
    X[8] = X[0]
    copied = dataclasses.replace(data, X=X, onsets=np.array([*range(0, 800, 100), 0]))
    split = Split("official", [Fold("official", np.arange(6), np.arange(6, 9))])
    with pytest.warns(LeakageWarning):
        (reason,) = find_leaks(copied, split)
    assert "copy" in reason


def test_a_trigger_among_the_channels_hides_nothing(rng):
    signal = rng.normal(size=(2, 640))
    trigger = 500.0 * np.sign(np.sin(np.arange(640) / 60))
    recording = np.vstack([trigger, signal])
    X = np.stack([recording[:, start : start + 256] for start in range(0, 321, 64)])
    assert len(overlapping_pairs(X)) == len(overlapping_pairs(X[:, 1:])) > 0
