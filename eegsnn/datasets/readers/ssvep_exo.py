"""SSVEP with an exoskeleton: one FIF recording and one ``-eve.fif`` per session."""

from __future__ import annotations

from pathlib import Path

import mne

from eegsnn._validation import check_number
from eegsnn.datasets.manifest import Manifest
from eegsnn.datasets.readers._common import entries_where
from eegsnn.recordings import EEGDataset, Preprocessing, make_epochs, read_recording


def wanted(manifest: Manifest, *, subjects: object = None, **_: object) -> list[str]:
    """Names of the files of these subjects."""
    return [entry.name for entry in entries_where(manifest, subject=subjects)]


def read(
    manifest: Manifest,
    files: dict[str, Path],
    preprocessing: Preprocessing | None,
    *,
    tmin: float = 2.0,
    tmax: float = 5.0,
    subjects: list[str] | None = None,
) -> EEGDataset:
    """Filter each session, then cut its trials.

    Parameters
    ----------
    manifest, files, preprocessing
        As for every reader.
    tmin, tmax : float, default 2 and 5
        Interval in seconds from the audio cue, which ends with the stimulation; `tmax` is left
        out. The first two seconds hold the cue and the shift of gaze.
    subjects : list of str, optional
        Subjects such as ``["01", "10"]``; all if not given.
    """
    check_number("tmin", tmin, low=0.0, unit="s")
    check_number("tmax", tmax, low=tmin, low_open=True, high=5.0, unit="s")
    codes = {int(code): label for code, label in manifest.events.items()}
    parts = []
    for entry in entries_where(manifest, part="raw", subject=subjects):
        subject, session = entry.attributes["subject"], entry.attributes["session"]
        (events,) = entries_where(manifest, part="events", session=session)
        original = mne.io.read_info(files[entry.name], verbose="error")["sfreq"]
        raw = read_recording(files[entry.name], preprocessing)
        epochs = make_epochs(
            raw,
            events=files[events.name],
            event_id=codes,
            tmin=tmin,
            tmax=tmax,
            events_sfreq=original,
        )
        parts.append(
            EEGDataset.from_epochs(
                epochs,
                groups={"subject": subject, "session": session},
                classes=list(codes.values()),
                unit=manifest.recording.unit,
                drop_last_sample=True,
                recording=entry.name,
            )
        )
    return EEGDataset.concatenate(parts)
