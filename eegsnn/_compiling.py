"""How loops over numbers are compiled, and on how many cores they may run.

Numba is imported with the first module of kernels, and those only where a kernel is about to run.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any


def compiled(function: Callable) -> Any:
    """Compile a function at its first call, keep the result on disk, release the GIL in it.

    No fast-math: a kernel gives the numbers of its plain reference, infinities included.
    """
    from numba import njit

    options = {"nogil": True, "error_model": "numpy"}
    try:
        return njit(cache=True, **options)(function)
    except RuntimeError:  # nowhere to write: a read-only installation without a home folder
        return njit(**options)(function)


def all_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def n_cores() -> int:
    """Cores that loops may run on: all, or fewer where ``OMP_NUM_THREADS`` says so.

    joblib and Dask set it in their workers: otherwise every worker would take every core.
    """
    limit = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(all_cores(), int(limit))) if limit.isdecimal() else all_cores()
