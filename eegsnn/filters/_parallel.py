"""Rows shared among the processor's cores."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from eegsnn._compiling import n_cores

# Below this many samples a second thread costs more than it saves.
_PARALLEL_SAMPLES = 2**20

ROWS_AT_ONCE = 16
"""Rows that a compiled kernel takes at once; a share of work is a multiple of it."""


def share_rows(work: Callable[[slice], None], n_rows: int, n_samples: int) -> None:
    """Call `work` with slices of rows, on all cores if there are many samples.

    Rows do not know each other, so that the result does not depend on the number of threads.

    Parameters
    ----------
    work : callable
        Takes a slice of rows; must release the GIL for threads to help.
    n_rows, n_samples : int
        Samples of all rows together.
    """
    n_threads = n_cores()
    n_groups = -(-n_rows // ROWS_AT_ONCE)
    if n_threads == 1 or n_groups == 1 or n_samples < _PARALLEL_SAMPLES:
        work(slice(0, n_rows))
        return
    share = ROWS_AT_ONCE * max(1, n_groups // (4 * n_threads))
    parts = [slice(first, first + share) for first in range(0, n_rows, share)]
    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(work, parts))
