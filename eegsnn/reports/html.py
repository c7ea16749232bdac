"""The report: one HTML file that needs nothing else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from eegsnn.evaluation import PROTOCOLS, ExperimentResult, accuracy_interval, verdict
from eegsnn.reports.examples import Example
from eegsnn.reports.figures import (
    confusion_figure,
    learning_figure,
    raster_figures,
    score_figure,
)


@dataclass
class Report:
    """Everything a report tells, gathered before it is written.

    Attributes
    ----------
    title, description : str
    result : ExperimentResult
    configuration : str
        The pipeline file as resolved.
    data : dict of str to str
        What the trials are, in words, line by line.
    traps : list of str
        Warnings of the data set.
    causality : str
        Whether the filters look ahead.
    provenance : dict
        Where the data came from; file hashes under ``"sha256"``.
    versions : dict of str to str
    model_note : str
        On which trials the saved model was trained.
    examples : list of Example
    step, tmin : float
        Time axis of the examples, in seconds; `step` None where there is none.
    warnings : list of str
        What was warned of while training.
    command : str
        The command that makes this report again.
    """

    title: str
    result: ExperimentResult
    configuration: str
    description: str = ""
    data: dict[str, str] = field(default_factory=dict)
    traps: list[str] = field(default_factory=list)
    causality: str = ""
    provenance: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    model_note: str = ""
    examples: list[Example] = field(default_factory=list)
    step: float | None = None
    tmin: float = 0.0
    warnings: list[str] = field(default_factory=list)
    command: str = ""


def render_report(report: Report) -> str:
    """Return the report as a self-contained HTML page.

    Figures are SVG inside the page, style sheets too; nothing is loaded from elsewhere. All text
    that comes from files or users is escaped.

    Parameters
    ----------
    report : Report

    Returns
    -------
    str
    """
    result = report.result
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = lambda value, digits=1: f"{100 * value:.{digits}f}\u202f%"
    environment.filters["points"] = lambda value: f"{100 * value:.1f}"
    environment.filters["signed"] = lambda value: f"{value:.3g}"
    summaries = sorted(result.summaries(), key=lambda s: s.kind != "spiking")
    headline = summaries[0]
    confusions = [(s.model, Markup(confusion_figure(result, s.model))) for s in summaries]
    learning = learning_figure(result, headline.model)
    return environment.get_template("template.html.jinja").render(
        report=report,
        result=result,
        summaries=summaries,
        headline=headline,
        verdict=verdict(result),
        protocol_sentence=PROTOCOLS[result.protocol["kind"]],
        interval=accuracy_interval(result, headline.model),
        folds=_fold_table(result, [s.model for s in summaries]),
        rows=result.rows(),
        scores=Markup(score_figure(result)),
        learning=None if learning is None else Markup(learning),
        confusions=confusions,
        rasters=[
            Markup(svg)
            for svg in raster_figures(report.examples, step=report.step, tmin=report.tmin)
        ],
        hashes=_flat(report.provenance.get("sha256", {})),
        provenance=_flat({k: v for k, v in report.provenance.items() if k != "sha256"}),
        training_warnings=list(dict.fromkeys(report.warnings)),
    )


def _fold_table(result: ExperimentResult, models: Sequence[str]) -> list[dict[str, Any]]:
    """One row per fold: its size, and each model's accuracies."""
    return [
        {
            **fold,
            "scores": [
                [r.test["accuracy"] for r in result.runs_of(model) if r.fold == fold["name"]]
                for model in models
            ],
        }
        for fold in result.folds
    ]


def _flat(value: Any, prefix: str = "") -> list[tuple[str, str]]:
    """Nested provenance as (name, text) lines."""
    if isinstance(value, dict):
        return [
            line
            for key, inner in value.items()
            if inner is not None
            for line in _flat(inner, f"{prefix} › {key}" if prefix else str(key))
        ]
    if isinstance(value, list | tuple):
        if all(isinstance(v, str | int | float) for v in value):
            return [(prefix, ", ".join(map(str, value)))]
        return [line for i, inner in enumerate(value) for line in _flat(inner, f"{prefix} {i + 1}")]
    return [(prefix, value if isinstance(value, str) else json.dumps(value, default=str))]
