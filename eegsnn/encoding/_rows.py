"""Arrays (..., times) as rows for the compiled kernels, spread over the processor's cores."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from eegsnn._validation import check_signal

# Below this many samples a second thread costs more than it saves.
_PARALLEL_SAMPLES = 2**20
# Rows that a kernel takes at once; a share of work is a multiple of it.
_ROWS_AT_ONCE = 16


def as_rows(s: np.ndarray) -> np.ndarray:
    """Return (..., times) as contiguous float64 (rows, times); a copy only where needed."""
    s = np.asarray(s)
    return np.ascontiguousarray(s.reshape(-1, s.shape[-1]), dtype=np.float64)


def signal_rows(s: Any, name: str = "s") -> np.ndarray:
    """Validate a signal (..., times) that a user gave; returns its rows.

    Raises
    ------
    DataError
        If there is no sample, or one is not a finite real number.
    """
    return as_rows(check_signal(s, name=name))


def per_row(value: float | np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return one float64 for each of the rows: a number for all, or one each already."""
    return np.ascontiguousarray(np.broadcast_to(value, (len(rows),)), dtype=np.float64)


def run_kernel(
    name: str,
    rows: np.ndarray,
    constants: Sequence[Any],
    states: Sequence[np.ndarray],
    out: np.ndarray,
) -> None:
    """Call a kernel of :mod:`eegsnn.encoding._kernels` on all rows, in threads if they are many.

    Rows do not know each other, so that the result does not depend on the number of threads.

    Parameters
    ----------
    name : str
    rows : ndarray of float64, shape (rows, times)
    constants : sequence
        Arguments that all rows share.
    states : sequence of ndarray, shape (rows, ...)
        State, changed in place.
    out : ndarray, shape (rows, times or fewer)
        Where the spikes go.
    """
    # Numba takes a second to import and the kernels more to compile for the first time; who
    # does not call them need not wait.
    from eegsnn.encoding import _kernels

    kernel = getattr(_kernels, name)

    def work(part: slice) -> None:
        kernel(rows[part], *constants, *(state[part] for state in states), out[part])

    n_threads = os.cpu_count() or 1
    n_groups = -(-len(rows) // _ROWS_AT_ONCE)
    if n_threads == 1 or n_groups == 1 or rows.size < _PARALLEL_SAMPLES:
        work(slice(0, len(rows)))
        return
    share = _ROWS_AT_ONCE * max(1, n_groups // (4 * n_threads))
    parts = [slice(first, first + share) for first in range(0, len(rows), share)]
    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(work, parts))
