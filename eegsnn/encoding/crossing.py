"""Threshold crossing: one spike when a signal rises through +θ, or falls through −θ."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from eegsnn.encoding._rows import as_rows, per_row, run_kernel
from eegsnn.encoding._ties import TIE


class Latches(NamedTuple):
    """Per row and sign, (rows, 2): whether the latch is set, and the silent samples to come."""

    latched: np.ndarray
    wait: np.ndarray


def threshold_crossing(
    s: np.ndarray, threshold: float, hysteresis: float = 0.0, refractory: int = 0
) -> np.ndarray:
    """Mark upward crossings of +θ with +1 and downward crossings of −θ with −1.

    An event code: it says when, not how far, and has no inverse.

    Parameters
    ----------
    s : ndarray, shape (..., times)
        A signal around zero.
    threshold : float
        θ > 0, in the unit of s.
    hysteresis : float, default 0
        After an upward crossing the next one counts only once s has been below
        ``θ − hysteresis`` (mirrored for downward ones): noise about the threshold counts once.
    refractory : int, default 0
        Samples after a spike in which none of the same sign follows.

    Returns
    -------
    ndarray of int32, shape (..., times)
        Values −1, 0 and +1. A signal that begins beyond a threshold has not crossed it.

    Examples
    --------
    >>> threshold_crossing(np.array([0.0, 1.2, 0.9, 1.1, 0.0, -1.5, 0.0]), 1.0, hysteresis=0.5)
    array([ 0,  1,  0,  0,  0, -1,  0], dtype=int32)
    """
    spikes, _ = threshold_crossing_chunk(as_rows(s), threshold, hysteresis, refractory)
    return spikes.reshape(np.shape(s)).astype(np.int32)


def threshold_crossing_chunk(
    rows: np.ndarray,
    threshold: float,
    hysteresis: float = 0.0,
    refractory: int = 0,
    state: Latches | None = None,
    offset: float | np.ndarray = 0.0,
    unit: float | np.ndarray = 1.0,
) -> tuple[np.ndarray, Latches]:
    """Do what :func:`threshold_crossing` does, for the next samples of (rows, times); int8.

    What crosses is ``(rows − offset) / unit``, both one number or one per row.
    """
    centre, inverse = per_row(offset, rows), per_row(1.0 / unit, rows)
    if state is None:
        # A latch that the first sample sets was set before: that is no crossing.
        first = (rows[:, 0] - centre) * inverse
        first = np.stack([first, -first], axis=1)
        state = Latches((first >= threshold - TIE).astype(float), np.zeros(first.shape))
    latched, wait = state.latched.copy(), state.wait.copy()
    spikes = np.empty(rows.shape, dtype=np.int8)
    constants = [threshold, threshold - hysteresis, float(refractory)]
    run_kernel("threshold_crossing", rows, constants, [centre, inverse, latched, wait], spikes)
    return spikes, Latches(latched, wait)


def threshold_crossing_reference(
    s: np.ndarray, threshold: float, hysteresis: float = 0.0, refractory: int = 0
) -> np.ndarray:
    """Do what :func:`threshold_crossing` does by a plain loop over time, for tests."""
    spikes = np.zeros(s.shape, dtype=np.int32)
    for sign in (1, -1):
        x = sign * s
        latched = x[..., 0] >= threshold - TIE
        silent_until = np.zeros(latched.shape, dtype=int)
        for t in range(1, s.shape[-1]):
            reached = x[..., t] >= threshold - TIE
            crossing = reached & ~latched
            latched = reached | (latched & ~(x[..., t] < threshold - hysteresis - TIE))
            spike = crossing & (t >= silent_until)
            silent_until = np.where(spike, t + refractory + 1, silent_until)
            spikes[..., t] += sign * spike
    return spikes
