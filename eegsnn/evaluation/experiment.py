"""Run models through folds and seeds: fit on training trials, score both sides, keep the record."""

from __future__ import annotations

import inspect
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from eegsnn.errors import EegsnnWarning, InterruptedTrainingWarning
from eegsnn.evaluation.costs import decision_costs, selection_of
from eegsnn.evaluation.fingerprint import (
    code_fingerprint,
    dataset_fingerprint,
    describe_estimator,
    run_key,
)
from eegsnn.evaluation.leaks import find_leaks
from eegsnn.evaluation.metrics import chance_level, decide, score_predictions
from eegsnn.evaluation.protocols import Fold, Split
from eegsnn.evaluation.results import ExperimentResult, RunRecord
from eegsnn.evaluation.store import FoldStore


@dataclass(frozen=True)
class Candidate:
    """A model to be judged.

    Parameters
    ----------
    name : str
    build : callable
        Takes a seed (None for an unseeded model), returns an unfitted estimator.
    kind : "spiking" or "baseline"
    seeded : bool, default True
        Whether it is fitted once per seed, or once per fold because nothing in it is random.
    """

    name: str
    build: Callable[[int | None], Any]
    kind: Literal["spiking", "baseline"] = "spiking"
    seeded: bool = True


@dataclass(frozen=True)
class Progress:
    """What a progress callback is told, once before and once after every run.

    Parameters
    ----------
    state : "started", "finished" or "kept"
        "kept" stands for a record of an earlier, identical run that was used again.
    done, total : int
        Runs.
    record : RunRecord or None
        None when started.
    """

    state: Literal["started", "finished", "kept"]
    done: int
    total: int
    model: str
    fold: str
    seed: int | None
    record: RunRecord | None = None


@dataclass(frozen=True)
class Fitted:
    """A model that has just been fitted and scored, for whoever wants more of it than scores."""

    candidate: Candidate
    fold: Fold
    seed: int | None
    estimator: Any
    key: str


class ExperimentInterrupted(KeyboardInterrupt):
    """Ctrl-C during an experiment: how many runs are kept, and the model in training, if usable."""

    def __init__(self, done: int, total: int, estimator: Any = None) -> None:
        super().__init__(f"interrupted after {done} of {total} runs")
        self.done = done
        self.total = total
        self.estimator = estimator
        self.message = ""


@dataclass(frozen=True)
class _Task:
    candidate: Candidate
    fold: Fold
    seed: int | None
    key: str


def run_experiment(
    dataset: Any,
    candidates: Sequence[Candidate],
    split: Split,
    *,
    seeds: Sequence[int] = (0, 1, 2, 3, 4),
    store: FoldStore | None = None,
    progress: Callable[[Progress], None] | None = None,
    on_fitted: Callable[[Fitted], None] | None = None,
) -> ExperimentResult:
    """Fit and score every candidate on every fold, with every seed where it has one.

    Parameters
    ----------
    dataset : EEGDataset or TabularDataset
    candidates : sequence of Candidate
    split : Split
        From :func:`~eegsnn.evaluation.make_split`.
    seeds : sequence of int, default (0, 1, 2, 3, 4)
        They turn the models' randomness alone; the folds stay the same.
    store : FoldStore, optional
        Runs found there are not repeated; finished runs are kept there at once.
    progress : callable, optional
        Called with a :class:`Progress` before and after each run.
    on_fitted : callable, optional
        Called with a :class:`Fitted` after each fit, before its record is kept.

    Returns
    -------
    ExperimentResult

    Raises
    ------
    ExperimentInterrupted
        On Ctrl-C; finished runs are in `store`. It is a KeyboardInterrupt.

    Warns
    -----
    LeakageWarning
        If the split leaks (:func:`~eegsnn.evaluation.find_leaks`).
    """
    leaky = find_leaks(dataset, split)
    data = dataset_fingerprint(dataset)
    tasks = _plan(candidates, split.folds, seeds, data, split.group)
    records: list[RunRecord] = []
    estimator: Any = None

    def tell(state: Any, task: _Task, record: RunRecord | None = None) -> None:
        if progress is not None:
            progress(
                Progress(
                    state,
                    len(records),
                    len(tasks),
                    task.candidate.name,
                    task.fold.name,
                    task.seed,
                    record,
                )
            )

    try:
        for task in tasks:
            kept = store.get(task.key) if store is not None else None
            if kept is not None:
                records.append(kept)
                tell("kept", task, kept)
                continue
            tell("started", task)
            estimator = task.candidate.build(task.seed)
            record = run_fold(estimator, dataset, task.fold, group=split.group)
            record.model, record.kind = task.candidate.name, task.candidate.kind
            record.seed, record.key = task.seed, task.key
            if on_fitted is not None:
                on_fitted(Fitted(task.candidate, task.fold, task.seed, estimator, task.key))
            if store is not None:
                store.put(record)
            records.append(record)
            tell("finished", task, record)
    except KeyboardInterrupt as error:
        usable = estimator if hasattr(estimator, "classes_") else None
        raise ExperimentInterrupted(len(records), len(tasks), usable) from error

    tested = np.unique(np.concatenate([fold.test for fold in split.folds]))
    return ExperimentResult(
        dataset=str(dataset.name),
        classes=[str(label) for label in dataset.classes],
        protocol={
            "kind": split.kind,
            "group": split.group,
            "leaky": leaky,
            "notes": list(split.notes),
        },
        folds=[
            {"name": fold.name, "n_train": len(fold.train), "n_test": len(fold.test)}
            for fold in split.folds
        ],
        seeds=list(seeds),
        chance=chance_level(np.asarray(dataset.y)[tested]),
        n_test_trials=len(tested),
        runs=records,
        fingerprints={"data": data, "code": code_fingerprint()},
        groups={name: [str(g) for g in values] for name, values in dataset.groups.items()},
    )


