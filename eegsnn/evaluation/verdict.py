"""What the scores say, in plain sentences that claim no more than the tests do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from eegsnn.evaluation.comparison import (
    Comparison,
    accuracy_interval,
    compare_with_baselines,
)
from eegsnn.evaluation.intervals import Interval

if TYPE_CHECKING:
    from eegsnn.evaluation.results import ExperimentResult, ModelSummary


def verdict(result: ExperimentResult, comparisons: Sequence[Comparison] | None = None) -> list[str]:
    """Say how the spiking network stands against chance and the baselines.

    Above chance is what has its whole 95 % interval above it. A difference from a baseline is
    one where the paired test, corrected for the number of baselines, and the interval of the
    difference agree (:class:`~eegsnn.evaluation.Comparison`).

    Parameters
    ----------
    result : ExperimentResult
    comparisons : sequence of Comparison, optional
        Of :func:`~eegsnn.evaluation.compare_with_baselines`; made here if not given.

    Returns
    -------
    list of str
    """
    if comparisons is None:
        comparisons = compare_with_baselines(result)
    summaries = {summary.model: summary for summary in result.summaries()}
    sentences = []
    if result.leaky:
        sentences.append(
            "These scores are leaky and must not be quoted as performance: "
            + "; ".join(result.protocol["leaky"])
            + "."
        )
    if result.transductive:
        sentences.append(
            "Some models saw the test trials before deciding, without their labels "
            f"({'; '.join(result.transductive)}): they need a whole recording before they decide."
        )
    for summary in (s for s in summaries.values() if s.kind == "spiking"):
        interval = accuracy_interval(result, summary.model)
        sentences.append(_against_chance(result, summary, interval))
        ours = [c for c in comparisons if c.model == summary.model]
        if not ours:
            sentences.append("No baseline was run beside it, so that the score stands alone.")
            continue
        best = max(ours, key=lambda c: summaries[c.against].accuracy.mean)
        sentences += _against_best(summary, summaries[best.against], best, len(ours))
        if len(ours) > 1:
            sentences.append(_count(ours))
    return sentences


def _against_chance(result: ExperimentResult, summary: ModelSummary, interval: Interval) -> str:
    n = result.n_test_trials
    who = f"The {summary.model} ({_percent(summary.accuracy.mean)}, {_range(interval)})"
    chance = f"chance ({_percent(result.chance)})"
    if interval.low > result.chance:
        return f"{who} is above {chance} on {n} test trials."
    if interval.high < result.chance:
        return f"{who} is below {chance} on {n} test trials: it has learned what does not hold."
    return f"{who} cannot be told from {chance} on {n} test trials."


def _against_best(
    ours: ModelSummary, theirs: ModelSummary, comparison: Comparison, n_baselines: int
) -> list[str]:
    points = f"{100 * abs(comparison.difference):.1f} points"
    against = f"the best baseline, {theirs.model} ({_percent(theirs.accuracy.mean)})"
    evidence = _evidence(comparison, n_baselines)
    if comparison.told_apart and comparison.difference > 0:
        sentences = [f"It beats {against} by {points} ({evidence})."]
    elif comparison.told_apart:
        sentences = [f"It does not beat {against}: it is {points} below ({evidence})."]
    else:
        where = "level with it"
        if abs(comparison.difference) >= 0.0005:
            where = f"{points} {'above' if comparison.difference > 0 else 'below'} it"
        claim = "is not shown to beat" if comparison.difference > 0 else "does not beat"
        sentences = [
            f"It {claim} {against}: it is {where}, which cannot be told from no difference "
            f"({evidence})."
        ]
        if comparison.low < comparison.high:
            sentences.append(
                f"That is no proof that the two are equal: anything from "
                f"{_points(comparison.low)} to {_points(comparison.high)} points would fit."
            )
    return sentences + comparison.notes


def _count(comparisons: Sequence[Comparison]) -> str:
    above = [c.against for c in comparisons if c.told_apart and c.difference > 0]
    below = [c.against for c in comparisons if c.told_apart and c.difference < 0]
    rest = len(comparisons) - len(above) - len(below)
    parts = [
        f"{word} {len(names)} ({', '.join(names)})"
        for word, names in (("above", above), ("below", below))
        if names
    ]
    if not parts:
        return f"It cannot be told from any of the {len(comparisons)} baselines."
    told = f"Of {len(comparisons)} baselines it is {' and '.join(parts)}"
    return f"{told}; from the other {rest} it cannot be told." if rest else f"{told}."


def _evidence(comparison: Comparison, n_baselines: int) -> str:
    corrected = f", corrected for {n_baselines} baselines" if n_baselines > 1 else ""
    return (
        f"95 % interval {_points(comparison.low)} to {_points(comparison.high)} points; "
        f"{comparison.test} over {comparison.n_units} {comparison.unit}s, "
        f"p {_p_value(comparison.p_adjusted)}{corrected}"
    )


def _p_value(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.3f}" if p < 0.1 else f"= {p:.2f}"


def _range(interval: Interval) -> str:
    return f"95 % interval {100 * interval.low:.1f} to {100 * interval.high:.1f}"


def _points(value: float) -> str:
    return f"{100 * value:+.1f}".replace("-", "−")


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"
