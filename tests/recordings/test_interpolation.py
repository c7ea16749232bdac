"""Channels that say nothing are filled in from their neighbours, in recordings and in trials."""

import mne
import numpy as np
import pytest

from eegsnn.errors import ConfigurationError, DataError, DataTrapWarning, RecordingError
from eegsnn.recordings import Preprocessing, preprocess, preprocess_trials
from eegsnn.recordings.trial_files import read_trials

NAMES = ["F3", "Fz", "F4", "C3", "Cz", "C4", "P3", "Pz", "P4"]
FILL_IN = Preprocessing(bads="interpolate")
# Alike over the whole head, so that what a channel should be is known.
SIGNAL = 1e-5 * np.tile(np.sin(np.arange(300) / 10), (9, 1))


def test_marked_channels_are_filled_in(make_raw):
    signal = SIGNAL.copy()
    signal[4] *= 50
    raw = make_raw(signal, NAMES)
    raw.info["bads"] = ["Cz"]
    clean = preprocess(raw, FILL_IN)
    np.testing.assert_allclose(clean.get_data(), SIGNAL, atol=2e-7)
    assert (clean.ch_names, clean.info["bads"], raw.info["bads"]) == (NAMES, [], ["Cz"])
    np.testing.assert_array_equal(preprocess(raw, Preprocessing()).get_data(), signal)


@pytest.mark.parametrize(("value", "why"), [(0.0, "flat"), (np.nan, "not finite")])
def test_dead_channels_are_filled_in_and_told(make_raw, value, why):
    signal = SIGNAL.copy()
    signal[3, 100 * (why != "flat") :] = value
    steps = Preprocessing(bads="interpolate", l_freq=1.0, reference="average", picks=["C3", "C4"])
    with pytest.warns(DataTrapWarning, match=rf"interpolated .*: C3 \({why}\)\."):
        clean = preprocess(make_raw(np.tile(signal, 5), NAMES), steps)
    assert clean.ch_names == ["C3", "C4"]
    assert np.abs(clean.get_data()).max() < 1e-6  # the average takes what all have in common


def test_other_kinds_of_channels_stay(make_raw):
    signal = np.vstack([SIGNAL, np.zeros((2, 300))])
    raw = make_raw(signal, [*NAMES, "EOG", "STI"], types=["eeg"] * 9 + ["eog", "stim"])
    clean = preprocess(raw, Preprocessing(bads="interpolate", picks=None))
    np.testing.assert_array_equal(clean.get_data(), signal)


def test_what_cannot_be_filled_in(make_raw):
    raw = make_raw(SIGNAL, [*NAMES[:8], "E9"])
    raw.info["bads"] = ["E9"]
    with pytest.raises(RecordingError, match=r"bads: E9 .*no position of E9.*montage"):
        preprocess(raw, FILL_IN)
    raw = make_raw(SIGNAL[:4], NAMES[:4])
    raw.info["bads"] = ["F3"]
    with pytest.raises(RecordingError, match="only 3 good channels"):
        preprocess(raw, FILL_IN)
    with pytest.raises(ConfigurationError, match="bads: expected one of 'keep', 'interpolate'"):
        Preprocessing(bads="drop")


def test_trials_without_a_recording():
    X = np.stack([SIGNAL[:, :100]] * 3)
    X[1, 2] = np.nan
    X[:, 7] = 0.0
    with pytest.warns(DataTrapWarning, match=r"Pz \(flat\)") as told:
        filled, *_ = preprocess_trials(X, 100.0, NAMES, FILL_IN, name="toy")
    assert "toy: " in str(told[0].message)
    assert "F4 (not finite)" in str(told[0].message)
    np.testing.assert_allclose(filled, np.stack([SIGNAL[:, :100]] * 3), atol=2e-7)
    with pytest.raises(DataError, match=r"NaN"):
        preprocess_trials(X, 100.0, NAMES, Preprocessing())


def test_bad_channels_of_an_epochs_file(tmp_path):
    X = np.stack([SIGNAL[:, :100]] * 4)
    X[:, 5] *= 30
    epochs = mne.EpochsArray(X, mne.create_info(NAMES, 100.0, "eeg"), verbose="error")
    epochs.info["bads"] = ["C4"]
    epochs.save(tmp_path / "a-epo.fif", verbose="error")
    data = read_trials(tmp_path / "a-epo.fif", FILL_IN)
    np.testing.assert_allclose(data.X, np.stack([SIGNAL[:, :100]] * 4), atol=2e-7)
