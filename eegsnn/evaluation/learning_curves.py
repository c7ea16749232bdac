"""How scores grow with the number of training trials, or of subjects, that a model is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from eegsnn._validation import check_integer, check_number
from eegsnn.errors import ConfigurationError, DataError
from eegsnn.evaluation.experiment import Candidate, run_experiment
from eegsnn.evaluation.metrics import Spread
from eegsnn.evaluation.protocols import Fold, Split
from eegsnn.evaluation.results import ExperimentResult
from eegsnn.evaluation.subsets import nested_groups, nested_subset

SIZES = (0.1, 0.25, 0.5, 0.75, 1.0)
"""Shares of the training trials (or groups) of each fold, unless others are asked for."""


@dataclass(frozen=True)
class CurvePoint:
    """What one model reaches with one share of the training trials.

    Attributes
    ----------
    model, kind : str
    size : float
        Share of what a fold has to train on.
    n_train : float
        Trials trained on, mean over folds.
    accuracy, balanced_accuracy : Spread
        Over seeds and draws, of the mean over folds.
    """

    model: str
    kind: str
    size: float
    n_train: float
    accuracy: Spread
    balanced_accuracy: Spread


@dataclass(frozen=True)
class LearningCurve:
    """The points of all models, with how they were found.

    Attributes
    ----------
    by : str or None
        The group that is given whole; None where single trials are.
    sizes : list of float
    draws : int
    points : list of CurvePoint
    result : ExperimentResult
        Every run; its folds are named after fold, size and draw.
    """

    by: str | None
    sizes: list[float]
    draws: int
    points: list[CurvePoint]
    result: ExperimentResult

    def rows(self) -> list[dict[str, Any]]:
        """Return one flat row per model and size, for a table."""
        return [
            {
                "model": point.model,
                "kind": point.kind,
                "size": point.size,
                "n_train": point.n_train,
                "accuracy": point.accuracy.mean,
                "accuracy_std": point.accuracy.std,
                "balanced_accuracy": point.balanced_accuracy.mean,
                "n": point.accuracy.n,
                "leaky": self.result.leaky,
                "transductive": bool(self.result.protocol["transductive"]),
            }
            for point in self.points
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can hold, without the single runs."""
        return {
            "by": self.by,
            "sizes": self.sizes,
            "draws": self.draws,
            "chance": self.result.chance,
            "protocol": self.result.protocol,
            "points": [asdict(point) for point in self.points],
        }


def learning_curve(
    dataset: Any,
    candidates: Sequence[Candidate],
    split: Split,
    *,
    sizes: Sequence[float] = SIZES,
    by: str | None = None,
    draws: int = 1,
    **options: Any,
) -> LearningCurve:
    """Fit and score every candidate on growing parts of each fold's training trials.

    The test trials of a fold are the same for all sizes. Subsets are nested (what 100 trials hold,
    200 hold too) and keep the share of each class, so that a curve shows the number of trials and
    nothing else. Of size 1 is the fold itself: runs that `store` keeps of the experiment proper
    are used again.

    Parameters
    ----------
    dataset, candidates, split
        See :func:`~eegsnn.evaluation.run_experiment`.
    sizes : sequence of float, default (0.1, 0.25, 0.5, 0.75, 1)
        Shares of each fold's training trials, in (0, 1].
    by : str, optional
        Give whole groups of this name (``"subject"``) in place of single trials.
    draws : int, default 1
        How many times subsets are drawn; small ones differ much.
    **options
        Further options of :func:`~eegsnn.evaluation.run_experiment`: seeds, store, progress,
        n_jobs, backend, scheduler.

    Returns
    -------
    LearningCurve

    Raises
    ------
    ConfigurationError
        If a size or `draws` is impossible.
    DataError
        If the data have no group `by`, or the smallest size leaves a class with fewer than two
        training trials in a fold (it is named); before anything is fitted.
    """
    sizes = check_sizes("sizes", sizes)
    draws = check_integer("draws", draws, low=1)
    labelled = _subsets(dataset, split, sizes, by, draws)
    folds = list({fold.name: fold for _, _, fold in labelled}.values())
    result = run_experiment(dataset, candidates, replace(split, folds=folds), **options)
    points = [
        _point(result, model, size, [(draw, fold) for s, draw, fold in labelled if s == size])
        for model in result.models()
        for size in sizes
    ]
    return LearningCurve(by, sizes, draws, points, result)


