"""The report: one HTML file that needs nothing else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from eegsnn.evaluation import (
    PROTOCOLS,
    Calibration,
    ExperimentResult,
    ModelSummary,
    accuracy_interval,
    breakdown,
    calibration_of,
    compare_with_baselines,
    independent_units,
    parts_of,
    verdict,
)
from eegsnn.monitoring import ACCUMULATE_ENERGY, MULTIPLY_ACCUMULATE_ENERGY
from eegsnn.reports.card import chosen_in_runs
from eegsnn.reports.examples import Example
from eegsnn.reports.figures import (
    confusion_figure,
    cost_figure,
    difference_figure,
    learning_figure,
    map_figures,
    mean_costs,
    raster_figures,
    reliability_figure,
    score_figure,
    selectivity_figure,
    size_figure,
)
from eegsnn.reports.looking import Look

# Tables longer than this are folded, and matrices beyond the first two.
_LONG_TABLE = 12
_LONG_LIST = 6
_MATRICES = 2


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
    look : Look
        What can be seen of the saved model.
    sizes : list of dict
        Accuracy against training trials: ``model``, ``n_train``, ``accuracy``.
    card : dict or None
        The model card (:func:`~eegsnn.reports.model_card`).
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
    look: Look = field(default_factory=Look)
    sizes: list[dict[str, Any]] = field(default_factory=list)
    card: dict[str, Any] | None = None


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
    summaries = _by_merit(result)
    headline = summaries[0]
    models = [s.model for s in summaries]
    comparisons = sorted(
        compare_with_baselines(result),
        key=lambda c: (models.index(c.model), models.index(c.against)),
    )
    costs = {model: mean_costs(result, model) for model in models}
    confusions = [(model, Markup(confusion_figure(result, model))) for model in models]
    return (
        _environment()
        .get_template("template.html.jinja")
        .render(
            report=report,
            result=result,
            summaries=summaries,
            headline=headline,
            verdict=verdict(result, comparisons),
            protocol_sentence=PROTOCOLS.get(result.protocol["kind"], ""),
            seeded={s.model: s.accuracy.n > 1 for s in summaries},
            intervals={model: accuracy_interval(result, model) for model in models},
            comparisons=[c for c in comparisons if c.model == headline.model],
            difference=_markup(difference_figure(comparisons, headline.model)),
            independent=independent_units(result)[0],
            parts=[_part_table(result, models, part) for part in parts_of(result)],
            long_table=_LONG_TABLE,
            rows=result.rows(),
            scores=Markup(score_figure(result)),
            learning=_markup(learning_figure(result, headline.model)),
            sizes=_markup(size_figure(result, report.sizes)),
            confusions=confusions[:_MATRICES],
            more_confusions=confusions[_MATRICES:],
            calibrations=_calibrations(result, models),
            reliability=_markup(reliability_figure(result, models)),
            costs=costs,
            parameters=any("parameters" in (cost or {}) for cost in costs.values()),
            cost=_markup(cost_figure(result)),
            addition_pj=ACCUMULATE_ENERGY * 1e12,
            multiplication_pj=MULTIPLY_ACCUMULATE_ENERGY * 1e12,
            maps=[(caption, Markup(svg)) for caption, svg in map_figures(report.look.maps)],
            selectivity=_markup(selectivity_figure(report.look.selectivity)),
            rasters=[
                Markup(svg)
                for svg in raster_figures(report.examples, step=report.step, tmin=report.tmin)
            ],
            chosen=chosen_in_runs(result, headline.model),
            hashes=_flat(report.provenance.get("sha256", {})),
            provenance=_provenance(report),
            long_list=_LONG_LIST,
            training_warnings=list(dict.fromkeys(report.warnings)),
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = lambda value, digits=1: f"{100 * value:.{digits}f}\u202f%"
    environment.filters["points"] = lambda value: f"{100 * value:.1f}"
    environment.filters["difference"] = lambda value: f"{100 * value:+.1f}".replace("-", "−")
    environment.filters["effect"] = lambda value: f"{value:+.2f}".replace("-", "−")
    environment.filters["signed"] = lambda value: f"{value:.3g}"
    environment.filters["count"] = _count
    environment.filters["p_value"] = lambda p: "< 0.001" if p < 0.001 else f"{p:.3f}"
    return environment


def _markup(svg: str | None) -> Markup | None:
    return None if svg is None else Markup(svg)


def _by_merit(result: ExperimentResult) -> list[ModelSummary]:
    """Return the spiking networks first, then baselines from the best to the worst."""
    return sorted(
        result.summaries(),
        key=lambda s: (s.kind != "spiking", 0.0 if s.kind == "spiking" else -s.accuracy.mean),
    )


def _part_table(result: ExperimentResult, models: Sequence[str], part: str) -> dict[str, Any]:
    """One row per fold or group: its size, the first model's scores, the others' accuracies."""
    sizes = {fold["name"]: fold["n_train"] for fold in result.folds}
    by_model = [{row.name: row for row in breakdown(result, m, part)} for m in models]
    return {
        "by": part,
        "has_auc": any(row.auc is not None for row in by_model[0].values()),
        "rows": [
            {
                "name": row.name,
                "n_train": sizes.get(row.name) if part == "fold" else None,
                "first": row,
                "others": [rows.get(row.name) for rows in by_model[1:]],
            }
            for row in by_model[0].values()
        ],
    }


def _calibrations(result: ExperimentResult, models: Sequence[str]) -> list[tuple[str, Calibration]]:
    found = ((model, calibration_of(result, model)) for model in models)
    return [(model, calibration) for model, calibration in found if calibration is not None]


def _count(value: float) -> str:
    """Large numbers with three digits and a name."""
    for size, name in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:.3g}{name}"
    return f"{value:.3g}"


def _provenance(report: Report) -> list[tuple[str, str]]:
    """Where the data come from, without what stands above it already, and without hashes."""
    known = ("dataset", report.data.get("data set"))
    lines = _flat({key: value for key, value in report.provenance.items() if key != "sha256"})
    return [line for line in lines if line != known]


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
