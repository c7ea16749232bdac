"""Second-order sections, compiled; imported when the first long recording is filtered."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit

LANES = 16
TILE = 128


def _compiled(function: Callable) -> Callable:
    options = {"nogil": True, "error_model": "numpy"}
    try:
        return njit(cache=True, **options)(function)
    except RuntimeError:  # nowhere to write: a read-only installation without a home folder
        return njit(**options)(function)


@_compiled
def filter_rows(x, sos, out):  # type: ignore[no-untyped-def]
    """Filter rows (rows, times) from rest, in the order of operations of SciPy's ``sosfilt``.

    A recursive filter waits for its last output, so that rows are taken `LANES` at a time, tile
    by tile and transposed: the innermost loop then runs over rows, in the vector unit.
    """
    n_sections = sos.shape[0]
    tile = np.empty((TILE, LANES))
    state = np.empty((n_sections, 2, LANES))
    for r in range(0, x.shape[0], LANES):
        n = min(LANES, x.shape[0] - r)
        state[:] = 0.0
        for t0 in range(0, x.shape[1], TILE):
            n_times = min(TILE, x.shape[1] - t0)
            for lane in range(n):
                row = x[r + lane, t0 : t0 + n_times]
                for t in range(n_times):
                    tile[t, lane] = row[t]
            for s in range(n_sections):
                b0, b1, b2, a1, a2 = sos[s, 0], sos[s, 1], sos[s, 2], sos[s, 4], sos[s, 5]
                z0, z1 = state[s, 0], state[s, 1]
                for t in range(n_times):
                    v = tile[t]
                    for i in range(n):
                        u = v[i]
                        y = b0 * u + z0[i]
                        z0[i] = b1 * u - a1 * y + z1[i]
                        z1[i] = b2 * u - a2 * y
                        v[i] = y
            for lane in range(n):
                row = out[r + lane, t0 : t0 + n_times]
                for t in range(n_times):
                    row[t] = tile[t, lane]
