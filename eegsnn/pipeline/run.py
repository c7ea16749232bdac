"""Run a pipeline: data, folds, models, and a result folder that is whole or the old one."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eegsnn._validation import check_folder
from eegsnn.errors import DataTrapWarning, LeakageWarning
from eegsnn.estimators import load_model
from eegsnn.evaluation import (
    Candidate,
    ExperimentInterrupted,
    ExperimentResult,
    Fitted,
    Fold,
    FoldStore,
    LearningCurve,
    Progress,
    Split,
    code_fingerprint,
    dataset_fingerprint,
    describe_estimator,
    fit_on_trials,
    learning_curve,
    planned_keys,
    run_experiment,
    run_key,
)
from eegsnn.pipeline.build import SPIKING, align, build_candidates, build_split, load_data
from eegsnn.pipeline.model_folder import ModelCard, load_card
from eegsnn.pipeline.schema import PipelineConfig
from eegsnn.pipeline.writing import FinalModel, card_of, save_interrupted, write_result
from eegsnn.reports import collect_examples, save_examples


@dataclass(frozen=True)
class Outcome:
    """Where a result is, and what it says."""

    folder: Path
    result: ExperimentResult
    seconds: float

    @property
    def report(self) -> Path:
        """The HTML report."""
        return self.folder / "report.html"


def run_pipeline(
    config: PipelineConfig,
    out: str | Path,
    *,
    fresh: bool = False,
    progress: Callable[[Progress], None] | None = None,
    say: Callable[[str], None] = lambda text: None,
    dataset: Any = None,
    n_jobs: int = 1,
    backend: str = "loky",
    scheduler: Any = None,
) -> Outcome:
    """Run a pipeline and write its result folder.

    The saved model is, under an official split, the one of the first seed, trained on the official
    training set; under any other protocol a model of the first seed trained on all trials, whose
    score is the cross-validated one.

    Parameters
    ----------
    config : PipelineConfig
    out : path
        Result folder. What it held before stays until the new result is whole.
    fresh : bool, default False
        Run everything, also what an identical earlier run has finished.
    progress : callable, optional
        See :func:`~eegsnn.evaluation.run_experiment`.
    say : callable, optional
        Told in a few words what is being done.
    dataset : EEGDataset or TabularDataset, optional
        Used in place of the one that the file names.
    n_jobs, backend, scheduler
        Runs at a time, and where: see :func:`~eegsnn.evaluation.run_experiment`.

    Returns
    -------
    Outcome

    Raises
    ------
    EegsnnError
        If data, protocol or models do not fit together; before anything is trained.
    ExperimentInterrupted
        On Ctrl-C. Finished runs are kept in ``folds/``, the model in training, if it is usable,
        in ``model-interrupted/``.
    OSError
        If the disk is full, …; the old result is intact.

    Warns
    -----
    DataTrapWarning
        If the signals are odd: channels marked bad or flat, numbers that are no volts.
    """
    started = time.perf_counter()
    folder = Path(out)
    check_folder("out", folder)
    say(f"loading {config.data.name}")
    dataset = align(config, load_data(config) if dataset is None else dataset)
    for text in dataset.provenance.get("oddities", []):
        warnings.warn(f"{dataset.name}: {text}", DataTrapWarning, stacklevel=2)
    split = build_split(config, dataset)
    candidates = build_candidates(config, dataset)
    folder.mkdir(parents=True, exist_ok=True)  # what cannot be written is noticed before training
    store = FoldStore(folder / "folds", reuse=not fresh)
    keeper = _Keeper(dataset, split, config.protocol.seeds[0], store)
    options: dict[str, Any] = {
        "store": store,
        "progress": progress,
        "n_jobs": n_jobs,
        "backend": backend,
        "scheduler": scheduler,
    }
    try:
        result = run_experiment(
            dataset,
            candidates,
            split,
            seeds=config.protocol.seeds,
            on_fitted=keeper,
            wants_fitted=keeper.wants,
            **options,
        )
        curve = _learning_curve(config, dataset, candidates, split, options, say)
        model = _final_model(config, candidates[0], dataset, split, keeper, folder, fresh, say)
    except ExperimentInterrupted as interruption:
        save_interrupted(folder, config, dataset, interruption.estimator)
        raise
    say("writing the result")
    write_result(folder, config, dataset, split, result, curve, model, store)
    runs = [*result.runs, *(curve.result.runs if curve is not None else [])]
    # Runs of seeds that were not asked for today, but that would be the same, are kept too.
    seeds = store.seeds() or config.protocol.seeds
    keys = planned_keys(dataset, candidates, split, seeds)
    store.forget_all_but(keys | {run.key for run in runs})
    return Outcome(folder, result, time.perf_counter() - started)


def _learning_curve(
    config: PipelineConfig,
    dataset: Any,
    candidates: list[Candidate],
    split: Split,
    options: dict[str, Any],
    say: Callable[[str], None],
) -> LearningCurve | None:
    section = config.learning_curve
    if section is None:
        return None
    say("learning curves")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LeakageWarning)  # it was given for the whole folds
        return learning_curve(
            dataset,
            candidates,
            split,
            sizes=section.sizes,
            by=section.by,
            draws=section.draws,
            seeds=section.seeds or config.protocol.seeds,
            **options,
        )


class _Keeper:
    """Keeps of the network's first fit what the report and the saved model need."""

    def __init__(self, dataset: Any, split: Split, seed: int, store: FoldStore) -> None:
        self.dataset, self.split, self.seed, self.store = dataset, split, seed, store
        self.estimator: Any = None

    def wants(self, candidate: Candidate, fold: Fold, seed: int | None) -> bool:
        """Whether it is that fit: no other model has to travel back from its worker."""
        return candidate.name == SPIKING and fold is self.split.folds[0] and seed == self.seed

    def __call__(self, fitted: Fitted) -> None:
        examples = collect_examples(fitted.estimator, self.dataset, fitted.fold)
        save_examples(self.store.beside(fitted.key, "examples.npz"), examples)
        self.estimator = fitted.estimator


