"""Trials as transformers accept them: arrays or Epochs, channels by name, one sampling rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eegsnn._validation import (
    channel_order,
    check_channel_names,
    check_cut,
    check_rate_known,
    check_same_rate,
    check_series,
    unpack_series,
)
from eegsnn.errors import DataError


@dataclass(frozen=True)
class SeriesInput:
    """What later data must agree with.

    Attributes
    ----------
    ch_names : list of str
        "ch0", "ch1", … where none were given.
    named : bool
        Whether names were given, so that channels can be matched by name.
    sfreq : float
        Sampling rate in Hz.
    """

    ch_names: list[str]
    named: bool
    sfreq: float


def read_training(
    X: Any,
    *,
    expected_sfreq: float | None,
    ch_names: Sequence[str] | None = None,
    sfreq: float | None = None,
) -> tuple[np.ndarray, SeriesInput]:
    """Validate training trials and learn their channels and rate.

    Parameters
    ----------
    X : ndarray, shape (trials, channels, times), or mne.Epochs
    expected_sfreq : float or None
        The rate that the transformer's parameter says, if it does.
    ch_names, sfreq : optional
        What came beside the data.

    Returns
    -------
    X : ndarray of float64, shape (trials, channels, times)
    series_input : SeriesInput
    """
    check_cut(X)
    X, names, rate = unpack_series(X, ch_names=ch_names, sfreq=sfreq)
    X = _checked(X, names)
    known = check_rate_known(expected_sfreq, rate)
    if names is None:
        return X, SeriesInput([f"ch{i}" for i in range(X.shape[1])], False, known)
    return X, SeriesInput(list(names), True, known)


def read_like_training(
    X: Any,
    expected: SeriesInput,
    *,
    ch_names: Sequence[str] | None = None,
    sfreq: float | None = None,
) -> np.ndarray:
    """Validate further trials, their channels in the order of training.

    Raises
    ------
    DataError
        If a channel is missing, their number differs where there are no names to go by, the rate
        differs, or a sample is not finite.
    """
    picks = expected.ch_names if expected.named else None
    check_cut(X)
    X, names, rate = unpack_series(X, ch_names=ch_names, sfreq=sfreq, picks=picks)
    if rate is not None:
        check_same_rate(expected.sfreq, rate)
    X = _checked(X, names)
    if names is not None and expected.named and names != expected.ch_names:
        X = np.ascontiguousarray(X[:, channel_order(expected.ch_names, names)])
    if X.shape[1] != len(expected.ch_names):
        raise DataError(
            f"Fitted on {len(expected.ch_names)} channels ({', '.join(expected.ch_names)}), but "
            f"X has {X.shape[1]}. Give the same channels, or ch_names=… to match them by name."
        )
    return X


def _checked(X: Any, names: Sequence[str] | None) -> np.ndarray:
    shape = np.shape(X)
    if names is not None and len(shape) == 3:
        names = check_channel_names(names, shape[1])
    return check_series(X, ch_names=names)
