"""Channels that say nothing, filled in from their neighbours: spherical splines, by MNE."""

from __future__ import annotations

import warnings
from collections.abc import Collection
from typing import Any

import mne
import numpy as np

from eegsnn.errors import DataTrapWarning, RecordingError

# Fewer good channels do not tell what a spline between them would be.
_MIN_GOOD = 4


def interpolate_bads(
    recording: Any, wanted: Collection[str] | None = None, *, name: str = ""
) -> None:
    """Interpolate EEG channels that are marked bad, flat throughout, or not finite; in place.

    Parameters
    ----------
    recording : mne.io.Raw or mne.Epochs
        In memory, with the positions of its channels.
    wanted : collection of str, optional
        Channels that are needed; others that are flat or not finite are marked bad, and left. All
        if not given.
    name : str, optional
        What messages call it.

    Raises
    ------
    RecordingError
        Such a channel has no position, or too few good channels have one.

    Warns
    -----
    DataTrapWarning
        Channels were interpolated that nobody had marked; they are named.
    """
    names = [recording.ch_names[i] for i in mne.pick_types(recording.info, eeg=True, exclude=[])]
    marked = [channel for channel in names if channel in recording.info["bads"]]
    dead = {channel: why for channel in names if (why := _why_dead(recording, channel))}
    useless = list(dict.fromkeys([*marked, *dead]))
    recording.info["bads"] = list(dict.fromkeys([*recording.info["bads"], *dead]))
    bad = [channel for channel in useless if wanted is None or channel in wanted]
    if not bad:
        return
    label = f"{name}: " if name else ""
    placed = [channel for channel in names if _has_position(recording, channel)]
    lost = [channel for channel in bad if channel not in placed]
    good = [channel for channel in placed if channel not in useless]
    if lost or len(good) < _MIN_GOOD:
        why = (
            f"the montage knows no position of {', '.join(lost)}"
            if lost
            else f"only {len(good)} good channels have a position"
        )
        raise RecordingError(
            f"{label}bads: {', '.join(bad)} cannot be interpolated: {why}. Name the montage of the "
            f"cap as [preprocessing] montage, or leave the channels out: picks = ['eeg', "
            f"'!{bad[0]}']."
        )
    unmarked = [
        f"{channel} ({why})"
        for channel, why in dead.items()
        if channel in bad and channel not in marked
    ]
    if unmarked:
        warnings.warn(
            f"{label}interpolated from their neighbours: {', '.join(unmarked)}.",
            DataTrapWarning,
            stacklevel=2,
        )
    part = recording.copy().pick(good + bad, verbose="error")
    part.info["bads"] = bad
    part.interpolate_bads(verbose="error")
    for channel in bad:
        place = recording.ch_names.index(channel)
        recording._data[..., place, :] = part.get_data(picks=[channel])[..., 0, :]
    recording.info["bads"] = [one for one in recording.info["bads"] if one not in bad]


def interpolate_trials(
    X: np.ndarray, sfreq: float, ch_names: list[str], montage: mne.channels.DigMontage, name: str
) -> np.ndarray:
    """Return trials (trials, channels, times), flat or not finite channels interpolated."""
    info = mne.create_info(ch_names, sfreq, "eeg")
    epochs = mne.EpochsArray(np.array(X, dtype=np.float64), info, verbose="error")
    epochs.set_montage(montage, match_case=False, on_missing="ignore", verbose="error")
    interpolate_bads(epochs, name=name)
    return epochs.get_data(copy=False).astype(X.dtype, copy=False)


def _why_dead(recording: Any, channel: str) -> str:
    place = recording.ch_names.index(channel)
    series = recording._data[..., place, :]
    if not np.isfinite(series).all():
        return "not finite"
    return "flat" if not np.ptp(series, axis=-1).any() else ""


def _has_position(recording: Any, channel: str) -> bool:
    where = recording.info["chs"][recording.ch_names.index(channel)]["loc"][:3]
    return bool(np.isfinite(where).all() and where.any())
