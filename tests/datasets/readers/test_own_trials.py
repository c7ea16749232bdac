"""Own files that are not recordings with annotations: stimulus channels, epochs, arrays, parts."""

import mne
import numpy as np
import pytest
import scipy.io

from eegsnn.datasets import load_dataset
from eegsnn.errors import (
    ConfigurationError,
    DataError,
    DataTrapWarning,
    EegsnnError,
    RecordingError,
)
from eegsnn.recordings import Preprocessing
from eegsnn.recordings.stimulus import stimulus_events

SFREQ = 100.0
X = 1e-5 * np.random.default_rng(0).standard_normal((8, 3, 50))
NAMES = ["C3", "Cz", "C4"]
ARRAYS = {"X": X, "y": [1, 2] * 4, "sfreq": SFREQ, "ch_names": NAMES}


@pytest.fixture
def manifest(tmp_path):
    """A function that writes a manifest for files beside it."""

    def make(files, folder="", events=""):
        path = tmp_path / "own.toml"
        path.write_text(
            f"name = 'Own'\nreader = 'recordings'\n[folder]\nfiles = '{files}'\n{folder}\n"
            f"[events]\n{events}\n"
        )
        return path

    return make


def raw_with(kinds, *, first_samp=0, seconds=10):
    """A recording whose value is its time; channels that are not EEG are pulses of their value."""
    time = np.arange(round(seconds * SFREQ)) / SFREQ
    rows = []
    for kind, code in kinds.values():
        pulse = np.zeros_like(time)
        for number, start in enumerate((100, 300, 500, 700)):
            pulse[start : start + 3] = code + number % 2
        rows.append(time if kind == "eeg" else pulse)
    info = mne.create_info(list(kinds), SFREQ, [kind for kind, _ in kinds.values()])
    return mne.io.RawArray(np.array(rows), info, first_samp=first_samp, verbose="error")


EEG = {"C3": ("eeg", 0), "C4": ("eeg", 0)}


@pytest.mark.parametrize("resample", [None, 50.0])
def test_codes_of_a_stimulus_channel(tmp_path, manifest, resample):
    raw_with({**EEG, "STI 014": ("stim", 1)}, first_samp=40).save(tmp_path / "a_raw.fif")
    own = manifest("*_raw.fif", "events = 'stim'", "1 = 'hand'\n2 = 'foot'")
    steps = Preprocessing(resample=resample)
    data = load_dataset(own, tmin=0.5, tmax=1.5, preprocessing=steps)
    assert data.y.tolist() == ["hand", "foot"] * 2
    assert data.ch_names == ["C3", "C4"]
    np.testing.assert_allclose(data.X[:, 0, 10].mean(), 4.5 + 10 / data.sfreq, atol=0.02)


def test_high_bits_of_a_stimulus_channel_are_no_codes(tmp_path, manifest):
    raw = raw_with({**EEG, "Status": ("stim", 1)})
    raw._data[-1, 10:] += 0x10000  # BioSemi: state of the amplifier
    raw.save(tmp_path / "a_raw.fif", verbose="error")
    data = load_dataset(manifest("*_raw.fif", "events = 'stim'"), tmax=1.0)
    assert data.class_counts() == {"1": 2, "2": 2}


