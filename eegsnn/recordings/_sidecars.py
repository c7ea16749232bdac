"""Lay over a recording what its BIDS data set says of it: channel types, bad channels, events."""

from __future__ import annotations

import warnings
from pathlib import Path

import mne

from eegsnn.errors import DataTrapWarning
from eegsnn.recordings.annotations import set_events
from eegsnn.recordings.bids import (
    LABEL_COLUMNS,
    MISSING,
    bids_root,
    channels,
    events_table,
    label_column,
    read_events,
    read_table,
)

# BIDS type of a channel → MNE's; what is not named here stays as the format says.
_TYPES = {
    "EEG": "eeg",
    "ECOG": "ecog",
    "SEEG": "seeg",
    "DBS": "dbs",
    "EOG": "eog",
    "HEOG": "eog",
    "VEOG": "eog",
    "ECG": "ecg",
    "EMG": "emg",
    "RESP": "resp",
    "GSR": "gsr",
    "TEMP": "temperature",
    "TRIG": "stim",
    **dict.fromkeys(
        ("MISC", "OTHER", "AUDIO", "PPG", "PUPIL", "EYEGAZE", "SYSCLOCK", "REF", "ADC", "DAC"),
        "misc",
    ),
}


def apply_sidecars(raw: mne.io.BaseRaw, path: Path, column: str | None = None) -> None:
    """Set channel types, bad channels and annotations of `raw`, in place.

    Events take the place of the file's own annotations, other than those of bad data. A recording
    that is in no BIDS data set, or has no such files, stays as it is.

    Raises
    ------
    RecordingError
        A table is malformed, has no such column, or most of its events lie beyond the recording.

    Warns
    -----
    DataTrapWarning
        Some events lie beyond the recording, or no channel of ``_channels.tsv`` is in it.
    """
    if bids_root(path) is not None:
        _set_channels(raw, path)
    file = events_table(path)
    if column is not None or (file is not None and _has_labels(file)):
        column = label_column(path, column)
        set_events(raw, str(file), read_events(path, column))


def _has_labels(file: Path) -> bool:
    """Whether there are labels where BIDS has them; other columns have to be asked for."""
    table = read_table(file)
    return any(set(table.get(name, ())) - {MISSING} for name in LABEL_COLUMNS)


def _set_channels(raw: mne.io.BaseRaw, path: Path) -> None:
    listed = list(channels(path))
    named = {name.strip(): name for name in raw.ch_names}
    present = [(named[name], kind, bad) for name, kind, bad in listed if name in named]
    if listed and not present:
        warnings.warn(
            f"{path}: none of the channels in its _channels.tsv ({listed[0][0]}, …) is in the "
            f"recording ({raw.ch_names[0]}, …); types and bad channels are not taken from there.",
            DataTrapWarning,
            stacklevel=2,
        )
    kinds = dict(zip(raw.ch_names, raw.get_channel_types(), strict=True))
    changed = {
        name: _TYPES[kind]
        for name, kind, _ in present
        if _TYPES.get(kind, kinds[name]) != kinds[name]
    }
    raw.set_channel_types(changed, on_unit_change="ignore", verbose="error")
    marked = [name for name, _, bad in present if bad]
    raw.info["bads"] = list(dict.fromkeys([*raw.info["bads"], *marked]))
