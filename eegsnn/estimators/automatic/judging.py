"""Fit one view and judge it on training trials that are held out in turn."""

from __future__ import annotations

import time
from copy import copy
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone

from eegsnn.errors import EegsnnError
from eegsnn.estimators.automatic.coding import PopulationCode, RateCode
from eegsnn.estimators.automatic.committee import Member
from eegsnn.estimators.automatic.views import View
from eegsnn.features import TrialFeatures
from eegsnn.training.discriminants import discriminant_and_held_out, shrinkage_discriminant

Folds = list[tuple[np.ndarray, np.ndarray]]

_TRIALS_COUNTED = 256  # for firing rates


@dataclass
class Tried:
    """What became of a view; `EEGSpikingClassifier.selection_` lists these as dictionaries.

    Attributes
    ----------
    name : str
    score : float or None
        Accuracy on held-out training trials.
    log_loss : float or None
        Cross-entropy on them, in nats.
    weight : float
        With which its log-probabilities enter the decision.
    seconds : float
        Time it took.
    n_features : int
    chosen : bool
    note : str
        Why it was not tried.
    """

    name: str
    score: float | None = None
    log_loss: float | None = None
    weight: float = 0.0
    seconds: float = 0.0
    n_features: int = 0
    chosen: bool = False
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Fields as JSON-able values."""
        return asdict(self)


@dataclass(frozen=True)
class LabelledTrials:
    """Training trials.

    Attributes
    ----------
    X : ndarray (trials, channels, times)
    codes : ndarray of int (trials,)
    weights : ndarray (trials,)
    groups : ndarray (trials,) or None
    n_classes : int
    """

    X: np.ndarray
    codes: np.ndarray
    weights: np.ndarray
    groups: np.ndarray | None
    n_classes: int


class Judged(NamedTuple):
    """A view that was fitted, and what is known of it.

    `logs` are the log-probabilities (trials, classes) of every trial when it was held out, as
    certain as the readout is; `firing_rate` is mean spikes per neuron and step, on training trials.
    """

    view: View
    member: Member
    logs: np.ndarray
    firing_rate: float
    outcome: Tried


def judge_view(
    view: View, trials: LabelledTrials, folds: Folds, n_steps: int
) -> tuple[Tried, Judged | EegsnnError]:
    """Fit a view, and tell what became of it: what was fitted, or the error that stopped it."""
    outcome = Tried(view.name)
    start = time.perf_counter()
    try:
        member, logs, firing_rate = _fit_view(view, trials, folds, n_steps)
    except EegsnnError as error:
        outcome.note = str(error)
        return outcome, error
    outcome.seconds = time.perf_counter() - start
    outcome.n_features = len(member.code.offset)
    if folds:
        share = trials.weights / trials.weights.sum()
        outcome.score = float(share @ (logs.argmax(axis=1) == trials.codes))
    return outcome, Judged(view, member, logs, firing_rate, outcome)


def _fit_view(
    view: View,
    trials: LabelledTrials,
    folds: Folds,
    n_steps: int,
) -> tuple[Member, np.ndarray, float]:
    """Fit a view on all trials; the log-probabilities of each when held out; the firing rate.

    Features that do not look at labels are computed once. The others, and every readout, are
    fitted without the trials that they are judged on.
    """
    features = clone(view.features)
    prepared = features.begin(trials.X)
    features.learn(prepared, trials.codes)
    found = features.compute(prepared)
    code = _code(view, found, trials.weights, n_steps, trials.X.shape[2])
    common = [] if features.needs_labels else folds
    readout, logs = discriminant_and_held_out(
        code.values(found), trials.codes, trials.n_classes, common, trials.weights
    )
    if features.needs_labels:
        for train, test in folds:
            logs[test] = _held_out(view, features, prepared, trials, train, test, n_steps)
    rate = float(code.rates(found[:_TRIALS_COUNTED]).mean())
    return Member(view.name, features, code, readout, 1.0), logs, rate


def _held_out(
    view: View,
    features: TrialFeatures,
    prepared: np.ndarray,
    trials: LabelledTrials,
    train: np.ndarray,
    test: np.ndarray,
    n_steps: int,
) -> np.ndarray:
    """Log-probabilities (test, classes) of features that look at the labels of `train`."""
    inner = copy(features)
    inner.learn(prepared[train], trials.codes[train])
    found = inner.compute(prepared)
    weights = trials.weights[train]
    code = _code(view, found[train], weights, n_steps, trials.X.shape[2])
    readout = shrinkage_discriminant(
        code.values(found[train]), trials.codes[train], trials.n_classes, weights
    )
    return readout.log_probabilities(code.values(found[test]))


def _code(
    view: View, features: np.ndarray, weights: np.ndarray, n_steps: int, n_times: int
) -> PopulationCode | RateCode:
    if view.spiking:
        return RateCode.fit(features, weights, n_times)
    return PopulationCode.fit(features, weights, n_steps)
