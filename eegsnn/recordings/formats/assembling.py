"""A recording of signals, times and events that came apart: what tables and streams share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import mne
import numpy as np

from eegsnn._validation import suggestion
from eegsnn._warnings import warn_user
from eegsnn.errors import DataTrapWarning, RecordingError

#: Seconds; packets over the air come late by less.
GAP = 0.5
# What apps write before the name of an electrode.
_PREFIX = re.compile(r"^(RAW|EEG)[_. ]", re.IGNORECASE)


def bare_name(label: str) -> str:
    """Return a label without what apps write before the name of an electrode."""
    return _PREFIX.sub("", label)


def choose_channels(
    path: Path, labels: Sequence[str], wanted: Sequence[str], of: str
) -> dict[str, str]:
    """Return label → name of the channel; ``*`` stands for anything, ``LABEL=NAME`` names one."""
    taken: dict[str, str] = {}
    for word in wanted:
        pattern, _, name = word.partition("=")
        fitting = [label for label in labels if fnmatchcase(label, pattern)]
        if not fitting or (name and len(fitting) > 1):
            raise none_such(path, "channels", pattern, labels, of)
        taken |= {label: name or bare_name(label) for label in fitting}
    return taken


def none_such(path: Path, key: str, given: str, there: Sequence[str], of: str) -> RecordingError:
    """Return the error of a name that is not there, or stands for several."""
    return RecordingError(
        f"{path}: {key}: expected a {of}, but got {given!r}. There are: {', '.join(there)}."
        f"{suggestion(given, there)}"
    )


def tell_gaps(path: Path, steps: np.ndarray, rate: float, longest: float = GAP) -> list[int]:
    """Return the samples before which others are missing, by seconds between samples; tell them.

    Between samples that follow one another lie at most `longest` seconds.
    """
    gaps = np.flatnonzero(steps > longest)
    if gaps.size:
        warn_user(
            f"{path}: samples are missing in {gaps.size} places, {steps[gaps].sum():.1f} s in all, "
            f"the first after {gaps[0] / rate:.1f} s; they are annotated as BAD_gap.",
            DataTrapWarning,
        )
    return [int(row) + 1 for row in gaps]


def assemble(
    signals: np.ndarray,
    channels: dict[str, str],
    rate: float,
    notes: Iterable[tuple[float, float, str]],
    gaps: Iterable[int],
) -> mne.io.RawArray:
    """Make a recording of (channels, times) in volts, name → type, and (onset, duration, label)."""
    info = mne.create_info(list(channels), rate, list(channels.values()))
    raw = mne.io.RawArray(signals, info, verbose="error")
    told = [*notes, *((row / rate, 0.0, "BAD_gap") for row in gaps)]
    if told:
        raw.set_annotations(mne.Annotations(*zip(*told, strict=True)), verbose="error")
    return raw
