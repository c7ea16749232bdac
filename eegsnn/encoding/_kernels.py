"""The sequential codes as compiled loops; imported when the first of them is called.

Every kernel takes rows of samples, float64 (rows, times), and writes one row of spikes for each.
A baseline waits for the sample before it, so that one row alone cannot use a processor's vector
unit: rows are therefore taken `LANES` at a time, tile by tile, transposed so that the innermost
loop runs over rows (but for sigma-delta, whose few operations are not worth it). Each row's
arithmetic is that of the plain NumPy reference beside the public function, operation by operation:
the two agree exactly.

State (baselines, integrals, the last samples) comes in as arrays, one value per row, and is left
there as it is after the last sample.
"""

from __future__ import annotations

import numpy as np

from eegsnn._compiling import compiled
from eegsnn.encoding._ties import TIE

LANES = 16
TILE = 128


@compiled
def _load(rows, first_row, n, first_time, n_times, tile, offset):  # type: ignore[no-untyped-def]
    # Four rows at a time: their values lie side by side in the tile, and are written as one.
    whole = n // 4 * 4
    last_time = first_time + n_times
    for lane in range(0, whole, 4):
        row_0 = rows[first_row + lane, first_time:last_time]
        row_1 = rows[first_row + lane + 1, first_time:last_time]
        row_2 = rows[first_row + lane + 2, first_time:last_time]
        row_3 = rows[first_row + lane + 3, first_time:last_time]
        for t in range(n_times):
            x = tile[offset + t]
            x[lane] = row_0[t]
            x[lane + 1] = row_1[t]
            x[lane + 2] = row_2[t]
            x[lane + 3] = row_3[t]
    for lane in range(whole, n):
        row = rows[first_row + lane, first_time:last_time]
        for t in range(n_times):
            tile[offset + t, lane] = row[t]


@compiled
def _store(tile, out, first_row, n, first_time, n_times):  # type: ignore[no-untyped-def]
    whole = n // 4 * 4
    last_time = first_time + n_times
    for lane in range(0, whole, 4):
        row_0 = out[first_row + lane, first_time:last_time]
        row_1 = out[first_row + lane + 1, first_time:last_time]
        row_2 = out[first_row + lane + 2, first_time:last_time]
        row_3 = out[first_row + lane + 3, first_time:last_time]
        for t in range(n_times):
            x = tile[t]
            row_0[t] = x[lane]
            row_1[t] = x[lane + 1]
            row_2[t] = x[lane + 2]
            row_3[t] = x[lane + 3]
    for lane in range(whole, n):
        row = out[first_row + lane, first_time : first_time + n_times]
        for t in range(n_times):
            row[t] = tile[t, lane]


@compiled
def level_crossing(z, first, inverse, level, largest, out):  # type: ignore[no-untyped-def]
    """Move `level`, in whole thresholds above `first`, by as many as the signal is away.

    `inverse` is one over each row's threshold, here and below; `largest` the most moved at once.
    """
    tile = np.empty((TILE, LANES))
    for r in range(0, z.shape[0], LANES):
        n = min(LANES, z.shape[0] - r)
        start, per_theta = first[r : r + n], inverse[r : r + n]
        m, most = level[r : r + n], largest[r : r + n]
        for t0 in range(0, z.shape[1], TILE):
            n_times = min(TILE, z.shape[1] - t0)
            _load(z, r, n, t0, n_times, tile, 0)
            for t in range(n_times):
                x = tile[t]
                for i in range(n):
                    u = (x[i] - start[i]) * per_theta[i]
                    near = np.rint(u)
                    u = near if abs(u - near) < TIE * max(1.0, abs(u)) else u
                    k = np.trunc(u - m[i])
                    m[i] += k
                    most[i] = max(most[i], abs(k))
                    x[i] = k
            _store(tile, out, r, n, t0, n_times)


