"""How many spikes a code takes, and how they are spread."""

from __future__ import annotations

from typing import Any

import numpy as np

from eegsnn._validation import check_integer, check_number
from eegsnn.errors import DataError


def spike_rate(spikes: Any) -> np.ndarray:
    """Spikes per step ``Σ|z| / steps`` of (..., steps), both signs together.

    Examples
    --------
    >>> float(spike_rate(np.array([0, 1, -2, 1])))
    1.0
    """
    z = _counts(spikes)
    return np.abs(z).sum(axis=-1, dtype=np.int64) / z.shape[-1]


def spikes_per_second(spikes: Any, sfreq: float) -> dict[str, np.ndarray]:
    """Spikes per second by sign.

    Parameters
    ----------
    spikes : array-like of int, shape (..., steps)
    sfreq : float
        Steps per second: the sampling rate, times the steps per sample of codes of values.

    Returns
    -------
    dict of str to ndarray, shape (...)
        "up", "down" and their sum "total".

    Examples
    --------
    >>> rates = spikes_per_second(np.array([0, 1, -2, 1]), sfreq=8.0)
    >>> {name: float(rate) for name, rate in rates.items()}
    {'up': 4.0, 'down': 4.0, 'total': 8.0}
    """
    z = _counts(spikes)
    seconds = z.shape[-1] / check_number("sfreq", sfreq, low=0.0, low_open=True, unit="Hz")
    up = np.maximum(z, 0).sum(axis=-1, dtype=np.int64) / seconds
    down = -np.minimum(z, 0).sum(axis=-1, dtype=np.int64) / seconds
    return {"up": up, "down": down, "total": up + down}


def bits_per_sample(spikes: Any, steps_per_sample: float = 1.0) -> np.ndarray:
    """Entropy of the symbols −1, 0, 1, 2, … of (..., steps), as if steps were independent.

    An upper bound of what a lossless coder needs: dependence between steps lowers it.

    Parameters
    ----------
    spikes : array-like of int, shape (..., steps)
    steps_per_sample : float, default 1
        Of codes that make several steps of a sample.

    Examples
    --------
    >>> float(bits_per_sample(np.array([0, 1, 0, -1, 0, 1, 0, -1])))
    1.5
    """
    z = _counts(spikes)
    rows = z.reshape(-1, z.shape[-1])
    bits = np.empty(len(rows))
    for number, row in enumerate(rows):
        p = _occurrences(row) / row.size
        bits[number] = -(p * np.log2(p)).sum()
    return np.abs(bits).reshape(z.shape[:-1]) * steps_per_sample


def silent_fraction(spikes: Any) -> float:
    """Fraction of the spike trains (..., steps) without a single spike."""
    return float((~_counts(spikes).any(axis=-1)).mean())


def interval_statistics(spikes: Any, sfreq: float, window: float = 1.0) -> dict[str, np.ndarray]:
    """Regularity of spike trains: intervals from spike to spike, and counts in windows.

    Parameters
    ----------
    spikes : array-like of int, shape (..., steps)
        Signs are ignored; several spikes at one step are at intervals of zero.
    sfreq : float
        Steps per second.
    window : float, default 1.0
        Seconds in which spikes are counted for the Fano factor; what is left at the end is not
        counted.

    Returns
    -------
    dict of str to ndarray, shape (...)
        "mean_interval" in seconds; "cv", the intervals' standard deviation divided by their mean
        (0 for a clock, 1 for a Poisson process); "fano", the variance of counts divided by their
        mean (likewise). NaN where there are fewer than two intervals or windows, or no spikes.

    Examples
    --------
    >>> clock = np.tile([1, 0, 0, 0], 100)
    >>> {name: float(value) for name, value in interval_statistics(clock, 4.0, 10.0).items()}
    {'mean_interval': 1.0, 'cv': 0.0, 'fano': 0.0}
    """
    z = _counts(spikes)
    rate = check_number("sfreq", sfreq, low=0.0, low_open=True, unit="Hz")
    width = check_number("window", window, low=0.0, low_open=True, unit="s")
    length = check_integer("steps in window", round(width * rate), low=1)
    rows = np.abs(z.reshape(-1, z.shape[-1]))
    found = np.full((3, len(rows)), np.nan)
    n_windows = rows.shape[1] // length
    for number, row in enumerate(rows):
        at = np.flatnonzero(row)
        intervals = np.diff(np.repeat(at, row[at])) / rate
        if intervals.size > 1 and intervals.mean() > 0:
            found[0, number] = intervals.mean()
            found[1, number] = intervals.std() / intervals.mean()
        counts = row[: n_windows * length].reshape(n_windows, length).sum(axis=1, dtype=np.int64)
        if n_windows > 1 and counts.any():
            found[2, number] = counts.var() / counts.mean()
    shape = z.shape[:-1]
    names = ("mean_interval", "cv", "fano")
    return {name: value.reshape(shape) for name, value in zip(names, found, strict=True)}


def _occurrences(row: np.ndarray) -> np.ndarray:
    """How often each symbol occurs; by counting where they lie close together, else by sorting."""
    least, most = int(row.min()), int(row.max())
    if most - least >= 2**16:
        return np.unique(row, return_counts=True)[1]
    count = np.bincount(row.astype(np.int64) - least)
    return count[count > 0]


def _counts(spikes: Any) -> np.ndarray:
    z = np.asarray(spikes)
    if z.dtype.kind == "f" and np.isfinite(z).all() and (z == np.round(z)).all():
        z = z.astype(np.int64)
    if z.dtype.kind not in "iub" or z.ndim == 0 or z.shape[-1] == 0:
        raise DataError(
            f"spikes: expected whole numbers (..., steps), but got dtype {z.dtype} and shape "
            f"{z.shape}. Currents have no spikes to count."
        )
    if z.dtype.kind == "b":
        return z.astype(np.int8)
    # The lowest number of a signed type has no magnitude in that type.
    return z.astype(np.int16 if z.itemsize == 1 else np.int64) if z.dtype.kind == "i" else z
