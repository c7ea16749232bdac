"""The figures of a report, as SVG that stands inside the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from eegsnn.evaluation import (
    Comparison,
    ExperimentResult,
    accuracy_interval,
    calibration_of,
)
from eegsnn.plots import (
    CostPoint,
    accuracy_and_cost,
    confusion_matrix,
    differences,
    fold_scores,
    head_maps,
    known_positions,
    learning_curves,
    model_colours,
    reliability,
    selectivity_maps,
    to_svg,
    training_size_curve,
    trial_rasters,
)
from eegsnn.reports.examples import Example
from eegsnn.reports.looking import Selectivity, SpatialMaps

# Trials side by side in one figure: more become too narrow to read.
_TRIALS_PER_ROW = 4
# More reliability curves than this hide each other.
_CURVES = 4


def score_figure(result: ExperimentResult) -> str:
    """Every model's accuracy on every fold and seed."""
    scores: dict[str, dict[str, list[float]]] = {}
    for summary in _spiking_first(result):
        folds: dict[str, list[float]] = {}
        for run in result.runs_of(summary):
            folds.setdefault(run.fold, []).append(run.test["accuracy"])
        scores[summary] = folds
    figure = fold_scores(scores, chance=result.chance, colours=_colours(result))
    return to_svg(figure, "Accuracy of every model on every fold; the numbers are in the table")


def learning_figure(result: ExperimentResult, model: str) -> str | None:
    """Loss and validation score over epochs; None where no history was kept."""
    histories = [run.history for run in result.runs_of(model) if run.history]
    if not histories:
        return None
    return to_svg(learning_curves(histories), f"Training of {model}: loss and scores by epoch")


def confusion_figure(result: ExperimentResult, model: str) -> str:
    """Confusion matrix over all folds and seeds."""
    figure = confusion_matrix(result.summary(model).confusion_matrix, result.classes)
    return to_svg(figure, f"Confusion matrix of {model}")


def difference_figure(comparisons: Sequence[Comparison], model: str) -> str | None:
    """By how much a model is more accurate than each baseline; None without baselines."""
    rows = [
        (c.against, c.difference, c.low, c.high, c.told_apart)
        for c in comparisons
        if c.model == model
    ]
    if not rows:
        return None
    words = f"By how many points {model} is above each baseline, with intervals"
    return to_svg(differences(rows, model), words)


def reliability_figure(result: ExperimentResult, models: Sequence[str]) -> str | None:
    """Confidence against accuracy, of the first models that give probabilities."""
    found = {model: calibration_of(result, model) for model in models}
    curves = {
        model: [(b.confidence, b.accuracy, b.n) for b in calibration.bins]
        for model, calibration in found.items()
        if calibration is not None
    }
    if not curves:
        return None
    first = dict(list(curves.items())[:_CURVES])
    figure = reliability(first, n_classes=len(result.classes), colours=_colours(result))
    return to_svg(figure, "How often decisions are right against how sure the models were")


def cost_figure(result: ExperimentResult) -> str | None:
    """Accuracy against operations and energy; None where fewer than two models count them."""
    points = []
    for summary in result.summaries():
        costs = mean_costs(result, summary.model)
        if costs is None or costs["synaptic_operations"] + costs["multiply_accumulates"] <= 0:
            continue
        interval = accuracy_interval(result, summary.model)
        points.append(
            CostPoint(
                summary.model,
                summary.kind == "spiking",
                summary.accuracy.mean,
                interval.low,
                interval.high,
                costs["synaptic_operations"],
                costs["multiply_accumulates"],
                costs["energy_nj"],
            )
        )
    if len(points) < 2:
        return None
    figure = accuracy_and_cost(points, chance=result.chance)
    return to_svg(figure, "Accuracy of each model against its operations and energy")


def mean_costs(result: ExperimentResult, model: str) -> dict[str, float] | None:
    """Mean over the runs of a model of what a decision costs; None where nothing is known.

    Kept are the numbers that all runs give.
    """
    costs = [run.operations for run in result.runs_of(model) if run.operations]
    if not costs:
        return None
    names = [name for name in costs[0] if all(name in cost for cost in costs)]
    return {name: float(np.mean([cost[name] for cost in costs])) for name in names}


def size_figure(result: ExperimentResult, rows: Sequence[Mapping[str, Any]]) -> str | None:
    """Accuracy against the number of training trials; None without such scores."""
    if not rows:
        return None
    figure = training_size_curve(rows, chance=result.chance, colours=_colours(result))
    return to_svg(figure, "Accuracy of each model against the number of training trials")


def map_figures(maps: SpatialMaps | None) -> list[tuple[str, str]]:
    """Patterns and filters on the head, with a caption each; none where places are not known."""
    if maps is None or not known_positions(maps.ch_names):
        return []
    return [
        (caption, to_svg(head_maps(values, maps.ch_names, maps.names, label=label), caption))
        for caption, values, label in (
            ("Patterns: where what a filter extracts is strong", maps.patterns, "relative"),
            ("Filters: how the channels are weighted", maps.filters, "relative weight"),
        )
    ]


def selectivity_figure(selectivity: Selectivity | None) -> str | None:
    """How hidden neurons answer to sinusoids; None where that was not asked."""
    if selectivity is None:
        return None
    return to_svg(
        selectivity_maps(
            selectivity.change, selectivity.frequencies.tolist(), selectivity.ch_names
        ),
        "Change of hidden firing rates by frequency and channel of a sinusoid",
    )


def raster_figures(
    examples: Sequence[Example], *, step: float | None = None, tmin: float = 0.0
) -> list[str]:
    """Input and hidden spikes of one test trial per class, a few trials per figure."""
    shown = [e for e in examples if e.features is not None or e.spikes is not None]
    figures = []
    for start in range(0, len(shown), _TRIALS_PER_ROW):
        trials = [
            (_caption(e), e.features, e.spikes) for e in shown[start : start + _TRIALS_PER_ROW]
        ]
        words = "Spikes of test trials: " + "; ".join(caption for caption, _, _ in trials)
        figures.append(to_svg(trial_rasters(trials, shown[0].names, step=step, tmin=tmin), words))
    return figures


def _caption(example: Example) -> str:
    right = example.truth == example.decision
    verdict = "decided rightly" if right else f"taken for {example.decision}"
    return f"{example.truth} (trial {example.trial})\n{verdict}"


def _colours(result: ExperimentResult) -> dict[str, str]:
    """One colour per model in all figures of a page."""
    return model_colours(_spiking_first(result))


def _spiking_first(result: ExperimentResult) -> list[str]:
    kinds = {summary.model: summary.kind for summary in result.summaries()}
    return sorted(kinds, key=lambda model: kinds[model] != "spiking")
