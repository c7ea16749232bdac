"""Train on one data set, test on another: matched by name, refused where not comparable."""

import numpy as np
import pytest

from eegsnn.errors import DataError
from eegsnn.evaluation import join_for_transfer, make_split
from eegsnn.recordings import EEGDataset


def dataset(name, rng, ch_names=("C3", "C4", "Cz"), sfreq=100.0, tmin=0.0, n_times=60, **options):
    y = np.array(["left", "right"] * 6)
    return EEGDataset(
        X=rng.normal(size=(12, len(ch_names), n_times)),
        y=y,
        groups={"subject": np.repeat(["1", "2"], 6)},
        sfreq=sfreq,
        ch_names=list(ch_names),
        tmin=tmin,
        name=name,
        **options,
    )


def test_channels_are_matched_by_name_and_times_by_the_event(rng):
    train = dataset("A", rng)
    test = dataset("B", rng, ch_names=("Cz", "Pz", "C3"), tmin=0.1, n_times=40)
    joined = join_for_transfer(train, test)
    assert joined.ch_names == ["C3", "Cz"]
    assert joined.X.shape == (24, 2, 40)
    assert joined.tmin == pytest.approx(0.1)
    np.testing.assert_array_equal(joined.X[:12], train.X[:, [0, 2], 10:50])
    np.testing.assert_array_equal(joined.X[12:], test.X[:, [2, 0]])
    assert joined.name == "A → B"
    assert "1 channels of A, 1 channels of B" in joined.warnings[-1]


def test_equal_names_of_subjects_are_different_people(rng):
    joined = join_for_transfer(dataset("A", rng), dataset("B", rng))
    split = make_split(joined, "transfer", group="subject")
    (fold,) = split.folds
    assert (fold.name, fold.train.tolist(), fold.test.tolist()) == (
        "A → B",
        list(range(12)),
        list(range(12, 24)),
    )
    subjects = joined.groups["subject"]
    assert set(subjects[fold.train]) == {"A: 1", "A: 2"}
    assert not set(subjects[fold.train]) & set(subjects[fold.test])
    assert split.notes == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sfreq": 128.0}, "sampled at 100 Hz, but B at 128 Hz"),
        ({"unit": "a.u."}, "in V, but B in a.u."),
        ({"ch_names": ("O1", "O2")}, "no channel is in both"),
        ({"tmin": 5.0}, "no time in common"),
        ({"classes": ["left", "right", "rest"]}, "B has class rest, which A has not"),
    ],
)
def test_what_cannot_be_compared_is_refused(rng, options, message):
    with pytest.raises(DataError, match=message):
        join_for_transfer(dataset("A", rng), dataset("B", rng, **options))


def test_marks_of_either_side_mark_the_result(rng):
    train, test = dataset("A", rng), dataset("B", rng)
    test.provenance["fitted_on_all"] = ["ICA"]
    train.provenance["transductive"] = ["aligned"]
    joined = join_for_transfer(train, test)
    assert joined.provenance["fitted_on_all"] == ["B: ICA"]
    assert joined.provenance["transductive"] == ["A: aligned"]
    both = EEGDataset.concatenate([train, test])
    assert both.provenance == {"transductive": ["aligned"], "fitted_on_all": ["ICA"]}
