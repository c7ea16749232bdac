"""PhysioNet EEG Motor Movement/Imagery: EDF+ runs, whose number says what T1 and T2 mean."""

from __future__ import annotations

from pathlib import Path

from eegsnn._validation import check_choice, check_number
from eegsnn.datasets.manifest import FileEntry, Manifest
from eegsnn.datasets.readers._common import entries_where
from eegsnn.recordings import EEGDataset, Preprocessing, make_epochs, read_recording

_TASKS = ["hands_feet", "left_right", "eyes"]


def wanted(
    manifest: Manifest, *, task: str = "hands_feet", subjects: object = None, **_: object
) -> list[str]:
    """Names of the files of this task and these subjects."""
    check_choice("task", task, _TASKS)
    return [entry.name for entry in entries_where(manifest, task=task, subject=subjects)]


def read(
    manifest: Manifest,
    files: dict[str, Path],
    preprocessing: Preprocessing | None,
    *,
    task: str = "hands_feet",
    tmin: float = 0.0,
    tmax: float = 4.0,
    window: float = 2.0,
    subjects: list[int] | None = None,
) -> EEGDataset:
    """Filter each run, then cut it.

    Parameters
    ----------
    manifest, files, preprocessing
        As for every reader.
    task : "hands_feet", "left_right" or "eyes", default "hands_feet"
        Imagery of both fists or both feet (runs 6, 10, 14), of the left or right fist (runs 4, 8,
        12), or rest with eyes open or closed (runs 1, 2).
    tmin, tmax : float, default 0 and 4
        Interval in seconds from the cue, `tmax` left out; a trial lasts 4.1 s. Not for "eyes".
    window : float, default 2
        Length in seconds of the windows that an "eyes" run is cut into, without overlap. There is
        one run per state, so that the run gives the label away: this task is for demonstration.
    subjects : list of int, optional
        All if not given.
    """
    check_choice("task", task, _TASKS)
    check_number("tmin", tmin, unit="s")
    check_number("tmax", tmax, low=tmin, low_open=True, unit="s")
    check_number("window", window, low=0.0, low_open=True, unit="s")
    labels = {
        key.removeprefix(f"{task}:"): label
        for key, label in manifest.events.items()
        if key.startswith(f"{task}:")
    }
    parts = [
        _read_run(entry, files[entry.name], preprocessing, task, labels, (tmin, tmax), window)
        for entry in entries_where(manifest, task=task, subject=subjects)
    ]
    return EEGDataset.concatenate(parts)


def _read_run(
    entry: FileEntry,
    path: Path,
    preprocessing: Preprocessing | None,
    task: str,
    labels: dict[str, str],
    interval: tuple[float, float],
    window: float,
) -> EEGDataset:
    raw = read_recording(path, preprocessing)
    run = str(entry.attributes["run"])
    groups = {"subject": str(entry.attributes["subject"]), "run": run}
    classes = list(dict.fromkeys(labels.values()))
    if task != "eyes":
        epochs = make_epochs(raw, event_id=labels, tmin=interval[0], tmax=interval[1])
        return EEGDataset.from_epochs(
            epochs, groups=groups, classes=classes, drop_last_sample=True, recording=entry.name
        )
    epochs = make_epochs(raw, window=window)
    epochs.event_id = {labels[run]: 1}
    return EEGDataset.from_epochs(epochs, groups=groups, classes=classes, recording=entry.name)
