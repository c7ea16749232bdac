"""``eegsnn run``."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from eegsnn.cli.console import RunProgress, plain_warnings
from eegsnn.evaluation import (
    ExperimentInterrupted,
    ExperimentResult,
    accuracy_interval,
    verdict,
)
from eegsnn.pipeline import read_pipeline


def run(arguments: argparse.Namespace) -> int:
    """Run a pipeline and show its result."""
    overrides = list(arguments.overrides)
    if arguments.seeds is not None:
        overrides.append(f"protocol.seeds={arguments.seeds}")
    config = read_pipeline(arguments.file, overrides, arguments.added_baselines)
    folder = Path(arguments.out or Path("results") / config.name)
    errors, console = Console(stderr=True), Console()
    from eegsnn.pipeline.run import run_pipeline

    with plain_warnings(errors), RunProgress(errors, arguments.quiet) as progress:
        try:
            outcome = run_pipeline(
                config,
                folder,
                fresh=arguments.fresh,
                progress=progress,
                say=progress.say,
                n_jobs=arguments.jobs,
                backend=arguments.backend,
                scheduler=arguments.scheduler,
            )
        except ExperimentInterrupted as interruption:
            interruption.message = _interrupted(interruption, folder)
            raise
    if not arguments.quiet:
        show_result(outcome.result, config.title, console)
        # Not wrapped: a path in two lines can be neither clicked nor copied.
        console.print(
            f"\nReport: {escape(str(outcome.report))}  ({outcome.seconds:.0f} s in all)",
            soft_wrap=True,
        )
    return 0


def show_result(result: ExperimentResult, title: str, console: Console) -> None:
    """Print a table of models and what it means."""
    table = Table(title=escape(title), title_justify="left", box=None, pad_edge=False)
    for name in ("model", "accuracy", "interval", "seeds", "balanced", "AUC", "fit"):
        table.add_column(name, justify="left" if name == "model" else "right")
    mark = " leaky" * result.leaky + " transductive" * bool(result.transductive)
    summaries = sorted(result.summaries(), key=lambda s: s.kind != "spiking")
    intervals = [accuracy_interval(result, summary.model) for summary in summaries]
    for summary, interval in zip(summaries, intervals, strict=True):
        accuracy = summary.accuracy
        spread = f"± {accuracy.std:.3f}" if accuracy.n > 1 else ""
        table.add_row(
            escape(summary.model),
            f"{accuracy.mean:.3f}{mark}",
            f"{interval.low:.3f}–{interval.high:.3f}",
            spread,
            f"{summary.balanced_accuracy.mean:.3f}",
            "" if summary.auc is None else f"{summary.auc.mean:.3f}",
            f"{summary.fit_seconds:.1f} s",
            style="bold" if summary.kind == "spiking" else "",
        )
    table.add_row("chance", f"{result.chance:.3f}", style="dim")
    console.print()
    console.print(table)
    note = f"interval: 95 %, {intervals[0].method}, n = {intervals[0].n_units}"
    if any(summary.accuracy.n > 1 for summary in summaries):
        note += "; seeds: standard deviation"
    console.print(note, style="dim", highlight=False)
    console.print()
    for sentence in verdict(result):
        console.print(escape(sentence), highlight=False)


def _interrupted(interruption: ExperimentInterrupted, folder: Path) -> str:
    text = (
        f"Interrupted: {interruption.done} of {interruption.total} runs are finished and kept in "
        f"{folder / 'folds'}; the same command goes on from there."
    )
    if (folder / "model-interrupted").is_dir() and interruption.estimator is not None:
        text += f" The network in training is saved in {folder / 'model-interrupted'}."
    return text