def codes_found(path, runs):
    """The codes of events in a stimulus channel that holds (code, samples) one after another."""
    channel = np.concatenate([np.full(n, code) for code, n in runs])
    info = mne.create_info(["C3", "STI 014"], SFREQ, ["eeg", "stim"])
    raw = mne.io.RawArray(np.array([0 * channel, channel]), info, first_samp=7, verbose="error")
    raw.save(path, overwrite=True, verbose="error")
    events = stimulus_events(path)
    starts = np.cumsum([0, *(n for _, n in runs)])
    places = {int(start) + 7: k for k, start in enumerate(starts)}
    assert np.all(np.diff(events[:, 0]) > 0)
    return [(int(code), places[int(sample)]) for sample, _, code in events]


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        # Held until the next, rising or falling; what a channel begins with is no event.
        ([(3, 5), (1, 5), (2, 5), (1, 5), (3, 5)], [(1, 1), (2, 2), (1, 3), (3, 4)]),
        ([(0, 5), (4, 5), (2, 5), (0, 5)], [(4, 1), (2, 2)]),
        # A button pressed and let go while a code lasts.
        ([(0, 5), (32, 5), (33, 5), (32, 5), (0, 5)], [(32, 1), (33, 2)]),
        # Lines that settle one by one.
        ([(0, 5), (7, 5), (4, 1), (0, 5), (2, 5), (0, 5)], [(7, 1), (2, 4)]),
        ([(0, 5), (4, 5), (6, 1), (2, 5), (0, 5)], [(4, 1), (2, 3)]),
        ([(0, 5), (2, 5), (7, 1), (4, 5), (0, 5)], [(2, 1), (4, 3)]),
        # Pulses of one sample.
        ([(0, 5), (4, 1), (0, 5), (2, 1), (0, 5)], [(4, 1), (2, 3)]),
    ],
)
def test_codes_that_follow_one_another_at_once(tmp_path, runs, expected):
    assert codes_found(tmp_path / "a_raw.fif", runs) == expected


def test_ends_that_may_be_events_are_told(tmp_path):
    with pytest.warns(DataTrapWarning, match=r"channel STI 014: 2 changes .* such as 3 → 1, are"):
        found = codes_found(tmp_path / "a_raw.fif", [(0, 5), *[(1, 5), (3, 5)] * 2, (1, 5)])
    assert found == [(1, 1), (3, 2), (3, 4)]


@pytest.mark.parametrize(
    ("stim", "folder", "message"),
    [
        ({"TRIG": ("stim", 1)}, "", r"stimulus channel TRIG: folder\.events = 'stim'"),
        (
            {"A": ("stim", 1), "B": ("stim", 2)},
            "events = 'stim'",
            "several stimulus channels: A, B",
        ),
        ({}, "events = 'stim'", "no channel of type stim.*C3, C4"),
        ({"A": ("stim", 1)}, "events = 'stim:Z'", "no stimulus channel 'Z'.*C3, C4, A"),
    ],
)
def test_what_a_stimulus_channel_cannot_tell(tmp_path, manifest, stim, folder, message):
    raw_with({**EEG, **stim}).save(tmp_path / "a_raw.fif", verbose="error")
    with pytest.raises(EegsnnError, match=message):
        load_dataset(manifest("*_raw.fif", folder), tmax=1.0)


def test_one_of_several_stimulus_channels(tmp_path, manifest):
    stim = {"A": ("stim", 1), "B": ("stim", 5)}
    raw_with({**EEG, **stim}).save(tmp_path / "a_raw.fif", verbose="error")
    data = load_dataset(manifest("*_raw.fif", "events = 'stim:B'"), tmax=1.0)
    assert data.classes == ["5", "6"]


def test_parts_of_a_long_recording_are_not_read_twice(tmp_path, manifest):
    raw = raw_with({**EEG, **{f"E{k}": ("eeg", 0) for k in range(150)}}, seconds=60)
    raw.set_annotations(mne.Annotations(np.arange(1, 55, 3.0), 0.0, ["T1", "T2"] * 9))
    raw.save(tmp_path / "a_raw.fif", split_size="2MB", buffer_size_sec=1, verbose="error")
    assert len(list(tmp_path.glob("*.fif"))) > 1
    data = load_dataset(manifest("*.fif"), tmax=1.0)
    assert len(data) == 18
    assert set(data.groups["recording"]) == {"a_raw.fif"}


