"""Cut a continuous recording into trials or windows, and say what was dropped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import mne
import numpy as np

from eegsnn._validation import check_number
from eegsnn.errors import ConfigurationError, RecordingError
from eegsnn.recordings.annotations import as_events, marks_data, tell_doubtful_marks

_GIB = 2**30


def make_epochs(
    raw: mne.io.BaseRaw,
    *,
    events: Any = None,
    event_id: Sequence[Any] | Mapping[Any, Any] | None = None,
    tmin: float = 0.0,
    tmax: float | None = None,
    window: float | None = None,
    overlap: float = 0.0,
    baseline: tuple[float | None, float | None] | None = None,
    reject: float | Mapping[str, float] | None = None,
    flat: float | Mapping[str, float] | None = None,
    events_sfreq: float | None = None,
    max_gib: float = 8.0,
) -> mne.Epochs:
    """Cut `raw` by its annotations, by an events array, or into fixed windows.

    Parameters
    ----------
    raw : mne.io.Raw
        Continuous recording, already filtered.
    events : ndarray of int, shape (events, 3), or path-like, optional
        MNE's events array (sample, previous value, code), or a file such as ``…-eve.fif``. If
        neither this nor `window` is given, the annotations of `raw` are used.
    event_id : list or dict, optional
        Which events, and what they are called. Annotations: a list of labels, or label → name
        (several labels may share a name). Events: a list of codes, code → name, or name → code.
        All events under their own labels if not given, but for annotations that begin with "bad",
        which mark bad data: trials that touch them are dropped. One that is named is an event.
    tmin, tmax : float
        Start and end of each trial in seconds from its event. As everywhere in MNE the end is
        included: ``tmax - tmin = 3`` at 128 Hz gives 385 samples. `tmax` must be given unless
        `window` is.
    window : float, optional
        Length in seconds of fixed windows, which hold exactly ``window * sfreq`` samples.
    overlap : float, default 0
        Seconds that consecutive windows share. Overlapping windows of one recording must not be
        divided between training and test data.
    baseline : tuple of float or None, optional
        Interval whose mean is subtracted from each trial, as in MNE.
    reject, flat : float or dict, optional
        A trial is dropped if a channel's peak-to-peak amplitude is above `reject` or below `flat`,
        in volts; a number is for EEG (or for intracranial EEG where there is no other), a dict
        names channel types.
    events_sfreq : float, optional
        Sampling rate at which `events` was counted, if `raw` has been resampled since.
    max_gib : float, default 8
        Refuse to allocate more GiB than this. A wrong interval is noticed here.

    Returns
    -------
    mne.Epochs
        Loaded; `drop_summary` tells what was dropped.

    Raises
    ------
    RecordingError
        No event of the kind asked for (the message lists the labels present), every trial dropped
        (and why), or more memory needed than `max_gib`.
    ConfigurationError
        Arguments that contradict each other or are out of range.

    Warns
    -----
    DataTrapWarning
        Annotations are taken for marks of bad data, but may be events that begin alike.
    """
    sfreq = float(raw.info["sfreq"])
    if window is not None:
        _refuse_with_window(events=events, event_id=event_id, tmax=tmax)
        found, names, tmin, tmax = _window_events(raw, window, overlap, sfreq)
    else:
        if tmax is None:
            raise ConfigurationError(
                "tmax: expected the end of each trial in seconds from its event, but got None. "
                "Give tmax, or window for fixed windows."
            )
        tmin = check_number("tmin", tmin, unit="s")
        tmax = check_number("tmax", tmax, low=tmin, low_open=True, unit="s")
        if events is None:
            found, names = _annotation_events(raw, event_id)
            if event_id is not None:
                raw = as_events(raw, [str(label) for label in _as_names(event_id)])
        else:
            found, names = _array_events(raw, events, event_id, events_sfreq)
    _check_distinct(found, names, raw)
    _check_size(len(found), len(raw.ch_names), tmin, tmax, sfreq, max_gib)
    limits = {
        key: _per_type(raw, key, value) for key, value in [("reject", reject), ("flat", flat)]
    }
    try:
        epochs = mne.Epochs(
            raw,
            found,
            names,
            tmin=tmin,
            tmax=tmax,
            baseline=baseline,
            **limits,
            preload=True,
            picks="all",
            event_repeated="error",
            on_missing="ignore",
            verbose="error",
        )
    except (ValueError, RuntimeError) as error:
        raise RecordingError(f"The recording cannot be cut as asked: {error}") from error
    if len(epochs) == 0:
        summary = drop_summary(epochs)
        reasons = ", ".join(f"{n} × {why}" for why, n in list(summary.items())[:5])
        reasons += f" and {len(summary) - 5} more reasons" if len(summary) > 5 else ""
        raise RecordingError(
            f"All {len(found)} trials from {tmin:g} s to {tmax:g} s were dropped: {reasons}. Turn "
            f"reject, flat, tmin or tmax."
        )
    return epochs


def drop_summary(epochs: mne.BaseEpochs) -> dict[str, int]:
    """Count why trials were dropped.

    Parameters
    ----------
    epochs : mne.Epochs
        Epochs that went through rejection.

    Returns
    -------
    dict of str to int
        Reason → number of trials, most frequent first; empty if nothing was dropped. A trial that
        several channels spoil counts once for each.
    """
    counts: Counter[str] = Counter()
    for reasons in epochs.drop_log:
        counts.update({_reason(text, epochs.ch_names) for text in reasons if text != "IGNORED"})
    return dict(counts.most_common())


def trial_onsets(epochs: mne.BaseEpochs) -> np.ndarray | None:
    """Return where each trial's first sample lies in its recording, int (trials,).

    None for epochs that were not cut from a recording here: their events may count anything.
    Epochs that were resampled after cutting count their events at the former rate; then the
    onsets are converted.
    """
    if not isinstance(epochs, mne.Epochs):
        return None
    now = float(epochs.info["sfreq"])
    before = np.ravel(getattr(epochs, "_raw_sfreq", None) or now)[0]
    events = np.round(epochs.events[:, 0] * now / float(before))
    return (events + round(float(epochs.tmin) * now)).astype(np.int64)


def _reason(text: str, ch_names: Sequence[str]) -> str:
    if text in ("TOO_SHORT", "NO_DATA"):
        return "outside the recording"
    if text in ch_names:
        return f"amplitude of {text}"
    return f"annotated {text}" if marks_data(text) else text.lower()


def _annotation_events(
    raw: mne.io.BaseRaw, event_id: Sequence[Any] | Mapping[Any, Any] | None
) -> tuple[np.ndarray, dict[str, int]]:
    present = Counter(str(text) for text in raw.annotations.description)
    if event_id is None:
        tell_doubtful_marks(raw)
    usual = [text for text in present if not marks_data(text)]
    wanted = _as_names(usual if event_id is None else event_id)
    labels = {str(label): str(name) for label, name in wanted.items()}
    missing = [label for label in labels if label not in present]
    if missing or not labels:
        raise RecordingError(_absent("annotations", missing, present))
    names = {name: code for code, name in enumerate(dict.fromkeys(labels.values()), start=1)}
    mapping = {label: names[name] for label, name in labels.items()}
    found, _ = mne.events_from_annotations(raw, event_id=mapping, regexp=None, verbose="error")
    return np.unique(found, axis=0), names  # some writers note an event twice


def _array_events(
    raw: mne.io.BaseRaw, events: Any, event_id: Any, events_sfreq: float | None
) -> tuple[np.ndarray, dict[str, int]]:
    found = _events_array(events)
    if events_sfreq is not None:
        rate = check_number("events_sfreq", events_sfreq, low=0, low_open=True, unit="Hz")
        ratio = float(raw.info["sfreq"]) / rate
        found = found.copy()
        found[:, 0] = np.round(found[:, 0] * ratio).astype(found.dtype)
    present = Counter(int(code) for code in found[:, 2])
    wanted = sorted(present) if event_id is None else event_id
    if isinstance(wanted, Mapping) and all(isinstance(key, str) for key in wanted):
        wanted = {code: name for name, code in wanted.items()}
    codes = {int(code): str(name) for code, name in _as_names(wanted).items()}
    missing = [str(code) for code in codes if code not in present]
    if missing or not codes:
        raise RecordingError(_absent("events", missing, present))
    names = {name: number for number, name in enumerate(dict.fromkeys(codes.values()), start=1)}
    found = found[np.isin(found[:, 2], list(codes))].copy()
    found[:, 2] = [names[codes[int(code)]] for code in found[:, 2]]
    return found, names


def read_events_file(path: Path) -> np.ndarray:
    """Read an events file (``-eve.fif``, ``.eve``, ``.txt``): int (events, 3), as in MNE.

    Raises
    ------
    RecordingError
        If it is missing or holds no events.
    """
    if not path.is_file():
        raise RecordingError(f"{path}: no such events file.")
    try:
        found: np.ndarray = mne.read_events(path, verbose="error")
    except Exception as error:  # as for recordings: parsers raise anything
        raise RecordingError(f"{path}: cannot be read as events ({error}).") from error
    return found


def _events_array(events: Any) -> np.ndarray:
    if isinstance(events, str | Path):
        return read_events_file(Path(events))
    array = np.asarray(events)
    if array.ndim != 2 or array.shape[1] != 3 or array.dtype.kind not in "iu":
        raise RecordingError(
            f"events: expected an integer array (events, 3), but got shape {array.shape} of "
            f"{array.dtype}."
        )
    return array.astype(np.int64)


def _window_events(
    raw: mne.io.BaseRaw, window: float, overlap: float, sfreq: float
) -> tuple[np.ndarray, dict[str, int], float, float]:
    window = check_number("window", window, low=1 / sfreq, unit="s")
    overlap = check_number("overlap", overlap, low=0.0, high=window, high_open=True, unit="s")
    length = round(window * sfreq)
    step = length - round(overlap * sfreq)
    if step < 1:
        raise ConfigurationError(
            f"overlap: {overlap:g} s leaves no step between windows of {window:g} s at "
            f"{sfreq:g} Hz."
        )
    if raw.n_times < length:
        raise RecordingError(
            f"window: {window:g} s is longer than the recording, which lasts "
            f"{raw.n_times / sfreq:g} s."
        )
    starts = raw.first_samp + np.arange(0, raw.n_times - length + 1, step)
    found = np.column_stack([starts, np.zeros_like(starts), np.ones_like(starts)])
    return found.astype(np.int64), {"window": 1}, 0.0, (length - 1) / sfreq


def _as_names(wanted: Any) -> dict[Any, Any]:
    if isinstance(wanted, Mapping):
        return dict(wanted)
    if isinstance(wanted, str):
        wanted = [wanted]
    return {label: label for label in wanted}


def _absent(kind: str, missing: Sequence[str], present: Mapping[Any, int]) -> str:
    there = ", ".join(f"{label} ({n})" for label, n in sorted(present.items(), key=str)) or "none"
    what = f"no {kind} labelled {', '.join(missing)}" if missing else f"no {kind}"
    return f"The recording has {what}. Labels present: {there}. Turn event_id."


def _check_distinct(found: np.ndarray, names: Mapping[str, int], raw: mne.io.BaseRaw) -> None:
    """Refuse two events of different names at one sample: a trial has one label."""
    samples, counts = np.unique(found[:, 0], return_counts=True)
    if (counts > 1).any():
        first = int(samples[counts > 1][0])
        at = [str(name) for name, code in names.items() if code in found[found[:, 0] == first, 2]]
        raise RecordingError(
            f"{int((counts > 1).sum())} trials begin with several events at one sample, the first "
            f"at {(first - raw.first_samp) / raw.info['sfreq']:.3f} s: {', '.join(at)}. Name only "
            f"the events that are classes (event_id; [events] of a manifest)."
        )


def _check_size(
    n_trials: int, n_channels: int, tmin: float, tmax: float, sfreq: float, max_gib: float
) -> None:
    n_times = round((tmax - tmin) * sfreq) + 1
    needed = n_trials * n_channels * n_times * 8 / _GIB
    if needed > check_number("max_gib", max_gib, low=0, low_open=True, unit="GiB"):
        raise RecordingError(
            f"{n_trials} trials × {n_channels} channels × {n_times} samples would take "
            f"{needed:.1f} GiB, more than max_gib = {max_gib:g}. Check tmin = {tmin:g} s and "
            f"tmax = {tmax:g} s (seconds, not samples), resample, or raise max_gib."
        )


def _per_type(
    raw: mne.io.BaseRaw, key: str, limit: float | Mapping[str, float] | None
) -> dict[str, float] | None:
    if limit is None:
        return None
    present = set(raw.get_channel_types())
    kinds = ["eeg"] if "eeg" in present else sorted(present & {"seeg", "ecog", "dbs"}) or ["eeg"]
    limits = dict(limit) if isinstance(limit, Mapping) else dict.fromkeys(kinds, limit)
    for kind, value in limits.items():
        if kind not in present:
            raise ConfigurationError(
                f"{key}: the recording has no channels of type {kind!r}, only "
                f"{', '.join(sorted(present))}."
            )
        limits[kind] = check_number(f"{key}[{kind!r}]", value, low=0, low_open=True, unit="V")
    return limits


def _refuse_with_window(**given: Any) -> None:
    extra = [key for key, value in given.items() if value is not None]
    if extra:
        raise ConfigurationError(
            f"window: fixed windows take no {' and no '.join(extra)}. Give either window or events."
        )
