"""Events that stand in a file of their own beside a recording: scored stages, tables, exports.

A table has a row per event; times are seconds from the first sample (milliseconds if the column's
name says "ms"), samples from 0, or dates. Any other file is read by MNE, such as the hypnograms of
polysomnographies in EDF+.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import mne
import numpy as np

from eegsnn.errors import RecordingError
from eegsnn.recordings.annotations import plain_label, set_events
from eegsnn.recordings.formats.assembling import none_such
from eegsnn.recordings.formats.tables import TABLE_SUFFIXES, Table, read_table
from eegsnn.recordings.reading import rate_of

_ONSET = re.compile(r"^(onset|start|begin)s?(_?time)?$|^times?(_?stamps?)?$|^seconds?$")
_SAMPLE = re.compile(r"^((onset|start|begin)_?)?samples?$")
_DURATION = re.compile(r"^(duration|length)s?$")
_END = re.compile(r"^(end|stop|offset)(_?time)?$")
# Columns that may hold labels; the first of them that is there unless another is asked for.
_LABELS = (
    "description",
    "label",
    "trial_type",
    "class",
    "stage",
    "condition",
    "event",
    "type",
    "marker",
    "annotation",
    "code",
    "value",
)
# What follows a column's name: "(s)", "[ms]", "_sec".
_UNIT = re.compile(r"_?[(\[]?(?<![a-z])(ms|msec|milliseconds?|s|secs?|seconds?)[)\]]?$")
_NOTHING = ("", "n/a", "nan")
# Of events files, as MNE names them: samples and codes.
_CODES = re.compile(r"([-_]eve\.fif(\.gz)?|\.eve|\.lst)$", re.IGNORECASE)


def holds_codes(path: Path) -> bool:
    """Whether a file holds MNE's events (samples and codes), not labels at times."""
    name = path.name.lower()
    if _CODES.search(name):
        return True
    if name.endswith((".fif", ".fif.gz")):
        return "annot" not in name
    return _is_table(path) and _only_numbers(path)


def annotate(raw: mne.io.BaseRaw, recording: Path, path: Path, column: str | None = None) -> None:
    """Give a recording the events of a file, in place of its own annotations, in place.

    Annotations of bad data stay.

    Parameters
    ----------
    raw : mne.io.Raw
    recording : Path
        The file that `raw` was read from: samples are counted at its rate.
    path : Path
        A table (``.csv``, ``.tsv``, ``.txt``), or any file that ``mne.read_annotations`` reads.
    column : str, optional
        Column of a table that holds the labels; if not given, the first that is called
        description, label, trial_type, class, stage, condition, event, type, marker, annotation,
        code or value.

    Raises
    ------
    RecordingError
        The file cannot be read, has no such column, or most of its events lie beyond the
        recording.

    Warns
    -----
    DataTrapWarning
        Some events lie beyond the recording.
    """
    if not path.is_file():
        raise RecordingError(f"{path}: no such events file.")
    with path.open("rb") as stream:
        of_mne = b"MNE-Annotations" in stream.read(100)
    if _is_table(path) and not of_mne:
        events = _of_table(raw, recording, path, column)
    else:
        if column is not None:
            raise RecordingError(f"{path}: column {column!r}: this file is no table.")
        events = _of_mne(raw, recording, path)
    set_events(raw, str(path), events)


def _is_table(path: Path) -> bool:
    return path.suffix.lower().startswith(TABLE_SUFFIXES)


