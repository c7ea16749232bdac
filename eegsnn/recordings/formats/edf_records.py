"""What MNE does not tell of the records of EDF and BDF: gaps between them, rates of their signals.

Records of EDF+D and BDF+D need not follow one another in time.

Each says when it begins, in the first of its time-stamped annotation lists. MNE joins them, but
leaves annotations at their times. Source: Kemp & Olivan, *Clin. Neurophysiol.* 114
(2003), section 2.2.4.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import BinaryIO

import mne
import numpy as np

from eegsnn._warnings import warn_user
from eegsnn.errors import DataTrapWarning

_LISTS = (b"EDF Annotations", b"BDF Annotations")
_ONSET = re.compile(rb"^([+-]\d+(\.\d*)?)[\x14\x15]")
# Seconds; onsets are rounded in text.
_TOLERANCE = 1e-3


def close_gaps(raw: mne.io.BaseRaw, path: Path) -> None:
    """Move the annotations of a discontinuous recording to its joined samples, in place.

    Where records are joined, ``BAD_gap`` is annotated, so that no trial lies across. What begins
    within a gap begins after it.

    Warns
    -----
    DataTrapWarning
        If there are gaps.
    """
    begins, length = record_onsets(path)
    if len(begins) < 2:
        return
    begins = begins - begins[0]
    steps = np.diff(begins)
    gaps = np.flatnonzero(steps > length + _TOLERANCE)
    if not gaps.size:
        return
    # Those of `raw` end where its samples do.
    own = mne.read_annotations(path)
    starts = _on_samples(own.onset, begins, length)
    durations = np.maximum(_on_samples(own.onset + own.duration, begins, length) - starts, 0.0)
    joins = (gaps + 1) * length
    raw.set_annotations(
        mne.Annotations(
            [*starts, *joins],
            [*durations, *np.zeros(len(joins))],
            [*own.description, *["BAD_gap"] * len(joins)],
        ),
        verbose="error",
    )
    warn_user(
        f"{path}: is discontinuous: {len(gaps)} gaps, {(steps[gaps] - length).sum():.1f} s in all, "
        f"the first after {joins[0]:.1f} s. Samples are joined, times count without the gaps, and "
        f"each join is annotated as BAD_gap.",
        DataTrapWarning,
    )


def _on_samples(times: np.ndarray, begins: np.ndarray, length: float) -> np.ndarray:
    """Return where times of the clock lie in the joined records, in seconds."""
    record = np.clip(np.searchsorted(begins, times + _TOLERANCE, "right") - 1, 0, None)
    beyond = np.minimum(times - begins[record], np.where(record == len(begins) - 1, np.inf, length))
    found: np.ndarray = record * length + beyond
    return found


def record_onsets(path: Path) -> tuple[np.ndarray, float]:
    """Return when each record of an EDF+D or BDF+D file begins, and how long one lasts, in seconds.

    Nothing of files that say that they are continuous.
    """
    with path.open("rb") as stream:
        fixed = stream.read(256)
        if fixed[192:197] not in (b"EDF+D", b"BDF+D"):
            return np.empty(0), 0.0
        length = float(fixed[244:252])
        width = 3 if fixed[192:193] == b"B" else 2
        signals = _signals(fixed, stream)
        sizes = [width * n_samples for _, n_samples in signals]
        lists = [k for k, (label, _) in enumerate(signals) if label in _LISTS]
        if not lists:
            return np.empty(0), 0.0
        before, size = sum(sizes[: lists[0]]), sizes[lists[0]]
        onsets = []
        stream.seek(int(fixed[184:192]))
        while len(record := stream.read(sum(sizes))) == sum(sizes):
            found = _ONSET.match(record[before : before + size])
            if found is None:
                return np.empty(0), 0.0
            onsets.append(float(found[1]))
    return np.array(onsets), length


def samples_per_record(path: Path) -> list[int]:
    """Return how many samples a record of an EDF or BDF file has of each signal, in their order.

    Lists of annotations are left out. Nothing of a file without a readable header.
    """
    try:
        with path.open("rb") as stream:
            signals = _signals(stream.read(256), stream)
    except (OSError, ValueError):
        return []
    return [n_samples for label, n_samples in signals if label not in _LISTS]


def _signals(fixed: bytes, stream: BinaryIO) -> list[tuple[bytes, int]]:
    """Return label and samples per record of each signal; the stream stands after `fixed`."""
    n_signals = int(fixed[252:256])
    header = stream.read(256 * n_signals)
    counts = header[216 * n_signals : 224 * n_signals]
    return [
        (header[16 * k : 16 * k + 16].strip(), int(counts[8 * k : 8 * k + 8]))
        for k in range(n_signals)
    ]
