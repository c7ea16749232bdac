"""NIR → here: a graph, checked node by node and edge by edge, becomes a network."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import nir

from eegsnn._validation import check_choice
from eegsnn.errors import ExchangeError
from eegsnn.exchange.composite import stands_for_one_layer
from eegsnn.exchange.elements import Delay
from eegsnn.exchange.euler import check_dt
from eegsnn.exchange.files import MAX_BYTES, read_graph
from eegsnn.exchange.graphs import FlatGraph, Schedule, flatten, schedule
from eegsnn.exchange.layout import Layout
from eegsnn.exchange.model import GraphModel, Wiring
from eegsnn.exchange.nodes import (
    CONVENTIONS,
    MAX_VALUES,
    NEURONS,
    WITH_TIME,
    Convention,
    expected_shape,
    fits,
    read_node,
    shape_of,
)


def from_nir(
    source: nir.NIRGraph | str | os.PathLike[str],
    dt: float | None = None,
    *,
    convention: str | Convention = "nir",
    max_bytes: int = MAX_BYTES,
) -> GraphModel:
    """Make a network from a NIR graph or file.

    Parameters
    ----------
    source : NIRGraph or path
    dt : float, optional
        Seconds per step. Files of this package carry it; of others it has to be known, unless
        nothing in the graph is described in seconds.
    convention : str or Convention, default "nir"
        What the library that wrote the graph means by its neurons, by name ("nir", "snntorch",
        "spikingjelly", "sinabs") or in detail. It says what NIR leaves open; a reset that
        stands in a node's metadata goes before it.
    max_bytes : int, default 2 GiB
        A file whose arrays take more is refused before they are read.

    Returns
    -------
    GraphModel

    Raises
    ------
    ExchangeError
        If the file is none, damaged or hostile; a node is unknown, or cannot be computed exactly
        (a time constant below dt, weights that are not finite); shapes on an edge differ; a cycle
        has no delay; dt is missing. The message names the node or both ends of the edge.

    Examples
    --------
    >>> import mlx.core as mx
    >>> import numpy as np
    >>> one = np.ones(1)
    >>> lif = nir.LIF(tau=0.01 * one, r=10 * one, v_leak=0 * one, v_threshold=one)
    >>> model = from_nir(nir.NIRGraph.from_list(lif), dt=1e-3)
    >>> spikes, state = model.run(mx.full((3, 1, 1), 0.6))
    >>> spikes.reshape(-1).tolist()
    [0.0, 1.0, 0.0]
    """
    if isinstance(convention, str):
        check_choice("convention", convention, CONVENTIONS)
        convention = CONVENTIONS[convention]
    graph = source if isinstance(source, nir.NIRGraph) else read_graph(source, max_bytes=max_bytes)
    metadata = graph.metadata if isinstance(graph.metadata, Mapping) else {}
    flat = flatten(graph, stands_for_one_layer)
    step = check_dt(dt, metadata.get("dt"), _needs_time(flat))
    plan = plan_of(flat, step)
    layers, layouts, given = _read_all(flat, plan, step, convention)
    gathers = _check_edges(flat, layouts)
    wiring = Wiring(flat, plan, layouts, step, given, gathers, dict(metadata))
    return GraphModel({n: layer for n, layer in layers.items() if layer is not None}, wiring)


def import_from_nir(
    graph: nir.NIRGraph | str | os.PathLike[str], dt: float | None = None, **options: Any
) -> GraphModel:
    """Do what :func:`from_nir` does; the name that users of mlx-snn know."""
    return from_nir(graph, dt, **options)


def plan_of(flat: FlatGraph, dt: float | None) -> Schedule:
    """Order of computation; without a `dt`, every Delay is taken for one of at least one step."""
    return schedule(
        flat,
        has_state=lambda name: isinstance(flat.nodes[name], NEURONS | nir.NIRGraph),
        fires=lambda name: isinstance(flat.nodes[name], nir.Threshold),
        delays=lambda name: _waits(flat, name, dt),
    )


def _needs_time(flat: FlatGraph) -> str | None:
    """Name of the first node that is described in seconds."""
    for name, node in flat.nodes.items():
        if isinstance(node, WITH_TIME | nir.NIRGraph):
            return name
    return None


def _waits(flat: FlatGraph, name: str, dt: float | None) -> bool:
    node = flat.nodes[name]
    if not isinstance(node, nir.Delay) or dt is None:
        return isinstance(node, nir.Delay)
    shape = expected_shape(node)
    layout = Layout(tuple(size or 1 for size in shape or (1,)))
    layer = read_node(name, node, layout, dt, Convention())[0]
    return isinstance(layer, Delay) and layer.always_waits


def _read_all(
    flat: FlatGraph, plan: Schedule, dt: float, convention: Convention
) -> tuple[dict[str, Any], dict[str, Layout], dict[str, Layout]]:
    layers: dict[str, Any] = {}
    layouts: dict[str, Layout] = {}
    given: dict[str, Layout] = {}
    sources = flat.sources()
    for group in plan.groups:
        for name in group:
            given[name] = layout_into(name, flat.nodes[name], sources[name], layouts)
            layers[name], layouts[name] = read_node(
                name, flat.nodes[name], given[name], dt, convention
            )
    return layers, layouts, given


def layout_into(
    name: str, node: nir.NIRNode, sources: list[str], layouts: dict[str, Layout]
) -> Layout:
    """Layout of what comes into a node, from the nodes before it or from what it declares."""
    try:
        expected = expected_shape(node)
    except ExchangeError as error:
        raise ExchangeError(f"{name}: {error}") from error
    except (ValueError, TypeError, IndexError, AttributeError) as error:
        raise ExchangeError(f"{name}: unusable {type(node).__name__} node: {error}") from error
    known = [(source, layouts[source]) for source in sources if source in layouts]
    for source, layout in known:
        _check_fits(source, layout.shape, name, expected)
    if known:
        first, layout = known[0]
        for source, other in known[1:]:
            if other.shape != layout.shape:
                raise ExchangeError(
                    f"edges into {name!r}: what is summed has to have one shape, but {first!r} "
                    f"gives {layout.shape} and {source!r} gives {other.shape}."
                )
        return layout
    if isinstance(node, nir.Input):
        declared = (node.input_type or {}).get("input")
        if declared is None:
            raise ExchangeError(f"{name}: an Input has to say its shape, but this one does not.")
        shape = shape_of(declared)
        layout = Layout(shape)
        if layout.size > MAX_VALUES:
            raise ExchangeError(
                f"{name}: expected at most {MAX_VALUES} values per step, but its shape is {shape}."
            )
        return layout
    if expected is None or None in expected:
        raise ExchangeError(
            f"{name}: its shape follows from nothing: all edges into it come from a later step."
        )
    return Layout(tuple(size for size in expected if size is not None))


def _check_edges(flat: FlatGraph, layouts: dict[str, Layout]) -> dict[tuple[str, str], Any]:
    """Check edges that close a cycle too, and find those whose ends order vectors differently."""
    gathers = {}
    place = {name: index for index, name in enumerate(layouts)}
    for target, sources in flat.sources().items():
        wanted = _layout_read(target, flat.nodes[target], sources, layouts, place)
        for source in sources:
            _check_fits(source, layouts[source].shape, target, expected_shape(flat.nodes[target]))
            if layouts[source].shape != wanted.shape:
                raise ExchangeError(
                    f"edges into {target!r}: what is summed has to have one shape, but {source!r} "
                    f"gives {layouts[source].shape} and another {wanted.shape}."
                )
            gather = layouts[source].gather_for(wanted)
            if gather is not None:
                gathers[source, target] = gather
    return gathers


def _layout_read(
    target: str,
    node: nir.NIRNode,
    sources: list[str],
    layouts: dict[str, Layout],
    place: dict[str, int],
) -> Layout:
    """Layout that a node's input was read with: that of the first source computed before it."""
    for source in sources:
        if place[source] < place[target]:
            return layouts[source]
    if isinstance(node, NEURONS):
        return layouts[target]
    return Layout(tuple(size or 1 for size in expected_shape(node) or ()))


def _check_fits(
    source: str, shape: tuple[int, ...], target: str, expected: tuple[int | None, ...] | None
) -> None:
    if not fits(shape, expected):
        wanted = tuple("any" if size is None else size for size in expected or ())
        raise ExchangeError(
            f"edge {source!r} → {target!r}: {source!r} gives the shape {shape} (channels first), "
            f"but {target!r} expects {str(wanted).replace(repr('any'), 'any')}."
        )
