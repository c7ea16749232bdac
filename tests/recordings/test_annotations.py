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


MOODS = [(1.0, 0.0, "good"), (3.0, 0.0, "bad"), (5.0, 0.0, "good"), (8.0, 1.0, "BAD_blink")]


def test_an_event_that_is_named_may_begin_like_a_mark_of_bad_data():
    raw = recording(MOODS, first_samp=300)
    epochs = make_epochs(raw, event_id=["good", "bad"], tmin=-0.5, tmax=3.5)
    assert epochs.events[:, 2].tolist() == [1, 2]  # the third touches the blink
    assert epochs.drop_log[2] == ("BAD_blink",)
    assert len(raw.annotations) == 4
    assert make_epochs(raw, event_id="good", tmax=2.5).drop_log == (("bad",), ())


def test_events_that_are_taken_for_bad_data_are_told():
    message = "Annotations 'bad' are taken for marks .* not for events.* name them"
    with pytest.warns(DataTrapWarning, match=message):
        assert list(make_epochs(recording(MOODS), tmax=0.5).event_id) == ["good"]
    # These last, or are written as MNE and we write them.
    lasting = [(1.0, 0.0, "good"), (3.0, 1.0, "bad"), (5.0, 0.0, "BAD gap"), (6.0, 0.0, "BAD")]
    assert len(make_epochs(recording(lasting), tmax=0.5)) == 1
