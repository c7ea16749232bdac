"""Events from a stimulus channel: the codes that an amplifier writes beside the signals."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import mne
import numpy as np

from eegsnn.errors import RecordingError
from eegsnn.recordings.reading import read_file

# Channels that hold the codes of all others, where a recording has several.
_JOINT = ("STI101", "STI 014", "Status", "STATUS")


def is_stimulus_word(events: str) -> bool:
    """Whether `events` asks for a stimulus channel: ``"stim"`` or ``"stim:NAME"``."""
    return events == "stim" or events.startswith("stim:")


def stimulus_events(path: str | os.PathLike[str], channel: str | None = None) -> np.ndarray:
    """Read the events of a recording's stimulus channel.

    Parameters
    ----------
    path : path-like
        A recording that MNE reads.
    channel : str, optional
        Name of the channel; if not given, the one of type "stim", or of several the one that joins
        the others (STI101, STI 014, Status).

    Returns
    -------
    ndarray of int, shape (events, 3)
        MNE's events array: sample (``first_samp`` included, at the recording's own rate), value
        before, code. An event is where the value rises; codes are the lower 16 bits (BioSemi keeps
        its state in those above), so that none is negative.

    Raises
    ------
    RecordingError
        No such channel, several without one that joins them, or one without events.
    """
    raw = read_file(Path(path), preload=False, verbose="error")
    name = _channel(raw, channel)
    raw = raw.pick([name]).load_data(verbose="error")
    values = raw.get_data()[0]
    # A channel of codes that the file declares as microvolts is less than one volt everywhere.
    scale = 1e6 if values.any() and np.abs(values).max() < 1 else 1.0
    raw.apply_function(lambda codes: np.round(scale * codes), picks=[name], verbose="error")
    events = mne.find_events(
        raw, name, consecutive="increasing", shortest_event=1, uint_cast=True, verbose="error"
    )
    if not len(events):
        raise RecordingError(f"channel {name} holds no events: its value never rises.")
    return events


def describe_stimulus_channels(raw: mne.io.BaseRaw) -> str:
    """Return the stimulus channels of a recording in words, or nothing if it has none."""
    return ", ".join(_of_type_stim(raw))


def count_codes(events: np.ndarray) -> Counter[str]:
    """Count the events of each code."""
    return Counter(str(code) for code in np.asarray(events)[:, 2])


def _of_type_stim(raw: mne.io.BaseRaw) -> list[str]:
    return [raw.ch_names[i] for i in mne.pick_types(raw.info, meg=False, stim=True)]


def _channel(raw: mne.io.BaseRaw, wanted: str | None) -> str:
    if wanted is not None:
        if wanted not in raw.ch_names:
            raise RecordingError(
                f"no stimulus channel {wanted!r}. Channels: {', '.join(raw.ch_names)}."
            )
        return wanted
    present: Sequence[str] = _of_type_stim(raw)
    joint = [name for name in _JOINT if name in present]
    if not present:
        raise RecordingError(
            f"no channel of type stim. Name the one that holds the codes, as stim:NAME. Channels: "
            f"{', '.join(raw.ch_names)}."
        )
    if len(present) > 1 and not joint:
        raise RecordingError(
            f"several stimulus channels: {', '.join(present)}. Name one of them, as stim:NAME."
        )
    return joint[0] if joint else present[0]
