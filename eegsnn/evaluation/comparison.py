"""Which differences between the models of an experiment can be told from none.

What counts as independent is decided by the protocol, before any score is seen:

- **subjects** (or whatever group the protocol keeps whole), where the test trials are of several:
  intervals draw whole groups; the test flips the signs of the groups' differences;
- **folds**, where there are fewer groups than such a test needs, or none, and several folds: their
  training sets overlap, and the corrected resampled t-test allows for that;
- **trials**, under a split of one fold: McNemar's exact test.

With several seeds each trial (group, fold) counts once, with its mean over the seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from eegsnn.evaluation.intervals import (
    ENOUGH_UNITS,
    Interval,
    cluster_bootstrap,
)
from eegsnn.evaluation.paired_tests import (
    cohens_d,
    cohens_g,
    corrected_resampled_t,
    holm,
    mcnemar_exact,
    sign_flip_test,
    wilcoxon_signed_rank,
)
from eegsnn.evaluation.pooling import pool_decisions

if TYPE_CHECKING:
    from eegsnn.evaluation.results import ExperimentResult

SIGNIFICANCE = 0.05
"""Level at which a difference is called one, after correction for the number of baselines."""

GROUPS_OF_PEOPLE = ("subject", "participant", "patient")
"""Names of groups of which each is a person: what a claim about people has to count."""


@dataclass(frozen=True)
class Comparison:
    """One model against another, on the trials that both decided.

    Attributes
    ----------
    model, against : str
    difference, low, high : float
        Accuracy of `model` minus that of `against`, and its 95 % interval.
    unit : str
        What counts as independent: ``"trial"``, ``"fold"`` or the name of a group.
    n_units : int
    test : str
        Name of the paired test.
    p_value, p_adjusted : float
        Two-sided; adjusted for the number of baselines (Holm).
    effect_name : str
    effect : float or None
        Cohen's d of paired differences over groups or folds, Cohen's g over trials.
    better, worse : int
        Units on which `model` is better, and worse.
    wilcoxon : float or None
        P-value of Wilcoxon's signed-rank test over groups, for comparison.
    seeds : list of float
        Under McNemar's test, its p-value for each seed by itself.
    notes : list of str
        What limits the comparison.
    """

    model: str
    against: str
    difference: float
    low: float
    high: float
    unit: str
    n_units: int
    test: str
    p_value: float
    p_adjusted: float
    effect_name: str
    effect: float | None
    better: int
    worse: int
    wilcoxon: float | None = None
    seeds: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def told_apart(self) -> bool:
        """Whether test and interval both say that there is a difference."""
        return self.p_adjusted < SIGNIFICANCE and not self.low <= 0 <= self.high

    def to_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can hold."""
        return {**asdict(self), "told_apart": self.told_apart}


@dataclass(frozen=True)
class TrialScores:
    """A model's decisions, one row per fold and test trial.

    Attributes
    ----------
    fold, trial : ndarray of int
        Number of the fold, position in the data set.
    right : ndarray of float
        Share of the seeds that decided it rightly.
    weight : ndarray of float
        Such that the weighted mean is the mean over folds of the accuracy.
    """

    fold: np.ndarray
    trial: np.ndarray
    right: np.ndarray
    weight: np.ndarray


def trial_scores(result: ExperimentResult, model: str, seed: Any = "all") -> TrialScores:
    """Return how a model decided each test trial, over all seeds or with one of them."""
    numbers = {fold["name"]: number for number, fold in enumerate(result.folds)}
    runs = [run for run in result.runs_of(model) if seed == "all" or run.seed == seed]
    fold = np.concatenate([np.full(run.n_test, numbers[run.fold]) for run in runs])
    decisions = pool_decisions(runs)
    right = decisions.truth == decisions.label
    keys, place, counts = np.unique(
        np.column_stack([fold, decisions.trial]), axis=0, return_inverse=True, return_counts=True
    )
    place = place.reshape(-1)
    sizes = np.bincount(keys[:, 0])
    return TrialScores(
        keys[:, 0],
        keys[:, 1],
        np.bincount(place, right.astype(float)) / counts,
        1.0 / (np.count_nonzero(sizes) * sizes[keys[:, 0]]),
    )


def independent_units(result: ExperimentResult) -> tuple[str, np.ndarray | None]:
    """Return the name of what counts as independent, and its label for every trial of the data.

    Returns
    -------
    name : str
    labels : ndarray of str, or None
        None where single trials count.
    """
    tested = np.unique(np.concatenate([run.predictions["trial"] for run in result.runs]))
    for name in (*GROUPS_OF_PEOPLE, str(result.protocol.get("group"))):
        labels = result.groups.get(name)
        if labels is not None and len(set(np.asarray(labels)[tested].tolist())) > 1:
            return name, np.asarray(labels)
    return "trial", None


def accuracy_interval(result: ExperimentResult, model: str) -> Interval:
    """Return the 95 % interval of a model's accuracy, seeds averaged (cluster bootstrap).

    Its `method` calls groups by their name: "bootstrap of whole subjects".
    """
    scores = trial_scores(result, model)
    unit, labels = independent_units(result)
    units = None if labels is None else labels[scores.trial]
    interval = cluster_bootstrap(scores.right, scores.weight, units)
    return replace(interval, method=interval.method.replace("groups", f"{unit}s"))