def epochs(sfreq=SFREQ, tmin=-0.1):
    kinds = ["eeg", "eog", "eeg", "eeg"]
    info = mne.create_info(["C3", "EOG", "Cz", "C4"], sfreq, kinds)
    signal = np.insert(X, 1, 1.0, axis=1)
    events = np.column_stack([np.arange(8) * 100, np.zeros(8, int), [1, 2] * 4])
    return mne.EpochsArray(
        signal, info, events, tmin, {"cue/left": 1, "cue/right": 2}, verbose="error"
    )


def test_epochs_come_as_they_were_cut(tmp_path, manifest):
    for subject in "ab":
        epochs().save(tmp_path / f"{subject}-epo.fif", verbose="error")
    own = manifest("*-epo.fif", "pattern = '(?P<subject>.)-epo'", "'cue/left' = 'l'")
    data = load_dataset(own)
    assert (data.ch_names, data.classes, data.tmin) == (NAMES, ["l"], -0.1)
    np.testing.assert_allclose(data.X[:4], X[::2], rtol=1e-4)
    assert data.groups["subject"].tolist() == ["a"] * 4 + ["b"] * 4
    shorter = load_dataset(own, tmin=0.1, tmax=0.3)
    np.testing.assert_allclose(shorter.X[:4], X[::2, :, 20:40], rtol=1e-4)
    from_event = load_dataset(own, tmin=0.0)
    np.testing.assert_allclose(from_event.X[:4], X[::2, :, 10:], rtol=1e-4)


def eeglab_epochs(path, events):
    """Write the first trials as EEGLAB does; `events` are (names, latencies in ms) of each."""
    n = len(events)
    flat = [
        (name, k * 50 + 11 + time / 10)
        for k, (names, times) in enumerate(events)
        for name, time in zip(names, times, strict=True)
    ]
    kept = {"type": object, "latency": float}
    told = {"eventtype": object, "eventlatency": object}
    rows = [
        (np.array(names, object), np.array(times, object)) if len(names) > 1 else (*names, *times)
        for names, times in events
    ]
    content = {
        "setname": "x",
        "nbchan": 3.0,
        "pnts": 50.0,
        "trials": float(n),
        "srate": SFREQ,
        "xmin": -0.1,
        "xmax": 0.39,
        "data": (X[:n] * 1e6).transpose(1, 2, 0),
        "chanlocs": np.array([(name,) for name in NAMES], [("labels", object)]),
        "event": np.array(flat, list(kept.items())),
        "epoch": np.array(rows, list(told.items())),
        "icawinv": [],
        "icasphere": [],
        "icaweights": [],
        "icaact": [],
        "ref": "common",
    }
    scipy.io.savemat(path, {"EEG": content}, appendmat=False)


def test_an_epoch_of_several_events_is_called_by_the_one_at_zero(tmp_path, manifest):
    events = [
        (["square", "rt"], [0.0, 200.0]),
        (["rt", "circle"], [-90.0, 0.0]),
        (["cue/left"], [0.0]),
        (["rt", "late"], [100.0, 200.0]),
    ]
    eeglab_epochs(tmp_path / "a.set", events)
    data = load_dataset(manifest("a.set"))
    assert data.y.tolist() == ["square", "circle", "cue/left", "rt/late"]
    np.testing.assert_allclose(data.X, X[:4], rtol=1e-6)


def test_trials_that_events_do_not_name_are_counted(tmp_path, manifest):
    np.savez(tmp_path / "a.npz", **ARRAYS | {"y": [1, 2, 3, 1, 2, 3, 1, 3]})
    data = load_dataset(manifest("*.npz", events="1 = 'rest'\n2 = 'move'"))
    assert len(data) == 5
    assert data.provenance["dropped"] == {"labelled 3": 3}


def test_arrays_with_their_groups(tmp_path, manifest):
    np.savez(
        tmp_path / "x.npz",
        **ARRAYS | {"X": X * 1e6, "unit": "uV", "tmin": -0.2},
        subject=[7, 8] * 4,
    )
    data = load_dataset(manifest("*.npz"))
    np.testing.assert_allclose(data.X, X)
    assert (data.ch_names, data.sfreq, data.tmin, data.unit) == (NAMES, SFREQ, -0.2, "V")
    assert data.y.tolist() == ["1", "2"] * 4
    assert {key: set(values) for key, values in data.groups.items()} == {"subject": {"7", "8"}}


