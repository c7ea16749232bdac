"""Run a pipeline: data, folds, models, and a result folder that is whole or the old one.

A result folder holds ``metrics.json``, ``metrics.csv`` (one row per model, fold and seed),
``config.toml`` (as resolved), ``report.html``, ``model_card.json``, ``model/`` and ``folds/`` (one
JSON per run, with the decision on every test trial; what an interrupted experiment goes on from).
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eegsnn._files import write_json, write_text
from eegsnn._validation import check_folder
from eegsnn.backend import describe
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
    check_curve,
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
from eegsnn.pipeline.describing import look_and_card
from eegsnn.pipeline.model_folder import ModelCard, load_card, save_card
from eegsnn.pipeline.schema import PipelineConfig
from eegsnn.pipeline.telling import causality, data_lines
from eegsnn.pipeline.toml_text import to_toml
from eegsnn.reports import (
    CARD_FILE_NAME,
    Report,
    collect_examples,
    load_examples,
    render_report,
    replace_contents,
    save_examples,
    to_csv,
)


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
    if config.learning_curve is not None:
        section = config.learning_curve
        check_curve(dataset, split, sizes=section.sizes, by=section.by, draws=section.draws)
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
        _save_interrupted(folder, config, dataset, interruption.estimator)
        raise
    say("writing the result")
    _write(folder, config, dataset, split, result, curve, model, store)
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


@dataclass
class _Model:
    """The model to be saved: an estimator, or None if the folder holds that very model already."""

    estimator: Any
    key: str
    trained_on: str
    settings: Any
    step: float | None = None


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
) -> _Model:
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
        kept = _Model(None, key, words, settings, step)
        if card != _card(config, dataset, kept):
            # The same weights, but other words beside them: of preprocessing, unit or alignment.
            kept.estimator = load_model(folder / "model")
        return kept
    if official and keeper.estimator is not None:
        return _Model(keeper.estimator, key, words, settings, step)
    say("training the model to be saved")
    fit_on_trials(estimator, dataset, fold.train, group=split.group)
    return _Model(estimator, key, words, settings, step)


def _write(
    folder: Path,
    config: PipelineConfig,
    dataset: Any,
    split: Split,
    result: ExperimentResult,
    curve: LearningCurve | None,
    model: _Model,
    store: FoldStore,
) -> None:
    versions = describe()
    configuration = to_toml(config.to_dict())
    look, card = look_and_card(
        config,
        dataset,
        split,
        result,
        folder,
        model=SPIKING,
        estimator=model.estimator,
        settings=model.settings,
        trained_on=model.trained_on,
        versions=versions,
    )
    metrics = {
        "title": config.title,
        "finished": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        **_without_predictions(result.to_dict()),
        "settings": model.settings,
        "configuration": config.to_dict(),
        "data": data_lines(dataset),
        "traps": list(dataset.warnings),
        "provenance": dataset.provenance,
        "causality": causality(config),
        "model": model.trained_on,
        "versions": versions,
    }
    if curve is not None:
        metrics["learning_curve"] = curve.to_dict()
    report = Report(
        title=config.title,
        description=config.description,
        result=result,
        configuration=configuration,
        data=data_lines(dataset),
        traps=list(dataset.warnings),
        causality=causality(config),
        provenance=dataset.provenance,
        versions=versions,
        model_note=f"{model.trained_on[0].upper()}{model.trained_on[1:]}.",
        examples=_examples(result, split, config.protocol.seeds[0], store),
        step=model.step,
        sizes=curve.rows() if curve is not None else [],
        tmin=getattr(dataset, "tmin", 0.0),
        warnings=[text for run in result.runs for text in run.warnings],
        command="eegsnn run config.toml  # the file beside this report",
        look=look,
        card=card,
    )
    page = render_report(report)
    with replace_contents(folder) as fresh:
        write_json(fresh / "metrics.json", metrics)
        write_text(fresh / "metrics.csv", to_csv(result.rows()))
        if curve is not None:
            write_text(fresh / "learning_curve.csv", to_csv(curve.rows()))
        write_text(fresh / "config.toml", configuration)
        write_json(fresh / CARD_FILE_NAME, card)
        write_text(fresh / "report.html", page)
        if model.estimator is not None:
            save_model(fresh / "model", model.estimator, _card(config, dataset, model))
    if curve is None:
        (folder / "learning_curve.csv").unlink(missing_ok=True)  # of an earlier configuration


def save_model(folder: Path, estimator: Any, card: ModelCard | None) -> None:
    """Save an estimator and, for time series, its card into a folder."""
    estimator.save(folder)
    if card is not None:
        save_card(folder, card)


def _card(config: PipelineConfig, dataset: Any, model: _Model) -> ModelCard:
    from eegsnn.recordings import Preprocessing

    series = hasattr(dataset, "sfreq")
    alignment = dict(dataset.provenance.get("alignment", {})) if config.alignment else {}
    return ModelCard(
        pipeline=config.title,
        dataset=str(dataset.name),
        classes=[str(label) for label in dataset.classes],
        preprocessing=Preprocessing.from_dict(config.preprocessing).to_dict(),
        unit=alignment.pop("unit", dataset.unit) if series else "",
        ch_names=list(dataset.ch_names) if series else [],
        sfreq=float(dataset.sfreq) if series else 0.0,
        n_times=int(dataset.X.shape[-1]),
        tmin=float(dataset.tmin) if series else 0.0,
        causality=causality(config),
        trained_on=model.trained_on,
        key=model.key,
        alignment=alignment,
    )


def _save_interrupted(folder: Path, config: PipelineConfig, dataset: Any, estimator: Any) -> None:
    if estimator is None or not hasattr(estimator, "save"):
        return
    words = "trained on a part of the trials, and interrupted: the best weights so far"
    model = _Model(estimator, "", words, None)
    with replace_contents(folder) as fresh:
        save_model(fresh / "model-interrupted", estimator, _card(config, dataset, model))


def _card_or_none(folder: Path) -> ModelCard | None:
    from eegsnn.errors import ModelFileError

    try:
        return load_card(folder)
    except ModelFileError:
        return None


def _examples(result: ExperimentResult, split: Split, seed: int, store: FoldStore) -> list[Any]:
    """Trials of the first fold, as the model of `seed` or else of another seed decided them."""
    runs = [run for run in result.runs_of(SPIKING) if run.fold == split.folds[0].name]
    for run in sorted(runs, key=lambda run: run.seed != seed):
        # Of a run that was kept from a time when its seed was not the first there are none.
        examples = load_examples(store.beside(run.key, "examples.npz"))
        if examples:
            return examples
    return []


def _without_predictions(content: dict[str, Any]) -> dict[str, Any]:
    """Leave the decision on each trial to folds/*.json: it is most of the bytes."""
    del content["groups"]
    for run in content["runs"]:
        del run["predictions"]
    return content
