"""Threshold crossing: one spike when a signal rises through +θ, or falls through −θ."""

from __future__ import annotations

import numpy as np

# A level missed by rounding counts as reached, so that volts and microvolts spike alike.
_TIE = 1e-9


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
    up = _upward(s, threshold, hysteresis)
    down = _upward(-s, threshold, hysteresis)
    if refractory > 0:
        up, down = _thinned(up, refractory), _thinned(down, refractory)
    return up.astype(np.int32) - down.astype(np.int32)


def threshold_crossing_reference(
    s: np.ndarray, threshold: float, hysteresis: float = 0.0, refractory: int = 0
) -> np.ndarray:
    """Do what :func:`threshold_crossing` does by a plain loop over time, for tests."""
    spikes = np.zeros(s.shape, dtype=np.int32)
    for sign in (1, -1):
        x = sign * s
        latched = x[..., 0] >= threshold - _TIE
        silent_until = np.zeros(latched.shape, dtype=int)
        for t in range(1, s.shape[-1]):
            reached = x[..., t] >= threshold - _TIE
            crossing = reached & ~latched
            latched = reached | (latched & ~(x[..., t] < threshold - hysteresis - _TIE))
            spike = crossing & (t >= silent_until)
            silent_until = np.where(spike, t + refractory + 1, silent_until)
            spikes[..., t] += sign * spike
    return spikes


def _upward(s: np.ndarray, threshold: float, hysteresis: float) -> np.ndarray:
    """Rising edges of a latch: set where s ≥ θ, released where s < θ − hysteresis."""
    set_here = s >= threshold - _TIE
    decided = set_here | (s < threshold - hysteresis - _TIE)
    times = np.arange(s.shape[-1])
    # Between the two levels the latch is what it was when s was last beyond either of them;
    # never yet, and it is open.
    last = np.maximum.accumulate(np.where(decided, times, 0), axis=-1)
    latched = np.take_along_axis(set_here, last, axis=-1)
    return np.diff(latched.astype(np.int8), axis=-1, prepend=latched[..., :1].astype(np.int8)) > 0


def _thinned(events: np.ndarray, refractory: int) -> np.ndarray:
    """Keep an event only if it is more than `refractory` samples after the last one kept."""
    rows = events.reshape(-1, events.shape[-1])
    kept = np.zeros_like(rows)
    for row, row_kept in zip(rows, kept, strict=True):
        silent_until = 0
        for t in np.flatnonzero(row).tolist():
            if t >= silent_until:
                row_kept[t] = True
                silent_until = t + refractory + 1
    return kept.reshape(events.shape)