@compiled
def step_forward(z, first, inverse, level, lagging, out):  # type: ignore[no-untyped-def]
    """Move `level` by one where the signal is further away; count where that is not enough."""
    tile = np.empty((TILE, LANES))
    for r in range(0, z.shape[0], LANES):
        n = min(LANES, z.shape[0] - r)
        start, per_theta = first[r : r + n], inverse[r : r + n]
        m, late = level[r : r + n], lagging[r : r + n]
        for t0 in range(0, z.shape[1], TILE):
            n_times = min(TILE, z.shape[1] - t0)
            _load(z, r, n, t0, n_times, tile, 0)
            for t in range(n_times):
                x = tile[t]
                for i in range(n):
                    u = (x[i] - start[i]) * per_theta[i]
                    near = np.rint(u)
                    u = near if abs(u - near) < TIE * max(1.0, abs(u)) else u
                    d = u - m[i]
                    k = (1.0 if d > 1.0 else 0.0) - (1.0 if d < -1.0 else 0.0)
                    m[i] += k
                    late[i] += 1.0 if abs(d - k) > 1.0 else 0.0
                    x[i] = k
            _store(tile, out, r, n, t0, n_times)


@compiled
def moving_window(z, seen, inverse, past, total, out):  # type: ignore[no-untyped-def]
    """Compare with the mean of the last samples, kept in `past` (rows, window) as a ring."""
    window = past.shape[1]
    tile = np.empty((TILE, LANES))
    ring = np.empty((window, LANES))
    for r in range(0, z.shape[0], LANES):
        n = min(LANES, z.shape[0] - r)
        sums, per_theta = total[r : r + n], inverse[r : r + n]
        _load(past, r, n, 0, window, ring, 0)
        count = seen
        for t0 in range(0, z.shape[1], TILE):
            n_times = min(TILE, z.shape[1] - t0)
            _load(z, r, n, t0, n_times, tile, 0)
            for t in range(n_times):
                x, oldest = tile[t], ring[count % window]
                held = min(count, window)
                for i in range(n):
                    mean = sums[i] / held if held > 0 else x[i]
                    u = (x[i] - mean) * per_theta[i]
                    near = np.rint(u)
                    u = near if abs(u - near) < TIE * max(1.0, abs(u)) else u
                    leaving = oldest[i] if held == window else 0.0
                    sums[i] += x[i] - leaving
                    oldest[i] = x[i]
                    x[i] = (1.0 if u > 1.0 else 0.0) - (1.0 if u < -1.0 else 0.0)
                count += 1
            _store(tile, out, r, n, t0, n_times)
        for lane in range(n):
            for j in range(window):
                past[r + lane, j] = ring[j, lane]


@compiled
def _modulate(error, feedback, u):  # type: ignore[no-untyped-def]
    """One step of one row; returns the error, the output, and whether it is overloaded."""
    error += u - feedback
    out = (1.0 if error >= 1.0 - TIE else 0.0) - (1.0 if error <= TIE - 1.0 else 0.0)
    # More than 1 is left after an output of 1.
    return error, out, abs(error) > 2.0


