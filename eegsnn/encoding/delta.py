"""Codes of change: spikes report that a signal has moved, and by how much.

Send on delta (multi-spike level crossing), step-forward, and temporal contrast. Each keeps a
baseline that the spikes alone reconstruct: :func:`integrate_spikes`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from eegsnn._validation import check_number
from eegsnn.encoding._rows import as_rows, per_row, run_kernel, signal_rows
from eegsnn.encoding._ties import TIE, snap
from eegsnn.errors import DataError

# Counts are int32.
_MOST_AT_ONCE = 2**31 - 1


class Baseline(NamedTuple):
    """Where a baseline stands, per row: `level` whole thresholds above the `first` sample.

    `lagging` counts the samples so far at which a step-forward baseline was left behind.
    """

    first: np.ndarray
    level: np.ndarray
    lagging: np.ndarray

    @classmethod
    def at(cls, rows: np.ndarray) -> Baseline:
        """Return the state before the first sample of rows (rows, times)."""
        return cls(rows[:, 0].copy(), np.zeros(len(rows)), np.zeros(len(rows)))

    def copy(self) -> Baseline:
        """Return a state that can be changed without changing this one."""
        return Baseline(self.first, self.level.copy(), self.lagging.copy())


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

    Raises
    ------
    ConfigurationError
        If the threshold is not positive.
    DataError
        If a sample is not finite, or more thresholds away than an int32 counts.

    Notes
    -----
    b is kept as a whole number m of thresholds, b = s[0] + m·θ, and never accumulates rounding
    errors. The error is uniform on ±θ for signals that move on, hence a signal-to-noise ratio of
    ``10·log₁₀(3σ²/θ²)``.

    See Also
    --------
    level_crossing_reference : The same by its definition, one sample at a time.

    Examples
    --------
    >>> level_crossing(np.array([0.0, 0.6, 1.2, 3.5, 2.9, 2.4, 0.0]), threshold=1.0)
    array([ 0,  0,  1,  2,  0,  0, -3], dtype=int32)
    """
    return level_crossing_chunk(signal_rows(s), _positive(threshold))[0].reshape(np.shape(s))


def level_crossing_chunk(
    rows: np.ndarray, threshold: float | np.ndarray, state: Baseline | None = None
) -> tuple[np.ndarray, Baseline]:
    """Do what :func:`level_crossing` does, for the next samples of (rows, times).

    Parameters
    ----------
    rows : ndarray of float64, shape (rows, times)
    threshold : float or ndarray, shape (rows,)
    state : Baseline, optional
        After the samples before; None: these are the first.

    Returns
    -------
    spikes : ndarray of int32, shape (rows, times)
    state : Baseline
    """
    state = Baseline.at(rows) if state is None else state.copy()
    spikes = np.empty(rows.shape, dtype=np.int32)
    largest = np.zeros(len(rows))
    states = [state.first, per_row(1.0 / threshold, rows), state.level, largest]
    run_kernel("level_crossing", rows, [], states, spikes)
    if largest.max(initial=0.0) > _MOST_AT_ONCE:
        raise DataError(
            f"The signal moves by {largest.max():.3g} thresholds at once, more than an int32 "
            f"counts. Choose a larger threshold, or clean the signal."
        )
    return spikes, state


def level_crossing_reference(s: np.ndarray, threshold: float) -> np.ndarray:
    """Do what :func:`level_crossing` does by a plain loop over time: the definition, for tests."""
    first, inverse = s[..., 0], 1.0 / threshold
    level = np.zeros(first.shape)
    spikes = np.zeros(s.shape, dtype=np.int32)
    for t in range(s.shape[-1]):
        k = np.trunc(snap((s[..., t] - first) * inverse) - level)
        level = level + k
        spikes[..., t] = k
    return spikes


def step_forward(s: np.ndarray, threshold: float) -> np.ndarray:
    """Emit +1 where s exceeds the baseline b by more than θ, −1 where it falls as far below.

    b starts at the first sample and moves by one θ a spike, and so by one θ a sample at most: it
    follows s only while ``|Δs| ≤ θ`` (for a sine of amplitude A: ``θ ≥ 2π·f·A/sfreq``). Where s
    is faster, b lags behind; :func:`slew_limited` tells how often.

    Parameters
    ----------
    s : ndarray, shape (..., times)
    threshold : float
        θ > 0, in the unit of s.

    Returns
    -------
    ndarray of int8, shape (..., times)
        −1, 0 or +1.

    References
    ----------
    .. [1] N. Kasabov et al. (2016), "Evolving spatio-temporal data machines based on the
       NeuCube neuromorphic framework", Neural Networks 78, 1–14.

    Examples
    --------
    >>> step_forward(np.array([0.0, 1.2, 1.3, 2.5, 5.0, 5.0, 5.0]), threshold=1.0)
    array([0, 1, 0, 1, 1, 1, 0], dtype=int8)
    """
    return step_forward_chunk(signal_rows(s), _positive(threshold))[0].reshape(np.shape(s))


