"""Small data with known classes, and settings that train in a moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import mne
import numpy as np
import pytest

from eegsnn.encoding import EEGEncoder
from eegsnn.estimators import EEGSpikingClassifier

QUICK: dict[str, Any] = {
    "hidden": (16,),
    "n_steps": 5,
    "max_epochs": 6,
    "batch_size": 10,
    "learning_rate": 0.03,
    "weight_decay": 0.0,
    "random_state": 0,
}
"""Settings for SpikingClassifier and EEGSpikingClassifier."""


class Labelled(NamedTuple):
    """Trials, their labels, and a group for each."""

    X: np.ndarray
    y: np.ndarray
    groups: np.ndarray


@pytest.fixture
def quick() -> dict[str, Any]:
    return dict(QUICK)


@pytest.fixture
def rows() -> Labelled:
    """60 rows of 4 features; the first tells "move" from "rest"; 6 groups with both."""
    rng = np.random.default_rng(1)
    y = np.tile(["move", "rest"], 30)
    X = rng.normal(size=(60, 4))
    X[:, 0] += np.where(y == "move", 2.0, -2.0)
    return Labelled(X, y, np.repeat(np.arange(6), 10))


SFREQ, NAMES = 100.0, ["C3", "Cz", "C4"]


def make_trials(n_trials: int = 24, seed: int = 2) -> Labelled:
    """Trials of 1 s in volts at 100 Hz: 10 Hz on C3 for "left", on C4 for "right"."""
    rng = np.random.default_rng(seed)
    y = np.tile(["left", "right"], n_trials // 2)
    X = rng.normal(scale=5e-6, size=(n_trials, 3, 100))
    time = np.arange(100) / SFREQ
    for trial, label in enumerate(y):
        phase = rng.uniform(0, 2 * np.pi)
        X[trial, 0 if label == "left" else 2] += 2e-5 * np.sin(2 * np.pi * 10 * time + phase)
    return Labelled(X, y, np.arange(n_trials) // 4)


@pytest.fixture
def trials() -> Labelled:
    return make_trials()


@pytest.fixture
def ch_names() -> list[str]:
    return list(NAMES)


def wrap_epochs(
    trials: Labelled, names: list[str] | None = None, sfreq: float = SFREQ
) -> mne.EpochsArray:
    """Wrap trials of the channels NAMES as Epochs, with the channels in the order of `names`."""
    names = NAMES if names is None else names
    order = [NAMES.index(name) for name in names]
    codes = np.where(trials.y == "left", 1, 2)
    events = np.column_stack([np.arange(len(codes)) * 1000, np.zeros_like(codes), codes])
    info = mne.create_info(names, sfreq, "eeg")
    return mne.EpochsArray(
        trials.X[:, order], info, events, event_id={"left": 1, "right": 2}, verbose="error"
    )


@pytest.fixture
def make_epochs() -> Callable[..., mne.EpochsArray]:
    """Give a function (trials, names, sfreq) → Epochs; see `wrap_epochs`."""
    return wrap_epochs


@pytest.fixture
def epochs(trials: Labelled) -> mne.EpochsArray:
    return wrap_epochs(trials)


def build_model(**parameters: Any) -> EEGSpikingClassifier:
    """A classifier by the power in 8–13 Hz, which tells the trials of `make_trials` apart."""
    encoder = EEGEncoder({"alpha": (8, 13)}, feature="envelope", bin_width=0.1)
    return EEGSpikingClassifier(**{"encoder": encoder, "sfreq": SFREQ} | QUICK | parameters)


@pytest.fixture
def make_model() -> Callable[..., EEGSpikingClassifier]:
    """Give a function (**parameters) → EEGSpikingClassifier; see `build_model`."""
    return build_model