@compiled
def sigma_delta(z, offset, inverse, error, feedback, overload, out):  # type: ignore[no-untyped-def]
    """Integrate what the last output left; put out ±1 where it reaches θ; count what is beyond.

    A row's state is two numbers: four rows at a time stay in registers, and turning the samples
    about would cost more than the vector unit saves.
    """
    n_times = z.shape[1]
    whole = z.shape[0] // 4 * 4
    for r in range(0, whole, 4):
        x_0, x_1, x_2, x_3 = z[r], z[r + 1], z[r + 2], z[r + 3]
        k_0, k_1, k_2, k_3 = out[r], out[r + 1], out[r + 2], out[r + 3]
        c_0, c_1, c_2, c_3 = offset[r], offset[r + 1], offset[r + 2], offset[r + 3]
        p_0, p_1, p_2, p_3 = inverse[r], inverse[r + 1], inverse[r + 2], inverse[r + 3]
        e_0, e_1, e_2, e_3 = error[r], error[r + 1], error[r + 2], error[r + 3]
        y_0, y_1, y_2, y_3 = feedback[r], feedback[r + 1], feedback[r + 2], feedback[r + 3]
        over_0, over_1, over_2, over_3 = 0, 0, 0, 0
        for t in range(n_times):
            e_0, y_0, over = _modulate(e_0, y_0, (x_0[t] - c_0) * p_0)
            k_0[t] = y_0
            if over:
                over_0 += 1
            e_1, y_1, over = _modulate(e_1, y_1, (x_1[t] - c_1) * p_1)
            k_1[t] = y_1
            if over:
                over_1 += 1
            e_2, y_2, over = _modulate(e_2, y_2, (x_2[t] - c_2) * p_2)
            k_2[t] = y_2
            if over:
                over_2 += 1
            e_3, y_3, over = _modulate(e_3, y_3, (x_3[t] - c_3) * p_3)
            k_3[t] = y_3
            if over:
                over_3 += 1
        error[r : r + 4] = (e_0, e_1, e_2, e_3)
        feedback[r : r + 4] = (y_0, y_1, y_2, y_3)
        overload[r] += over_0
        overload[r + 1] += over_1
        overload[r + 2] += over_2
        overload[r + 3] += over_3
    for r in range(whole, z.shape[0]):
        e, y = error[r], feedback[r]
        for t in range(n_times):
            e, y, over = _modulate(e, y, (z[r, t] - offset[r]) * inverse[r])
            out[r, t] = y
            if over:
                overload[r] += 1.0
        error[r], feedback[r] = e, y


@compiled
def threshold_crossing(z, threshold, release, refractory, offset, inverse, latched, wait, out):  # type: ignore[no-untyped-def]
    """Rising edges of two latches per row: one on the signal, one on its negative.

    `latched` and `wait` are (rows, 2): whether the latch is set (1.0), and for how many samples
    yet no spike of that sign may follow.
    """
    tile = np.empty((TILE, LANES))
    on, rest = np.empty((2, LANES)), np.empty((2, LANES))
    for r in range(0, z.shape[0], LANES):
        n = min(LANES, z.shape[0] - r)
        centre, per_unit = offset[r : r + n], inverse[r : r + n]
        for i in range(n):
            for side in range(2):
                on[side, i], rest[side, i] = latched[r + i, side], wait[r + i, side]
        for t0 in range(0, z.shape[1], TILE):
            n_times = min(TILE, z.shape[1] - t0)
            _load(z, r, n, t0, n_times, tile, 0)
            for t in range(n_times):
                x = tile[t]
                for i in range(n):
                    x[i] = (x[i] - centre[i]) * per_unit[i]
                up_on, up_rest, down_on, down_rest = on[0], rest[0], on[1], rest[1]
                for i in range(n):
                    u = x[i]
                    reached = 1.0 if u >= threshold - TIE else 0.0
                    kept = 0.0 if u < release - TIE else up_on[i]
                    free = 1.0 if up_rest[i] <= 0.0 else 0.0
                    up = reached * (1.0 - up_on[i]) * free
                    up_on[i] = max(reached, kept)
                    up_rest[i] = refractory if up > 0.0 else up_rest[i] - 1.0
                    reached = 1.0 if -u >= threshold - TIE else 0.0
                    kept = 0.0 if -u < release - TIE else down_on[i]
                    free = 1.0 if down_rest[i] <= 0.0 else 0.0
                    down = reached * (1.0 - down_on[i]) * free
                    down_on[i] = max(reached, kept)
                    down_rest[i] = refractory if down > 0.0 else down_rest[i] - 1.0
                    x[i] = up - down
            _store(tile, out, r, n, t0, n_times)
        for i in range(n):
            for side in range(2):
                latched[r + i, side], wait[r + i, side] = on[side, i], rest[side, i]