def test_arrays_of_several_files_are_matched_by_channel(tmp_path, manifest):
    np.savez(tmp_path / "a.npz", **ARRAYS)
    np.savez(tmp_path / "b.npz", **ARRAYS | {"X": X[:, ::-1], "ch_names": NAMES[::-1]})
    data = load_dataset(manifest("*.npz", events="1 = 'rest'\n2 = 'move'"))
    np.testing.assert_array_equal(data.X[8:], data.X[:8])
    assert data.classes == ["rest", "move"]
    assert set(data.groups["recording"]) == {"a.npz", "b.npz"}


def test_a_channel_that_is_left_out_need_not_be_in_every_file(tmp_path, manifest):
    np.savez(tmp_path / "a.npz", **ARRAYS)
    np.savez(tmp_path / "b.npz", **ARRAYS | {"X": X[:, :2], "ch_names": NAMES[:2]})
    steps = Preprocessing(picks=["!C4"])
    assert load_dataset(manifest("*.npz"), preprocessing=steps).X.shape == (16, 2, 50)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"sfreq": None}, RecordingError, r"no array sfreq.*np\.savez"),
        ({"y": None}, RecordingError, "no array y"),
        ({"y": np.array([1, "a"] * 4, dtype=object)}, RecordingError, "'y' holds Python objects"),
        ({"y": [1.0, np.nan] * 4}, DataError, "y: a value is NaN"),
        ({"y": [1, 2]}, DataError, r"= \(2, 3, times\) by y and ch_names, but got"),
        ({"X": X[0]}, DataError, r"X: expected numbers \(trials"),
        ({"ch_names": ["C3"]}, DataError, r"= \(8, 1, times\) by y and"),
        ({"sfreq": [1, 2]}, DataError, "sfreq: expected one number"),
        ({"unit": "uv"}, ConfigurationError, "unit: expected one of 'V'"),
        ({"groups": [1, 2]}, DataError, "groups: expected a group for each of the 8 trials"),
    ],
)
def test_arrays_that_cannot_be(tmp_path, manifest, change, error, message):
    content = {k: v for k, v in (ARRAYS | change).items() if v is not None}
    np.savez(tmp_path / "x.npz", **content)
    with pytest.raises(error, match=message) as caught:
        load_dataset(manifest("*.npz"))
    assert "x.npz" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_no_file_of_trials(tmp_path, manifest):
    for name in ("x.npz", "x-epo.fif"):
        (tmp_path / name).write_bytes(b"nothing")
        with pytest.raises(RecordingError, match=f"{name}: cannot be read as"):
            load_dataset(manifest(name))


def test_options_of_recordings_are_refused_for_trials(tmp_path, manifest):
    np.savez(tmp_path / "x.npz", **ARRAYS)
    with pytest.raises(ConfigurationError, match=r"options\.reject is for continuous"):
        load_dataset(manifest("*.npz"), reject=1e-4)
    with pytest.raises(ConfigurationError, match="filters belong on the continuous"):
        load_dataset(manifest("*.npz"), preprocessing=Preprocessing(notch=50))


def test_files_of_trials_that_differ_are_named(tmp_path, manifest):
    np.savez(tmp_path / "a.npz", **ARRAYS)
    np.savez(tmp_path / "b.npz", **ARRAYS | {"X": X[..., :40]})
    with pytest.raises(DataError, match=r"b\.npz: its trials last 40 samples.*a\.npz 50"):
        load_dataset(manifest("*.npz"))
    np.savez(tmp_path / "b.npz", **ARRAYS, session=[1] * 8)
    with pytest.raises(DataError, match=r"b\.npz: belongs to the groups recording, session"):
        load_dataset(manifest("*.npz"))
