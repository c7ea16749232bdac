"""Recordings of the user's own: a folder of files that MNE reads, and where labels come from.

Labels are those of events (annotations, or an events file beside each recording), or one per file
(a group called ``label`` in the manifest's ``folder.pattern``). Trials begin at events, or are
fixed windows within annotations or, where the file has the label, over the whole recording. Files
of epochs and of arrays come cut, and are read as they are.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path
from typing import Any

import mne
import numpy as np

from eegsnn._validation import check_number
from eegsnn.datasets.folders import events_file, groups_of_all
from eegsnn.datasets.manifest import Manifest
from eegsnn.datasets.readers._folder_events import (
    events_of,
    listed,
    read_with_events,
    wanted_labels,
)
from eegsnn.datasets.readers._folder_files import (
    check_alike,
    steps_for_each,
    traps_in,
    without_split_parts,
)
from eegsnn.errors import ConfigurationError, DataError, EegsnnError
from eegsnn.recordings import EEGDataset, Preprocessing, drop_summary, make_epochs
from eegsnn.recordings.annotations import as_events, onsets_of
from eegsnn.recordings.trial_files import is_trial_file, read_trials

_PER_FILE = (
    "Each label belongs to whole recordings: whatever differs between recordings gives the label "
    "away. Keep recordings whole when dividing, better still subjects."
)
# Options that need the samples around a trial, or its rejection.
_ON_RECORDINGS = ("window", "overlap", "cues", "baseline", "reject", "flat")
_OVERLAP = "Windows overlap: divide by recording, block or subject, never by window."


def read(
    manifest: Manifest,
    files: dict[str, Path],
    preprocessing: Preprocessing | None,
    *,
    tmin: float | None = None,
    tmax: float | None = None,
    window: float | None = None,
    overlap: float = 0.0,
    cues: list[str] | None = None,
    baseline: list[float] | None = None,
    reject: float | None = None,
    flat: float | None = None,
) -> EEGDataset:
    """Filter each recording, cut it, and label its trials.

    The manifest's [events] says what the labels in the recordings (or the codes in events files,
    or the labels in the files' names) are called; without it they keep their own names.

    Parameters
    ----------
    manifest, files, preprocessing
        As for every reader.
    tmin, tmax : float
        Interval in seconds from each event, `tmax` left out. `tmin` is 0 if not given; trials that
        come cut stay as they are where neither is given.
    window, overlap : float
        In place of `tmax`: length in seconds of fixed windows, and what consecutive ones share.
        Windows lie within one annotation, or anywhere if the file has the label.
    cues : list of str, optional
        Where the file has the label: labels (or codes) of the events at which trials begin; all
        events if not given.
    baseline : [start, end], optional
        Interval in seconds from the event whose mean is subtracted from the trial.
    reject, flat : float, optional
        Drop trials with a channel whose peak-to-peak amplitude is above, or below, this many volts.

    Returns
    -------
    EEGDataset
        With the groups of ``folder.pattern``, "recording" (the file), and, for windows within
        annotations, "block" (the annotation).

    Raises
    ------
    ConfigurationError
        Options that contradict each other, or a name that the pattern does not fit.
    RecordingError, DataError
        A recording cannot be read, has none of the events, or differs from the others in channels
        or rate: the message names the file.
    """
    if manifest.recording.file_unit != "V":
        raise ConfigurationError(
            f"{manifest.name}: recording.file_unit: {manifest.recording.file_unit!r} is not taken "
            f"from here: recordings say their unit themselves, files of arrays in an entry unit "
            f"('uV'). Where that is wrong, say [recording] unit = 'a.u.'."
        )
    files = without_split_parts(files)
    cut_already = {name for name, path in files.items() if is_trial_file(path)}
    if (tmax is None) == (window is None) and len(cut_already) < len(files):
        raise ConfigurationError(
            f"{manifest.name}: options tmax, window: expected one of them, but got tmax={tmax!r} "
            f"and window={window!r}. Give tmax for trials that begin at events, window for fixed "
            f"windows; in seconds."
        )
    cut = _Cut(tmin, tmax, window, overlap, cues, _interval(baseline), reject, flat)
    parts: list[EEGDataset] = []
    seen: set[str] = set()
    dropped: Counter[str] = Counter()
    bads: dict[str, list[str]] = {}
    origins = groups_of_all(manifest, files)
    per_file = any("label" in own for own in origins.values())
    for name, path in files.items():
        if name not in cut_already:
            events_file(manifest, path)  # one that is missing is told before any is read
    steps = steps_for_each(files, preprocessing)
    for name, path in files.items():
        groups = {"recording": name, **origins[name]}
        try:
            read_file = _read_trials if name in cut_already else _read_one
            part, labels = read_file(manifest, path, steps[name], cut, groups)
        except EegsnnError as error:
            where = "" if str(path) in str(error) else f"{name}: "
            raise type(error)(f"{where}{error}") from error
        seen.update(labels)
        dropped.update(part.provenance.pop("dropped"))
        bads[name] = part.provenance.pop("bads", [])
        if parts:
            check_alike(name, part, parts[0])
        parts.append(part)
    absent = [label for label in manifest.events if label not in seen]
    if absent:
        raise DataError(
            f"{manifest.name}: events: no recording has {', '.join(absent)}. Labels present: "
            f"{', '.join(sorted(seen))}. Correct or remove the key."
        )
    dataset = EEGDataset.concatenate(parts)
    if len(files) == 1 and cut_already:
        # One file may hold the trials of many recordings: it says itself where they come from.
        dataset.groups.pop("recording")
    order = list(dict.fromkeys(manifest.events.values())) or sorted(set(dataset.y.tolist()))
    traps = [_PER_FILE] * per_file
    traps += [_OVERLAP] if overlap else []
    odd = traps_in(parts, bads)
    return dataclasses.replace(
        dataset,
        classes=order,
        provenance={"dropped": dict(dropped.most_common()), "oddities": odd},
        warnings=[*traps, *odd],
    )


@dataclasses.dataclass(frozen=True)
class _Cut:
    """How recordings are cut; see `read`."""

    tmin: float | None
    tmax: float | None
    window: float | None
    overlap: float
    cues: list[str] | None
    baseline: tuple[float, float] | None
    reject: float | None
    flat: float | None

    @property
    def rejection(self) -> dict[str, Any]:
        """The limits of `make_epochs`."""
        return {"reject": self.reject, "flat": self.flat}


def _read_one(
    manifest: Manifest,
    path: Path,
    preprocessing: Preprocessing | None,
    cut: _Cut,
    groups: dict[str, str],
) -> tuple[EEGDataset, list[str]]:
    """Return a recording's trials, and the labels (as the recording has them) that it holds."""
    label = groups.pop("label", None)
    recording = groups["recording"]
    raw = read_with_events(manifest, path, preprocessing)
    events = events_of(manifest, path, raw)
    more: dict[str, Any] = {}
    if label is not None:
        if manifest.events and label not in manifest.events:
            raise DataError(
                f"the label {label!r} in the file's name is not a key of [events]: "
                f"{', '.join(manifest.events)}."
            )
        present = [label]
        epochs = _cut_with_label(raw, events, cut, path)
        epochs.event_id = {manifest.events.get(label, label): 1}
        epochs.events[:, 2] = 1
    else:
        if cut.cues is not None:
            raise ConfigurationError(
                "options.cues is for recordings whose name has the label; which events are trials "
                "is said by [events]."
            )
        present, wanted = wanted_labels(raw, events, manifest.events, path)
        if cut.window is None:
            epochs = _cut_at_events(raw, events, wanted, cut)
        else:
            epochs, more["block"] = _cut_blocks(raw, events, wanted, cut, groups["recording"])
    dataset = EEGDataset.from_epochs(
        epochs,
        groups={**groups, **more},
        unit=manifest.recording.unit,
        drop_last_sample=cut.window is None,
        provenance={"dropped": drop_summary(epochs), "bads": list(epochs.info["bads"])},
        recording=recording,
    )
    return dataset, present


