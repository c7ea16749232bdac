"""Here → NIR: every layer a node, or a refusal that names the layer and the reason."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import nir
import numpy as np

from eegsnn._validation import check_choice, check_number
from eegsnn._warnings import warn_user
from eegsnn.errors import ApproximationWarning, EegsnnError, ExchangeError
from eegsnn.exchange.approximation import mismatch, substitute
from eegsnn.exchange.composite import is_composite, read_composite, write_composite
from eegsnn.exchange.elements import (
    Delay,
    PaddedAfter,
    Reshape,
    Scale,
    StackedLinear,
    Threshold,
)
from eegsnn.exchange.euler import check_dt
from eegsnn.exchange.files import write_graph
from eegsnn.exchange.importing import from_nir
from eegsnn.exchange.layout import Layout
from eegsnn.exchange.metadata import graph_metadata
from eegsnn.exchange.model import GraphModel
from eegsnn.exchange.neuron import NIRNeuron
from eegsnn.exchange.nodes import Convention, read_node
from eegsnn.exchange.plain import (
    write_general,
    write_integrator,
    write_lapicque,
    write_leaky,
    write_parametric,
    write_synaptic,
)
from eegsnn.exchange.stateless import (
    array,
    write_conv,
    write_flatten,
    write_linear,
    write_padded,
    write_pool,
    write_reshape,
    write_stacked,
)
from eegsnn.layers import (
    BNTT,
    AvgPool1d,
    AvgPool2d,
    Dropout,
    Flatten,
    Residual,
    Sequential,
    TdBN,
)
from eegsnn.layers.base import check_features
from eegsnn.neurons import (
    AdEx,
    Alpha,
    Izhikevich,
    Lapicque,
    Leaky,
    LeakyIntegrator,
    Neuron,
    ParametricLeaky,
    ResonateAndFire,
    SpikingNeuron,
    Synaptic,
)
from eegsnn.neurons.parameters import parameters_of
from eegsnn.surrogate import SURROGATES

RESETS_WRITTEN: tuple[str, ...] = ("metadata", "loop")
"""How a reset by subtraction is written: in the metadata of an LIF node, or as nodes."""

_NEURONS: tuple[tuple[Any, Callable[..., nir.NIRNode]], ...] = (
    (ParametricLeaky, write_parametric),
    (Lapicque, write_lapicque),
    (Leaky, write_leaky),
    (Synaptic, write_synaptic),
    (LeakyIntegrator, write_integrator),
    (NIRNeuron, write_general),
)
_STATELESS: tuple[tuple[Any, Callable[..., tuple[nir.NIRNode, Layout]]], ...] = (
    (nn.Linear, write_linear),
    ((nn.Conv1d, nn.Conv2d), write_conv),
    ((AvgPool1d, AvgPool2d), write_pool),  # the sums are subclasses
    (Flatten, write_flatten),
    (Reshape, write_reshape),
    (StackedLinear, write_stacked),
    (PaddedAfter, write_padded),
)
_ABSENT = (Dropout, nn.Dropout, nn.Dropout2d, nn.Dropout3d, nn.Identity)

# Why NIR cannot say a layer; what is not listed is simply unknown.
_REASONS: tuple[tuple[Any, str], ...] = (
    (Alpha, "its reset acts on two currents, and no NIR node has such a reset"),
    (Izhikevich, "NIR has no quadratic neuron"),
    (AdEx, "NIR has no exponential neuron"),
    (ResonateAndFire, "NIR has no oscillating neuron"),
    ((nn.MaxPool1d, nn.MaxPool2d), "NIR has sums and averages, but no maximum"),
    ((TdBN, nn.BatchNorm), "NIR has no normalisation; fold its scale into the layer before"),
    (BNTT, "its parameters change from step to step, which no NIR node's do"),
)


@dataclass
class Chain:
    """A graph under construction: where the last layer's output is found."""

    dt: float
    loop: bool
    layout: Layout
    nodes: dict[str, nir.NIRNode] = field(default_factory=dict)
    edges: list[tuple[str, str]] = field(default_factory=list)
    last: tuple[str, ...] = ("input",)  # of several nodes the next one takes the sum
    approximations: list[str] | None = None  # what was replaced; None: nothing may be

    def way(self) -> Chain:
        """Begin another way from here, into the same graph."""
        return replace(self)

    def one_node(self, name: str) -> None:
        """Let the last output be that of one node, so that sums are taken in the order here."""
        ones = np.ones(self.layout.shape, np.float32)
        self.add(name, nir.Scale(ones, metadata={"layer": "sum"}), self.layout)

    def add(self, name: str, node: nir.NIRNode, layout: Layout) -> None:
        """Put a node behind the last one."""
        if name in self.nodes or name in ("input", "output"):
            raise ExchangeError(f"{name}: two layers have this name. Names have to differ.")
        before = np.array(self.layout.shape)
        # nir's own types are wrong for kernels that are not square, and for groups.
        node.input_type, node.output_type = {"input": before}, {"output": np.array(layout.shape)}
        self.nodes[name] = node
        self.edges += [(source, name) for source in self.last]
        self.last, self.layout = (name,), layout

    def graph(self, start: Layout, metadata: dict[str, Any]) -> nir.NIRGraph:
        """Finished graph."""
        ends = nir.Input(np.array(start.shape)), nir.Output(np.array(self.layout.shape))
        nodes = {"input": ends[0], **self.nodes, "output": ends[1]}
        edges = [*self.edges, *((source, "output") for source in self.last)]
        return nir.NIRGraph(nodes, edges, metadata, type_check=False)


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
        return list(_unfolded(model, ""))
    return [(f"0_{type(model).__name__.lower()}", model)]


