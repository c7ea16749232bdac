"""What has to be alike in data sets that are joined, and how what is not signals is joined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from eegsnn.errors import DataError

if TYPE_CHECKING:
    from eegsnn.recordings.dataset import EEGDataset


def check_joinable(first: EEGDataset, other: EEGDataset) -> None:
    """Refuse data sets whose trials cannot stand in one array; what differs is named."""
    pairs = {
        "sampling rates (Hz)": (first.sfreq, other.sfreq),
        "numbers of channels": (len(first.ch_names), len(other.ch_names)),
        "numbers of samples": (first.X.shape[2], other.X.shape[2]),
        "start times (s)": (first.tmin, other.tmin),
        "units": (first.unit, other.unit),
        "groups": (sorted(first.groups), sorted(other.groups)),
    }
    for what, (one, two) in pairs.items():
        if one != two:
            raise DataError(f"concatenate: {what} differ: {one} and {two}.")


def join_contents(parts: Sequence[EEGDataset]) -> np.ndarray | None:
    """Return the hashes of all trials, or None where a part has none."""
    contents = [part.contents for part in parts if part.contents is not None]
    return np.concatenate(contents) if len(contents) == len(parts) else None


def join_onsets(parts: Sequence[EEGDataset]) -> dict[str, Any]:
    """Join where trials lie; parts whose recording has no name are recordings of their own."""
    if any(part.onsets is None for part in parts):
        return {"onsets": None, "recordings": None}
    names = [
        np.array([str(name) or f"part {number}" for name in np.asarray(part.recordings)])
        for number, part in enumerate(parts, start=1)
    ]
    return {
        "onsets": np.concatenate([np.asarray(part.onsets) for part in parts]),
        "recordings": np.concatenate(names),
    }


def join_provenance(histories: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Join histories: tables key by key, lists at length, of everything else the first."""
    joined: dict[str, Any] = {}
    for history in histories:
        for key, value in history.items():
            if isinstance(value, dict) and isinstance(joined.get(key), dict):
                joined[key] = {**joined[key], **value}
            elif isinstance(value, list) and isinstance(joined.get(key), list):
                joined[key] = [*joined[key], *(one for one in value if one not in joined[key])]
            else:
                joined.setdefault(key, value)
    return joined
