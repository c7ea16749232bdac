"""``eegsnn nir export | inspect | check``."""

from __future__ import annotations

import argparse

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from eegsnn._validation import check_choice
from eegsnn.estimators import load_model
from eegsnn.exchange import CONVENTIONS, GraphReport, estimator_to_nir, inspect_nir
from eegsnn.pipeline.model_folder import find_model

_NOT_EXACT = 2


def export(arguments: argparse.Namespace) -> int:
    """Write the network of a saved model."""
    model = load_model(find_model(arguments.model))
    graph = estimator_to_nir(model, arguments.out, dt=arguments.dt)
    print(
        f"{len(graph.nodes)} nodes, {graph.metadata['dt']:g} s per step, in {arguments.out}. "
        f"Encoding and decision stay with the model."
    )
    return 0


def inspect(arguments: argparse.Namespace) -> int:
    """Show the nodes of a file as a table, and how they hang together."""
    report = _report(arguments)
    table = Table(box=None, pad_edge=False)
    for column in ("node", "kind", "shape", "parameters", "here"):
        table.add_column(column, overflow="fold")
    for node in report.nodes:
        table.add_row(*map(escape, (node.name, node.kind, node.shape, node.parameters, node.here)))
    console = _console()
    console.print(table)
    console.print(f"\n{escape(report.drawing())}\n", highlight=False)
    for key, value in report.metadata.items():
        console.print(f"{escape(str(key))}: {escape(str(value))}", highlight=False)
    if report.dt is None:
        console.print("dt: not in the file; give --dt to have it read as steps", highlight=False)
    return 0


def check(arguments: argparse.Namespace) -> int:
    """Tell of every node whether it would be computed exactly."""
    report = _report(arguments)
    console = _console()
    for node in report.nodes:
        verdict = "not exact" if node.problem else "exact"
        why = node.problem or node.note
        text = f"{node.name} ({node.kind}): {verdict}" + (f": {why}" if why else "")
        console.print(escape(text), highlight=False, soft_wrap=True)
    if report.metadata.get("approximation"):
        console.print(
            escape(
                f"The file is an approximation: {report.metadata['approximation']} (mismatch "
                f"{report.metadata.get('approximation_mismatch')})."
            ),
            soft_wrap=True,
        )
    left = sum(bool(node.problem) for node in report.nodes)
    console.print(
        f"{len(report.nodes) - left} of {len(report.nodes)} nodes would be computed exactly.",
        highlight=False,
    )
    return _NOT_EXACT if left else 0


def _report(arguments: argparse.Namespace) -> GraphReport:
    check_choice("convention", arguments.convention, CONVENTIONS)
    return inspect_nir(arguments.file, arguments.dt, convention=arguments.convention)


def _console() -> Console:
    return Console(width=None if Console().is_terminal else 160)
