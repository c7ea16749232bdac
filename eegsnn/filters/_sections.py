"""Second-order sections on many rows: SciPy's, or faster with the same numbers."""

from __future__ import annotations

import sys
from functools import cache

import numpy as np
from scipy import signal

from eegsnn._sharing import share

WORTHWHILE = 2**20
"""Samples from which the compiled loop is worth importing its compiler for."""


def expect(n_samples: int) -> None:
    """Have the compiler at hand where so many samples are to come, in blocks that are smaller."""
    if n_samples >= WORTHWHILE:
        _is_exact()


def filter_sections(
    sos: np.ndarray, rows: np.ndarray, dc_gain: float, out: np.ndarray | None = None
) -> np.ndarray:
    """Filter (rows, times) as if the first sample of each had lasted for ever.

    Long recordings go through a compiled loop over groups of rows on all cores, where that gives
    the same numbers as SciPy to the last bit (it is tried once); else through SciPy. So does
    everything in a process that has the compiler at hand.

    Parameters
    ----------
    sos : ndarray, shape (sections, 6)
    rows : ndarray, shape (rows, times)
    dc_gain : float
        The filter's response to a constant.
    out : ndarray of float64, shape (rows, times), optional
        Where the result goes.
    """
    if (rows.size >= WORTHWHILE or "numba" in sys.modules) and _is_exact():
        return _compiled(sos, rows, dc_gain, out)
    filtered = _by_scipy(sos, rows, dc_gain)
    if out is None:
        return filtered
    out[:] = filtered
    return out


@cache
def _is_exact() -> bool:
    """Whether the compiled loop equals SciPy's on this machine: both may fuse operations, or not.

    Streams filter by SciPy, and promise the numbers of one call.
    """
    sos = signal.butter(4, [8.0, 13.0], "bandpass", fs=160.0, output="sos")
    rows = np.random.default_rng(0).normal(size=(19, 400)).cumsum(axis=1)
    return bool(np.array_equal(_compiled(sos, rows, 0.7), _by_scipy(sos, rows, 0.7)))


def _by_scipy(sos: np.ndarray, rows: np.ndarray, dc_gain: float) -> np.ndarray:
    first = rows[:, :1]
    filtered = signal.sosfilt(sos, rows - first, axis=-1)
    if dc_gain:
        filtered += dc_gain * first
    return filtered


def _compiled(
    sos: np.ndarray, rows: np.ndarray, dc_gain: float, out: np.ndarray | None = None
) -> np.ndarray:
    from eegsnn.filters._sections_kernel import filter_rows

    rows = np.ascontiguousarray(rows, dtype=np.float64)
    sections = np.ascontiguousarray(sos, dtype=np.float64)
    filtered = np.empty_like(rows) if out is None else out

    def work(first: int, last: int) -> None:
        filter_rows(rows[first:last], sections, float(dc_gain), filtered[first:last])

    share(work, len(rows), rows.size)
    return filtered
