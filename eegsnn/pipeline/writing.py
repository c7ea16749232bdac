"""The result folder: whole, or the old one.

It holds ``metrics.json``, ``metrics.csv`` (one row per model, fold and seed), ``config.toml`` (as
resolved), ``report.html``, ``model_card.json``, ``model/`` and ``folds/`` (one JSON per run, with
the decision on every test trial; what an interrupted experiment goes on from).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eegsnn._files import write_json, write_text
from eegsnn.backend import describe
from eegsnn.evaluation import ExperimentResult, FoldStore, LearningCurve, Split
from eegsnn.pipeline.build import SPIKING
from eegsnn.pipeline.describing import look_and_card
from eegsnn.pipeline.model_folder import ModelCard, save_card
from eegsnn.pipeline.schema import PipelineConfig
from eegsnn.pipeline.telling import causality, data_lines
from eegsnn.pipeline.toml_text import to_toml
from eegsnn.reports import (
    CARD_FILE_NAME,
    Report,
    load_examples,
    render_report,
    replace_contents,
    to_csv,
)


@dataclass
class FinalModel:
    """The model to be saved: an estimator, or None if the folder holds that very model already."""

    estimator: Any
    key: str
    trained_on: str
    settings: Any
    step: float | None = None


def write_result(
    folder: Path,
    config: PipelineConfig,
    dataset: Any,
    split: Split,
    result: ExperimentResult,
    curve: LearningCurve | None,
    model: FinalModel,
    store: FoldStore,
) -> None:
    """Write all that a run has found; what the folder held before stays until that is whole."""
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
            save_model(fresh / "model", model.estimator, card_of(config, dataset, model))
    if curve is None:
        (folder / "learning_curve.csv").unlink(missing_ok=True)  # of an earlier configuration


def save_model(folder: Path, estimator: Any, card: ModelCard | None) -> None:
    """Save an estimator and, for time series, its card into a folder."""
    estimator.save(folder)
    if card is not None:
        save_card(folder, card)


def card_of(config: PipelineConfig, dataset: Any, model: FinalModel) -> ModelCard:
    """Say of a model what it was trained on, and what it expects."""
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


def save_interrupted(folder: Path, config: PipelineConfig, dataset: Any, estimator: Any) -> None:
    """Keep the model that was in training when Ctrl-C came, if it can be used."""
    if estimator is None or not hasattr(estimator, "save"):
        return
    words = "trained on a part of the trials, and interrupted: the best weights so far"
    model = FinalModel(estimator, "", words, None)
    with replace_contents(folder) as fresh:
        save_model(fresh / "model-interrupted", estimator, card_of(config, dataset, model))


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
