"""An aligned data set says so wherever its scores are shown, and no label moves a sample."""

import dataclasses

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from eegsnn.errors import DataError, LeakageWarning
from eegsnn.evaluation import Candidate, align_dataset, find_leaks, make_split, run_experiment
from eegsnn.recordings import EEGDataset


def log_power(X):
    return np.log(X.var(axis=2))


@pytest.fixture
def data(rng):
    """Which of two channels is stronger; each subject's amplifier has gains of its own."""
    y = np.array(["left", "right"] * 40)
    X = rng.normal(size=(80, 2, 60))
    X[y == "left", 0] *= 1.6
    X[y == "right", 1] *= 1.6
    subject = np.repeat(["s1", "s2", "s3", "s4"], 20)
    gains = {"s1": (1, 1), "s2": (9, 1), "s3": (1, 30), "s4": (200, 1)}
    X *= np.array([gains[s] for s in subject])[:, :, None]
    return EEGDataset(
        X=X, y=y, groups={"subject": subject}, sfreq=100.0, ch_names=["C3", "C4"], name="Made"
    )


def accuracy(data):
    model = Candidate(
        "power-lda",
        lambda seed: make_pipeline(FunctionTransformer(log_power), LinearDiscriminantAnalysis()),
        "baseline",
        seeded=False,
    )
    return run_experiment(data, [model], make_split(data, "leave-one-group-out", group="subject"))


def test_alignment_carries_over_to_new_subjects_and_marks_the_result(data):
    plain, aligned = accuracy(data), accuracy(align_dataset(data))
    assert plain.summary("power-lda").accuracy.mean < 0.7
    assert aligned.summary("power-lda").accuracy.mean > 0.85
    assert plain.transductive == []
    assert not aligned.leaky
    (reason,) = aligned.to_dict()["protocol"]["transductive"]
    assert "the trials of each subject were aligned with all of its trials" in reason
    assert all(row["transductive"] for row in aligned.rows())


def test_no_label_moves_a_sample(data):
    turned = dataclasses.replace(data, y=data.y[::-1])
    np.testing.assert_array_equal(align_dataset(data).X, align_dataset(turned).X)


def test_what_was_aligned_has_no_unit_and_remembers_the_former(data):
    aligned = align_dataset(data, "riemannian")
    assert aligned.unit == "a.u."
    assert aligned.provenance["alignment"] == {
        "method": "riemannian",
        "group": "subject",
        "unit": "V",
    }


def test_a_group_that_is_not_there_is_named(data):
    with pytest.raises(DataError, match="no group 'session'"):
        align_dataset(data, group="session")


def test_copies_in_two_groups_are_found_after_alignment(data):
    data.X[20:25] = data.X[:5]  # one recording filed under two subjects
    aligned = align_dataset(data)
    split = make_split(aligned, "leave-one-group-out", group="subject")
    with pytest.warns(LeakageWarning, match="10 test trials are copies"):
        find_leaks(aligned, split)
    halves = [aligned.select(np.arange(0, 20)), aligned.select(np.arange(20, 80))]
    joined = EEGDataset.concatenate(halves)
    np.testing.assert_array_equal(joined.contents, aligned.contents)