def check_curve(
    dataset: Any, split: Split, *, sizes: Any, by: str | None = None, draws: int = 1
) -> None:
    """Refuse a learning curve that these data cannot give, before anything is trained.

    Parameters and errors as for :func:`learning_curve`.
    """
    _subsets(dataset, split, check_sizes("sizes", sizes), by, draws)


def check_sizes(name: str, sizes: Any) -> list[float]:
    """Refuse sizes that are no different shares in (0, 1]; returns them in growing order."""
    if not isinstance(sizes, Sequence | np.ndarray) or isinstance(sizes, str) or not len(sizes):
        raise ConfigurationError(f"{name}: expected a list of shares in (0, 1], but got {sizes!r}.")
    shares = [check_number(name, size, low=0.0, high=1.0, low_open=True) for size in sizes]
    if len(set(shares)) < len(shares):
        raise ConfigurationError(f"{name}: expected different shares, but got {list(sizes)}.")
    return sorted(shares)


def _subsets(
    dataset: Any, split: Split, sizes: list[float], by: str | None, draws: int
) -> list[tuple[float, int, Fold]]:
    """Return (size, draw, fold) of every division; a whole fold is the same in every draw."""
    y = np.asarray(dataset.y)
    if by is not None and by not in dataset.groups:
        there = ", ".join(dataset.groups) or "none"
        raise DataError(f"learning_curve.by: {dataset.name} has no group {by!r}. It has: {there}.")
    found = []
    for fold in split.folds:
        for size in sizes:
            for draw in range(draws):
                if size == 1:
                    part = fold
                else:
                    if by is None:
                        chosen = nested_subset(y[fold.train], size, seed=draw)
                    else:
                        groups = np.asarray(dataset.groups[by])[fold.train]
                        chosen = nested_groups(groups, size, seed=draw)
                    words = f", draw {draw + 1}" if draws > 1 else ""
                    name = f"{fold.name}, {size:.4g} of training{words}"
                    part = Fold(name, fold.train[chosen], fold.test)
                    _check_enough(y, part, dataset.classes)
                found.append((size, draw, part))
    return found


def _check_enough(y: np.ndarray, fold: Fold, classes: Sequence[Any]) -> None:
    for label in classes:
        count = int(np.sum(y[fold.train] == label))
        if count < 2:
            raise DataError(
                f"learning_curve: class {str(label)!r} has {count} training trial"
                f"{'' if count == 1 else 's'} in {fold.name!r}, but at least 2 are needed. Leave "
                f"out the smallest of sizes."
            )


def _point(
    result: ExperimentResult, model: str, size: float, folds: list[tuple[int, Fold]]
) -> CurvePoint:
    runs = result.runs_of(model)
    by_name: dict[str, list[Any]] = {}
    for run in runs:
        by_name.setdefault(run.fold, []).append(run)
    scores: dict[tuple[int, Any], list[Any]] = {}
    for draw, fold in folds:
        for run in by_name[fold.name]:
            scores.setdefault((draw, run.seed), []).append(run)
    of_size = list(scores.values())
    if size == 1:  # every draw is the same: count it once
        of_size = [group for (draw, _), group in scores.items() if draw == 0]

    def spread(name: str) -> Spread:
        return Spread.of([float(np.mean([run.test[name] for run in runs])) for runs in of_size])

    n_train = float(np.mean([len(fold.train) for _, fold in folds]))
    return CurvePoint(
        model, runs[0].kind, size, n_train, spread("accuracy"), spread("balanced_accuracy")
    )
