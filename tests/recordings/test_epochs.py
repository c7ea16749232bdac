import mne
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegsnn.errors import ConfigurationError, RecordingError
from eegsnn.recordings import Preprocessing, drop_summary, make_epochs, preprocess

NAMES = ["C3", "Cz", "C4"]
MARKS = [(1.0, 0.0, "T1"), (3.0, 0.0, "T2"), (5.0, 0.0, "T1"), (7.0, 0.0, "T0")]


@pytest.fixture
def raw(make_raw, rng):
    return make_raw(rng.normal(0, 1e-5, (3, 1000)), NAMES, annotations=MARKS)


def labels_of(epochs):
    names = {code: name for name, code in epochs.event_id.items()}
    return [names[code] for code in epochs.events[:, 2]]


def test_annotations_by_label(raw):
    epochs = make_epochs(raw, event_id=["T1", "T2"], tmin=-0.5, tmax=1.0)
    assert labels_of(epochs) == ["T1", "T2", "T1"]
    np.testing.assert_array_equal(epochs.get_data()[0], raw.get_data()[:, 50:201])


def test_annotations_get_names_and_may_share_one(raw):
    epochs = make_epochs(raw, event_id={"T1": "left", "T2": "right", "T0": "right"}, tmax=1)
    assert labels_of(epochs) == ["left", "right", "left", "right"]


def test_all_annotations_but_bad_ones(make_raw):
    raw = make_raw(np.zeros((3, 1000)), NAMES, annotations=[*MARKS, (8.0, 1.0, "BAD_blink")])
    assert sorted(set(labels_of(make_epochs(raw, tmax=0.5)))) == ["T0", "T1", "T2"]


def test_two_events_at_one_sample_are_one_trial_or_none(make_raw):
    marks = [*MARKS, MARKS[1], (5.0, 0.0, "T2")]
    raw = make_raw(np.zeros((3, 1000)), NAMES, annotations=marks)
    assert labels_of(make_epochs(raw, event_id=["T2", "T0"], tmax=1)) == ["T2", "T2", "T0"]
    message = r"1 trials begin with several .* the first at 5\.000 s: T1, T2\. Name only"
    with pytest.raises(RecordingError, match=message):
        make_epochs(raw, tmax=1)


def test_limits_in_volts_are_for_intracranial_eeg_too(raw):
    loud = raw.copy().set_channel_types(dict.fromkeys(NAMES, "seeg"), verbose="error")
    loud._data[0, 120] = 1.0
    assert drop_summary(make_epochs(loud, tmax=1, reject=1e-3)) == {"amplitude of C3": 1}


def test_missing_label_lists_those_present(raw):
    with pytest.raises(RecordingError, match=r"labelled left. Labels present: T0 \(1\), T1 \(2\)"):
        make_epochs(raw, event_id=["left", "T1"], tmax=1)


def test_recording_without_annotations(make_raw):
    with pytest.raises(RecordingError, match=r"no annotations. Labels present: none"):
        make_epochs(make_raw(np.zeros((3, 1000)), NAMES), tmax=1)


EVENTS = np.array([[100, 0, 1], [300, 0, 2], [500, 0, 1], [700, 0, 9]])


@pytest.mark.parametrize(
    ("event_id", "expected"),
    [
        (None, ["1", "2", "1", "9"]),
        ([1, 2], ["1", "2", "1"]),
        ({1: "left", 2: "right"}, ["left", "right", "left"]),
        ({"left": 1, "right": 2}, ["left", "right", "left"]),
        ({1: "hand", 2: "hand", 9: "foot"}, ["hand", "hand", "hand", "foot"]),
    ],
)
def test_events_array(raw, event_id, expected):
    assert labels_of(make_epochs(raw, events=EVENTS, event_id=event_id, tmax=1)) == expected


def test_events_file(raw, tmp_path):
    path = tmp_path / "rec-eve.fif"
    mne.write_events(path, EVENTS, verbose="error")
    epochs = make_epochs(raw, events=path, event_id={1: "left"}, tmax=1)
    assert labels_of(epochs) == ["left", "left"]


def test_events_counted_at_another_rate(raw):
    fine = EVENTS.copy()
    fine[:, 0] *= 4
    epochs = make_epochs(raw, events=fine, tmax=1, events_sfreq=400)
    np.testing.assert_array_equal(epochs.events[:, 0], EVENTS[:, 0])


def test_events_and_annotations_agree_after_crop_and_resampling(make_raw, rng):
    """Events keep counting from the start of the uncut recording, as MNE's do."""
    raw = make_raw(rng.normal(size=(3, 4000)), NAMES, 200.0, annotations=[(12.5, 0.0, "T1")])
    raw.crop(10.0, None)
    events, _ = mne.events_from_annotations(raw, verbose="error")
    resampled = preprocess(raw, Preprocessing(resample=64))
    by_events = make_epochs(resampled, events=events, tmax=1, events_sfreq=200)
    by_annotations = make_epochs(resampled, tmax=1)
    np.testing.assert_array_equal(by_events.get_data(), by_annotations.get_data())