def _only_numbers(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8-sig") as lines:
            words = next(filter(None, (line.partition("#")[0].split() for line in lines)), [])
    except (OSError, UnicodeDecodeError):
        return False
    return bool(words) and all(re.fullmatch(r"-?\d+", word) for word in words)


def _of_mne(raw: mne.io.BaseRaw, recording: Path, path: Path) -> list[tuple[float, float, str]]:
    # Markers of BrainVision are samples, whose rate stands in another file.
    rate = {"sfreq": rate_of(recording)} if path.suffix.lower() in (".vmrk", ".amrk") else {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            notes = mne.read_annotations(path, **rate)
    except Exception as error:  # as for recordings: parsers raise anything
        raise RecordingError(
            f"{path}: cannot be read as annotations ({type(error).__name__}: {error})."
        ) from error
    if not len(notes):
        raise RecordingError(f"{path}: holds no annotations.")
    shift = 0.0
    if notes.orig_time is not None and raw.info["meas_date"] is not None:
        shift = (notes.orig_time - raw.info["meas_date"]).total_seconds() - raw.first_time
    return [
        (float(note["onset"]) + shift, float(note["duration"]), plain_label(note["description"]))
        for note in notes
    ]


def _of_table(
    raw: mne.io.BaseRaw, recording: Path, path: Path, column: str | None
) -> list[tuple[float, float, str]]:
    table = read_table(path)
    names = list(table.columns)

    def first(pattern: re.Pattern[str]) -> str | None:
        return next((name for name in names if pattern.search(_bare(name)[0])), None)

    if column is not None and column not in names:
        raise none_such(path, "column of labels", column, names, "column of the table")
    label = column or next(
        (one for word in _LABELS for one in names if _bare(one)[0] == word), None
    )
    onset, sample, duration, end = map(first, (_ONSET, _SAMPLE, _DURATION, _END))
    if label is None or (onset is None and sample is None):
        raise RecordingError(
            f"{path}: expected a column of onsets (onset, start, time; in seconds; or sample) and "
            f"one of labels (label, description, …; another as {path.name}:COLUMN), but its "
            f"columns are {', '.join(names)}."
        )
    if onset is not None:
        begins = _moments(raw, table, onset)
    else:
        begins = table.numbers(str(sample)) / rate_of(recording)
    lengths = np.zeros(len(begins))
    if duration is not None:
        lengths = np.nan_to_num(_moments(raw, table, duration))
    elif end is not None:
        lengths = np.nan_to_num(_moments(raw, table, end) - begins)
    found = [
        (float(start), float(length), plain_label(text))
        for start, length, text in zip(begins, lengths, table.columns[label], strict=True)
        if np.isfinite(start) and text.lower() not in _NOTHING
    ]
    negative = next((event for event in found if event[1] < 0), None)
    if negative is not None:
        raise RecordingError(f"{path}: the event at {negative[0]:g} s ends before it begins.")
    # Some tables repeat an event for each channel.
    return list(dict.fromkeys(found))


def _bare(name: str) -> tuple[str, float]:
    """Return a column's name without its unit, in lower case, and that unit in seconds."""
    plain = re.sub(r"[\s-]+", "_", name.strip().lower())
    unit = _UNIT.search(plain)
    if unit is None or not unit.start():
        return plain, 1.0
    return plain[: unit.start()], 1e-3 if unit[1].startswith("m") else 1.0


def _moments(raw: mne.io.BaseRaw, table: Table, name: str) -> np.ndarray:
    """Return a column as seconds from the recording's first sample; what is empty is NaN."""
    texts = ["" if text.lower() in _NOTHING else text for text in table.columns[name]]
    told = next((text for text in texts if text), "")
    if not re.match(r"\d{4}-\d\d-\d\d[T ]", told):
        return Table(table.path, {name: texts}).numbers(name) * _bare(name)[1]
    relative = told.startswith("1970-01-01")  # MNE's way to write seconds as a clock
    if raw.info["meas_date"] is None and not relative:
        raise RecordingError(
            f"{table.path}: column {name}: holds dates, such as {told}, but the recording does not "
            f"tell when it began. Write seconds from its start."
        )
    try:
        moments = np.array([text.rstrip("Z") or "NaT" for text in texts]).astype("datetime64[us]")
    except ValueError as error:
        raise RecordingError(
            f"{table.path}: column {name}: expected dates such as {told} ({error})."
        ) from error
    if relative:
        since: np.ndarray = (moments - np.datetime64("1970-01-01", "us")) / np.timedelta64(1, "s")
        return since
    began = np.datetime64(raw.info["meas_date"].replace(tzinfo=None), "us")
    seconds: np.ndarray = (moments - began) / np.timedelta64(1, "s") - raw.first_time
    return seconds
