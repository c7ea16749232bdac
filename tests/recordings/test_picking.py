"""Channels can be left out by name, as if they had not been recorded."""

import numpy as np
import pytest

from eegsnn.errors import RecordingError
from eegsnn.recordings import Preprocessing, open_recording, preprocess, preprocess_trials

NAMES = ["C3", "Cz", "C4", "EOG"]


@pytest.fixture
def raw(make_raw):
    signal = 1e-5 * np.random.default_rng(0).normal(size=(4, 500))
    signal[1] = np.nan
    return make_raw(signal, NAMES, types=["eeg", "eeg", "eeg", "eog"])


@pytest.mark.parametrize("picks", ["!Cz", ["!Cz"], ["eeg", "!CZ"], ["C3", "C4", "!Cz"]])
def test_a_channel_that_is_left_out_is_not_missed(raw, picks):
    clean = preprocess(raw, Preprocessing(picks=picks, reference="average", l_freq=1))
    assert clean.ch_names == ["C3", "C4"]
    np.testing.assert_allclose(clean.get_data().sum(axis=0), 0, atol=1e-18)


def test_also_of_trials(raw):
    X = raw.get_data(picks=NAMES[:3]).reshape(3, 5, 100).transpose(1, 0, 2)
    for picks in ("!cz", ["eeg", "!Cz"], ["C4", "C3", "!Cz"]):
        data, _, names = preprocess_trials(X, 100.0, NAMES[:3], Preprocessing(picks=picks))
        order = ["C4", "C3"] if "C3" in picks else ["C3", "C4"]
        assert names == order
        np.testing.assert_array_equal(data, X[:, [NAMES.index(name) for name in order]])


def test_also_of_a_recording_on_disk(raw, tmp_path):
    raw.save(tmp_path / "a_raw.fif", verbose="error")
    assert open_recording(tmp_path / "a_raw.fif", picks=["!Cz"]).ch_names == ["C3", "C4"]


def test_what_cannot_be_left_out(raw):
    with pytest.raises(RecordingError, match=r"missing from the recording: Pz\. Present: C3, Cz"):
        preprocess(raw, Preprocessing(picks=["eeg", "!Pz"]))
    with pytest.raises(RecordingError, match="leaves out every channel"):
        preprocess(raw, Preprocessing(picks=[f"!{name}" for name in NAMES]))
