"""How near a reconstruction is to its signal; all over the last axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from eegsnn._validation import check_signal
from eegsnn.errors import DataError


def snr(s: Any, r: Any) -> np.ndarray:
    """Signal-to-noise ratio ``10·log₁₀(Σs² / Σ(s − r)²)`` in decibels.

    Take the mean off first, if there is one: it counts as signal here.

    Parameters
    ----------
    s, r : array-like, shape (..., times)
        The signal and its reconstruction.

    Returns
    -------
    ndarray, shape (...)
        Infinite where r is s; −infinite where s is zero and r is not; NaN where both are zero.

    Raises
    ------
    DataError
        If the shapes differ or a sample is not finite.

    Examples
    --------
    >>> float(snr([1.0, -1.0, 1.0, -1.0], [0.9, -0.9, 0.9, -0.9]).round(6))
    20.0
    """
    s, r = _pair(s, r)
    scale = _largest(s)
    with np.errstate(divide="ignore", invalid="ignore"):
        signal, noise = _power(s / scale), _power((s - r) / scale)
        return 10 * np.log10(signal / noise)


def rmse(s: Any, r: Any) -> np.ndarray:
    """Root of the mean squared error, in the unit of s; arguments and errors as of :func:`snr`."""
    s, r = _pair(s, r)
    scale = _largest(s - r)
    return (scale * np.sqrt(_power((s - r) / scale, keepdims=True) / s.shape[-1]))[..., 0]


def nrmse(s: Any, r: Any) -> np.ndarray:
    """Return :func:`rmse` as a fraction of the signal's standard deviation.

    NaN where the signal is constant.
    """
    s, r = _pair(s, r)
    deviation = rmse(s, np.broadcast_to(s.mean(axis=-1, keepdims=True), s.shape))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(deviation > 0, rmse(s, r) / deviation, np.nan)


def correlation(s: Any, r: Any) -> np.ndarray:
    """Pearson's r of signal and reconstruction; NaN where either is constant.

    Examples
    --------
    >>> float(correlation([1.0, 2.0, 3.0], [10.0, 20.0, 30.0]).round(6))
    1.0
    """
    s, r = _pair(s, r)
    s = s - s.mean(axis=-1, keepdims=True)
    r = r - r.mean(axis=-1, keepdims=True)
    s, r = s / _largest(s), r / _largest(r)
    norm = np.sqrt(_power(s) * _power(r))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(norm > 1e-12, np.einsum("...t,...t->...", s, r) / norm, np.nan)


def _pair(s: Any, r: Any) -> tuple[np.ndarray, np.ndarray]:
    s, r = check_signal(s, name="s"), check_signal(r, name="r")
    if s.shape != r.shape:
        raise DataError(
            f"r: expected the shape of the signal, {s.shape}, but got {r.shape}. Cut the "
            f"reconstruction to the signal's length (inverse_transform takes n_times)."
        )
    return s, r


def _power(x: np.ndarray, keepdims: bool = False) -> np.ndarray:
    power = np.einsum("...t,...t->...", x, x)
    return power[..., None] if keepdims else power


def _largest(x: np.ndarray) -> np.ndarray:
    """Return each signal's largest absolute value, 1 where it is zero: squares then hold."""
    largest = np.abs(x).max(axis=-1, keepdims=True)
    return np.where(largest > 0, largest, 1.0)