def test_missing_code_lists_those_present(raw):
    with pytest.raises(RecordingError, match=r"labelled 5. Labels present: 1 \(2\), 2 \(1\)"):
        make_epochs(raw, events=EVENTS, event_id=[5], tmax=1)


@pytest.mark.parametrize("events", [np.zeros((3, 2), int), np.zeros((3, 3)), [1, 2, 3]])
def test_events_of_another_shape(raw, events):
    with pytest.raises(RecordingError, match=r"expected an integer array \(events, 3\)"):
        make_epochs(raw, events=events, tmax=1)


def test_events_file_that_is_missing_or_nonsense(raw, tmp_path):
    with pytest.raises(RecordingError, match="no such events file"):
        make_epochs(raw, events=tmp_path / "a-eve.fif", tmax=1)
    (tmp_path / "b-eve.fif").write_bytes(b"nonsense" * 20)
    with pytest.raises(RecordingError, match="cannot be read as events"):
        make_epochs(raw, events=tmp_path / "b-eve.fif", tmax=1)


@settings(deadline=None)
@given(window=st.integers(1, 300), overlap=st.integers(0, 299))
def test_windows_hold_exact_samples_and_miss_nothing(window, overlap):
    data = np.arange(1000.0)[None]
    raw = mne.io.RawArray(data, mne.create_info(["Cz"], 100.0, "eeg"), verbose="error")
    if overlap >= window:
        with pytest.raises(ConfigurationError, match="overlap"):
            make_epochs(raw, window=window / 100, overlap=overlap / 100)
        return
    X = make_epochs(raw, window=window / 100, overlap=overlap / 100).get_data()[:, 0]
    step = window - overlap
    starts = np.arange(0, 1000 - window + 1, step)
    np.testing.assert_array_equal(X, starts[:, None] + np.arange(window))


def test_window_longer_than_the_recording(raw):
    with pytest.raises(RecordingError, match="longer than the recording, which lasts 10 s"):
        make_epochs(raw, window=11)


@pytest.mark.parametrize("extra", [{"event_id": ["T1"]}, {"tmax": 1.0}, {"events": EVENTS}])
def test_windows_take_no_events(raw, extra):
    with pytest.raises(ConfigurationError, match=next(iter(extra))):
        make_epochs(raw, window=1.0, **extra)


def test_end_must_be_given(raw):
    with pytest.raises(ConfigurationError, match="tmax: expected the end of each trial"):
        make_epochs(raw, event_id=["T1"])


def test_absurd_interval_is_refused_before_it_is_allocated(raw):
    with pytest.raises(RecordingError, match=r"4 trials × 3 channels.*GiB.*seconds, not samples"):
        make_epochs(raw, tmin=0, tmax=1e8)


def test_limit_can_be_turned(raw):
    with pytest.raises(RecordingError, match="max_gib = 1e-06"):
        make_epochs(raw, tmax=1, max_gib=1e-6)


def test_drops_are_counted_with_their_reasons(make_raw, rng):
    data = rng.normal(0, 1e-6, (3, 1000))
    data[1, 310] = 1e-3
    raw = make_raw(data, NAMES, annotations=[*MARKS, (9.8, 0.0, "T1"), (5.2, 0.1, "BAD_blink")])
    epochs = make_epochs(raw, tmax=0.9, reject=1e-4, flat=1e-9)
    assert labels_of(epochs) == ["T1", "T0"]
    assert drop_summary(epochs) == {
        "amplitude of Cz": 1,
        "annotated BAD_blink": 1,
        "outside the recording": 1,
    }


def test_flat_channel_is_dropped(make_raw, rng):
    data = rng.normal(0, 1e-6, (3, 1000))
    data[2, 300:400] = 0
    epochs = make_epochs(make_raw(data, NAMES, annotations=MARKS), tmax=0.9, flat={"eeg": 1e-9})
    assert drop_summary(epochs) == {"amplitude of C4": 1}


def test_nothing_dropped(raw):
    assert drop_summary(make_epochs(raw, tmax=1)) == {}


def test_all_dropped_says_why(raw):
    with pytest.raises(RecordingError, match=r"All 4 trials.*were dropped: 4 × amplitude of C"):
        make_epochs(raw, tmax=1, reject=1e-9)
    with pytest.raises(RecordingError, match="4 × outside the recording"):
        make_epochs(raw, tmax=20)


def test_two_events_at_one_sample(raw):
    events = np.array([[100, 0, 1], [100, 0, 2]])
    with pytest.raises(RecordingError, match="several events at one sample"):
        make_epochs(raw, events=events, tmax=1)


@pytest.mark.parametrize(
    ("reject", "message"), [({"meg": 1e-6}, "no channels of type 'meg'"), (-1, "expected a number")]
)
def test_limits_that_make_no_sense(raw, reject, message):
    with pytest.raises(ConfigurationError, match=message):
        make_epochs(raw, tmax=1, reject=reject)
