"""From labelled trials to a committee; what `EEGSpikingClassifier` calls when left to itself."""

from __future__ import annotations

from collections.abc import Sequence
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
) -> list[View]:
    """List the views that trials (trials, channels, times) of these classes allow."""
    known = _known_frequencies(classes, frequencies, sfreq)
    return possible_views(Trials(*shape, len(classes), sfreq, known), seed, N_FOLDS)


def plan_choice(
    shape: tuple[int, int, int],
    classes: Sequence[Any],
    sfreq: float,
    frequencies: tuple[float, ...] | None,
    time_budget_s: float,
) -> list[dict[str, Any]]:
    """List the views that would be tried on trials of this shape; see `EEGSpikingClassifier`."""
    views = _views(shape, classes, sfreq, frequencies, 0)
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
    views = _views(shape, classes.tolist(), sfreq, frequencies, seed % 2**31)
    with view_progress(verbose, len(views)) as tell:
        return choose(
            trials, views, budget=time_budget_s, n_steps=n_steps, seed=seed % 2**31, tell=tell
        )
