"""The figures of a report, as SVG that stands inside the page."""

from __future__ import annotations

from collections.abc import Sequence

from eegsnn.evaluation import ExperimentResult
from eegsnn.plots import confusion_matrix, fold_scores, learning_curves, to_svg, trial_rasters
from eegsnn.reports.examples import Example

# Trials side by side in one figure: more become too narrow to read.
_TRIALS_PER_ROW = 4


def score_figure(result: ExperimentResult) -> str:
    """Every model's accuracy on every fold and seed."""
    scores: dict[str, dict[str, list[float]]] = {}
    for summary in _spiking_first(result):
        folds: dict[str, list[float]] = {}
        for run in result.runs_of(summary):
            folds.setdefault(run.fold, []).append(run.test["accuracy"])
        scores[summary] = folds
    return to_svg(fold_scores(scores, chance=result.chance))


def learning_figure(result: ExperimentResult, model: str) -> str | None:
    """Loss and validation score over epochs; None where no history was kept."""
    histories = [run.history for run in result.runs_of(model) if run.history]
    return to_svg(learning_curves(histories)) if histories else None


def confusion_figure(result: ExperimentResult, model: str) -> str:
    """Confusion matrix over all folds and seeds."""
    return to_svg(confusion_matrix(result.summary(model).confusion_matrix, result.classes))


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
        figures.append(to_svg(trial_rasters(trials, shown[0].names, step=step, tmin=tmin)))
    return figures


def _caption(example: Example) -> str:
    right = example.truth == example.decision
    verdict = "decided rightly" if right else f"taken for {example.decision}"
    return f"{example.truth} (trial {example.trial})\n{verdict}"


def _spiking_first(result: ExperimentResult) -> list[str]:
    kinds = {summary.model: summary.kind for summary in result.summaries()}
    return sorted(kinds, key=lambda model: kinds[model] != "spiking")
