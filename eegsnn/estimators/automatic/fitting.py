"""From labelled trials to a committee; what `EEGSpikingClassifier` calls when left to itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from eegsnn._validation import check_number
from eegsnn.errors import ConfigurationError
from eegsnn.estimators._inner_folds import N_FOLDS
from eegsnn.estimators._progress import view_progress
from eegsnn.estimators.automatic.judging import LabelledTrials
from eegsnn.estimators.automatic.selection import Choice, affordable, choose
from eegsnn.estimators.automatic.views import (
    Trials,
    View,
    possible_views,
    stimulus_frequencies,
)
from eegsnn.filters.decimation import decimated

_LEAST_RATE = 400.0  # Hz that views are given at least, if the recording has them
_SAMPLES_PER_FLASH = 7.0  # of the fastest stimulus: three harmonics and a margin


def check_frequencies(frequencies: Any) -> tuple[float, ...] | None:
    """Return stimulus frequencies in Hz as a tuple, or None where none were given.

    Raises
    ------
    ConfigurationError
        If there are fewer than two, or one is no number above 0.
    """
    if frequencies is None:
        return None
    if not isinstance(frequencies, Sequence | np.ndarray) or len(frequencies) < 2:
        raise ConfigurationError(
            f"frequencies: expected at least two stimulus frequencies in Hz, but got "
            f"{frequencies!r}."
        )
    return tuple(
        check_number("frequencies", f, low=0, low_open=True, unit="Hz") for f in frequencies
    )


def _known_frequencies(
    classes: Sequence[Any], frequencies: tuple[float, ...] | None, sfreq: float
) -> tuple[float, ...]:
    if frequencies is None:
        return stimulus_frequencies(classes)
    for frequency in frequencies:
        if frequency >= sfreq / 2:
            raise ConfigurationError(
                f"frequencies: {frequency:g} Hz lies beyond half the sampling rate of {sfreq:g} "
                f"Hz, where nothing can be seen of it."
            )
    return frequencies


def _views(
    shape: tuple[int, int, int],
    classes: Sequence[Any],
    sfreq: float,
    frequencies: tuple[float, ...] | None,
    seed: int,
) -> tuple[list[View], int]:
    """List the views that trials (trials, channels, times) of these classes allow.

    Beside them, of how many samples they are given one: none looks at what is faster than 160 Hz,
    or than harmonics of stimuli.
    """
    known = _known_frequencies(classes, frequencies, sfreq)
    step = max(1, int(sfreq // max(_LEAST_RATE, _SAMPLES_PER_FLASH * max(known, default=0.0))))
    n_times = -(-shape[2] // step)
    trials = Trials(shape[0], shape[1], n_times, len(classes), sfreq / step, known)
    return possible_views(trials, seed, N_FOLDS), step


def plan_choice(
    shape: tuple[int, int, int],
    classes: Sequence[Any],
    sfreq: float,
    frequencies: tuple[float, ...] | None,
    time_budget_s: float,
) -> list[dict[str, Any]]:
    """List the views that would be tried on trials of this shape; see `EEGSpikingClassifier`."""
    views, _ = _views(shape, classes, sfreq, frequencies, 0)
    return [
        {"name": view.name, "seconds": view.seconds, "affordable": fits}
        for view, fits in affordable(views, time_budget_s)
    ]


def fit_committee(
    trials: LabelledTrials,
    classes: np.ndarray,
    sfreq: float,
    *,
    frequencies: tuple[float, ...] | None,
    time_budget_s: float,
    n_steps: int,
    seed: int,
    verbose: bool,
) -> Choice:
    """Choose views for these trials and fit them.

    Parameters
    ----------
    trials : LabelledTrials
    classes : ndarray
        Labels; those that name frequencies ("13Hz") are believed.
    sfreq : float
        Sampling rate in Hz.
    frequencies : tuple of float, optional
        Stimulus frequencies in Hz, beyond what labels say.
    time_budget_s, n_steps, seed : see :func:`~eegsnn.estimators.automatic.choose`
    verbose : bool
        Show progress on standard error.

    Raises
    ------
    ConfigurationError, DataError
        As :func:`~eegsnn.estimators.automatic.choose`.
    """
    n_trials, n_channels, n_times = trials.X.shape
    shape = (n_trials, n_channels, n_times)
    views, step = _views(shape, classes.tolist(), sfreq, frequencies, seed % 2**31)
    trials = replace(trials, X=decimated(trials.X, step))
    with view_progress(verbose, len(views)) as tell:
        choice = choose(
            trials, views, budget=time_budget_s, n_steps=n_steps, seed=seed % 2**31, tell=tell
        )
    return choice._replace(committee=replace(choice.committee, n_times=n_times, step=step))
