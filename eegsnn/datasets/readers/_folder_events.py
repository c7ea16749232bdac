"""Events of a recording of the user's own, and which of their labels are wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import mne
import numpy as np

from eegsnn.datasets.folders import events_file
from eegsnn.datasets.manifest import Manifest
from eegsnn.errors import DataError
from eegsnn.recordings import Preprocessing, read_recording
from eegsnn.recordings.annotation_files import annotate, holds_codes
from eegsnn.recordings.annotations import marks_data, tell_doubtful_marks
from eegsnn.recordings.bids import column_of, events_table, is_bids_word, label_column, read_table
from eegsnn.recordings.epochs import read_events_file
from eegsnn.recordings.reading import rate_of, read_file
from eegsnn.recordings.stimulus import (
    count_codes,
    describe_stimulus_channels,
    is_stimulus_word,
    stimulus_events,
)


def read_with_events(
    manifest: Manifest, path: Path, preprocessing: Preprocessing | None
) -> mne.io.BaseRaw:
    """Read a recording, with the events that [folder] names where these are annotations."""
    word = manifest.folder.events if manifest.folder is not None else ""
    column = label_column(path, column_of(word)) if is_bids_word(word) else None
    raw = read_recording(path, preprocessing, events_column=column)
    file, of_labels = events_file(manifest, path)
    if file is not None and not holds_codes(file):
        annotate(raw, path, file, of_labels)
    return raw


def events_of(manifest: Manifest, path: Path, raw: mne.io.BaseRaw) -> np.ndarray | None:
    """Return the events of a file or a channel, in samples of `raw`; None for annotations."""
    word = manifest.folder.events if manifest.folder is not None else ""
    sfreq = float(raw.info["sfreq"])  # which may be resampled
    if is_stimulus_word(word):
        return stimulus_events(path, word.partition(":")[2] or None, sfreq=sfreq)
    file, _ = events_file(manifest, path)
    if file is None or not holds_codes(file):
        return None
    found = read_events_file(file)
    found[:, 0] = np.round(found[:, 0] * sfreq / rate_of(path))
    return found


def wanted_labels(
    raw: mne.io.BaseRaw, events: np.ndarray | None, names: Mapping[str, str], path: Path
) -> tuple[list[str], dict[str, str]]:
    """Return the labels that a recording holds, and those of them that are wanted, with names.

    A recording need not hold every label of the data set, but one of them. What marks bad data is
    no label, unless it is named.
    """
    if events is None:
        tell_doubtful_marks(raw, names)
        texts = Counter(str(text) for text in raw.annotations.description)
        texts = Counter({k: n for k, n in texts.items() if k in names or not marks_data(k)})
    else:
        texts = count_codes(events)
    chosen = {text: names.get(text, text) for text in texts if text in names or not names}
    if not chosen:
        what = "annotations" if events is None else "events"
        raise DataError(
            f"has no {what} labelled {', '.join(names) or '(anything)'}. Labels present: "
            f"{listed(texts)}.{_hint(path, events)} Correct [events], or leave the file "
            f"out with folder.exclude."
        )
    return list(texts), chosen


def _hint(path: Path, events: np.ndarray | None) -> str:
    """Say where else a recording whose annotations were asked may have its labels."""
    if events is not None:
        return ""
    table = events_table(path)
    if table is not None:
        columns = [name for name in read_table(table) if name not in ("onset", "duration")]
        return (
            f" {table.name} has the columns {', '.join(columns) or '(none)'}: folder.events = "
            f"'bids:COLUMN' reads another than trial_type."
        )
    there = describe_stimulus_channels(read_file(path, preload=False, verbose="error"))
    return (
        f" It has the stimulus channel {there}: folder.events = 'stim' reads it." if there else ""
    )


def listed(texts: Mapping[str, int]) -> str:
    """Return labels with their numbers, the first twenty of them."""
    said = [f"{text} ({n})" for text, n in sorted(texts.items())]
    return ", ".join(said[:20]) + (f", … ({len(said)} in all)" if len(said) > 20 else "") or "none"
