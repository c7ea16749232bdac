"""Moving window: spikes where a signal leaves the band about its own recent mean."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from eegsnn._validation import check_integer, check_number
from eegsnn.encoding._rows import per_row, run_kernel, signal_rows
from eegsnn.encoding._ties import snap


class Past(NamedTuple):
    """The last samples of every row as a ring, how many have passed, and the sum of those held."""

    samples: np.ndarray
    seen: int
    total: np.ndarray


def moving_window(s: np.ndarray, threshold: float, window: int) -> np.ndarray:
    """Emit +1 where s is more than θ above the mean of the last samples, −1 where below.

    Parameters
    ----------
    s : ndarray, shape (..., times)
    threshold : float
        θ > 0, in the unit of s.
    window : int
        Samples before the present one that are averaged; near the beginning, those there are.

    Returns
    -------
    ndarray of int8, shape (..., times)
        The first sample has no past and is silent.

    Notes
    -----
    ``s[0] + θ·cumsum(spikes)`` is the usual decoder, and a poor one: a signal that stays above
    its mean adds up, so that the sum drifts. Report its error as it is.

    References
    ----------
    .. [1] B. Petro, N. Kasabov, R. M. Kiss (2020), IEEE TNNLS 31(2), 358–370.

    Examples
    --------
    >>> moving_window(np.array([0.0, 0.0, 2.0, 2.0, 2.0, -3.0]), threshold=0.5, window=2)
    array([ 0,  0,  1,  1,  0, -1], dtype=int8)
    """
    limit = check_number("threshold", threshold, low=0.0, low_open=True)
    length = check_integer("window", window, low=1)
    return moving_window_chunk(signal_rows(s), limit, length)[0].reshape(np.shape(s))


def moving_window_chunk(
    rows: np.ndarray, threshold: float | np.ndarray, window: int, state: Past | None = None
) -> tuple[np.ndarray, Past]:
    """Do what :func:`moving_window` does, for the next samples of (rows, times)."""
    if state is None:
        state = Past(np.zeros((len(rows), window)), 0, np.zeros(len(rows)))
    samples, total = state.samples.copy(), state.total.copy()
    spikes = np.empty(rows.shape, dtype=np.int8)
    states = [per_row(1.0 / threshold, rows), samples, total]
    run_kernel("moving_window", rows, [state.seen], states, spikes)
    return spikes, Past(samples, state.seen + rows.shape[1], total)


def moving_window_reference(s: np.ndarray, threshold: float, window: int) -> np.ndarray:
    """Do what :func:`moving_window` does by a plain loop over time, for tests."""
    total = np.zeros(s.shape[:-1])
    spikes = np.zeros(s.shape, dtype=np.int8)
    for t in range(s.shape[-1]):
        x = s[..., t]
        mean = total / min(t, window) if t else x
        u = snap((x - mean) * (1.0 / threshold))
        spikes[..., t] = (u > 1.0).astype(np.int8) - (u < -1.0).astype(np.int8)
        total = total + (x - (s[..., t - window] if t >= window else 0.0))
    return spikes