def step_forward_chunk(
    rows: np.ndarray, threshold: float | np.ndarray, state: Baseline | None = None
) -> tuple[np.ndarray, Baseline]:
    """Do what :func:`step_forward` does, for the next samples; see :func:`level_crossing_chunk`."""
    state = Baseline.at(rows) if state is None else state.copy()
    spikes = np.empty(rows.shape, dtype=np.int8)
    states = [state.first, per_row(1.0 / threshold, rows), state.level, state.lagging]
    run_kernel("step_forward", rows, [], states, spikes)
    return spikes, state


def step_forward_reference(s: np.ndarray, threshold: float) -> np.ndarray:
    """Do what :func:`step_forward` does by a plain loop over time, for tests."""
    first, inverse = s[..., 0], 1.0 / threshold
    level = np.zeros(first.shape)
    spikes = np.zeros(s.shape, dtype=np.int8)
    for t in range(s.shape[-1]):
        away = snap((s[..., t] - first) * inverse) - level
        k = (away > 1.0).astype(np.int8) - (away < -1.0).astype(np.int8)
        level = level + k
        spikes[..., t] = k
    return spikes


def slew_limited(s: np.ndarray, spikes: np.ndarray, threshold: float) -> np.ndarray:
    """Fraction of samples at which a step-forward baseline is more than θ away, per signal.

    Examples
    --------
    >>> s = np.array([0.0, 5.0, 5.0, 5.0, 5.0, 5.0])
    >>> float(slew_limited(s, step_forward(s, 1.0), 1.0))
    0.5
    """
    baseline = integrate_spikes(spikes, threshold, s[..., :1])
    return (np.abs(s - baseline) > threshold * (1 + TIE)).mean(axis=-1)


def temporal_contrast(s: np.ndarray, threshold: float, previous: np.ndarray | None = None
                      ) -> np.ndarray:  # fmt: skip
    """Emit the sign of ``d = s[t] − s[t − 1]`` where ``|d| > θ`` (threshold-based representation).

    Parameters
    ----------
    s : ndarray, shape (..., times)
    threshold : float
        θ > 0, in the unit of s; :func:`contrast_threshold` gives the usual one.
    previous : ndarray, shape (..., 1), optional
        The sample before. Default: the first sample itself, so that it is silent.

    Returns
    -------
    ndarray of int8, shape (..., times)

    References
    ----------
    .. [1] B. Petro, N. Kasabov, R. M. Kiss (2020), "Selection and optimization of temporal spike
       encoding methods for spiking neural networks", IEEE TNNLS 31(2), 358–370.

    Examples
    --------
    >>> temporal_contrast(np.array([0.0, 0.2, 1.5, 1.4, -1.0]), threshold=1.0)
    array([ 0,  0,  1,  0, -1], dtype=int8)
    """
    shape = np.shape(s)
    rows, limit = signal_rows(s), _positive(threshold)
    before = rows[:, :1] if previous is None else as_rows(previous)
    return contrast_rows(rows, limit, before).reshape(shape)


def contrast_rows(
    rows: np.ndarray, threshold: float | np.ndarray, before: np.ndarray
) -> np.ndarray:
    """Temporal contrast of (rows, times), with one threshold for all or (rows, 1) of them."""
    d = np.diff(rows, axis=-1, prepend=before)
    limit = threshold * (1 + TIE)
    return (d > limit).astype(np.int8) - (d < -limit).astype(np.int8)


def contrast_threshold(s: np.ndarray, factor: float) -> np.ndarray:
    """Return θ = mean(d) + factor·std(d) of the differences d, over the last axis."""
    d = np.diff(s, axis=-1)
    return d.mean(axis=-1) + factor * d.std(axis=-1)


def integrate_spikes(
    spikes: np.ndarray, threshold: float | np.ndarray, start: float | np.ndarray = 0.0
) -> np.ndarray:
    """Reconstruct ``start + θ·cumsum(spikes)``: the inverse of the codes of change.

    Parameters
    ----------
    spikes : ndarray of int, shape (..., times)
    threshold : float or ndarray that broadcasts
    start : float or ndarray, shape (..., 1)
        The first sample of each signal, which the spikes do not hold.

    Returns
    -------
    ndarray of float64, shape (..., times)

    Examples
    --------
    >>> integrate_spikes(np.array([0, 1, 1, -1]), 0.5, start=2.0)
    array([2. , 2.5, 3. , 2.5])
    """
    return start + threshold * np.cumsum(spikes, axis=-1, dtype=np.int64)


def _positive(threshold: float) -> float:
    return check_number("threshold", threshold, low=0.0, low_open=True)
