"""Choose views on training trials alone: inner folds, held-out probabilities, a weight for each."""

from __future__ import annotations

import time
from collections.abc import Callable
from copy import copy
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone

from eegsnn.errors import ConfigurationError, EegsnnError
from eegsnn.estimators._inner_folds import inner_folds
from eegsnn.estimators.automatic.coding import PopulationCode, RateCode
from eegsnn.estimators.automatic.committee import Committee, Member
from eegsnn.estimators.automatic.views import View
from eegsnn.training.readouts import (
    LinearReadout,
    certainty,
    committee_weights,
    log_softmax,
    shrinkage_discriminant,
)

# Members with a smaller share of the decision than this are left out: they cost more than they say.
_LEAST_SHARE = 0.02
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


class Choice(NamedTuple):
    """What was chosen: the committee, what became of every view, and how much members fire.

    `firing_rates` are mean spikes per neuron and step of each member, on training trials.
    """

    committee: Committee
    tried: list[Tried]
    firing_rates: dict[str, float]


def affordable(views: list[View], budget: float) -> list[tuple[View, bool]]:
    """Mark the views that fit in the budget (seconds), those of the highest prior first.

    Costs are estimates from the size of the data, not measured, so that the choice does not depend
    on what else the machine does.

    Raises
    ------
    ConfigurationError
        If none does.
    """
    left, marked = budget, []
    for view in views:
        fits = view.seconds <= left
        left -= view.seconds if fits else 0.0
        marked.append((view, fits))
    if not any(fits for _, fits in marked):
        cheapest = min(views, key=lambda view: view.seconds)
        raise ConfigurationError(
            f"time_budget_s: expected enough time for at least one fit, about "
            f"{cheapest.seconds:.2g} s for {cheapest.name!r} on these trials, but got {budget:g} s."
        )
    return marked


def choose(
    trials: LabelledTrials,
    views: list[View],
    *,
    budget: float,
    n_steps: int,
    seed: int,
    tell: Callable[[Tried], None] | None = None,
) -> Choice:
    """Fit every affordable view, weigh them by held-out trials, keep those that count.

    Parameters
    ----------
    trials : LabelledTrials
    views : list of View
    budget : float
        Seconds, by estimate.
    n_steps : int
        Steps that features are presented for as spikes.
    seed : int
        Of the inner folds.
    tell : callable, optional
        Called with each view's outcome, before its weight is known.

    Returns
    -------
    Choice

    Raises
    ------
    ConfigurationError
        If the budget is too short for any view.
    DataError
        If no view could be fitted: the error of the first.
    """
    folds = inner_folds(trials.codes, trials.n_classes, trials.groups, seed)
    members, rates, held_out, priors, outcomes = [], [], [], [], []
    tried: list[Tried] = []
    failure: EegsnnError | None = None
    for view, fits in affordable(views, budget):
        outcome = Tried(view.name)
        tried.append(outcome)
        if not fits:
            outcome.note = f"would take {view.seconds:.1f} s more than the time budget has left"
            continue
        start = time.perf_counter()
        try:
            member, logs, rate = _fit_view(view, trials, folds, n_steps)
        except EegsnnError as error:
            failure = failure or error
            outcome.note = str(error)
            continue
        outcome.seconds = time.perf_counter() - start
        outcome.n_features = len(member.code.offset)
        members.append(member)
        rates.append(rate)
        held_out.append(logs)
        priors.append(view.prior)
        outcomes.append(outcome)
        if folds:
            _score(outcome, logs, trials)
        if tell is not None:
            tell(outcome)
    if not members:
        assert failure is not None
        raise failure
    weights = _weights(np.array(held_out), trials, np.array(priors), bool(folds))
    kept = weights >= _LEAST_SHARE * weights.sum()
    for outcome, weight, chosen in zip(outcomes, weights, kept, strict=True):
        outcome.weight, outcome.chosen = float(weight) if chosen else 0.0, bool(chosen)
    chosen_members = [
        replace(member, weight=float(weight))
        for member, weight, keep in zip(members, weights, kept, strict=True)
        if keep
    ]
    firing_rates = {
        member.name: rate for member, rate, keep in zip(members, rates, kept, strict=True) if keep
    }
    return Choice(Committee(chosen_members, trials.n_classes), tried, firing_rates)


def _fit_view(
    view: View,
    trials: LabelledTrials,
    folds: list[tuple[np.ndarray, np.ndarray]],
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
    values = code.values(found)
    readout = _readout(values, trials, slice(None))
    logs = np.full((len(trials.codes), trials.n_classes), -np.log(trials.n_classes))
    for train, test in folds:
        seen, unseen = values[train], values[test]
        if features.needs_labels:
            inner = copy(features)
            inner.learn(prepared[train], trials.codes[train])
            rates = inner.compute(prepared)
            part = _code(view, rates[train], trials.weights[train], n_steps, trials.X.shape[2])
            seen, unseen = part.values(rates[train]), part.values(rates[test])
        logs[test] = _readout(seen, trials, train).log_probabilities(unseen)
    if folds:
        factor = certainty(logs, trials.codes, trials.weights)
        readout, logs = readout.tempered(factor), log_softmax(factor * logs)
    rate = code.rate(found[:_TRIALS_COUNTED])
    return Member(view.name, features, code, readout, 1.0), logs, rate


def _code(
    view: View, features: np.ndarray, weights: np.ndarray, n_steps: int, n_times: int
) -> PopulationCode | RateCode:
    if view.spiking:
        return RateCode.fit(features, weights, n_times)
    return PopulationCode.fit(features, weights, n_steps)


def _readout(values: np.ndarray, trials: LabelledTrials, rows: np.ndarray | slice) -> LinearReadout:
    return shrinkage_discriminant(
        values, trials.codes[rows], trials.n_classes, trials.weights[rows]
    )


def _score(outcome: Tried, logs: np.ndarray, trials: LabelledTrials) -> None:
    share = trials.weights / trials.weights.sum()
    outcome.score = float(share @ (logs.argmax(axis=1) == trials.codes))
    outcome.log_loss = float(-share @ logs[np.arange(len(logs)), trials.codes])


def _weights(
    held_out: np.ndarray, trials: LabelledTrials, priors: np.ndarray, judged: bool
) -> np.ndarray:
    if not judged:
        return priors / priors.sum()
    return committee_weights(
        held_out, trials.codes, priors, weights=trials.weights, groups=trials.groups
    )
