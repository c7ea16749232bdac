"""Open a recording without loading it, for work in constant memory."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import mne

from eegsnn.recordings.channels import apply_montage
from eegsnn.recordings.picking import drop_left_out, resolve_names
from eegsnn.recordings.preprocessing import Preprocessing
from eegsnn.recordings.reading import _check_file, read_complete


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
