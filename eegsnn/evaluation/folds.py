"""One fold: fit an estimator on its training trials, score it on both sides."""

from __future__ import annotations

import contextlib
import inspect
import time
import warnings
from typing import Any

import numpy as np

from eegsnn.backend import one_blas_thread
from eegsnn.errors import EegsnnWarning, InterruptedTrainingWarning
from eegsnn.evaluation.costs import decision_costs, selection_of
from eegsnn.evaluation.fitted_steps import fitted_before, unchanged_steps
from eegsnn.evaluation.metrics import decide, score_predictions, significant
from eegsnn.evaluation.protocols import Fold
from eegsnn.evaluation.results import RunRecord
from eegsnn.evaluation.subsets import nested_subset

_FEWEST_TRAINING_TRIALS = 100


def run_fold(estimator: Any, dataset: Any, fold: Fold, *, group: str | None = None) -> RunRecord:
    """Fit an estimator on a fold's training trials and score it on both sides.

    Of the training trials as many are scored as there are test trials, at least 100, of every class
    alike: enough to see a model that knows them by heart, and no third of the time of a long run.

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
    # Baselines are linear algebra on small matrices; networks know what their products need.
    spikes_itself = hasattr(estimator, "hidden_spikes")
    with contextlib.nullcontext() if spikes_itself else one_blas_thread():
        return _run_fold(estimator, dataset, fold, group)


def _run_fold(estimator: Any, dataset: Any, fold: Fold, group: str | None) -> RunRecord:
    y = np.asarray(dataset.y)
    X_test, y_test = dataset.X[fold.test], y[fold.test]
    fit_seconds, texts, leaks = _fit(estimator, dataset, fold.train, group)

    classes = list(dataset.classes)
    start = time.perf_counter()
    label, scores = decide(estimator, X_test, classes)
    predict_seconds = time.perf_counter() - start
    again = _scored_again(y, fold)
    train_label, train_scores = decide(estimator, dataset.X[again], classes)
    position = {value: i for i, value in enumerate(classes)}
    return RunRecord(
        model="",
        kind="spiking",
        fold=fold.name,
        seed=None,
        n_train=len(fold.train),
        n_test=len(fold.test),
        train=score_predictions(y[again], train_label, train_scores, classes=classes),
        test=score_predictions(y_test, label, scores, classes=classes),
        fit_seconds=fit_seconds,
        predict_seconds=predict_seconds,
        predictions={
            "trial": fold.test.tolist(),
            "truth": [position[value] for value in y_test.tolist()],
            "label": [position[value] for value in label.tolist()],
            "score": None if scores is None else significant(scores).tolist(),
        },
        spike_rates={
            str(layer): float(rate)
            for layer, rate in getattr(estimator, "spike_rates_", {}).items()
        },
        history=_history(estimator),
        warnings=texts,
        operations=decision_costs(estimator, X_test),
        selection=selection_of(estimator),
        artefacts=len(getattr(estimator, "artefacts_", [])),
        leaks=leaks,
    )


def _scored_again(y: np.ndarray, fold: Fold) -> np.ndarray:
    """Choose the training trials that are scored too."""
    share = max(len(fold.test), _FEWEST_TRAINING_TRIALS) / len(fold.train)
    return fold.train[nested_subset(y[fold.train], min(1.0, share))]


def fit_on_trials(
    estimator: Any, dataset: Any, trials: np.ndarray, *, group: str | None = None
) -> tuple[float, list[str]]:
    """Fit an estimator in place on some trials of a data set.

    Parameters
    ----------
    estimator : classifier
        Where its ``fit`` takes ``groups`` and the trials have more than one, they are given, so
        that early stopping and searches (:func:`~eegsnn.evaluation.nested_search`) validate on
        whole groups; so are channel names.
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
    seconds, texts, _ = _fit(estimator, dataset, trials, group)
    return seconds, texts


def _fit(
    estimator: Any, dataset: Any, trials: np.ndarray, group: str | None
) -> tuple[float, list[str], list[str]]:
    """Fit in place; return seconds, warnings, and reasons to think that test trials were seen."""
    X, y = dataset.X[trials], np.asarray(dataset.y)[trials]
    options = _fit_options(estimator, dataset, trials, group)
    before = fitted_before(estimator)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        start = time.perf_counter()
        estimator.fit(X, y, **options)
        seconds = time.perf_counter() - start
    if any(issubclass(warning.category, InterruptedTrainingWarning) for warning in caught):
        raise KeyboardInterrupt
    return seconds, _pass_on(caught), unchanged_steps(before)


def _fit_options(
    estimator: Any, dataset: Any, trials: np.ndarray, group: str | None
) -> dict[str, Any]:
    """Find what `fit` takes beside trials and labels."""
    accepted = inspect.signature(estimator.fit).parameters
    options: dict[str, Any] = {}
    if "ch_names" in accepted and hasattr(dataset, "ch_names"):
        options["ch_names"] = dataset.ch_names
    # A search of scikit-learn hands groups to its splitter, but does not name them.
    searches = hasattr(estimator, "cv") and hasattr(estimator, "refit")
    if ("groups" in accepted or searches) and group is not None:
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
