"""Files of one folder: which of them are recordings of their own, and whether they fit together."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import mne
import numpy as np

from eegsnn.errors import DataError, RecordingError
from eegsnn.recordings import EEGDataset, Preprocessing
from eegsnn.recordings.opening import steps_for
from eegsnn.recordings.picking import Picks, leaves_out
from eegsnn.recordings.trial_files import is_trial_file

# Scalp EEG varies by some 1e-5 V, intracranial EEG by some 1e-4 V.
_HARDLY_VOLTS = 1e-2
# Names of the second and further parts of a recording, by MNE and by BIDS.
_PART = re.compile(r"(-\d+(?=\.fif)|_split-(?!01)\d+_)")


def check_alike(name: str, part: EEGDataset, first: EEGDataset) -> None:
    """Refuse recordings that cannot be joined, by the name of the file and with the remedy."""
    other = first.groups["recording"][0]
    if part.sfreq != first.sfreq:
        raise DataError(
            f"{name}: sampled at {part.sfreq:g} Hz, but {other} at {first.sfreq:g} Hz. Give a "
            f"common rate as [preprocessing] resample."
        )
    here, there = sorted(part.groups), sorted(first.groups)
    if here != there:
        raise DataError(
            f"{name}: belongs to the groups {', '.join(here)}, but {other} to {', '.join(there)}. "
            f"Give every file the same ones (folder.pattern; arrays of an .npz or .mat)."
        )
    length, usual = part.X.shape[2], first.X.shape[2]
    if length != usual or abs(part.tmin - first.tmin) > 0.5 / part.sfreq:
        raise DataError(
            f"{name}: its trials last {length} samples from {part.tmin:g} s, but those of {other} "
            f"{usual} from {first.tmin:g} s. Give options tmin and tmax that all of them have."
        )
    part.tmin = first.tmin
    missing = [channel for channel in first.ch_names if channel not in part.ch_names]
    further = [channel for channel in part.ch_names if channel not in first.ch_names]
    if missing or further:
        has = [f"has no channel {', '.join(missing)}"] * bool(missing)
        has += [f"has channel {', '.join(further)}"] * bool(further)
        raise DataError(
            f"{name}: {' and '.join(has)}, unlike {other}. Name the channels that all recordings "
            f"have as [preprocessing] picks."
        )


def steps_for_each(
    files: Mapping[str, Path], preprocessing: Preprocessing | None
) -> dict[str, Preprocessing | None]:
    """Return how each recording is treated: what is left out by name need not be in all of them.

    Raises
    ------
    RecordingError
        If a channel to leave out is in none, or a recording cannot be read.
    """
    if preprocessing is None or not leaves_out(preprocessing.picks):
        return dict.fromkeys(files, preprocessing)
    steps: dict[str, Preprocessing | None] = {}
    in_one: set[str] = set()
    for name, path in files.items():
        own = steps_for(path, preprocessing)
        steps[name] = own
        in_one.update(_words(own.picks))
    absent = [
        word for word in _words(preprocessing.picks) if leaves_out(word) and word not in in_one
    ]
    if absent:
        raise RecordingError(
            f"picks: no recording has a channel to leave out as {', '.join(absent)}. Correct or "
            f"remove it."
        )
    return steps


def _words(picks: Picks) -> list[str]:
    return [picks] if isinstance(picks, str) else picks or []


def without_split_parts(files: dict[str, Path]) -> dict[str, Path]:
    """Leave out the further parts of long FIF recordings, which MNE reads with the first.

    Taken for recordings of their own, their trials would be there twice.
    """
    further: set[Path] = set()
    for path in files.values():
        root = _PART.sub(lambda found: "_split-01_" if "split" in found[1] else "", path.name)
        first = path.with_name(root)
        if first != path and first in files.values() and not is_trial_file(first):
            parts = mne.io.read_raw(first, preload=False, verbose="error").filenames
            further |= {Path(part) for part in parts[1:] if part is not None}
    return {name: path for name, path in files.items() if path.resolve() not in further}


def traps_in(parts: Sequence[EEGDataset], bads: Mapping[str, Sequence[str]]) -> list[str]:
    """Say what is odd about the signals: channels that are bad or flat, numbers that are no volts.

    Parameters
    ----------
    parts : sequence of EEGDataset
        Trials of each recording.
    bads : mapping of str to sequence of str
        Recording → channels that it marks as bad, of those that are used.
    """
    traps = []
    marked = [f"{', '.join(names)} in {file}" for file, names in bads.items() if names]
    if marked:
        more = f" and {len(marked) - 3} more recordings" if len(marked) > 3 else ""
        traps.append(
            f"Channels that are marked bad are used all the same: {'; '.join(marked[:3])}{more}. "
            f"[preprocessing] bads = 'interpolate' fills them in, picks = ['eeg', '!NAME'] "
            f"leaves one out."
        )
    for part in parts:
        still = np.ptp(part.X, axis=2).max(axis=0) == 0
        if still.any():
            names = ", ".join(np.array(part.ch_names)[still])
            traps.append(
                f"Flat in every trial of {part.groups['recording'][0]}: {names}. [preprocessing] "
                f"bads = 'interpolate' fills it in, picks = ['eeg', '!NAME'] leaves it out."
            )
    for part in parts:
        spread = float(np.median(part.X.std(axis=2)))
        if part.unit == "V" and spread > _HARDLY_VOLTS:
            traps.append(
                f"A typical channel of {part.groups['recording'][0]} varies by {spread:.2g} V: "
                f"probably its numbers are microvolts. Models trained on them will misjudge "
                f"recordings whose unit is right; say [recording] unit = 'a.u.' (of arrays: unit)."
            )
            break
    return traps