@compiled
def signed_rate(z, rate, offset, inverse, integrals, out):  # type: ignore[no-untyped-def]
    """Integrate both half-waves, at most 1, and fire where an integral passes a whole number."""
    tile = np.empty((TILE, LANES))
    sums, fired = np.empty((2, LANES)), np.empty((2, LANES))
    half = 0.5 + TIE
    for r in range(0, z.shape[0], LANES):
        n = min(LANES, z.shape[0] - r)
        centre, per_unit = offset[r : r + n], inverse[r : r + n]
        up_sum, down_sum, up_fired, down_fired = sums[0], sums[1], fired[0], fired[1]
        for i in range(n):
            up_sum[i], down_sum[i] = integrals[r + i, 0], integrals[r + i, 1]
            up_fired[i] = np.floor(up_sum[i] * rate + half)
            down_fired[i] = np.floor(down_sum[i] * rate + half)
        for t0 in range(0, z.shape[1], TILE):
            n_times = min(TILE, z.shape[1] - t0)
            _load(z, r, n, t0, n_times, tile, 0)
            for t in range(n_times):
                x = tile[t]
                for i in range(n):
                    u = max(min((x[i] - centre[i]) * per_unit[i], 1.0), -1.0)
                    up_sum[i] += max(u, 0.0)
                    now = np.floor(up_sum[i] * rate + half)
                    k = now - up_fired[i]
                    up_fired[i] = now
                    down_sum[i] += max(-u, 0.0)
                    now = np.floor(down_sum[i] * rate + half)
                    x[i] = k - (now - down_fired[i])
                    down_fired[i] = now
            _store(tile, out, r, n, t0, n_times)
        for i in range(n):
            integrals[r + i, 0], integrals[r + i, 1] = up_sum[i], down_sum[i]


@compiled
def signed_poisson(z, draws, rate, offset, inverse, out):  # type: ignore[no-untyped-def]
    """Fire where a draw is below the distance from the offset; one row, without state."""
    for t in range(z.size):
        u = (z[t] - offset) * inverse
        up = 1 if draws[t] < min(u, 1.0) * rate else 0
        down = 1 if draws[t] < min(-u, 1.0) * rate else 0
        out[t] = up - down


@compiled
def spiker(z, taps, threshold, by_error, least, most, offset, inverse, tail, out):  # type: ignore[no-untyped-def]
    """Fire where taking the taps off the samples ahead is worth it, and take them off.

    What is coded is ``(z − offset)·inverse`` from `least` to `most`. `out` has ``taps.size − 1``
    columns fewer than z: the last ones wait for samples to come, and `tail` (rows, taps − 1) holds
    what is left of those.
    """
    length = taps.size
    n_out = z.shape[1] - length + 1
    work = np.empty((TILE + length - 1, LANES))
    tile = np.empty((TILE, LANES))
    gain = np.empty(LANES)
    for r in range(0, z.shape[0], LANES):
        n = min(LANES, z.shape[0] - r)
        centre, per_unit = offset[r : r + n], inverse[r : r + n]
        _load(z, r, n, 0, length - 1, work, 0)
        for t in range(length - 1):
            x = work[t]
            for i in range(n):
                x[i] = max(min((x[i] - centre[i]) * per_unit[i], most), least)
        for t0 in range(0, n_out, TILE):
            n_times = min(TILE, n_out - t0)
            _load(z, r, n, t0 + length - 1, n_times, work, length - 1)
            for t in range(length - 1, length - 1 + n_times):
                x = work[t]
                for i in range(n):
                    x[i] = max(min((x[i] - centre[i]) * per_unit[i], most), least)
            for t in range(n_times):
                gain[:] = 0.0
                for j in range(length):
                    s, h = work[t + j], taps[j]
                    if by_error:
                        for i in range(n):
                            gain[i] += abs(s[i]) - abs(s[i] - h)
                    else:
                        for i in range(n):
                            gain[i] -= max(h - s[i], 0.0)
                fired = tile[t]
                for i in range(n):
                    fired[i] = 1.0 if gain[i] >= threshold - TIE else 0.0
                # Sample t itself is not looked at again.
                for j in range(1, length):
                    s, h = work[t + j], taps[j]
                    for i in range(n):
                        s[i] -= fired[i] * h
            _store(tile, out, r, n, t0, n_times)
            for j in range(length - 1):
                for i in range(n):
                    work[j, i] = work[n_times + j, i]
        for i in range(n):
            for j in range(length - 1):
                tail[r + i, j] = work[j, i]
