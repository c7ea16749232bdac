"""What annotations say: which are no events, and how labels are spelled."""

from __future__ import annotations

import copy
import html
import re
from collections.abc import Collection

import mne
import numpy as np

from eegsnn._warnings import warn_user
from eegsnn.errors import DataTrapWarning, RecordingError

# Marks of bad data as MNE and we write them; a label such as "bad taste" only begins alike.
_SURELY_MARK = re.compile(r"(BAD|EDGE)([ _].*)?", re.DOTALL)


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


def as_events(raw: mne.io.BaseRaw, labels: Collection[str]) -> mne.io.BaseRaw:
    """Return the recording without those marks of bad data that somebody named as events.

    A class may be called "bad"; MNE would drop its trials. The samples are shared, and `raw` stays
    as it is.
    """
    notes = raw.annotations
    kept = [
        k for k, text in enumerate(notes.description) if text not in labels or not marks_data(text)
    ]
    if len(kept) == len(notes):
        return raw
    # Other than `raw.copy()`, which would copy all samples, too.
    other = copy.copy(raw)
    onsets, others = onsets_of(raw)[kept], notes[kept]
    rest = mne.Annotations(onsets, others.duration, others.description, ch_names=others.ch_names)
    return other.set_annotations(rest, verbose="error")


def tell_doubtful_marks(raw: mne.io.BaseRaw, named: Collection[str] = ()) -> None:
    """Warn of annotations that count as marks of bad data, but may be events that begin alike.

    Stretches last, and what MNE or we write is in capitals.

    Warns
    -----
    DataTrapWarning
        If a label begins like BAD or EDGE, none of its annotations lasts, and it is not `named`.
    """
    longest: dict[str, float] = {}
    for text, duration in zip(raw.annotations.description, raw.annotations.duration, strict=True):
        longest[str(text)] = max(longest.get(str(text), 0.0), float(duration))
    doubtful = sorted(
        text
        for text, seconds in longest.items()
        if seconds == 0
        and text not in named
        and text.upper().strip().startswith(("BAD", "EDGE"))
        and not _SURELY_MARK.fullmatch(text.strip())
    )
    if doubtful:
        warn_user(
            f"Annotations {', '.join(map(repr, doubtful))} are taken for marks of bad data, as "
            f"their labels begin, and not for events; but they have no duration. If they are "
            f"events, name them: [events] of a manifest, event_id, --events.",
            DataTrapWarning,
        )


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
