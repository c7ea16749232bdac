"""What an experiment found, as data: one record per model, fold and seed, and what they add up to.

Everything here is plain numbers, text, lists and dictionaries, so that JSON holds all of it.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from eegsnn.evaluation.metrics import score_predictions


@dataclass
class RunRecord:
    """One model, fitted on one fold with one seed.

    Attributes
    ----------
    model, kind : str
        Name, and ``"spiking"`` or ``"baseline"``.
    fold : str
    seed : int or None
        None for a model that has no randomness.
    n_train, n_test : int
    train, test : dict
        From :func:`~eegsnn.evaluation.score_predictions`.
    fit_seconds, predict_seconds : float
        Wall time; prediction is that of the whole test set.
    predictions : dict
        ``trial`` (positions in the data set), ``truth`` and ``label`` (positions in the classes),
        ``score`` (per class, rounded; None where a model gives none).
    spike_rates : dict of str to float
        Mean spikes per neuron and step of each layer, on training data.
    history : dict
        ``loss`` and ``validation`` per epoch, as far as the model records them.
    warnings : list of str
    key : str
        Hash of everything that the scores depend on (:func:`~eegsnn.evaluation.run_key`).
    operations : dict or None
        What a decision costs (:func:`~eegsnn.evaluation.decision_costs`), where the model can tell.
    selection : list of dict
        What the model chose by itself, as it tells: ``name``, ``score``, ``seconds``, ``chosen``.
    """

    model: str
    kind: str
    fold: str
    seed: int | None
    n_train: int
    n_test: int
    train: dict[str, Any]
    test: dict[str, Any]
    fit_seconds: float
    predict_seconds: float
    predictions: dict[str, Any]
    spike_rates: dict[str, float] = field(default_factory=dict)
    history: dict[str, list[float]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    key: str = ""
    operations: dict[str, float] | None = None
    selection: list[dict[str, Any]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> RunRecord:
        """Rebuild a record; raises TypeError where fields are missing or unknown."""
        return cls(**content)


@dataclass
class Spread:
    """Mean and spread of one score over seeds."""

    mean: float
    std: float
    low: float
    high: float
    n: int

    @classmethod
    def of(cls, values: list[float]) -> Spread:
        """Summarise the scores of each seed; the standard deviation is that of a sample.

        Examples
        --------
        >>> Spread.of([0.5, 0.7]).mean
        0.6
        """
        array = np.asarray(values, dtype=float)
        std = float(array.std(ddof=1)) if len(array) > 1 else 0.0
        return cls(float(array.mean()), std, float(array.min()), float(array.max()), len(array))


@dataclass
class ModelSummary:
    """All runs of one model.

    Attributes
    ----------
    accuracy : Spread
        Over seeds, of the mean over folds.
    balanced_accuracy : Spread
        Over seeds, of all test trials of all folds together: a fold may hold one class only.
    auc : Spread or None
        Over seeds, of the mean over folds; of all folds together where a fold lacks a class.
    train_accuracy : Spread
    fold_accuracy : dict of str to float
        Mean over seeds.
    confusion_matrix : list of list of int
        Summed over folds and seeds; rows: true class.
    fit_seconds, predict_milliseconds : float
        Mean per fit, and per trial.
    spike_rates : dict of str to float
    """

    model: str
    kind: str
    accuracy: Spread
    balanced_accuracy: Spread
    auc: Spread | None
    train_accuracy: Spread
    fold_accuracy: dict[str, float]
    confusion_matrix: list[list[int]]
    fit_seconds: float
    predict_milliseconds: float
    spike_rates: dict[str, float]


@dataclass
class ExperimentResult:
    """All runs of an experiment, with the protocol they went through.

    Attributes
    ----------
    dataset : str
    classes : list of str
    protocol : dict
        ``kind``, ``group``, ``leaky`` (list of reasons), ``notes``.
    folds : list of dict
        ``name``, ``n_train``, ``n_test`` of each.
    seeds : list of int
    chance : float
        Accuracy of always saying the most frequent class of the test trials.
    n_test_trials : int
        Different trials that were tested, over all folds.
    runs : list of RunRecord
    fingerprints : dict
        Hashes of data and code, and versions.
    groups : dict of str to list of str
        The group of every trial of the data set, for each kind of group: scores are told per
        subject, and whole subjects are what intervals and tests count.
    """

    dataset: str
    classes: list[str]
    protocol: dict[str, Any]
    folds: list[dict[str, Any]]
    seeds: list[int]
    chance: float
    n_test_trials: int
    runs: list[RunRecord]
    fingerprints: dict[str, Any] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)

    @property
    def leaky(self) -> bool:
        """Whether anything about test data reached training."""
        return bool(self.protocol["leaky"])

    def models(self) -> list[str]:
        """Return the names of the models, in the order of their first runs."""
        return list(dict.fromkeys(run.model for run in self.runs))

    def runs_of(self, model: str) -> list[RunRecord]:
        """Return the runs of one model."""
        return [run for run in self.runs if run.model == model]

    def summary(self, model: str) -> ModelSummary:
        """Add up the runs of one model."""
        return _summarise(self.runs_of(model), self.classes)

    def summaries(self) -> list[ModelSummary]:
        """Add up the runs of every model."""
        return [self.summary(model) for model in self.models()]

    def to_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can hold, summaries included."""
        content = asdict(self)
        content["leaky"] = self.leaky
        content["summaries"] = [asdict(summary) for summary in self.summaries()]
        content["verdict"] = verdict(self)
        return content

    def rows(self) -> list[dict[str, Any]]:
        """Return one flat row per run, for a table."""
        layers = sorted({layer for run in self.runs for layer in run.spike_rates})
        return [
            {
                "model": run.model,
                "kind": run.kind,
                "fold": run.fold,
                "seed": "" if run.seed is None else run.seed,
                "n_train": run.n_train,
                "n_test": run.n_test,
                "accuracy": run.test["accuracy"],
                "balanced_accuracy": run.test["balanced_accuracy"],
                "auc": "" if run.test["auc"] is None else run.test["auc"],
                "train_accuracy": run.train["accuracy"],
                "fit_seconds": run.fit_seconds,
                "predict_seconds": run.predict_seconds,
                "epochs": len(run.history.get("loss", [])) or "",
                **{f"spike_rate_{layer}": run.spike_rates.get(layer, "") for layer in layers},
                "leaky": self.leaky,
            }
            for run in self.runs
        ]


