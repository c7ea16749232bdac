"""Arrays (..., times) as rows for the compiled kernels, spread over the processor's cores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from eegsnn._sharing import share
from eegsnn._validation import check_signal


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

    def work(first: int, last: int) -> None:
        part = slice(first, last)
        kernel(rows[part], *constants, *(state[part] for state in states), out[part])

    share(work, len(rows), rows.size)
