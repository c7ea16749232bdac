"""What annotations say: which are no events, and how labels are spelled."""

from __future__ import annotations

import html
import re

import mne
import numpy as np

from eegsnn._warnings import warn_user
from eegsnn.errors import DataTrapWarning, RecordingError


def marks_data(text: str) -> bool:
    """Whether an annotation marks bad, joined or cut data, and tells of no event.

    BrainVision marks where writing began or went on, EEGLAB where something was cut out.

    Examples
    --------
    >>> [marks_data(text) for text in ("BAD_gap", "bad", "EDGE boundary", "left")]
    [True, True, True, False]
    >>> [marks_data(text) for text in ("New Segment/", "boundary", "boundary task")]
    [True, True, False]
    """
    upper = text.upper().strip()
    return upper.startswith(("BAD", "EDGE", "NEW SEGMENT/")) or upper == "BOUNDARY"


def onsets_of(raw: mne.io.BaseRaw) -> np.ndarray:
    """Return when annotations begin, in seconds from the first sample that was kept.

    MNE counts from where the measurement began, with a date or without: what was cropped away
    counts, too.
    """
    onsets: np.ndarray = raw.annotations.onset - raw.first_time
    return onsets


def plain_label(text: str) -> str:
    """Return the text of a label, without what spreadsheets make of whole numbers.

    Examples
    --------
    >>> plain_label("1.0"), plain_label("-2."), plain_label("1.5"), plain_label("left 1.0")
    ('1', '-2', '1.5', 'left 1.0')
    """
    return re.sub(r"^(-?\d+)\.0*$", r"\1", text)


def tidy_annotations(raw: mne.io.BaseRaw, name: str) -> None:
    """Mark as bad, in place, where samples were joined, and read labels as they were written.

    EEGLAB notes a "boundary" where something was cut out, BrainVision a "New Segment" where writing
    went on after a pause: no trial may lie across. FIF holds letters beyond Latin-1 as "&#24038;".

    Warns
    -----
    DataTrapWarning
        If samples were joined.
    """
    notes, onsets = raw.annotations, onsets_of(raw)
    labels = [html.unescape(text) if "&#" in text else str(text) for text in notes.description]
    joins = [
        k
        for k, text in enumerate(labels)
        if onsets[k] > 0 and (text.strip().lower() == "boundary" or text == "New Segment/")
    ]
    if not joins and labels == list(notes.description):
        return
    durations = notes.duration.copy()
    durations[joins] = 0.0  # that of what is not there any more
    for k in joins:
        labels[k] = "BAD boundary"
    raw.set_annotations(mne.Annotations(onsets, durations, labels), verbose="error")
    if joins:
        warn_user(
            f"{name}: samples are joined in {len(joins)} places where something was cut out or "
            f"writing paused, the first at {onsets[joins[0]]:.1f} s; they are annotated as BAD "
            f"boundary, so that no trial lies across.",
            DataTrapWarning,
        )


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
        warn_user(f"{text} They are left out.", DataTrapWarning)
    own = raw.annotations
    within += [
        (float(onset), float(duration), str(text))
        for onset, duration, text in zip(onsets_of(raw), own.duration, own.description, strict=True)
        if marks_data(str(text))
    ]
    onset, duration = np.array([note[:2] for note in within], dtype=float).reshape(-1, 2).T
    notes = mne.Annotations(onset, duration, [note[2] for note in within])
    raw.set_annotations(notes, verbose="error")
