"""Second-order sections on many rows: SciPy's, or faster with the same numbers."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy import signal

from eegsnn.filters._parallel import share_rows

WORTHWHILE = 2**22
"""Samples from which the compiled loop is worth its import; trials stay far below."""


def filter_sections(sos: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Filter (rows, times) from rest, as :func:`scipy.signal.sosfilt` does.

    Long recordings go through a compiled loop over groups of rows on all cores, where that gives
    the same numbers to the last bit (it is tried once); else through SciPy.
    """
    if rows.size < WORTHWHILE or not _is_exact():
        return signal.sosfilt(sos, rows, axis=-1)
    return _compiled(sos, rows)


@cache
def _is_exact() -> bool:
    """Whether the compiled loop equals SciPy's on this machine: both may fuse operations, or not.

    Streams filter by SciPy, and promise the numbers of one call.
    """
    sos = signal.butter(4, [8.0, 13.0], "bandpass", fs=160.0, output="sos")
    rows = np.random.default_rng(0).normal(size=(19, 400)).cumsum(axis=1)
    return bool(np.array_equal(_compiled(sos, rows), signal.sosfilt(sos, rows, axis=-1)))


def _compiled(sos: np.ndarray, rows: np.ndarray) -> np.ndarray:
    from eegsnn.filters._sections_kernel import filter_rows

    rows = np.ascontiguousarray(rows, dtype=np.float64)
    sections = np.ascontiguousarray(sos, dtype=np.float64)
    out = np.empty_like(rows)

    def work(part: slice) -> None:
        filter_rows(rows[part], sections, out[part])

    share_rows(work, len(rows), rows.size)
    return out
