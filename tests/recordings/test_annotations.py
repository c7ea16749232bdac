"""What annotations say of the data rather than of events, and how labels are read."""

import mne
import numpy as np
import pytest

from eegsnn.errors import DataTrapWarning
from eegsnn.recordings import make_epochs, open_recording, read_recording


def recording(notes, first_samp=0):
    info = mne.create_info(["C3"], 100.0, "eeg")
    raw = mne.io.RawArray(np.zeros((1, 1000)), info, first_samp=first_samp, verbose="error")
    raw.set_annotations(mne.Annotations(*zip(*notes, strict=True)))
    return raw


@pytest.mark.parametrize("label", ["boundary", "New Segment/"])
@pytest.mark.parametrize("read", [read_recording, open_recording])
def test_no_trial_lies_across_a_join(tmp_path, label, read):
    notes = [(0.0, 0.0, label), (1.0, 0.0, "go"), (2.0, 3.0, label), (3.0, 0.0, "go")]
    recording(notes, first_samp=300).save(tmp_path / "x_raw.fif", verbose="error")
    with pytest.warns(DataTrapWarning, match=r"joined in 1 places .* the first at 2\.0 s"):
        raw = read(tmp_path / "x_raw.fif")
    # What was cut out is not there: what comes after it is good.
    assert len(make_epochs(raw, tmin=0.0, tmax=0.9)) == 2
    assert make_epochs(raw, tmin=-0.5, tmax=1.5).drop_log[0] == ("BAD boundary",)


def test_letters_that_fif_cannot_hold_come_back(tmp_path):
    recording([(1.0, 0.0, "左手"), (2.0, 0.0, "a & b")]).save(
        tmp_path / "x_raw.fif", verbose="error"
    )
    raw = read_recording(tmp_path / "x_raw.fif")
    assert raw.annotations.description.tolist() == ["左手", "a & b"]
