"""Samples to time bins of a chosen width, nothing dropped."""

from __future__ import annotations

import numpy as np

from eegsnn.errors import ConfigurationError, DataError

# A sample whose time equals a bin's edge up to rounding belongs to the bin that begins there.
_TIE = 1e-9


def bin_starts(n_times: int, sfreq: float, bin_width: float) -> np.ndarray:
    """Index of the first sample of every bin: sample i, at i / sfreq seconds, goes by its time.

    Bin k holds the samples with ``k·bin_width ≤ i / sfreq < (k + 1)·bin_width``. Where the width
    is no multiple of the sample period, bins differ by one sample. The last bin is kept even
    where the trial ends within it.

    Parameters
    ----------
    n_times : int
    sfreq : float
        Sampling rate in Hz.
    bin_width : float
        Seconds.

    Returns
    -------
    ndarray of int, shape (bins,)

    Raises
    ------
    ConfigurationError
        If a bin is narrower than a sample, so that some would be empty.
    DataError
        If the trial is shorter than one bin.

    Examples
    --------
    >>> bin_starts(10, sfreq=100.0, bin_width=0.025)
    array([0, 3, 5, 8])
    """
    samples_per_bin = bin_width * sfreq
    if samples_per_bin < 1 - _TIE:
        raise ConfigurationError(
            f"bin_width: expected at least one sample, {1 / sfreq:g} s at {sfreq:g} Hz, but got "
            f"{bin_width:g} s."
        )
    if n_times < samples_per_bin - _TIE:
        raise DataError(
            f"Trials of {n_times} samples ({n_times / sfreq:g} s) are shorter than one bin "
            f"(bin_width={bin_width:g} s). Cut longer trials or choose narrower bins."
        )
    n_bins = int(np.floor((n_times - 1) / samples_per_bin + _TIE)) + 1
    return bin_edges(0, n_bins, samples_per_bin)


def bin_edges(first: int, last: int, samples_per_bin: float) -> np.ndarray:
    """Index of the first sample of the bins from `first` to before `last`.

    Examples
    --------
    >>> bin_edges(1, 4, 2.5)
    array([3, 5, 8])
    """
    return np.ceil(np.arange(first, last) * samples_per_bin - _TIE).astype(np.intp)


def bin_sums(x: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Sum over every bin: spikes (..., times) to counts (..., bins).

    Examples
    --------
    >>> bin_sums(np.array([1, 0, 1, 1, 2]), np.array([0, 2, 4]))
    array([1, 2, 2])
    """
    # Spikes of one byte would overflow where a bin holds more than 127 of them.
    dtype = np.int32 if x.dtype == np.int8 else None
    return np.add.reduceat(x, starts, axis=-1, dtype=dtype)


def bin_means(x: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Mean over every bin: values (..., times) to (..., bins)."""
    lengths = np.diff(starts, append=x.shape[-1])
    return bin_sums(x, starts) / lengths
