"""Stretches of a recording in which no channel holds a number: pauses, lost packets."""

from __future__ import annotations

import mne
import numpy as np

from eegsnn._warnings import warn_user
from eegsnn.errors import DataTrapWarning


def mark_missing(raw: mne.io.BaseRaw, name: str) -> None:
    """Annotate as ``BAD_missing`` where all EEG channels are NaN or infinite, in place.

    What is missing becomes a straight line, so that filters have something to go through; trials
    that touch it are dropped by the annotation. Numbers that one channel alone lacks stay missing.

    Parameters
    ----------
    raw : mne.io.Raw
        In memory.
    name : str
        What the recording is called in messages.

    Warns
    -----
    DataTrapWarning
        If there are such stretches.
    """
    names = [raw.ch_names[k] for k in mne.pick_types(raw.info, meg=False, eeg=True)]
    missing = np.full(raw.n_times, bool(names))
    for channel in names:
        missing &= ~np.isfinite(raw.get_data(picks=[channel])[0])
        if not missing.any():  # nearly always after the first channel
            return
    if not names or missing.all():
        return
    edges = np.flatnonzero(np.diff(missing.astype(np.int8), prepend=0, append=0))
    starts, stops = edges[::2], edges[1::2]
    there = np.flatnonzero(~missing)

    def fill(values: np.ndarray) -> np.ndarray:
        values = values.copy()
        values[missing] = np.interp(np.flatnonzero(missing), there, values[there])
        return values

    raw.apply_function(fill, picks=names, verbose="error")
    sfreq = float(raw.info["sfreq"])
    # MNE counts onsets from where the measurement began, not from the first sample that was kept.
    raw.annotations.append(
        starts / sfreq + raw.first_time, (stops - starts) / sfreq, ["BAD_missing"] * len(starts)
    )
    warn_user(
        f"{name}: no channel holds a number in {len(starts)} stretches, "
        f"{missing.sum() / sfreq:.1f} s in all, the first at {starts[0] / sfreq:.1f} s; they are "
        f"annotated as BAD_missing.",
        DataTrapWarning,
    )
