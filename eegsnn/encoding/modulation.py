"""Sigma-delta: spikes whose low-pass is the signal."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from eegsnn._validation import check_number
from eegsnn.encoding._rows import per_row, run_kernel, signal_rows
from eegsnn.encoding._ties import TIE


class Loop(NamedTuple):
    """Per row: the integrated error in thresholds, and the last output (−1, 0 or 1).

    `overload` counts the samples so far after whose output the error was still above θ.
    """

    error: np.ndarray
    feedback: np.ndarray
    overload: np.ndarray


def sigma_delta(s: np.ndarray, threshold: float) -> np.ndarray:
    """Integrate ``e += s − y`` with the last output y; put out ``y = ±θ`` where |e| reaches θ.

    The running sums of s and of the output then differ by at most θ, as long as ``|s| ≤ θ``; a
    larger signal is caught up with once it falls again. Low frequencies of the output are those
    of the signal, and the error is pushed to high ones.

    Parameters
    ----------
    s : ndarray, shape (..., times)
        A signal around zero.
    threshold : float
        θ > 0, in the unit of s; choose it above the signal's peaks.

    Returns
    -------
    ndarray of int8, shape (..., times)
        −1, 0 or +1; decode by low-pass filtering θ times this.

    References
    ----------
    .. [1] Y. C. Yoon (2017), "LIF and simplified SRM neurons encode signals into spikes via a
       form of asynchronous pulse sigma–delta modulation", IEEE TNNLS 28(5), 1192–1205.

    Examples
    --------
    >>> sigma_delta(np.full(8, 0.25), threshold=1.0)
    array([0, 0, 0, 1, 0, 0, 0, 1], dtype=int8)
    """
    limit = check_number("threshold", threshold, low=0.0, low_open=True)
    return sigma_delta_chunk(signal_rows(s), limit)[0].reshape(np.shape(s))


def sigma_delta_chunk(
    rows: np.ndarray,
    threshold: float | np.ndarray,
    state: Loop | None = None,
    offset: float | np.ndarray = 0.0,
) -> tuple[np.ndarray, Loop]:
    """Do what :func:`sigma_delta` does, for the next samples of (rows, times) less `offset`."""
    if state is None:
        state = Loop(*np.zeros((3, len(rows))))
    state = Loop(*(array.copy() for array in state))
    spikes = np.empty(rows.shape, dtype=np.int8)
    states = [per_row(offset, rows), per_row(1.0 / threshold, rows), *state]
    run_kernel("sigma_delta", rows, [], states, spikes)
    return spikes, state


def sigma_delta_reference(s: np.ndarray, threshold: float) -> np.ndarray:
    """Do what :func:`sigma_delta` does by a plain loop over time, for tests."""
    error, y = np.zeros(s.shape[:-1]), np.zeros(s.shape[:-1])
    spikes = np.zeros(s.shape, dtype=np.int8)
    for t in range(s.shape[-1]):
        error = error + (s[..., t] * (1.0 / threshold) - y)
        y = (error >= 1.0 - TIE).astype(float) - (error <= TIE - 1.0)
        spikes[..., t] = y
    return spikes
