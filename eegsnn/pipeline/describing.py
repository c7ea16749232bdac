"""What is told of the saved model beside its scores: a look into it, and its card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from eegsnn.errors import ModelFileError
from eegsnn.estimators import load_model
from eegsnn.evaluation import ExperimentResult, Split, selection_of
from eegsnn.pipeline.estimators import estimator_name
from eegsnn.pipeline.schema import PipelineConfig
from eegsnn.pipeline.telling import causality
from eegsnn.reports import CARD_FILE_NAME, Look, look_into, model_card


def look_and_card(
    config: PipelineConfig,
    dataset: Any,
    split: Split,
    result: ExperimentResult,
    folder: Path,
    *,
    model: str,
    estimator: Any,
    settings: Any,
    trained_on: str,
    versions: dict[str, str],
) -> tuple[Look, dict[str, Any]]:
    """Look into the model that is saved, and write its card.

    Parameters
    ----------
    config, dataset, split, result
    folder : path
        The result folder: where `estimator` is None it holds the model already, and its card.
    model : str
        Its name in `result`.
    estimator : fitted classifier or None
    settings, trained_on, versions
        See :func:`~eegsnn.reports.model_card`.
    """
    selection = selection_of(estimator)
    if estimator is None:
        estimator, selection = _kept(folder), _kept_selection(folder)
    official = split.kind == "official"
    trials = split.folds[0].train if official else np.arange(len(dataset.y))
    card = model_card(
        result,
        dataset,
        model=model,
        title=config.title,
        description=config.description,
        estimator=estimator_name(config),
        settings=settings,
        selection=selection,
        preprocessing=dict(config.preprocessing),
        causality=causality(config),
        trained_on=trained_on,
        versions=versions,
    )
    return Look() if estimator is None else look_into(estimator, dataset, trials), card


def _kept(folder: Path) -> Any:
    try:
        return load_model(folder / "model")
    except ModelFileError:
        return None


def _kept_selection(folder: Path) -> list[dict[str, Any]]:
    try:
        content = json.loads((folder / CARD_FILE_NAME).read_text(encoding="utf-8"))
        return list(content["model"]["selection"])
    except (OSError, ValueError, KeyError, TypeError):
        return []
