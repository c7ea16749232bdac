"""Choose views on training trials alone: inner folds, held-out probabilities, a weight for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from eegsnn._compiling import n_cores
from eegsnn.backend import one_blas_thread
from eegsnn.errors import ConfigurationError, EegsnnError
from eegsnn.estimators._inner_folds import inner_folds
from eegsnn.estimators.automatic.committee import Committee
from eegsnn.estimators.automatic.judging import Judged, LabelledTrials, Tried, judge_view
from eegsnn.estimators.automatic.views import View
from eegsnn.training.combining import certainties, class_logs, committee_weights
from eegsnn.training.readouts import tempered_logs

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
    """
    folds = inner_folds(trials.codes, trials.n_classes, trials.groups, seed)
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


@contextmanager
def _workers() -> Iterator[ThreadPoolExecutor]:
    pool = ThreadPoolExecutor(n_cores())
    try:
        yield pool
    finally:  # after Ctrl-C nothing new is begun
        pool.shutdown(wait=True, cancel_futures=True)


def _tempered(fitted: list[Judged], trials: LabelledTrials) -> list[Judged]:
    """Make every view as certain as its held-out trials allow."""
    logs = np.array([one.logs for one in fitted])
    factors = certainties(logs, trials.codes, trials.weights, trials.groups)
    base = _base(trials)
    share = trials.weights / trials.weights.sum()
    tempered = []
    for one, factor in zip(fitted, factors, strict=True):
        held_out = tempered_logs(one.logs, factor, base)
        one.outcome.log_loss = float(-share @ held_out[np.arange(len(held_out)), trials.codes])
        member = replace(one.member, readout=one.member.readout.tempered(factor, base))
        tempered.append(one._replace(member=member, logs=held_out))
    return tempered


def _decided(
    fitted: list[Judged], tried: list[Tried], trials: LabelledTrials, judged: bool
) -> Choice:
    """Weigh the views, and keep those that count."""
    if judged:
        fitted = _tempered(fitted, trials)
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
    return Choice(Committee(members, _base(trials), trials.X.shape[2]), tried, firing_rates)


def _base(trials: LabelledTrials) -> np.ndarray:
    return class_logs(trials.codes, trials.n_classes, trials.weights, trials.groups)
