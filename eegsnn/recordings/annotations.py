"""What annotations say: which are no events, and how labels are spelled."""

from __future__ import annotations

import re
import warnings

import mne
import numpy as np

from eegsnn.errors import DataTrapWarning, RecordingError


def marks_data(text: str) -> bool:
    """Whether an annotation marks bad or joined data, and tells of no event.

    Examples
    --------
    >>> [marks_data(text) for text in ("BAD_gap", "bad", "EDGE boundary", "left")]
    [True, True, True, False]
    """
    return text.upper().startswith(("BAD", "EDGE"))


def plain_label(text: str) -> str:
    """Return the text of a label, without what spreadsheets make of whole numbers.

    Examples
    --------
    >>> plain_label("1.0"), plain_label("-2."), plain_label("1.5"), plain_label("left 1.0")
    ('1', '-2', '1.5', 'left 1.0')
    """
    return re.sub(r"^(-?\d+)\.0*$", r"\1", text)


def set_events(raw: mne.io.BaseRaw, file: str, events: list[tuple[float, float, str]]) -> None:
    """Give a recording other events (onset, duration, label) than its own, in place.

    Onsets are seconds from the first sample. Annotations of bad data stay.

    Raises
    ------
    RecordingError
        If most events lie beyond the recording: `file`, where they are from, is named.

    Warns
    -----
    DataTrapWarning
        If some do.
    """
    end = raw.n_times / float(raw.info["sfreq"])
    within = [event for event in events if 0 <= event[0] < end]
    n_outside = len(events) - len(within)
    if n_outside:
        last = max(events)
        text = (
            f"{file}: {n_outside} of {len(events)} events lie outside the recording, which lasts "
            f"{end:g} s; the last onset is {last[0]:g} s ({last[2]})."
        )
        if n_outside > len(within):
            raise RecordingError(
                f"{text} Onsets are seconds from the recording's start; is it complete?"
            )
        warnings.warn(f"{text} They are left out.", DataTrapWarning, stacklevel=3)
    own = raw.annotations
    shift = raw.first_time if own.orig_time is not None else 0.0
    within += [
        (float(note["onset"]) - shift, float(note["duration"]), str(note["description"]))
        for note in own
        if marks_data(str(note["description"]))
    ]
    onset, duration = np.array([note[:2] for note in within], dtype=float).reshape(-1, 2).T
    notes = mne.Annotations(onset, duration, [note[2] for note in within])
    raw.set_annotations(notes, verbose="error")
