"""What a NIR graph holds, and what of it would be computed exactly here: node by node."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import nir
import numpy as np

from eegsnn.errors import ExchangeError
from eegsnn.exchange.composite import stands_for_one_layer
from eegsnn.exchange.euler import check_dt
from eegsnn.exchange.files import MAX_BYTES, read_graph
from eegsnn.exchange.graphs import FlatGraph, Schedule, flatten
from eegsnn.exchange.importing import layout_into, plan_of
from eegsnn.exchange.layout import Layout
from eegsnn.exchange.metadata import layer_of
from eegsnn.exchange.neuron import NIRNeuron
from eegsnn.exchange.nodes import CONVENTIONS, WITH_TIME, read_node

_PARAMETERS = ("tau", "tau_mem", "tau_syn", "r", "v_leak", "w_in", "v_threshold", "v_reset")
_MORE = ("threshold", "delay", "kernel_size", "stride", "padding", "dilation", "groups")


@dataclass(frozen=True)
class NodeReport:
    """One node of a graph.

    Attributes
    ----------
    name, kind : str
    sources : tuple of str
        Nodes that lead to it; those that arrive a step later are marked with ``↺``.
    shape : str
        Of what comes out, channels first.
    parameters : str
        Shape of the weights, range of the parameters.
    here : str
        Layer that computes it.
    problem : str
        Why it cannot be computed exactly; empty if it can.
    note : str
        What to know though it is exact.
    """

    name: str
    kind: str
    sources: tuple[str, ...]
    shape: str
    parameters: str
    here: str
    problem: str
    note: str


@dataclass(frozen=True)
class GraphReport:
    """A whole graph.

    Attributes
    ----------
    nodes : list of NodeReport
        In the order of computation.
    dt : float or None
        Seconds per step, where known.
    metadata : dict
    """

    nodes: list[NodeReport]
    dt: float | None
    metadata: dict[str, Any]

    @property
    def is_exact(self) -> bool:
        """Whether every node would be computed exactly."""
        return not any(node.problem for node in self.nodes)

    def drawing(self) -> str:
        """Nodes from top to bottom, with what leads to each that is not the one above it."""
        lines: list[str] = []
        for index, node in enumerate(self.nodes):
            above = self.nodes[index - 1].name if index else None
            others = [s for s in node.sources if s != above]
            if index:
                lines.append("│" if above in node.sources else "")
            text = f"● {node.name}  {node.kind} {node.shape}"
            lines.append(text + (f"  ← {', '.join(others)}" if others else ""))
        return "\n".join(lines)


def inspect_nir(
    source: nir.NIRGraph | str | os.PathLike[str],
    dt: float | None = None,
    *,
    convention: str = "nir",
    max_bytes: int = MAX_BYTES,
) -> GraphReport:
    """Look at every node of a graph, whether or not the whole can be run here.

    Parameters
    ----------
    source, dt, convention, max_bytes
        As in :func:`~eegsnn.exchange.from_nir`. Without a dt in the argument or the file, nodes
        that are described in seconds are reported as in need of one.

    Returns
    -------
    GraphReport

    Raises
    ------
    ExchangeError
        If the file cannot be read, or its edges make no graph (unknown nodes, a cycle that never
        waits).
    """
    graph = source if isinstance(source, nir.NIRGraph) else read_graph(source, max_bytes=max_bytes)
    metadata = dict(graph.metadata) if isinstance(graph.metadata, Mapping) else {}
    flat = flatten(graph, stands_for_one_layer)
    known = dt is not None or "dt" in metadata
    step = check_dt(dt, metadata.get("dt"), None) if known else None
    plan = plan_of(flat, step)
    layouts: dict[str, Layout] = {}
    incoming = flat.sources()
    reports = []
    for group in plan.groups:
        for name in group:
            reports.append(_look(name, flat, incoming, plan, layouts, step, convention))
    return GraphReport(reports, step, metadata)


def _look(
    name: str,
    flat: FlatGraph,
    incoming: dict[str, list[str]],
    plan: Schedule,
    layouts: dict[str, Layout],
    dt: float | None,
    convention: str,
) -> NodeReport:
    node, sources = flat.nodes[name], incoming[name]
    layer, problem, layout = None, "", None
    try:
        layout = layout_into(name, node, sources, layouts)
        if dt is None and isinstance(node, WITH_TIME | nir.NIRGraph):
            layouts[name] = layout
            problem = "needs dt"
        else:
            layer, layouts[name] = read_node(
                name, node, layout, 1.0 if dt is None else dt, CONVENTIONS[convention]
            )
    except ExchangeError as error:
        problem = str(error)
        if layout is not None and isinstance(node, WITH_TIME):
            layouts[name] = layout  # its shape is known all the same
    shown = tuple(f"↺ {source}" if (source, name) in plan.delayed else source for source in sources)
    shape = str(layouts[name].shape) if name in layouts else "?"
    kind = f"{layer_of(node)} (graph)" if isinstance(node, nir.NIRGraph) else type(node).__name__
    here = "" if layer is None else type(layer).__name__
    return NodeReport(
        name, kind, shown, shape, _parameters(node), here, problem, _note(node, layer)
    )


def _parameters(node: nir.NIRNode) -> str:
    parts = []
    if hasattr(node, "weight"):
        parts.append("×".join(map(str, np.shape(node.weight))))
    for name in (*_PARAMETERS, *_MORE):
        value = getattr(node, name, None)
        if value is not None:
            parts.append(f"{name} {_range(value)}")
    return ", ".join(parts)


def _range(value: Any) -> str:
    if isinstance(value, str | bytes):
        return repr(value)
    values = np.asarray(value)
    if values.size < 3 or values.dtype.kind not in "fiu":
        return ", ".join(dict.fromkeys(f"{v:.4g}" for v in values.reshape(-1).tolist()))
    low, high = values.min(), values.max()
    return f"{low:.4g}" if low == high else f"{low:.4g}…{high:.4g}"


def _note(node: Any, layer: Any) -> str:
    metadata = node.metadata if isinstance(node.metadata, Mapping) else {}
    if "approximation" in metadata:
        return f"approximation: {metadata['approximation']}"
    if metadata.get("plain_reading") == "other reset":
        return "its reset stands in the metadata: readers that ignore them spike otherwise"
    fires = isinstance(node, nir.IF | nir.LIF | nir.CubaLIF)
    if fires and "reset_mechanism" not in metadata:
        return "resets to v_reset at once, as NIR says (see the conventions of other libraries)"
    if isinstance(layer, NIRNeuron):
        return "computed in general form, with fixed parameters"
    return ""
