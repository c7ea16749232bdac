"""Ben's and Hough's spikers: spikes whose convolution with a short filter is the signal.

A spike at t stands for the taps h[0], h[1], … added at t, t + 1, …; the encoder looks as far ahead
as the filter is long, fires where taking the taps off leaves less, and takes them off. The signal
must not be negative, for there are no negative spikes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import signal

from eegsnn._validation import check_choice, check_integer, check_number, check_signal
from eegsnn.encoding._rows import as_rows, per_row, run_kernel
from eegsnn.encoding._ties import TIE
from eegsnn.errors import ConfigurationError, DataError

SPIKERS = ("bsa", "hsa", "modified_hsa")


def spiker_taps(length: int, cutoff: float = 0.25) -> np.ndarray:
    """Return a smooth low-pass filter for the spikers: no tap is negative, and their sum is 1.

    A Hann window reaches its first zero at ``2·sfreq/(length + 1)`` Hz. With ``length`` 1 every
    spike is a sample of its own.

    Parameters
    ----------
    length : int
        Taps.
    cutoff : float, default 0.25
        Of the sampling rate: ideal low-pass times window, where that is the narrower of the two.

    Examples
    --------
    >>> spiker_taps(3).round(2)
    array([0.25, 0.5 , 0.25])
    """
    count = check_integer("length", length, low=1)
    edge = check_number("cutoff", cutoff, low=0.0, high=0.5, low_open=True)
    window = signal.windows.hann(count + 2)[1:-1]
    if count > 1 and edge < 0.25:
        lag = np.arange(count) - (count - 1) / 2
        window = window * np.maximum(np.sinc(2 * edge * lag), 0.0)
    return window / window.sum()


def spiker(s: np.ndarray, taps: np.ndarray, threshold: float, method: str = "bsa") -> np.ndarray:
    """Encode a non-negative signal as the spikes of one of three related rules.

    Over the samples ahead, with the filter's taps h:

    - "bsa" fires where ``Σ|s − h| ≤ Σ|s| − threshold``;
    - "hsa" fires where ``s ≥ h`` throughout;
    - "modified_hsa" fires where the shortfall ``Σ max(h − s, 0) ≤ threshold``.

    Parameters
    ----------
    s : ndarray, shape (..., times)
        Not negative, and at most Σh where all of it is to be represented.
    taps : ndarray, shape (taps,)
        h, in the unit of s; see :func:`spiker_taps`.
    threshold : float
        In the unit of s; "hsa" has none and ignores it.
    method : {"bsa", "hsa", "modified_hsa"}

    Returns
    -------
    ndarray of int8, shape (..., times)
        0 or 1. Nothing is fired in the last ``taps.size − 1`` samples, whose future is unknown.

    Raises
    ------
    ConfigurationError, DataError
        If a parameter is impossible, a sample is not finite or a sample is negative.

    References
    ----------
    .. [1] B. Schrauwen, J. Van Campenhout (2003), "BSA, a fast and accurate spike train encoding
       scheme", IJCNN.
    .. [2] M. Hough, H. de Garis, M. Korkin, F. Gers, N. E. Nawa (1999), "SPIKER: analog waveform
       to digital spiketrain conversion in ATR's artificial brain (CAM-Brain) project", AROB.

    Examples
    --------
    >>> spiker(np.array([0.2, 0.7, 1.0, 1.0, 0.7, 0.2]), spiker_taps(3), threshold=0.2)
    array([1, 1, 1, 1, 0, 0], dtype=int8)
    """
    check_choice("method", method, SPIKERS)
    h = check_taps(taps)
    limit = check_number("threshold", threshold, low=0.0)
    series = check_signal(s)
    if series.min() < 0:
        raise DataError(
            f"s: expected a signal that is not negative, but its least sample is "
            f"{series.min():g}. Shift it first; the encoders of eegsnn.encoding do."
        )
    rows = as_rows(series)
    spikes = np.zeros(rows.shape, dtype=np.int8)
    fired, _ = spiker_chunk(rows, h, limit, method)
    spikes[:, : fired.shape[1]] = fired
    return spikes.reshape(series.shape)


def spiker_chunk(
    rows: np.ndarray,
    taps: np.ndarray,
    threshold: float,
    method: str,
    tail: np.ndarray | None = None,
    offset: float | np.ndarray = 0.0,
    unit: float | np.ndarray = 1.0,
    most: float = np.inf,
) -> tuple[np.ndarray, np.ndarray]:
    """Do what :func:`spiker` does, for the next samples of (rows, times).

    What is coded is ``(rows − offset) / unit``, one number or one per row, within 0 and `most`.

    Returns
    -------
    spikes : ndarray of int8, shape (rows, decided)
        Of the samples decided by now: the output runs ``taps.size − 1`` samples late.
    tail : ndarray of float64, shape (rows, up to taps − 1)
        What is left of the samples not decided yet.
    """
    centre, inverse = per_row(offset, rows), per_row(1.0 / unit, rows)
    least = 0.0
    if tail is not None or rows.shape[1] < taps.size:
        # What is left of the samples before is scaled already, and may be below zero.
        scaled = (rows - centre[:, None]) * inverse[:, None]
        rows = np.maximum(np.minimum(scaled, most), 0.0)
        rows = rows if tail is None else np.concatenate([tail, rows], axis=1)
        centre, inverse = per_row(0.0, rows), per_row(1.0, rows)
        least, most = -np.inf, np.inf
    n_decided = rows.shape[1] - taps.size + 1
    if n_decided <= 0:
        return np.zeros((len(rows), 0), dtype=np.int8), rows
    spikes = np.empty((len(rows), n_decided), dtype=np.int8)
    left = np.empty((len(rows), taps.size - 1))
    by_error, limit = _criterion(method, threshold)
    constants = [taps, limit, by_error, least, most]
    run_kernel("spiker", rows, constants, [centre, inverse, left], spikes)
    return spikes, left


def spiker_reference(
    s: np.ndarray, taps: np.ndarray, threshold: float, method: str = "bsa"
) -> np.ndarray:
    """Do what :func:`spiker` does by a plain loop over time, for tests."""
    by_error, limit = _criterion(method, threshold)
    left = np.moveaxis(np.array(s, dtype=float), -1, 0)
    h = taps.reshape(-1, *[1] * (left.ndim - 1))
    spikes = np.zeros(left.shape, dtype=np.int8)
    for t in range(len(left) - taps.size + 1):
        ahead = left[t : t + taps.size]
        if by_error:
            gain = (np.abs(ahead) - np.abs(ahead - h)).sum(axis=0)
        else:
            gain = (-np.maximum(h - ahead, 0.0)).sum(axis=0)
        fired = gain >= limit - TIE
        ahead -= fired * h
        spikes[t] = fired
    return np.moveaxis(spikes, 0, -1)


def spiker_decode(spikes: np.ndarray, taps: np.ndarray) -> np.ndarray:
    """Convolve spikes (..., times) with the taps: the inverse of the spikers.

    Examples
    --------
    >>> spiker_decode(np.array([1, 0, 0, 1, 0, 0]), np.array([0.25, 0.5, 0.25]))
    array([0.25, 0.5 , 0.25, 0.25, 0.5 , 0.25])
    """
    n_times = spikes.shape[-1]
    decoded = np.zeros(spikes.shape)
    for lag, weight in enumerate(taps[:n_times]):
        decoded[..., lag:] += weight * spikes[..., : n_times - lag]
    return decoded


def check_taps(taps: Any) -> np.ndarray:
    """Refuse a filter that has no taps, or none that is positive."""
    h = check_signal(taps, name="taps")
    if h.ndim != 1 or h.sum() <= 0:
        raise ConfigurationError(
            f"taps: expected a list of numbers with a positive sum, but got shape {h.shape} with "
            f"sum {h.sum():g}."
        )
    return np.ascontiguousarray(h)


def _criterion(method: str, threshold: float) -> tuple[bool, float]:
    """Whether gain is the fall of the error (or minus the shortfall), and what it must reach."""
    if method == "bsa":
        return True, threshold
    return False, 0.0 if method == "hsa" else -threshold
