"""Events from a stimulus channel: the codes that an amplifier writes beside the signals."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import mne
import numpy as np

from eegsnn._warnings import warn_user
from eegsnn.errors import DataTrapWarning, RecordingError
from eegsnn.recordings.reading import read_file

# Channels that hold the codes of all others, where a recording has several.
_JOINT = ("STI101", "STI 014", "Status", "STATUS")
# From this share of changes on that switch a line on while others go off, the channel holds codes.
_HELD = 0.1


def is_stimulus_word(events: str) -> bool:
    """Whether `events` asks for a stimulus channel: ``"stim"`` or ``"stim:NAME"``."""
    return events == "stim" or events.startswith("stim:")


def stimulus_events(
    path: str | os.PathLike[str], channel: str | None = None, *, sfreq: float | None = None
) -> np.ndarray:
    """Read the events of a recording's stimulus channel.

    Parameters
    ----------
    path : path-like
        A recording that MNE reads.
    channel : str, optional
        Name of the channel; if not given, the one of type "stim", or of several the one that joins
        the others (STI101, STI 014, Status).
    sfreq : float, optional
        Rate in hertz at which samples are counted; that of the recording if not given.

    Returns
    -------
    ndarray of int, shape (events, 3)
        MNE's events array: sample (``first_samp`` included), value before, code. Codes are the
        lower 16 bits (BioSemi keeps its state in those above), so that none is negative. An event
        is where the value rises, or where a line is switched on while others are switched off
        (4 → 2). Where lines are only switched off (33 → 32, a button that is let go while a code
        lasts), that is an end; unless a tenth of the codes that follow a higher one at once are
        of the former kind: then the channel holds each code until the next.

    Raises
    ------
    RecordingError
        No such channel, several without one that joins them, or one without events.

    Warns
    -----
    DataTrapWarning
        The channel hardly ever returns to 0, and what looks like ends may be events.
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
    events = _with_codes_at_once(events, _codes(raw), raw.first_samp, f"{path}: channel {name}")
    if not len(events):
        raise RecordingError(f"channel {name} holds no events: its value never rises.")
    if sfreq is not None:
        events[:, 0] = np.round(events[:, 0] * sfreq / raw.info["sfreq"])
    return events


def _codes(raw: mne.io.BaseRaw) -> np.ndarray:
    """Return the codes of a recording of one channel as `mne.find_events` sees them."""
    codes: np.ndarray = raw.get_data()[0].astype(np.int64).astype(np.uint16).astype(np.int64)
    return codes


def _with_codes_at_once(
    events: np.ndarray, codes: np.ndarray, first_samp: int, label: str
) -> np.ndarray:
    """Add the codes that follow another without a 0 between, and without a rise."""
    starts = np.flatnonzero(np.diff(codes, prepend=codes[0] - 1))
    ends, values = np.append(starts[1:], len(codes)), codes[starts]
    # Lines of a port settle one by one: what lasts a sample on the way between codes is none.
    settled = np.flatnonzero((ends - starts >= 2) | (values == 0))
    begin, left = starts[settled[1:]], ends[settled[:-1]]
    before, now = values[settled[:-1]], values[settled[1:]]
    known = np.isin(begin + first_samp, events[:, 0])
    at_once = (before > 0) & (now > 0) & (now != before) & ~known
    switched_on = (now & ~before) != 0
    held = (at_once & switched_on).sum() >= _HELD * at_once.sum()
    further = at_once & (switched_on | held)
    ended = np.flatnonzero(at_once & ~further)
    if len(ended) > 2 * (now == 0).sum():
        shown = f"{before[ended[0]]} → {now[ended[0]]}"
        warn_user(
            f"{label}: {len(ended)} changes to a lower code, such as {shown}, are taken for the "
            f"end of an event, but the channel hardly ever returns to 0. If they are events, "
            f"write them to a file, and name it as folder.events: mne.write_events("
            f"'S01-eve.fif', mne.find_events(raw, consecutive=True)).",
            DataTrapWarning,
        )
    unsettled = [np.arange(*span) for span in zip(left[further], begin[further], strict=True)]
    passed = np.isin(events[:, 0] - first_samp, np.concatenate([np.empty(0, int), *unsettled]))
    rows = np.column_stack([begin + first_samp, before, now])[further]
    joined = np.concatenate([events[~passed], rows.astype(events.dtype)])
    return joined[np.argsort(joined[:, 0], kind="stable")]


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