def run_fold(estimator: Any, dataset: Any, fold: Fold, *, group: str | None = None) -> RunRecord:
    """Fit an estimator on a fold's training trials and score it on both sides.

    Parameters
    ----------
    estimator : classifier
        Fitted in place by :func:`fit_on_trials`.
    dataset : EEGDataset or TabularDataset
    fold : Fold
    group : str, optional

    Returns
    -------
    RunRecord
        Without model name, seed and key.

    Raises
    ------
    KeyboardInterrupt
        Also if the estimator itself caught Ctrl-C: a half-trained model has no score.
    """
    y = np.asarray(dataset.y)
    X_train, X_test = dataset.X[fold.train], dataset.X[fold.test]
    fit_seconds, texts = fit_on_trials(estimator, dataset, fold.train, group=group)

    classes = list(dataset.classes)
    start = time.perf_counter()
    label, scores = decide(estimator, X_test, classes)
    predict_seconds = time.perf_counter() - start
    train_label, train_scores = decide(estimator, X_train, classes)
    position = {value: i for i, value in enumerate(classes)}
    return RunRecord(
        model="",
        kind="spiking",
        fold=fold.name,
        seed=None,
        n_train=len(fold.train),
        n_test=len(fold.test),
        train=score_predictions(y[fold.train], train_label, train_scores, classes=classes),
        test=score_predictions(y[fold.test], label, scores, classes=classes),
        fit_seconds=fit_seconds,
        predict_seconds=predict_seconds,
        predictions={
            "trial": fold.test.tolist(),
            "truth": [position[value] for value in y[fold.test].tolist()],
            "label": [position[value] for value in label.tolist()],
            "score": None if scores is None else np.round(scores.astype(float), 5).tolist(),
        },
        spike_rates={
            str(layer): float(rate)
            for layer, rate in getattr(estimator, "spike_rates_", {}).items()
        },
        history=_history(estimator),
        warnings=texts,
        operations=decision_costs(estimator, X_test),
        selection=selection_of(estimator),
    )


def _plan(
    candidates: Sequence[Candidate],
    folds: Sequence[Fold],
    seeds: Sequence[int],
    data: str,
    group: str | None,
) -> list[_Task]:
    """List all runs, baselines first: they are quick, and a mistake in one shows at once."""
    tasks = []
    for candidate in sorted(candidates, key=lambda c: c.kind != "baseline"):
        for seed in seeds if candidate.seeded else [None]:
            settings = describe_estimator(candidate.build(seed))
            tasks += [
                _Task(candidate, fold, seed, run_key(data, fold, settings, seed, group))
                for fold in folds
            ]
    return tasks


def fit_on_trials(
    estimator: Any, dataset: Any, trials: np.ndarray, *, group: str | None = None
) -> tuple[float, list[str]]:
    """Fit an estimator in place on some trials of a data set.

    Parameters
    ----------
    estimator : classifier
        Where its ``fit`` takes ``groups`` and the trials have more than one, they are given, so
        that early stopping validates on whole groups; so are channel names.
    dataset : EEGDataset or TabularDataset
    trials : ndarray of int
    group : str, optional

    Returns
    -------
    seconds : float
    warnings : list of str
        This package's own, each once; all are passed on too.

    Raises
    ------
    KeyboardInterrupt
        Also if the estimator itself caught Ctrl-C.
    """
    X, y = dataset.X[trials], np.asarray(dataset.y)[trials]
    options = _fit_options(estimator, dataset, trials, group)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        start = time.perf_counter()
        estimator.fit(X, y, **options)
        seconds = time.perf_counter() - start
    if any(issubclass(warning.category, InterruptedTrainingWarning) for warning in caught):
        raise KeyboardInterrupt
    return seconds, _pass_on(caught)


def _fit_options(
    estimator: Any, dataset: Any, trials: np.ndarray, group: str | None
) -> dict[str, Any]:
    """Find what `fit` takes beside trials and labels."""
    accepted = inspect.signature(estimator.fit).parameters
    options: dict[str, Any] = {}
    if "ch_names" in accepted and hasattr(dataset, "ch_names"):
        options["ch_names"] = dataset.ch_names
    if "groups" in accepted and group is not None:
        groups = np.asarray(dataset.groups[group])[trials]
        if len(np.unique(groups)) > 1:
            options["groups"] = groups
    return options


def _pass_on(caught: list[warnings.WarningMessage]) -> list[str]:
    """Repeat warnings for whoever listens; return the texts of this package's own."""
    texts = []
    for warning in caught:
        if issubclass(warning.category, EegsnnWarning):
            texts.append(str(warning.message))
            warnings.warn(warning.message, warning.category, stacklevel=3)
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
    return list(dict.fromkeys(texts))


def _history(estimator: Any) -> dict[str, list[float]]:
    history = {}
    for name, attribute in (("loss", "loss_curve_"), ("validation", "validation_scores_")):
        values = getattr(estimator, attribute, None)
        if values is not None and len(values):
            history[name] = [float(value) for value in values]
    return history