def _final_model(
    config: PipelineConfig,
    candidate: Candidate,
    dataset: Any,
    split: Split,
    keeper: _Keeper,
    folder: Path,
    fresh: bool,
    say: Callable[[str], None],
) -> FinalModel:
    official = split.kind == "official"
    everything = np.arange(len(dataset.y))
    fold = split.folds[0] if official else Fold("all trials", everything, everything[:0])
    estimator = candidate.build(keeper.seed)
    settings = describe_estimator(estimator)
    code = code_fingerprint(estimator)
    key = run_key(dataset_fingerprint(dataset), fold, settings, keeper.seed, split.group, code)
    step = getattr(getattr(estimator, "encoder", None), "bin_width", None)
    words = (
        f"trained on the official training set with seed {keeper.seed}; its score is among those "
        f"shown"
        if official
        else f"trained on all {len(dataset.y)} trials with seed {keeper.seed} after the "
        f"evaluation; it was itself never tested, the score shown is that of the models in the "
        f"folds"
    )
    card = None if fresh else _card_or_none(folder / "model")
    if card is not None and card.key == key:
        kept = FinalModel(None, key, words, settings, step)
        if card != card_of(config, dataset, kept):
            # The same weights, but other words beside them: of preprocessing, unit or alignment.
            kept.estimator = load_model(folder / "model")
        return kept
    if official and keeper.estimator is not None:
        return FinalModel(keeper.estimator, key, words, settings, step)
    say("training the model to be saved")
    fit_on_trials(estimator, dataset, fold.train, group=split.group)
    return FinalModel(estimator, key, words, settings, step)


def _card_or_none(folder: Path) -> ModelCard | None:
    from eegsnn.errors import ModelFileError

    try:
        return load_card(folder)
    except ModelFileError:
        return None