def _read_trials(
    manifest: Manifest,
    path: Path,
    preprocessing: Preprocessing | None,
    cut: _Cut,
    groups: dict[str, str],
) -> tuple[EEGDataset, list[str]]:
    """Return the trials of a file that holds them cut, and the labels that it holds."""
    asked = [key for key in _ON_RECORDINGS if getattr(cut, key)]
    if asked:
        raise ConfigurationError(
            f"options.{asked[0]} is for continuous recordings, but this file holds trials that are "
            f"cut. Remove it; tmin and tmax (in seconds from the event) shorten the trials."
        )
    label = groups.pop("label", None)
    data = read_trials(path, preprocessing, need_labels=label is None)
    if label is not None:
        data = dataclasses.replace(data, y=np.full(len(data), label), classes=[])
    texts = Counter(data.y.tolist())
    if manifest.events:
        if not set(texts) & set(manifest.events):
            raise DataError(
                f"has no trials labelled {', '.join(manifest.events)}. Labels present: "
                f"{listed(texts)}. Correct [events], or leave the file out with folder.exclude."
            )
        data = data.select(np.isin(data.y, list(manifest.events)))
        named = np.array([manifest.events[text] for text in data.y.tolist()])
        data = dataclasses.replace(data, y=named, classes=[])
    if cut.tmin is not None or cut.tmax is not None:
        data = data.crop(max(0.0, data.tmin) if cut.tmin is None else cut.tmin, cut.tmax)
    if manifest.recording.unit != "V":
        data.unit = manifest.recording.unit
    own = {key: np.full(len(data), value) for key, value in groups.items()}
    data.groups = {**own, **data.groups}
    data.provenance["dropped"] = {
        f"labelled {text}": n
        for text, n in texts.items()
        if manifest.events and text not in manifest.events
    }
    return data, list(texts)