def standard_error(accuracy: float, n_trials: int) -> float:
    """Return the standard error of an accuracy that was measured on `n_trials` trials.

    Examples
    --------
    >>> round(standard_error(0.5, 100), 3)
    0.05
    """
    return math.sqrt(max(accuracy * (1 - accuracy), 1e-12) / n_trials)


def verdict(result: ExperimentResult) -> list[str]:
    """Say in plain sentences how the spiking network stands against chance and the baselines.

    Differences are judged by the uncertainty that the number of test trials leaves (two standard
    errors, as if the models had been tested on different trials, which errs on the safe side).
    """
    spiking = [s for s in result.summaries() if s.kind == "spiking"]
    baselines = [s for s in result.summaries() if s.kind == "baseline"]
    sentences = []
    if result.leaky:
        sentences.append(
            "These scores are leaky and must not be quoted as performance: "
            + "; ".join(result.protocol["leaky"])
            + "."
        )
    n = result.n_test_trials
    for summary in spiking:
        ours = summary.accuracy.mean
        if ours - result.chance < 2 * standard_error(result.chance, n):
            sentences.append(
                f"The spiking network ({_percent(ours)}) cannot be told from chance "
                f"({_percent(result.chance)}) on {n} test trials."
            )
        if not baselines:
            sentences.append("No baseline was run beside it, so that the score stands alone.")
            continue
        best = max(baselines, key=lambda s: s.accuracy.mean)
        theirs = best.accuracy.mean
        points = f"{100 * abs(ours - theirs):.1f} points"
        margin = 2 * math.hypot(standard_error(ours, n), standard_error(theirs, n))
        against = f"the best linear baseline, {best.model} ({_percent(theirs)})"
        who = f"The spiking network ({_percent(ours)})"
        if ours == theirs:
            sentences.append(f"{who} equals {against}: it does not beat it.")
        elif ours < theirs:
            sentences.append(f"{who} does not beat {against}: it is {points} below.")
        elif ours - theirs >= margin:
            sentences.append(f"{who} beats {against} by {points}.")
        else:
            sentences.append(f"{who} is {points} above {against}.")
        if 0 < abs(ours - theirs) < margin:
            sentences.append(
                f"{n} test trials cannot tell so small a difference from none "
                f"(± {100 * margin:.1f} points)."
            )
    return sentences


def _summarise(runs: list[RunRecord], classes: list[str]) -> ModelSummary:
    seeds = list(dict.fromkeys(run.seed for run in runs))
    by_seed = [[run for run in runs if run.seed == seed] for seed in seeds]
    pooled = [_pool(group, len(classes)) for group in by_seed]
    folds = list(dict.fromkeys(run.fold for run in runs))
    layers = list(dict.fromkeys(layer for run in runs for layer in run.spike_rates))
    return ModelSummary(
        model=runs[0].model,
        kind=runs[0].kind,
        accuracy=Spread.of([_mean(r.test["accuracy"] for r in group) for group in by_seed]),
        balanced_accuracy=Spread.of([score["balanced_accuracy"] for score in pooled]),
        auc=_auc(by_seed, pooled),
        train_accuracy=Spread.of([_mean(r.train["accuracy"] for r in group) for group in by_seed]),
        fold_accuracy={
            fold: _mean(run.test["accuracy"] for run in runs if run.fold == fold) for fold in folds
        },
        confusion_matrix=np.sum([r.test["confusion_matrix"] for r in runs], axis=0).tolist(),
        fit_seconds=_mean(run.fit_seconds for run in runs),
        predict_milliseconds=1000
        * sum(run.predict_seconds for run in runs)
        / max(1, sum(run.n_test for run in runs)),
        spike_rates={
            layer: _mean(run.spike_rates[layer] for run in runs if layer in run.spike_rates)
            for layer in layers
        },
    )


def _pool(runs: list[RunRecord], n_classes: int) -> dict[str, Any]:
    """Score the test trials of all folds together."""
    truth = np.concatenate([run.predictions["truth"] for run in runs])
    label = np.concatenate([run.predictions["label"] for run in runs])
    scores = [run.predictions["score"] for run in runs]
    stacked = None if any(s is None for s in scores) else np.concatenate(scores)
    return score_predictions(truth, label, stacked, classes=range(n_classes))


def _auc(by_seed: list[list[RunRecord]], pooled: list[dict[str, Any]]) -> Spread | None:
    defined = all(run.test["auc"] is not None for group in by_seed for run in group)
    if defined:
        return Spread.of([_mean(run.test["auc"] for run in group) for group in by_seed])
    if any(score["auc"] is None for score in pooled):
        return None
    return Spread.of([score["auc"] for score in pooled])


def _mean(values: Any) -> float:
    return float(np.mean(list(values)))


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"
