"""Open a recording without loading it: for work in constant memory, and to see what it has."""

from __future__ import annotations

import dataclasses
import os
import warnings
from collections.abc import Sequence
from pathlib import Path

import mne

from eegsnn.recordings.channels import apply_montage
from eegsnn.recordings.picking import drop_left_out, leaves_out, resolve_names, without_absent
from eegsnn.recordings.preprocessing import Preprocessing
from eegsnn.recordings.reading import _check_file, read_complete
from eegsnn.recordings.trial_files import is_trial_file, read_trials


def open_recording(
    path: str | os.PathLike[str],
    *,
    picks: str | Sequence[str] | None = "eeg",
    montage: str | None = "standard_1005",
    duplicates: str = "error",
) -> mne.io.BaseRaw:
    """Open a recording in any format that MNE reads; samples stay on disk until asked for.

    Parameters
    ----------
    path : path-like
        See :func:`read_recording`; what stands beside a BIDS recording is read with it.
    picks, montage : optional
        As in :class:`Preprocessing`.
    duplicates : {"error", "rename"}, default "error"
        As in :func:`read_recording`.

    Returns
    -------
    mne.io.Raw
        In volts. ``raw.get_data(start=…, stop=…)`` reads a piece. Not every format can be read in
        pieces: some are loaded (SNIRF, XDF, EEGLAB files that hold their samples).

    Raises
    ------
    RecordingError
        As :func:`read_recording` does.
    """
    names = picks if picks is None or isinstance(picks, str) else list(picks)
    wanted = Preprocessing(picks=names, montage=montage, duplicates=duplicates)
    file = Path(path)
    _check_file(file)
    raw, wanted = read_complete(file, wanted, preload=False)
    if montage is not None:
        apply_montage(raw, montage)
    drop_left_out(raw, wanted.picks, montage)
    return raw.pick(resolve_names(raw, wanted.picks, "picks", montage), verbose="error")


def steps_for(path: Path, steps: Preprocessing) -> Preprocessing:
    """Return the steps without those channels to leave out that a file does not have.

    Of several recordings that are treated alike, one may lack what the others have.

    Parameters
    ----------
    path : Path
        A recording, or a file of trials; only opened if `steps` leave out a channel by name.
    steps : Preprocessing

    Raises
    ------
    RecordingError, DataError
        The file cannot be read.
    """
    if not leaves_out(steps.picks):
        return steps
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # told when it is read
        if is_trial_file(path):
            everything = Preprocessing(picks="all", montage=None)
            present = read_trials(path, everything, need_labels=False).ch_names
        else:
            opened = open_recording(path, picks=None, montage=None, duplicates=steps.duplicates)
            present = opened.ch_names
    picks = without_absent(steps.picks, present, steps.montage)
    return dataclasses.replace(steps, picks=picks)