def _cut_at_events(
    raw: mne.io.BaseRaw, events: np.ndarray | None, wanted: dict[str, str], cut: _Cut
) -> mne.Epochs:
    names: Any = wanted if events is None else {int(code): name for code, name in wanted.items()}
    return make_epochs(
        raw,
        events=events,
        event_id=names,
        tmin=0.0 if cut.tmin is None else cut.tmin,
        tmax=cut.tmax,
        baseline=cut.baseline,
        **cut.rejection,
    )


def _cut_with_label(
    raw: mne.io.BaseRaw, events: np.ndarray | None, cut: _Cut, path: Path
) -> mne.Epochs:
    """Cut a recording that has one label: into windows, or at its cues."""
    if cut.window is not None:
        return make_epochs(raw, window=cut.window, overlap=cut.overlap, **cut.rejection)
    _, wanted = wanted_labels(raw, events, {cue: cue for cue in map(str, cut.cues or [])}, path)
    return _cut_at_events(raw, events, wanted, cut)


def _cut_blocks(
    raw: mne.io.BaseRaw,
    events: np.ndarray | None,
    wanted: dict[str, str],
    cut: _Cut,
    recording: str,
) -> tuple[mne.Epochs, list[str]]:
    """Cut windows within annotations; returns them and the annotation that each belongs to."""
    if events is not None:
        raise ConfigurationError(
            "options.window: an events file tells no durations, so that windows cannot be cut "
            "within its events. Give tmin and tmax."
        )
    sfreq = float(raw.info["sfreq"])
    length = round(check_number("window", cut.window, low=1 / sfreq, unit="s") * sfreq)
    overlap = check_number(
        "overlap", cut.overlap, low=0.0, high=length / sfreq, high_open=True, unit="s"
    )
    step = max(1, length - round(overlap * sfreq))
    codes = {name: code for code, name in enumerate(dict.fromkeys(wanted.values()), start=1)}
    found, blocks = [], []
    notes = raw.annotations
    starts = raw.time_as_index(onsets_of(raw), use_rounding=True)
    for number, (start, duration, text) in enumerate(
        zip(starts, notes.duration, notes.description, strict=True)
    ):
        if str(text) not in wanted:
            continue
        end = min(int(start) + round(duration * sfreq), raw.n_times)
        for first in range(max(0, int(start)), end - length + 1, step):
            found.append([first + raw.first_samp, 0, codes[wanted[str(text)]]])
            blocks.append(f"{recording} {number}")
    if not found:
        longest = max(
            float(d) for d, t in zip(notes.duration, notes.description, strict=True) if t in wanted
        )
        raise DataError(
            f"window: {cut.window:g} s is longer than every annotation labelled "
            f"{', '.join(wanted)}; the longest lasts {longest:g} s. Give a shorter window, or tmin "
            f"and tmax for trials that begin at events."
        )
    present = {name: code for name, code in codes.items() if any(row[2] == code for row in found)}
    epochs = make_epochs(
        as_events(raw, wanted),
        events=np.array(found),
        event_id=present,
        tmax=(length - 1) / sfreq,
        **cut.rejection,
    )
    return epochs, [blocks[k] for k in epochs.selection]


def _interval(baseline: Any) -> tuple[float, float] | None:
    if baseline is None:
        return None
    if not isinstance(baseline, list | tuple) or len(baseline) != 2:
        raise ConfigurationError(
            f"options.baseline: expected [start, end] in seconds, but got {baseline!r}."
        )
    start, end = (check_number("options.baseline", value, unit="s") for value in baseline)
    return start, end
