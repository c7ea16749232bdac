"""Arrays of samples: their shape, and that every one is a number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from eegsnn.errors import DataError

# Powers of larger numbers would be infinite.
_HUGE = 1e100


def check_series(
    X: Any,
    *,
    name: str = "X",
    ch_names: Sequence[str] | None = None,
    dtype: Any = np.float64,
    trials: Sequence[str] | None = None,
) -> np.ndarray:
    """Return trials as a finite float array (trials, channels, times).

    Raises
    ------
    DataError
        If the shape is another one or empty, or a sample is NaN or infinite: the message names
        the first such trial and channel, and how many samples are affected.
    """
    array = np.asarray(X)
    if array.dtype.kind not in "fiub":
        raise DataError(f"{name}: expected real numbers, but got dtype {array.dtype}.")
    if array.ndim != 3:
        raise DataError(
            f"{name}: expected an array (trials, channels, times), but got shape {array.shape}."
        )
    if 0 in array.shape:
        raise DataError(
            f"{name}: expected at least one trial, channel and sample, but got shape {array.shape}."
        )
    array = np.ascontiguousarray(array, dtype=dtype)
    check_finite(array, name=name, ch_names=ch_names, trials=trials)
    return array


def check_banded_series(
    X: Any, *, name: str = "X", ch_names: Sequence[str] | None = None
) -> np.ndarray:
    """Return (trials, channels, times) or (trials, bands, channels, times), finite, as float64.

    Raises
    ------
    DataError
        As :func:`check_series` does.
    """
    array = np.asarray(X)
    if array.ndim != 4:
        if array.ndim != 3:
            raise DataError(
                f"{name}: expected an array (trials, channels, times) or (trials, bands, "
                f"channels, times), but got shape {array.shape}."
            )
        return check_series(array, name=name, ch_names=ch_names)
    n_trials, n_bands, n_channels, n_times = array.shape
    flat = array.reshape(n_trials * n_bands, n_channels, n_times)
    trials = [f"trial {t}, band {b}" for t in range(n_trials) for b in range(n_bands)]
    return check_series(flat, name=name, ch_names=ch_names, trials=trials).reshape(array.shape)


def check_sequence(x: Any, n_features: int | None = None, *, name: str = "x") -> np.ndarray:
    """Return inputs [T, batch, features] of at least one step and trial, finite, as float64.

    Raises
    ------
    DataError
        If the shape is another one, or `n_features` differs, or a value is NaN or infinite: the
        message names the first such step, trial and feature.
    """
    array = np.asarray(x)
    if array.dtype.kind not in "fiub":
        raise DataError(f"{name}: expected real numbers, but got dtype {array.dtype}.")
    wanted = "features" if n_features is None else str(n_features)
    if array.ndim != 3 or 0 in array.shape or n_features not in (None, array.shape[2]):
        raise DataError(
            f"{name}: expected an array [T, batch, {wanted}] of at least one step and trial, but "
            f"got shape {array.shape}."
        )
    array = np.ascontiguousarray(array, dtype=np.float64)
    bad = ~np.isfinite(array)
    if bad.any():
        step, trial, feature = (int(i) for i in np.argwhere(bad)[0])
        raise DataError(
            f"{name} contains NaN or infinity: {int(bad.sum())} of {bad.size} values, the first at "
            f"step {step}, trial {trial}, feature {feature}. Drop or interpolate these first."
        )
    return array


def check_signal(s: Any, *, name: str = "s") -> np.ndarray:
    """Return a signal (..., times) of at least one sample as a finite float64 array.

    Raises
    ------
    DataError
        If it has no samples, is not real, or a sample is NaN or infinite: the message names the
        first such sample.
    """
    array = np.asarray(s)
    if array.dtype.kind not in "fiub":
        raise DataError(f"{name}: expected real numbers, but got dtype {array.dtype}.")
    if array.ndim == 0 or array.size == 0:
        raise DataError(
            f"{name}: expected an array (..., times) of at least one sample, but got shape "
            f"{array.shape}."
        )
    array = array.astype(np.float64, copy=False)
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(array.sum()):
            return array
    bad = ~np.isfinite(array)
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        raise DataError(
            f"{name} contains NaN or infinity: {int(bad.sum())} of {bad.size} samples, the first "
            f"at index {first}. Drop or interpolate these samples first."
        )
    return array


def check_finite(
    X: np.ndarray,
    *,
    name: str = "X",
    ch_names: Sequence[str] | None = None,
    trials: Sequence[str] | None = None,
) -> None:
    """Refuse NaN, infinity and what would overflow, naming the trial and the channel of the series.

    `trials` says what messages call each trial, where its number tells nothing.
    """
    # Without a temporary of X's size: NaN is the largest and the smallest of all.
    if X.size == 0 or (float(X.max()) < _HUGE and float(X.min()) > -_HUGE):
        return
    bad = ~np.isfinite(X)
    what = "NaN or infinity"
    if not bad.any():
        bad, what = np.abs(X) >= _HUGE, f"numbers beyond {_HUGE:g}"
    trial, channel = (int(i) for i in np.argwhere(bad)[0][:2])
    label = f"{channel} ({ch_names[channel]})" if ch_names is not None else str(channel)
    where = trials[trial] if trials is not None else f"trial {trial}"
    raise DataError(
        f"{name} contains {what}: {int(bad.sum())} of {bad.size} samples, the first in "
        f"{where}, channel {label}. Drop or interpolate these samples first; for "
        f"channels of recordings, [preprocessing] bads = 'interpolate' does."
    )


def check_no_flat_channel(X: np.ndarray, ch_names: Sequence[str]) -> None:
    """Refuse trials (trials, channels, times) with a channel that never changes within a trial.

    Raises
    ------
    DataError
        Naming the channels.
    """
    flat = np.flatnonzero(~(X[:, :, :1] != X).any(axis=(0, 2)))
    if X.shape[2] > 1 and flat.size:
        raise DataError(
            f"Flat channel in the training data: {', '.join(ch_names[int(i)] for i in flat)} "
            f"does not vary within any trial. Drop or interpolate it first; for channels of "
            f"recordings, [preprocessing] bads = 'interpolate' does."
        )
