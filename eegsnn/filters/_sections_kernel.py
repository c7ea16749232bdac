"""Second-order sections, compiled; imported when the first long recording is filtered."""

from __future__ import annotations

import numpy as np

from eegsnn._compiling import compiled

LANES = 16
TILE = 128


@compiled
def filter_rows(x, sos, dc_gain, out):  # type: ignore[no-untyped-def]
    """Filter rows (rows, times), in the order of operations of SciPy's ``sosfilt``.

    A row's first sample is taken off before, and `dc_gain` times it added after.

    A recursive filter waits for its last output, so that rows are taken `LANES` at a time, tile
    by tile and transposed: the innermost loop then runs over rows, in the vector unit.
    """
    n_sections = sos.shape[0]
    tile = np.empty((TILE, LANES))
    state = np.empty((n_sections, 2, LANES))
    first = np.empty(LANES)
    for r in range(0, x.shape[0], LANES):
        n = min(LANES, x.shape[0] - r)
        state[:] = 0.0
        for lane in range(n):
            first[lane] = x[r + lane, 0]
        for t0 in range(0, x.shape[1], TILE):
            n_times = min(TILE, x.shape[1] - t0)
            # Four rows at a time: their values lie side by side in the tile, written as one.
            whole, last = n // 4 * 4, t0 + n_times
            for lane in range(0, whole, 4):
                row_0, row_1 = x[r + lane, t0:last], x[r + lane + 1, t0:last]
                row_2, row_3 = x[r + lane + 2, t0:last], x[r + lane + 3, t0:last]
                for t in range(n_times):
                    v = tile[t]
                    v[lane], v[lane + 1] = row_0[t] - first[lane], row_1[t] - first[lane + 1]
                    v[lane + 2], v[lane + 3] = (
                        row_2[t] - first[lane + 2],
                        row_3[t] - first[lane + 3],
                    )
            for lane in range(whole, n):
                row = x[r + lane, t0:last]
                for t in range(n_times):
                    tile[t, lane] = row[t] - first[lane]
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
                shift = dc_gain * first[lane]
                if dc_gain != 0.0:
                    for t in range(n_times):
                        row[t] = tile[t, lane] + shift
                else:
                    for t in range(n_times):
                        row[t] = tile[t, lane]
