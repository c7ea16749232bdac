"""One layer after the other → the nodes of a NIR graph; every refusal names its layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import mlx.nn as nn
import nir
import numpy as np

from eegsnn.errors import EegsnnError, ExchangeError
from eegsnn.exchange.approximation import substitute
from eegsnn.exchange.composite import is_composite, read_composite, write_composite
from eegsnn.exchange.elements import (
    Delay,
    PaddedAfter,
    Reshape,
    Scale,
    StackedLinear,
    Threshold,
)
from eegsnn.exchange.layout import Layout
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
ABSENT = (Dropout, nn.Dropout, nn.Dropout2d, nn.Dropout3d, nn.Identity)
"""Layers that do nothing in evaluation, and are left out."""

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


def write_layer(name: str, layer: Any, chain: Chain) -> None:
    """Put one layer behind the chain; every refusal names it."""
    try:
        if isinstance(layer, Sequential):
            for inner, part in unfolded(layer, f"{name}_"):
                write_layer(inner, part, chain)
        elif isinstance(layer, Residual):
            _write_residual(name, layer, chain)
        elif isinstance(layer, Neuron):
            if not _add_near(name, layer, chain):
                chain.add(name, _write_neuron(name, layer, chain), chain.layout)
        elif isinstance(layer, Scale | Threshold | Delay):
            chain.add(name, _write_element(layer, chain), chain.layout)
        elif not isinstance(layer, ABSENT) and not _add_near(name, layer, chain):
            chain.add(name, *_write_stateless(layer, chain.layout))
    except ExchangeError as error:
        said = str(error)
        label = f"Layer {name!r} ({kind_of(layer)})"
        raise ExchangeError(said if said.startswith("Layer ") else f"{label}: {said}") from error
    except (EegsnnError, ValueError, TypeError) as error:
        raise ExchangeError(f"Layer {name!r} ({kind_of(layer)}): {error}") from error


def _add_near(name: str, layer: Any, chain: Chain) -> bool:
    """Put what comes near a layer behind the chain, if that is allowed and needed."""
    near = None if chain.approximations is None else substitute(layer, chain.layout)
    if near is None or chain.approximations is None:
        return False
    replacements, told = near
    chain.approximations.append(f"{name} ({kind_of(layer)}): {told}")
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
            for inner, part in unfolded(layer[path], f"{name}_{path}_"):
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
    for name, entry in parameters_of(layer.__class__).items():
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


def unfolded(model: Sequential, prefix: str) -> Any:
    """Yield the layers of a Sequential with a name each, those of nested ones too."""
    for index, layer in enumerate(model.layers):
        if isinstance(layer, Sequential):
            yield from unfolded(layer, f"{prefix}{index}_")
        else:
            yield f"{prefix}{index}_{kind_of(layer).lower()}", layer


def kind_of(layer: Any) -> str:
    """Name of the class of a layer, or of a function."""
    return (
        type(layer).__name__
        if isinstance(layer, nn.Module)
        else getattr(layer, "__name__", type(layer).__name__)
    )