def _unfolded(model: Sequential, prefix: str) -> Any:
    for index, layer in enumerate(model.layers):
        if isinstance(layer, Sequential):
            yield from _unfolded(layer, f"{prefix}{index}_")
        else:
            yield f"{prefix}{index}_{_kind(layer).lower()}", layer


def _kind(layer: Any) -> str:
    return (
        type(layer).__name__
        if isinstance(layer, nn.Module)
        else getattr(layer, "__name__", type(layer).__name__)
    )


def _input_features(
    layers: list[tuple[str, Any]], features: int | Sequence[int] | None
) -> tuple[int, ...]:
    if features is not None:
        return check_features(features)
    name, first = next((p for p in layers if not isinstance(p[1], _ABSENT)), layers[0])
    while isinstance(first, Residual):
        name, first = named_layers(first.block)[0]
    if isinstance(first, nn.Linear):
        return (int(first.weight.shape[1]),)
    raise ExchangeError(
        f"features: the shape of the input does not follow from {name} ({_kind(first)}). Give "
        f"features, the shape of one trial at one step, channels last."
    )


def write_layer(name: str, layer: Any, chain: Chain) -> None:
    """Put one layer behind the chain; every refusal names it."""
    try:
        if isinstance(layer, Sequential):
            for inner, part in _unfolded(layer, f"{name}_"):
                write_layer(inner, part, chain)
        elif isinstance(layer, Residual):
            _write_residual(name, layer, chain)
        elif isinstance(layer, Neuron):
            if not _add_near(name, layer, chain):
                chain.add(name, _write_neuron(name, layer, chain), chain.layout)
        elif isinstance(layer, Scale | Threshold | Delay):
            chain.add(name, _write_element(layer, chain), chain.layout)
        elif not isinstance(layer, _ABSENT) and not _add_near(name, layer, chain):
            chain.add(name, *_write_stateless(layer, chain.layout))
    except ExchangeError as error:
        said = str(error)
        label = f"Layer {name!r} ({_kind(layer)})"
        raise ExchangeError(said if said.startswith("Layer ") else f"{label}: {said}") from error
    except (EegsnnError, ValueError, TypeError) as error:
        raise ExchangeError(f"Layer {name!r} ({_kind(layer)}): {error}") from error


def _add_near(name: str, layer: Any, chain: Chain) -> bool:
    """Put what comes near a layer behind the chain, if that is allowed and needed."""
    near = None if chain.approximations is None else substitute(layer, chain.layout)
    if near is None or chain.approximations is None:
        return False
    replacements, told = near
    chain.approximations.append(f"{name} ({_kind(layer)}): {told}")
    first = len(chain.nodes)
    for index, replacement in enumerate(replacements):
        suffix = "" if len(replacements) == 1 else f"_{index}"
        write_layer(f"{name}{suffix}", replacement, chain)
    for node in list(chain.nodes.values())[first:]:
        node.metadata = {**node.metadata, "approximation": told}
    return True


