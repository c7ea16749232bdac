"""Neurons that take several NIR nodes: recurrent ones, ones without reset, and ALIF, both ways.

Each becomes a nested graph that any reader of NIR can run: the nodes say all of it (but for the
resets that NIR lacks), and the metadata say which neuron here they stand for.

- A neuron **without reset** is an integrator and a Threshold.
- **Reset by subtraction**, one step later, is an integrator, a Threshold, and the spikes times −θ
  fed back (`loop`): exact in plain NIR, where an LIF node would need metadata.
- **ALIF** is that with a second integrator, the adaptation, whose −b-fold is added before the
  Threshold.
- **Recurrence** feeds the spikes back through weights, in the form that snnTorch writes.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import mlx.core as mx
import nir
import numpy as np

from eegsnn.errors import ExchangeError
from eegsnn.exchange.layout import Layout
from eegsnn.exchange.metadata import firing_of, layer_metadata, layer_of
from eegsnn.exchange.plain import (
    membrane_node,
    needs_metadata,
    plain_values,
    spiking_node,
    values_of,
)
from eegsnn.exchange.stateless import array, f32
from eegsnn.neurons import (
    ALIF,
    IF,
    RALIF,
    DualExponential,
    Leaky,
    RecurrentNeuron,
    RLeaky,
    RSynaptic,
    Synaptic,
)

_LARGEST_DIAGONAL = 2048  # one-to-one recurrence is written as a matrix, which others expect


@dataclass
class Parts:
    """Nodes of a nested graph under construction, between its Input and its Output."""

    nodes: dict[str, nir.NIRNode] = field(default_factory=dict)
    edges: list[tuple[str, str]] = field(default_factory=list)
    entry: str = "lif"
    exit: str = "lif"

    def graph(self, layout: Layout, metadata: dict[str, Any]) -> nir.NIRGraph:
        """Finished graph."""
        shape = np.array(layout.shape)
        ends = {"input": nir.Input(shape), "output": nir.Output(shape)}
        edges = [("input", self.entry), *self.edges, (self.exit, "output")]
        nodes = {"input": ends["input"], **self.nodes, "output": ends["output"]}
        return nir.NIRGraph(nodes, edges, metadata, type_check=False)


def is_composite(layer: Any, loop: bool) -> bool:
    """Whether a neuron takes several nodes; `loop` asks for reset by subtraction in plain NIR."""
    if isinstance(layer, RecurrentNeuron | ALIF | DualExponential):
        return True
    if not isinstance(layer, Leaky | Synaptic):
        return False
    mechanism = layer.firing["reset_mechanism"]
    return mechanism == "none" or (mechanism == "subtract" and loop)


def write_composite(layer: Any, layout: Layout, dt: float, *, loop: bool = False) -> nir.NIRGraph:
    """Nested graph of a neuron that :func:`is_composite`.

    Raises
    ------
    ExchangeError
        If NIR has no exact form of it.
    """
    p = values_of(layer, layout)
    firing = layer.firing
    loop = loop or isinstance(layer, ALIF | RALIF)
    later = firing["reset_mechanism"] == "subtract" and firing["reset_delay"]
    if loop and firing["reset_mechanism"] != "none" and not later:
        raise ExchangeError(
            f"its reset (reset_mechanism={firing['reset_mechanism']!r}, "
            f"reset_delay={firing['reset_delay']}) has no exact form in NIR for this neuron; "
            f"'none', and 'subtract' with reset_delay=True, have."
        )
    parts = _core(layer, p, dt, loop)
    if isinstance(layer, DualExponential):
        rise = membrane_node(p["alpha"], dt, {})
        parts.nodes = {"rise": rise, **parts.nodes}
        parts.edges.insert(0, ("rise", parts.entry))
        parts.entry = "rise"
    if isinstance(layer, RecurrentNeuron):
        parts.nodes["w_rec"] = _recurrence(layer, p, layout)
        parts.edges += [(parts.exit, "w_rec"), ("w_rec", parts.entry)]
    other = "lif" in parts.nodes and needs_metadata(layer)
    metadata = layer_metadata(layer, plain_reading="other reset" if other else "same")
    return parts.graph(layout, metadata)


def _core(layer: Any, p: dict[str, np.ndarray], dt: float, loop: bool) -> Parts:
    """Build what integrates and fires: one node, or an integrator and a Threshold."""
    mechanism = layer.firing["reset_mechanism"]
    alpha = p.get("alpha")
    if mechanism != "none" and not loop:
        return Parts({"lif": spiking_node(p["beta"], p["threshold"], dt, {}, alpha)})
    parts = Parts(entry="membrane", exit="threshold", edges=[("membrane", "threshold")])
    if loop and alpha is not None:  # the reset must not pass through the current
        parts.nodes["current"] = membrane_node(alpha, dt, {})
        parts.edges.insert(0, ("current", "membrane"))
        parts.entry, alpha = "current", None
    parts.nodes["membrane"] = membrane_node(p["beta"], dt, {}, alpha)
    if isinstance(layer, ALIF | RALIF):
        parts.nodes["adaptation"] = membrane_node(p["rho"], dt, {})
        parts.nodes["raise"] = nir.Scale(-p["b"])
        ring = ("threshold", "adaptation", "raise", "threshold")
        parts.edges += list(itertools.pairwise(ring))
    parts.nodes["threshold"] = nir.Threshold(p["threshold"])
    if mechanism == "subtract":
        parts.nodes["reset"] = nir.Scale(-p["threshold"])
        parts.edges += [("threshold", "reset"), ("reset", "membrane")]
    return parts


def _recurrence(layer: Any, p: dict[str, np.ndarray], layout: Layout) -> nir.NIRNode:
    if "V" in p:
        if len(layout.shape) == 1 and layout.size <= _LARGEST_DIAGONAL:
            return nir.Linear(np.diag(p["V"]).astype(np.float32))
        return nir.Scale(p["V"].astype(np.float32))
    weight, bias = array(layer.recurrent_weight), array(layer.recurrent_bias)
    if weight.ndim == 4:
        if len(layout.shape) != 3:
            raise ExchangeError(f"its recurrence is of images, but its input is {layout.here}.")
        return nir.Conv2d(
            tuple(layout.shape[1:]),
            np.ascontiguousarray(np.moveaxis(weight, -1, 1)),
            (1, 1),
            (weight.shape[1] // 2, weight.shape[2] // 2),
            (1, 1),
            1,
            bias,
        )
    if len(layout.shape) != 1 or weight.shape[0] != layout.size:
        raise ExchangeError(
            f"its recurrence is of {weight.shape[0]} neurons in a row, but its input has the shape "
            f"{layout.here}."
        )
    rows = layout.columns_to_nir(weight.T).T
    return nir.Affine(
        np.ascontiguousarray(layout.columns_to_nir(rows)), layout.columns_to_nir(bias)
    )


def read_composite(graph: nir.NIRGraph, layout: Layout, dt: float, name: str) -> Any | None:
    """Neuron that a nested graph stands for; None if it holds other values than such a neuron."""
    kind = layer_of(graph)
    firing = firing_of(graph.metadata, name)
    neuron = graph.nodes.get("lif") or graph.nodes["membrane"]
    p = plain_values(neuron, layout, dt, name)
    if p is None or np.any(getattr(neuron, "v_reset", 0)):
        return None
    if "current" in graph.nodes:
        current = plain_values(graph.nodes["current"], layout, dt, name)
        if current is None:
            return None
        p["alpha"] = current["beta"]
    if "threshold" in graph.nodes:
        p["threshold"] = f32(layout.to_here(np.asarray(graph.nodes["threshold"].threshold)))
    reset = graph.nodes.get("reset")
    if reset is not None and not np.array_equal(_scale(reset, layout), -p["threshold"]):
        return None
    if not np.all(p["threshold"] > 0):
        return None
    return _READERS[kind or ""](graph, layout, dt, name, p, firing)


def _read_recurrent(
    graph: nir.NIRGraph, layout: Layout, dt: float, name: str, p: Any, firing: dict[str, Any]
) -> Any | None:
    kind = _RECURRENT[layer_of(graph) or ""]
    if kind is RALIF:
        p |= _adaptation(graph, layout, dt, name)
    node = graph.nodes["w_rec"]
    size = {"linear_features": 1}
    if isinstance(node, nir.Linear | nir.Scale):
        weights = f32(node.scale if isinstance(node, nir.Scale) else np.diag(node.weight))
        if isinstance(node, nir.Linear) and np.count_nonzero(node.weight) > np.count_nonzero(
            weights
        ):
            return None
        return kind(**p, V=layout.to_here(weights), all_to_all=False, **firing)
    weight, bias = f32(node.weight), f32(node.bias)
    if isinstance(node, nir.Conv2d):
        size = {"conv2d_channels": 1, "kernel_size": 1}
        weight = np.ascontiguousarray(np.moveaxis(weight, 1, -1))
    else:
        rows = layout.columns_to_here(weight.T).T
        weight, bias = layout.columns_to_here(rows), layout.columns_to_here(bias)
    layer = kind(**p, **size, key=mx.random.key(0), **firing)
    layer.recurrent_weight, layer.recurrent_bias = weight, bias
    return layer


def _read_adaptive(
    graph: nir.NIRGraph, layout: Layout, dt: float, name: str, p: Any, firing: dict[str, Any]
) -> Any | None:
    return ALIF(**p, **_adaptation(graph, layout, dt, name), **firing)


def _read_dual(
    graph: nir.NIRGraph, layout: Layout, dt: float, name: str, p: Any, firing: dict[str, Any]
) -> Any | None:
    rise = plain_values(graph.nodes["rise"], layout, dt, name)
    if rise is None or not np.array_equal(rise["beta"], p["alpha"]):
        return None
    return DualExponential(**p, **firing)


def _read_simple(
    graph: nir.NIRGraph, layout: Layout, dt: float, name: str, p: Any, firing: dict[str, Any]
) -> Any | None:
    kind = {"Leaky": Leaky, "IF": IF, "Synaptic": Synaptic}[layer_of(graph) or ""]
    if kind is IF and np.any(p.pop("beta") != 1):
        return None
    return kind(**p, **firing)


def _adaptation(graph: nir.NIRGraph, layout: Layout, dt: float, name: str) -> dict[str, Any]:
    adaptation = plain_values(graph.nodes["adaptation"], layout, dt, name)
    if adaptation is None:
        raise ExchangeError(
            f"{name}: its adaptation is none of an adaptive neuron of this package."
        )
    return {"rho": adaptation["beta"], "b": -_scale(graph.nodes["raise"], layout)}


def _scale(node: Any, layout: Layout) -> np.ndarray:
    return f32(layout.to_here(np.asarray(node.scale)))


_RECURRENT = {"RLeaky": RLeaky, "RSynaptic": RSynaptic, "RALIF": RALIF}
_SIMPLE = ("Leaky", "IF", "Synaptic")
_READERS: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(_RECURRENT, _read_recurrent),
    **dict.fromkeys(_SIMPLE, _read_simple),
    "ALIF": _read_adaptive,
    "DualExponential": _read_dual,
}


def stands_for_one_layer(node: nir.NIRNode) -> bool:
    """Whether a nested graph has the form of one that :func:`write_composite` writes."""
    kind = layer_of(node)
    if not isinstance(node, nir.NIRGraph) or kind not in _READERS:
        return False
    inner = set(node.nodes) - {"input", "output"}
    core: tuple[set[str], ...] = ({"lif"}, {"membrane", "threshold"})
    core = (*core, {"membrane", "threshold", "reset"})
    core = (*core, {"current", "membrane", "threshold", "reset"})
    adaptive = {"adaptation", "raise"} if kind in ("ALIF", "RALIF") else set()
    more = adaptive | ({"w_rec"} if kind in _RECURRENT else set())
    more |= {"rise"} if kind == "DualExponential" else set()
    if not any(inner == nodes | more for nodes in core):
        return False
    expected = {
        "lif": nir.IF | nir.LIF | nir.CubaLIF,
        "membrane": nir.I | nir.LI | nir.CubaLI,
        "adaptation": nir.I | nir.LI,
        "current": nir.I | nir.LI,
        "rise": nir.I | nir.LI,
        "threshold": nir.Threshold,
        "reset": nir.Scale,
        "raise": nir.Scale,
        "w_rec": nir.Linear | nir.Affine | nir.Scale | nir.Conv2d,
    }
    return all(isinstance(node.nodes[name], expected[name]) for name in inner)
