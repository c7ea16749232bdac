"""Choose views on training trials alone: inner folds, held-out probabilities, a weight for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from eegsnn._compiling import n_cores
from eegsnn._warnings import warn_user
from eegsnn.backend import one_blas_thread
from eegsnn.errors import ConfigurationError, DataTrapWarning, EegsnnError
from eegsnn.estimators._inner_folds import inner_folds
from eegsnn.estimators.automatic.committee import Committee, Member
from eegsnn.estimators.automatic.judging import Judged, LabelledTrials, Tried, judge_view
from eegsnn.estimators.automatic.views import View
from eegsnn.training.calibration import Calibration, calibrate, unjudged
from eegsnn.training.combining import committee_weights
from eegsnn.training.evidence import class_logs

# Members with a smaller share of the decision than this are left out: they cost more than they say.
_LEAST_SHARE = 0.02


class Choice(NamedTuple):
    """What was chosen: the committee, what became of every view, and how much members fire.

    `firing_rates` are mean spikes per neuron and step of each member, on training trials.
    """

    committee: Committee
    tried: list[Tried]
    firing_rates: dict[str, float]


def affordable(views: list[View], budget: float) -> list[tuple[View, bool]]:
    """Mark the views that fit in the budget (seconds), those first that promise most a second.

    Costs are estimates from the size of the data, not measured, so that the choice does not depend
    on what else the machine does. The order of the views stays.

    Raises
    ------
    ConfigurationError
        If none does.
    """
    left, fitting = budget, set()
    for view in sorted(views, key=lambda view: view.seconds / view.prior):
        if view.seconds <= left:
            left -= view.seconds
            fitting.add(view.name)
    if not fitting:
        cheapest = min(views, key=lambda view: view.seconds)
        raise ConfigurationError(
            f"time_budget_s: expected enough time for at least one fit, about "
            f"{cheapest.seconds:.2g} s for {cheapest.name!r} on these trials, but got {budget:g} s."
        )
    return [(view, view.name in fitting) for view in views]


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

    Warns
    -----
    DataTrapWarning
        If no trial can be held out to judge views by.
    """
    folds = inner_folds(trials.codes, trials.n_classes, trials.groups, seed)
    if not folds:
        _warn_unjudged(trials)
    marked = affordable(views, budget)
    tried: list[Tried] = []
    fitted: list[Judged] = []
    failures: list[EegsnnError] = []
    # Views do not know each other: on several cores they are fitted side by side.
    with one_blas_thread(), _workers() as pool:
        jobs = [
            pool.submit(judge_view, view, trials, folds, n_steps) if fits else None
            for view, fits in marked
        ]
        for (view, _), job in zip(marked, jobs, strict=True):
            if job is None:
                note = f"would take {view.seconds:.1f} s more than the time budget has left"
                tried.append(Tried(view.name, note=note))
                continue
            outcome, result = job.result()
            tried.append(outcome)
            if isinstance(result, EegsnnError):
                failures.append(result)
                continue
            fitted.append(result)
            if tell is not None:
                tell(outcome)
    if not fitted:
        raise failures[0]
    return _decided(fitted, tried, trials, bool(folds))


def _warn_unjudged(trials: LabelledTrials) -> None:
    counts = np.bincount(trials.codes, minlength=trials.n_classes)
    several = trials.groups is not None and counts.min() > 1
    lack, need = "a class has only one trial", "two trials of each class"
    if several:
        lack, need = "a class is in one group only", "trials of each class in two groups"
    warn_user(
        f"X: no training trials could be held out to compare views by, since {lack}. All views "
        f"count as beforehand, and probabilities are cautious guesses. Give at least {need}.",
        DataTrapWarning,
    )


@contextmanager
def _workers() -> Iterator[ThreadPoolExecutor]:
    pool = ThreadPoolExecutor(n_cores())
    try:
        yield pool
    finally:  # after Ctrl-C nothing new is begun
        pool.shutdown(wait=True, cancel_futures=True)


def _calibrated(one: Judged, trials: LabelledTrials) -> Judged:
    """Make a view as certain as its held-out trials allow."""
    found = calibrate(one.logs, trials.codes, trials.weights, trials.groups)
    logs = found.log_probabilities(one.logs)
    share = trials.weights / trials.weights.sum()
    one.outcome.score = float(share @ (logs.argmax(axis=1) == trials.codes))
    one.outcome.log_loss = float(-share @ logs[np.arange(len(logs)), trials.codes])
    return one._replace(member=_with_readout(one.member, found), logs=logs)


def _moderated(one: Judged, trials: LabelledTrials) -> Judged:
    """Make a view of which no trial was held out moderately certain."""
    said = one.member.log_probabilities(trials.X)
    found = unjudged(said, trials.codes, trials.weights, trials.groups)
    return one._replace(member=_with_readout(one.member, found))


def _with_readout(member: Member, calibration: Calibration) -> Member:
    return replace(member, readout=calibration.of(member.readout))


def _decided(
    fitted: list[Judged], tried: list[Tried], trials: LabelledTrials, judged: bool
) -> Choice:
    """Weigh the views, and keep those that count."""
    fitted = [(_calibrated if judged else _moderated)(one, trials) for one in fitted]
    weights = np.array([one.view.prior for one in fitted])
    weights = weights / weights.sum()
    if judged:
        held_out = np.array([one.logs for one in fitted])
        weights = committee_weights(
            held_out, trials.codes, weights, weights=trials.weights, groups=trials.groups
        )
    members, firing_rates = [], {}
    for one, weight in zip(fitted, weights.tolist(), strict=True):
        one.outcome.chosen = bool(weight >= _LEAST_SHARE * weights.sum())
        if one.outcome.chosen:
            one.outcome.weight = weight
            members.append(replace(one.member, weight=weight))
            firing_rates[one.member.name] = one.firing_rate
    base = class_logs(trials.codes, trials.n_classes, trials.weights, trials.groups)
    return Choice(Committee(members, base, trials.X.shape[2]), tried, firing_rates)
