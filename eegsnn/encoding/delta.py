"""Send-on-delta (multi-spike level crossing): spikes report changes of one threshold each."""

from __future__ import annotations

import numpy as np

# A level missed by rounding counts as reached, so that volts and microvolts spike alike.
_TIE = 1e-9


def level_crossing(s: np.ndarray, threshold: float) -> np.ndarray:
    """Emit ``k = trunc((s − b) / θ)`` at every sample and move the baseline b by k·θ.

    b starts at the first sample, so that ``s[0] + θ·cumsum(k)`` follows s within θ at every
    sample.

    Parameters
    ----------
    s : ndarray, shape (..., times)
    threshold : float
        θ > 0, in the unit of s.

    Returns
    -------
    ndarray of int32, shape (..., times)
        Signed number of spikes.

    Notes
    -----
    No loop over time is needed. Let u = (s − s[0]) / θ and b = s[0] + m·θ. The rule keeps m
    within one of u, on the side u came from: as long as u stays between the same two whole
    numbers n and n + 1, m is n if u came from below and n + 1 if it came from above. So m follows
    from the cell that u is in and the direction of the last change of cell.

    See Also
    --------
    level_crossing_reference : The same by its definition, one sample at a time.

    Examples
    --------
    >>> level_crossing(np.array([0.0, 0.6, 1.2, 3.5, 2.9, 2.4, 0.0]), threshold=1.0)
    array([ 0,  0,  1,  2,  0,  0, -3], dtype=int32)
    """
    u = _in_thresholds(s, threshold)
    below = np.floor(u)
    # Whole numbers are cells of their own (even), the open intervals between them are odd.
    cell = below + np.ceil(u)
    change = np.diff(cell, axis=-1, prepend=cell[..., :1])
    times = np.arange(u.shape[-1])
    last_change = np.maximum.accumulate(np.where(change != 0, times, 0), axis=-1)
    came_down = np.take_along_axis(change, last_change, axis=-1) < 0
    level = below + (came_down & (u != below))
    return np.diff(level, axis=-1, prepend=0.0).astype(np.int32)


def level_crossing_reference(s: np.ndarray, threshold: float) -> np.ndarray:
    """Do what :func:`level_crossing` does by a plain loop over time: the definition, for tests."""
    u = _in_thresholds(s, threshold)
    level = np.zeros(u.shape[:-1])
    spikes = np.zeros(u.shape, dtype=np.int32)
    for t in range(u.shape[-1]):
        k = np.trunc(u[..., t] - level)
        level = level + k
        spikes[..., t] = k
    return spikes


def _in_thresholds(s: np.ndarray, threshold: float) -> np.ndarray:
    u = (s - s[..., :1]) / threshold
    nearest = np.round(u)
    return np.where(np.abs(u - nearest) < _TIE * np.maximum(1.0, np.abs(u)), nearest, u)
