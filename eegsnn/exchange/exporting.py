"""Here → NIR: every layer a node, or a refusal that names the layer and the reason."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import nir
import numpy as np

from eegsnn._validation import check_choice, check_number
from eegsnn._warnings import warn_user
from eegsnn.errors import ApproximationWarning, ExchangeError
from eegsnn.exchange.approximation import mismatch
from eegsnn.exchange.euler import check_dt
from eegsnn.exchange.files import write_graph
from eegsnn.exchange.importing import from_nir
from eegsnn.exchange.layout import Layout
from eegsnn.exchange.metadata import graph_metadata
from eegsnn.exchange.model import GraphModel
from eegsnn.exchange.writing import ABSENT, Chain, kind_of, unfolded, write_layer
from eegsnn.layers import Residual, Sequential
from eegsnn.layers.base import check_features

RESETS_WRITTEN: tuple[str, ...] = ("metadata", "loop")
"""How a reset by subtraction is written: in the metadata of an LIF node, or as nodes."""


def to_nir(
    model: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    dt: float,
    features: int | Sequence[int] | None = None,
    reset: str = "metadata",
    approximate: mx.array | None = None,
) -> nir.NIRGraph:
    """Write a network as a NIR graph, exactly or not at all.

    Parameters
    ----------
    model : Sequential, Residual, GraphModel, a layer, or list of (name, layer)
        Names become the names of the nodes. A GraphModel, trained further perhaps, is written with
        the nodes and edges that it was read with.
    path : path, optional
        Write the graph to this file too.
    dt : float
        Seconds per step: NIR's time constants are in seconds. It is kept in the metadata.
    features : int or tuple of int, optional
        Shape of one trial at one step, channels last; not needed where the first layer is a Linear.
    reset : {"metadata", "loop"}, default "metadata"
        NIR's neurons set the membrane to a value when they fire. "metadata" writes a reset by
        subtraction as such a neuron, with the true reset in its metadata, where this package reads
        it; other readers that ignore it compute other spikes. "loop" writes an integrator, a
        threshold and the spikes fed back, which is exact for any reader that can run cycles.
    approximate : array [T, batch, …], optional
        Replace what NIR cannot say by what comes near it, where there is such a thing (see
        :func:`eegsnn.exchange.approximation.substitute`), and run both networks on this sample: the
        share of outputs that differ is put into the metadata (``approximation_mismatch``) beside
        what was replaced (``approximation``), and said in a warning.

    Returns
    -------
    NIRGraph
        Its metadata hold ``dt`` and ``producer``. Dropout is left out, as in evaluation; learned
        parameters have their present values and are fixed when the graph is read again.

    Raises
    ------
    ExchangeError
        If NIR cannot say a layer exactly: the message names the layer and the reason.

    Warns
    -----
    ApproximationWarning
        With `approximate`, if something was replaced.

    Examples
    --------
    >>> import mlx.core as mx
    >>> from eegsnn.layers import Linear
    >>> from eegsnn.neurons import Leaky
    >>> graph = to_nir([("fc", Linear(4, 2, key=mx.random.key(0))), ("lif", Leaky())], dt=1e-3)
    >>> list(graph.nodes), round(float(graph.nodes["lif"].tau[0]), 6)
    (['input', 'fc', 'lif', 'output'], 0.01)
    """
    check_choice("reset", reset, RESETS_WRITTEN)
    if isinstance(model, GraphModel):
        graph = _rewrite(model, check_dt(dt, model.dt, None), reset == "loop")
        if path is not None:
            write_graph(graph, path)
        return graph
    dt = check_number("dt", dt, low=0, low_open=True, unit="s")
    layers = named_layers(model)
    start = Layout.of_here(_input_features(layers, features))
    chain = Chain(dt, reset == "loop", start)
    chain.approximations = None if approximate is None else []
    for name, layer in layers:
        write_layer(name, layer, chain)
    graph = chain.graph(start, graph_metadata(dt))
    if chain.approximations and approximate is not None:
        _measure(graph, Sequential(*(layer for _, layer in layers)), chain, approximate)
    if path is not None:
        write_graph(graph, path)
    return graph


def _rewrite(model: GraphModel, dt: float, loop: bool) -> nir.NIRGraph:
    """Graph of an imported network, with the present weights."""
    wiring = model.wiring
    nodes: dict[str, nir.NIRNode] = {}
    for name in wiring.graph.nodes:
        shape = np.array(wiring.layouts[name].shape)
        if name not in model.layers:
            nodes[name] = (nir.Output if name in wiring.graph.outputs else nir.Input)(shape)
            if name not in (*wiring.graph.inputs, *wiring.graph.outputs):
                nodes[name] = nir.Scale(np.ones(tuple(shape), np.float32))  # end of a nested graph
            continue
        chain = Chain(dt, loop, wiring.given[name])
        write_layer(name, model.layers[name], chain)
        nodes[name] = chain.nodes[name]
    metadata = {**wiring.metadata, **graph_metadata(dt)}
    return nir.NIRGraph(nodes, list(wiring.graph.edges), metadata, type_check=False)


def _measure(graph: nir.NIRGraph, model: Sequential, chain: Chain, sample: mx.array) -> None:
    """Mark a graph as an approximation, and say what it costs."""
    share = mismatch(model, from_nir(graph), sample)
    told = "; ".join(chain.approximations or ())
    graph.metadata |= {"approximation": told, "approximation_mismatch": share}
    warn_user(
        f"approximate: the graph is an approximation: {told}. On the sample {share:.2%} of the "
        f"outputs differ. Leave approximate out to have such layers refused.",
        ApproximationWarning,
    )


def export_to_nir(
    layers: Any, input_shape: int | Sequence[int] | None = None, dt: float = 1e-4, **options: Any
) -> nir.NIRGraph:
    """Do what :func:`to_nir` does, with the arguments and the default dt that mlx-snn has."""
    return to_nir(layers, dt=dt, features=input_shape, **options)


def named_layers(model: Any) -> list[tuple[str, Any]]:
    """Layers of a model with a name each, nested Sequentials unfolded."""
    if isinstance(model, list | tuple):
        pairs = list(model)
        if not pairs or not all(
            isinstance(p, list | tuple) and len(p) == 2 and isinstance(p[0], str) for p in pairs
        ):
            raise ExchangeError(f"model: expected (name, layer) pairs, but got {model!r}.")
        bad = [name for name, _ in pairs if not name or "/" in name or name == "."]
        if bad:
            raise ExchangeError(f"names: expected names without '/', but got {bad!r}.")
        return [(name, layer) for name, layer in pairs]
    if isinstance(model, Sequential):
        return list(unfolded(model, ""))
    return [(f"0_{type(model).__name__.lower()}", model)]


def _input_features(
    layers: list[tuple[str, Any]], features: int | Sequence[int] | None
) -> tuple[int, ...]:
    if features is not None:
        return check_features(features)
    name, first = next((p for p in layers if not isinstance(p[1], ABSENT)), layers[0])
    while isinstance(first, Residual):
        name, first = named_layers(first.block)[0]
    if isinstance(first, nn.Linear):
        return (int(first.weight.shape[1]),)
    raise ExchangeError(
        f"features: the shape of the input does not follow from {name} ({kind_of(first)}). Give "
        f"features, the shape of one trial at one step, channels last."
    )
