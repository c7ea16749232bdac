"""Stretches without numbers in any channel are bad data; what one channel lacks is not."""

import mne
import numpy as np
import pytest

from eegsnn.errors import DataError, DataTrapWarning
from eegsnn.recordings import make_epochs, read_recording


@pytest.fixture
def save(tmp_path):
    def write(signals, first_samp=0):
        info = mne.create_info(["C3", "C4"], 100.0, "eeg")
        raw = mne.io.RawArray(signals, info, first_samp=first_samp, verbose="error")
        raw.set_annotations(mne.Annotations([0.5, 3.0, 6.0], 0.0, ["go", "go", "go"]))
        raw.save(tmp_path / "x_raw.fif", fmt="double", verbose="error")
        return tmp_path / "x_raw.fif"

    return write


@pytest.mark.parametrize("first_samp", [0, 700])
def test_they_are_annotated_and_filters_go_through(save, first_samp):
    signals = 1e-5 * np.random.default_rng(0).standard_normal((2, 1000))
    signals[:, 320:400] = np.nan
    signals[:, 950:] = np.inf
    with pytest.warns(DataTrapWarning, match=r"in 2 stretches, 1\.3 s in all, the first at 3\.2 s"):
        raw = read_recording(save(signals, first_samp), l_freq=1.0, h_freq=30.0)
    assert np.isfinite(raw.get_data()).all()
    assert np.abs(raw.get_data()).max() < 1e-4
    epochs = make_epochs(raw, event_id="go", tmin=0.0, tmax=1.0)
    assert [k for k, why in enumerate(epochs.drop_log) if why] == [1]
    assert epochs.drop_log[1] == ("BAD_missing",)


def test_what_other_channels_hold_is_not_missing(save):
    signals = 1e-5 * np.random.default_rng(0).standard_normal((2, 1000))
    signals[0, 320:400] = np.nan
    path = save(signals)
    assert np.isnan(read_recording(path).get_data()).sum() == 80
    with pytest.raises(DataError, match="Channel C3 contains NaN"):
        read_recording(path, h_freq=30.0)
    signals[:] = np.nan
    path.unlink()
    assert np.isnan(read_recording(save(signals)).get_data()).all()
