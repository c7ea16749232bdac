"""Scores fold by fold and subject by subject: a mean can hide that one of them fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eegsnn.evaluation.comparison import GROUPS_OF_PEOPLE
from eegsnn.evaluation.metrics import Spread
from eegsnn.evaluation.pooling import by_seed, score_together

if TYPE_CHECKING:
    from eegsnn.evaluation.results import ExperimentResult, RunRecord


@dataclass(frozen=True)
class ScoreRow:
    """One model on one part of the test trials.

    Attributes
    ----------
    name : str
        Of the fold or group.
    n : int
        Test trials.
    accuracy, balanced_accuracy : Spread
        Over seeds.
    auc : Spread or None
        None where a class does not occur, or the model gives no scores.
    """

    name: str
    n: int
    accuracy: Spread
    balanced_accuracy: Spread
    auc: Spread | None


def parts_of(result: ExperimentResult) -> list[str]:
    """Return by what scores can be told apart: ``"fold"``, and groups that are not the folds.

    Groups are those of people, and the one that the protocol keeps whole, where test trials are of
    two or more of them.
    """
    parts = ["fold"]
    for name in dict.fromkeys([*GROUPS_OF_PEOPLE, result.protocol.get("group")]):
        if name not in result.groups:
            continue
        labels = np.asarray(result.groups[name])
        in_folds = [set(labels[_trials(result, fold["name"])].tolist()) for fold in result.folds]
        everybody = set().union(*in_folds)
        # One group per fold and one fold per group: the same table again.
        same = len(everybody) == len(in_folds) and all(len(groups) == 1 for groups in in_folds)
        if len(everybody) > 1 and not same:
            parts.append(name)
    return parts


def breakdown(result: ExperimentResult, model: str, by: str = "fold") -> list[ScoreRow]:
    """Score a model on every fold, or on the test trials of every group.

    Parameters
    ----------
    result : ExperimentResult
    model : str
    by : str, default "fold"
        One of :func:`parts_of`.

    Returns
    -------
    list of ScoreRow
        In the order of the folds, or of the groups' first trials.
    """
    runs = result.runs_of(model)
    groups = by_seed(runs)
    if by == "fold":
        names = [str(fold["name"]) for fold in result.folds]
        pieces = {
            name: [[run for run in group if run.fold == name] for group in groups] for name in names
        }
        chosen = dict.fromkeys(names)
    else:
        labels = np.asarray(result.groups[by])
        tested = set().union(*(run.predictions["trial"] for run in runs))
        names = list(dict.fromkeys(labels[sorted(tested)].tolist()))
        pieces = dict.fromkeys(names, groups)
        chosen = {name: labels == name for name in names}
    rows = (_row(name, pieces[name], chosen[name], len(result.classes)) for name in names)
    return [row for row in rows if row is not None]


def _row(
    name: str, groups: list[list[RunRecord]], chosen: np.ndarray | None, n_classes: int
) -> ScoreRow | None:
    scores = [score_together(runs, n_classes, chosen) for runs in groups if runs]
    if not scores:
        return None
    defined = all(score["auc"] is not None for score in scores)
    return ScoreRow(
        name,
        scores[0]["n"],
        Spread.of([score["accuracy"] for score in scores]),
        Spread.of([score["balanced_accuracy"] for score in scores]),
        Spread.of([score["auc"] for score in scores]) if defined else None,
    )


def _trials(result: ExperimentResult, fold: str) -> list[int]:
    run = next((run for run in result.runs if run.fold == fold), None)
    return [] if run is None else list(run.predictions["trial"])