def compare(result: ExperimentResult, model: str, against: str) -> Comparison:
    """Test one model against another, without correction for further comparisons.

    Parameters
    ----------
    result : ExperimentResult
    model, against : str

    Returns
    -------
    Comparison
    """
    scores, difference = _paired(result, model, against)
    unit, labels = independent_units(result)
    folds = np.unique(scores.fold)
    if labels is not None:
        units = np.unique(labels[scores.trial], return_inverse=True)[1]
        if units.max() + 1 >= ENOUGH_UNITS or len(folds) == 1:
            return _over_groups(model, against, unit, scores, difference, units)
    if len(folds) > 1:
        return _over_folds(result, model, against, scores, difference)
    return _over_trials(result, model, against, scores, difference)


def compare_with_baselines(result: ExperimentResult) -> list[Comparison]:
    """Test every spiking model against every baseline, corrected by Holm's procedure per model."""
    kinds = {run.model: run.kind for run in result.runs}
    baselines = [model for model, kind in kinds.items() if kind == "baseline"]
    found = []
    for model in (m for m, kind in kinds.items() if kind == "spiking"):
        raw = [compare(result, model, baseline) for baseline in baselines]
        adjusted = holm(np.array([c.p_value for c in raw]))
        found += [replace(c, p_adjusted=float(p)) for c, p in zip(raw, adjusted, strict=True)]
    return found


def _paired(result: ExperimentResult, model: str, against: str) -> tuple[TrialScores, np.ndarray]:
    """Return the first model's trials that both decided, and the difference on each."""
    ours, theirs = trial_scores(result, model), trial_scores(result, against)
    rows = {key: row for row, key in enumerate(zip(theirs.fold, theirs.trial, strict=True))}
    pairs = [
        (row, rows[key])
        for row, key in enumerate(zip(ours.fold, ours.trial, strict=True))
        if key in rows
    ]
    here, there = np.array(pairs).T
    kept = TrialScores(ours.fold[here], ours.trial[here], ours.right[here], ours.weight[here])
    return kept, kept.right - theirs.right[there]


def _over_trials(
    result: ExperimentResult,
    model: str,
    against: str,
    scores: TrialScores,
    difference: np.ndarray,
) -> Comparison:
    interval = cluster_bootstrap(difference, differences=True)
    seeds = list(dict.fromkeys(run.seed for run in result.runs_of(model)))
    single = _mcnemar_of_each(result, model, against, seeds)
    several = len(single) > 1
    p_value = sign_flip_test(difference)
    notes = ["There is one training set: how much another one would change is not known."]
    return Comparison(
        model,
        against,
        float(difference.mean()),
        interval.low,
        interval.high,
        "trial",
        len(difference),
        "sign-flip test" if several else "McNemar's exact test",
        p_value,
        p_value,
        "Cohen's g",
        cohens_g(difference),
        *_won(difference),
        seeds=single if several else [],
        notes=notes,
    )


def _mcnemar_of_each(
    result: ExperimentResult, model: str, against: str, seeds: Sequence[Any]
) -> list[float]:
    """McNemar's test for each seed of the first model, against the second's first seed."""
    other = trial_scores(result, against, result.runs_of(against)[0].seed)
    p_values = []
    for seed in seeds:
        ours = trial_scores(result, model, seed)
        if len(ours.trial) != len(other.trial) or (ours.trial != other.trial).any():
            continue
        first, second = ours.right > other.right, ours.right < other.right
        p_values.append(mcnemar_exact(int(first.sum()), int(second.sum())))
    return p_values


def _over_groups(
    model: str,
    against: str,
    unit: str,
    scores: TrialScores,
    difference: np.ndarray,
    units: np.ndarray,
) -> Comparison:
    interval = cluster_bootstrap(difference, scores.weight, units, differences=True)
    weight = np.bincount(units, scores.weight)
    mean = np.bincount(units, scores.weight * difference) / weight
    # What a group adds to the difference of the scores that are shown.
    share = mean * weight * len(weight) / weight.sum()
    n_units = len(mean)
    notes = []
    if n_units < ENOUGH_UNITS:
        notes.append(f"{n_units} {unit}s can never give p below {2 / 2**n_units:.2g} in this test.")
    p_value = sign_flip_test(share)
    return Comparison(
        model,
        against,
        float(share.mean()),
        interval.low,
        interval.high,
        unit,
        n_units,
        "sign-flip test",
        p_value,
        p_value,
        "Cohen's d",
        cohens_d(mean),
        *_won(mean),
        wilcoxon=wilcoxon_signed_rank(mean),
        notes=notes,
    )


def _over_folds(
    result: ExperimentResult,
    model: str,
    against: str,
    scores: TrialScores,
    difference: np.ndarray,
) -> Comparison:
    numbers, place = np.unique(scores.fold, return_inverse=True)
    mean = np.bincount(place, difference) / np.bincount(place)
    ratio = float(
        np.mean([result.folds[i]["n_test"] / result.folds[i]["n_train"] for i in numbers])
    )
    tested = corrected_resampled_t(mean, ratio)
    low, high, notes = tested.low, tested.high, []
    if np.ptp(mean) < 1e-12:
        # Folds that agree to the last digit say nothing of how sure that is; their trials do.
        interval = cluster_bootstrap(difference, scores.weight, differences=True)
        low, high = interval.low, interval.high
        notes.append("All folds differ by the same amount: the interval is one over trials.")
    elif len(mean) < ENOUGH_UNITS:
        notes.append(f"{len(mean)} folds: only large differences can be told.")
    return Comparison(
        model,
        against,
        float(mean.mean()),
        max(low, -1.0),
        min(high, 1.0),
        "fold",
        len(mean),
        "corrected resampled t-test",
        tested.p_value,
        tested.p_value,
        "Cohen's d",
        cohens_d(mean),
        *_won(mean),
        notes=notes,
    )


def _won(difference: np.ndarray) -> tuple[int, int]:
    return int(np.sum(difference > 1e-12)), int(np.sum(difference < -1e-12))
