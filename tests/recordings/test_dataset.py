import mne
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegsnn.errors import ConfigurationError, DataError
from eegsnn.recordings import EEGDataset, TabularDataset, make_epochs


def make(n_trials=6, **fields):
    rng = np.random.default_rng(1)
    defaults = {
        "X": rng.normal(size=(n_trials, 2, 100)),
        "y": np.array(["left", "right"] * (n_trials // 2)),
        "groups": {"subject": np.arange(n_trials) // 2},
        "sfreq": 50.0,
        "ch_names": ["C3", "C4"],
        "name": "toy",
    }
    return EEGDataset(**(defaults | fields))


def test_nan_names_trial_and_channel():
    X = np.zeros((6, 2, 100))
    X[4, 1, 3] = np.nan
    with pytest.raises(DataError, match=r"trial 4, channel 1 \(C4\)"):
        make(X=X)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"X": np.zeros((6, 100))}, r"expected an array \(trials, channels, times\)"),
        ({"X": np.zeros((6, 0, 100)), "ch_names": []}, "at least one"),
        ({"y": np.array(["left"] * 5)}, "y: expected one value for each of the 6 rows"),
        ({"groups": {"run": np.zeros(3)}}, "run: expected one value for each"),
        ({"ch_names": ["C3", "C3"]}, "more than once: C3"),
        ({"ch_names": ["C3"]}, "Expected 2 channel names, but got 1"),
        ({"classes": ["left", "up"]}, "not in classes: right"),
        ({"split": np.array(["train"] * 5 + ["dev"])}, "got 'dev'"),
    ],
)
def test_what_does_not_fit_together(fields, message):
    with pytest.raises(DataError, match=message):
        make(**fields)


def test_rate_must_be_positive():
    with pytest.raises(ConfigurationError, match="sfreq"):
        make(sfreq=0)


def test_float32_stays():
    assert make(X=np.zeros((6, 2, 100), np.float32)).X.dtype == np.float32
    assert make(X=np.zeros((6, 2, 100), np.int16)).X.dtype == np.float64


def test_groups_for_unknown_lists_the_known():
    np.testing.assert_array_equal(make().groups_for("subject"), [0, 0, 1, 1, 2, 2])
    with pytest.raises(DataError, match=r"toy has no groups called 'session'. Groups: subject"):
        make().groups_for("session")


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=8))
def test_select_keeps_rows_together(rows):
    data = make(split=np.array(["train"] * 3 + ["test"] * 3))
    part = data.select(rows)
    np.testing.assert_array_equal(part.X, data.X[rows])
    np.testing.assert_array_equal(part.y, data.y[rows])
    np.testing.assert_array_equal(part.groups["subject"], data.groups["subject"][rows])
    np.testing.assert_array_equal(part.split, data.split[rows])
    assert part.classes == data.classes


def test_select_by_mask():
    assert len(make().select(make().y == "left")) == 3


@pytest.mark.parametrize("rows", [[], np.zeros(6, bool), np.ones(4, bool), [6], [0.5]])
def test_selections_that_make_no_sense(rows):
    with pytest.raises(DataError):
        make().select(rows)


def test_select_classes():
    part = make().select_classes(["right"])
    assert part.classes == ["right"]
    assert set(part.y) == {"right"}
    with pytest.raises(DataError, match=r"no class up. Classes: left, right"):
        make().select_classes(["up"])


@settings(deadline=None)
@given(st.integers(-50, 49), st.integers(1, 100))
def test_crop_is_half_open(first, n_times):
    data = make(tmin=-1.0)
    start, stop = first / 50, (first + n_times) / 50
    if first + n_times > 50:
        with pytest.raises(DataError, match="crop"):
            data.crop(start, stop)
        return
    part = data.crop(start, stop)
    assert part.X.shape[2] == n_times
    assert part.tmin == pytest.approx(start)
    np.testing.assert_allclose(part.times, data.times[first + 50 :][:n_times], atol=1e-12)


def test_crop_without_limits_keeps_all():
    np.testing.assert_array_equal(make().crop().X, make().X)


def test_concatenate_matches_channels_by_name():
    data = make()
    swapped = make(X=data.X[:, ::-1], ch_names=["C4", "C3"], warnings=["beware"])
    joined = EEGDataset.concatenate([data, swapped])
    np.testing.assert_array_equal(joined.X[:6], joined.X[6:])
    assert joined.ch_names == ["C3", "C4"]
    assert joined.warnings == ["beware"]


