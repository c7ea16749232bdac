"""How loops over rows or columns that do not know each other are shared among cores."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from eegsnn._compiling import n_cores

# Below this many elements, steps of a simple neuron of about a nanosecond each, a second thread
# costs more than it brings, on a busy machine above all.
_LEAST_ELEMENTS = 1 << 18

TOGETHER = 16
"""Numbers of four bytes in a cache line; also the rows that compiled filters take at once."""


@cache
def _pool(n_threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(n_threads, thread_name_prefix="eegsnn-loop")


if hasattr(os, "register_at_fork"):
    # Threads do not survive a fork: whoever waits for those of the parent waits for ever.
    os.register_at_fork(after_in_child=_pool.cache_clear)


def share(
    work: Callable[[int, int], None], n_columns: int, n_elements: int, together: int = TOGETHER
) -> None:
    """Call ``work(first, last)`` on ranges that cover all columns, on several cores if it pays.

    Every column is computed by one thread alone: the result does not depend on their number.

    Parameters
    ----------
    work : callable
        Must release the GIL for threads to help, and not call `share` itself.
    n_columns : int
    n_elements : int
        Of all columns together, each about a nanosecond's work.
    together : int
        Ranges start at multiples of this: by default a cache line of float32, so that no two
        threads write to one.
    """
    n_threads = min(n_cores(), n_columns) if n_elements >= _LEAST_ELEMENTS else 1
    if n_threads == 1:
        work(0, n_columns)
        return
    size = -(-n_columns // n_threads)
    size += -size % together
    ranges = [(start, min(start + size, n_columns)) for start in range(0, n_columns, size)]
    waiting = [_pool(n_threads).submit(work, *columns) for columns in ranges[1:]]
    work(*ranges[0])
    for future in waiting:
        future.result()