def _write_element(layer: Scale | Threshold | Delay, chain: Chain) -> nir.NIRNode:
    if isinstance(layer, Delay):
        return nir.Delay(chain.layout.to_nir(layer.steps * chain.dt))
    if isinstance(layer, Scale):
        return nir.Scale(chain.layout.to_nir(array(layer.scale)))
    told = {
        "surrogate": layer.surrogate.name,
        "surrogate_slope": float(layer.surrogate.slope),
    }
    return nir.Threshold(chain.layout.to_nir(array(layer.threshold)), metadata=told)


def _write_stateless(layer: Any, layout: Layout) -> tuple[nir.NIRNode, Layout]:
    for kind, reason in _REASONS:
        if isinstance(layer, kind):
            raise ExchangeError(f"{reason}.")
    for kind, write in _STATELESS:
        if isinstance(layer, kind):
            _check_finite(layer)
            return write(layer, layout)
    raise ExchangeError("NIR has no node for it.")


def _write_residual(name: str, layer: Residual, chain: Chain) -> None:
    """Block and the way around it, both into whatever comes next, which sums them."""
    if len(chain.last) > 1:
        chain.one_node(f"{name}_input")
    block, around = chain.way(), chain.way()
    for path, way in (("block", block), ("shortcut", around)):
        if path in layer:
            for inner, part in _unfolded(layer[path], f"{name}_{path}_"):
                write_layer(inner, part, way)
    if block.layout.shape != around.layout.shape or not block.layout.same_order(around.layout):
        raise ExchangeError(
            f"its two ways give {block.layout.here} and {around.layout.here}, or one vector in "
            f"two orders (one of them flattened): the sum has no exact form."
        )
    if len(around.last) > 1:
        around.one_node(f"{name}_shortcut")
    if set(around.last) & set(block.last):
        block.one_node(f"{name}_block")
    chain.last, chain.layout = (*block.last, *around.last), block.layout


def _write_neuron(name: str, layer: Any, chain: Chain) -> nir.NIRNode:
    for kind, reason in _REASONS:
        if isinstance(layer, kind):
            raise ExchangeError(f"{reason}.")
    if isinstance(layer, SpikingNeuron):
        surrogate = layer.firing["surrogate"].name
        if surrogate not in SURROGATES:
            raise ExchangeError(
                f"its surrogate gradient {surrogate!r} is code, which no file can hold. Give one "
                f"of {', '.join(SURROGATES)}."
            )
    _check_finite(layer)
    if is_composite(layer, chain.loop):
        node: Any = write_composite(layer, chain.layout, chain.dt, loop=chain.loop)
        back = read_composite(node, chain.layout, chain.dt, name)
    else:
        writer = next((write for kind, write in _NEURONS if isinstance(layer, kind)), None)
        if writer is None or type(layer).__module__.partition(".")[0] != "eegsnn":
            raise ExchangeError("NIR has no node for it.")
        node = writer(layer, chain.layout, chain.dt)
        back, _ = read_node(name, node, chain.layout, chain.dt, Convention())
    _check_same(layer, back, chain.layout)
    return node


def _check_same(layer: Any, back: Any, layout: Layout) -> None:
    """Refuse a neuron that would come back with other parameters, however little."""
    if type(back) is not type(layer):
        raise ExchangeError("its values have no exact form in NIR.")
    for name, entry in parameters_of(type(layer)).items():
        if not entry.is_kept(layer):
            continue
        ours, theirs = array(getattr(layer, name)), array(getattr(back, name))
        if entry.per_neuron:
            ours, theirs = (np.broadcast_to(v, layout.here) for v in (ours, theirs))
        if not np.array_equal(ours, theirs):
            other = np.argwhere(ours != theirs)[0]
            raise ExchangeError(
                f"{name} = {ours[tuple(other)]!r} has no exact form in NIR: as a time constant it "
                f"comes back as {theirs[tuple(other)]!r}."
            )


def _check_finite(layer: Any) -> None:
    for name, value in layer.items():
        if hasattr(value, "astype") and not np.isfinite(array(value)).all():
            raise ExchangeError(f"{name} holds NaN or infinity.")
