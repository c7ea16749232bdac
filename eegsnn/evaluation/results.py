"""What an experiment found, as data: one record per model, fold and seed, and what they add up to.

Everything here is plain numbers, text, lists and dictionaries, so that JSON holds all of it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from eegsnn.evaluation.breakdown import breakdown, parts_of
from eegsnn.evaluation.calibration import calibration_of
from eegsnn.evaluation.comparison import accuracy_interval, compare_with_baselines
from eegsnn.evaluation.metrics import Spread
from eegsnn.evaluation.pooling import by_seed, score_together
from eegsnn.evaluation.verdict import verdict


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
        From :func:`~eegsnn.evaluation.score_predictions`; ``train`` of as many training trials as
        there are test trials, at least 100.
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
    artefacts : int
        Training trials that the model left out by itself, as artefacts.
    leaks : list of str
        Why this fit must be thought to know test trials: steps that were fitted before.
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
    artefacts: int = 0
    leaks: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> RunRecord:
        """Rebuild a record; raises TypeError where fields are missing or unknown."""
        return cls(**content)


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
        ``kind``, ``group``, ``within``, ``leaky`` and ``transductive`` (lists of reasons),
        ``notes``.
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

    @property
    def transductive(self) -> list[str]:
        """What was adapted to test trials without their labels; empty as a rule."""
        return list(self.protocol.get("transductive", []))

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
        comparisons = compare_with_baselines(self)
        content["summaries"] = [self._described(summary) for summary in self.summaries()]
        content["comparisons"] = [comparison.to_dict() for comparison in comparisons]
        content["verdict"] = verdict(self, comparisons)
        return content

    def _described(self, summary: ModelSummary) -> dict[str, Any]:
        """Return a summary with its interval, calibration, and scores per fold and subject."""
        calibration = calibration_of(self, summary.model)
        return {
            **asdict(summary),
            "interval": asdict(accuracy_interval(self, summary.model)),
            "calibration": None if calibration is None else asdict(calibration),
            "scores_by": {
                part: [asdict(row) for row in breakdown(self, summary.model, part)]
                for part in parts_of(self)
            },
        }

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
                "transductive": bool(self.transductive),
            }
            for run in self.runs
        ]


def _summarise(runs: list[RunRecord], classes: list[str]) -> ModelSummary:
    groups = by_seed(runs)
    pooled = [score_together(group, len(classes)) for group in groups]
    folds = list(dict.fromkeys(run.fold for run in runs))
    layers = list(dict.fromkeys(layer for run in runs for layer in run.spike_rates))
    return ModelSummary(
        model=runs[0].model,
        kind=runs[0].kind,
        accuracy=Spread.of([_mean(r.test["accuracy"] for r in group) for group in groups]),
        balanced_accuracy=Spread.of([score["balanced_accuracy"] for score in pooled]),
        auc=_auc(groups, pooled),
        train_accuracy=Spread.of([_mean(r.train["accuracy"] for r in group) for group in groups]),
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


def _auc(groups: list[list[RunRecord]], pooled: list[dict[str, Any]]) -> Spread | None:
    defined = all(run.test["auc"] is not None for group in groups for run in group)
    if defined:
        return Spread.of([_mean(run.test["auc"] for run in group) for group in groups])
    if any(score["auc"] is None for score in pooled):
        return None
    return Spread.of([score["auc"] for score in pooled])


def _mean(values: Any) -> float:
    return float(np.mean(list(values)))