def test_concatenate_joins_histories():
    one = make(provenance={"sha256": {"a": "1"}})
    two = make(provenance={"sha256": {"b": "2"}})
    assert EEGDataset.concatenate([one, two]).provenance == {"sha256": {"a": "1", "b": "2"}}


@pytest.mark.parametrize(
    "fields",
    [
        {"sfreq": 60.0},
        {"unit": "a.u."},
        {"tmin": 1.0},
        {"X": np.zeros((6, 2, 99))},
        {"groups": {}},
        {"X": np.zeros((6, 1, 100)), "ch_names": ["C3"]},
        {"ch_names": ["C3", "Cz"]},
    ],
)
def test_concatenate_refuses_what_differs(fields):
    with pytest.raises(DataError, match=r"differ|missing"):
        EEGDataset.concatenate([make(), make(**fields)])


def test_concatenate_nothing():
    with pytest.raises(DataError, match="at least one"):
        EEGDataset.concatenate([])


def test_from_epochs(make_raw, rng):
    data = rng.normal(size=(2, 1000))
    raw = make_raw(data, ["C3", "C4"], annotations=[(1, 0, "T2"), (4, 0, "T1")])
    epochs = make_epochs(raw, event_id={"T1": "left", "T2": "right"}, tmin=-1, tmax=1)
    inclusive = EEGDataset.from_epochs(epochs, groups={"subject": 7, "run": [1, 2]})
    assert inclusive.X.shape == (2, 2, 201)
    assert inclusive.y.tolist() == ["right", "left"]
    assert inclusive.groups["subject"].tolist() == [7, 7]
    assert inclusive.tmin == -1
    half_open = EEGDataset.from_epochs(epochs, drop_last_sample=True)
    np.testing.assert_array_equal(half_open.X[0], data[:, :200])


def test_summary_names_what_matters():
    text = make(split=np.array(["train"] * 4 + ["test"] * 2), warnings=["a trap"]).summary()
    for part in ("6 trials × 2 channels × 100 samples", "left 3", "train 4, test 2", "a trap"):
        assert part in text


def test_table():
    table = TabularDataset(X=np.eye(4, dtype=np.float32), y=np.array([0, 1, 0, 1]), name="t")
    assert table.X.dtype == np.float32
    assert table.select_classes([1]).X.shape == (2, 4)
    assert "4 samples × 4 features" in table.summary()


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.array([[1.0, np.inf], [0, 0]]), "the first is row 0"),
        (np.zeros((2, 2, 2)), r"\(samples, features\)"),
        (np.array([["a"], ["b"]]), "real numbers"),
    ],
)
def test_table_that_cannot_be_used(X, message):
    with pytest.raises(DataError, match=message):
        TabularDataset(X=X, y=np.array([0, 1]))


def test_where_trials_lie_goes_with_them(rng):
    info = mne.create_info(["C3", "C4"], 100.0, "eeg")
    raw = mne.io.RawArray(rng.normal(size=(2, 1000)), info, verbose="error")
    one = EEGDataset.from_epochs(make_epochs(raw, window=1.0, overlap=0.5), recording="a.edf")
    assert one.onsets.tolist()[:3] == [0, 50, 100]
    events = np.array([[300, 0, 1], [600, 0, 2]])
    cut = make_epochs(raw, events=events, tmin=-0.5, tmax=0.5)
    two = EEGDataset.from_epochs(cut)
    assert two.onsets.tolist() == [250, 550]
    assert two.crop(-0.2, 0.4).onsets.tolist() == [280, 580]
    three = EEGDataset.from_epochs(cut, drop_last_sample=True).select([1])
    assert three.onsets.tolist() == [550]
    both = EEGDataset.concatenate([two, two])
    assert both.recordings.tolist() == ["part 1"] * 2 + ["part 2"] * 2
    assert one.select([0, 2]).recordings.tolist() == ["a.edf", "a.edf"]


def test_events_that_count_nothing_known_tell_no_onsets(rng):
    info = mne.create_info(["C3"], 100.0, "eeg")
    epochs = mne.EpochsArray(rng.normal(size=(5, 1, 100)), info, verbose="error")
    dataset = EEGDataset.from_epochs(epochs)
    assert dataset.onsets is None
    assert dataset.select([0, 1]).recordings is None


@pytest.mark.parametrize(
    ("onsets", "message"),
    [([0, 1, 2], "onsets: expected one value for each"), ([0.5, 1.0], "expected whole samples")],
)
def test_onsets_that_fit_no_trials_are_refused(onsets, message):
    with pytest.raises(DataError, match=message):
        EEGDataset(X=np.ones((2, 1, 9)), y=[0, 1], sfreq=1.0, ch_names=["C3"], onsets=onsets)
