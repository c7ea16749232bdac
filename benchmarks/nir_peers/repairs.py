"""What the peers' files should have said: each fault of an exporter, put right and named.

Only what a library computes with counts here, not what it writes. A file that needs no repair is
read as it is.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import nir
import numpy as np

NEURONS = (nir.IF, nir.LIF, nir.CubaLIF, nir.LI)
Repair = tuple[nir.NIRGraph, str]


def _each(graph: nir.NIRGraph, change: Callable[[nir.NIRNode], None]) -> nir.NIRGraph:
    for node in graph.nodes.values():
        if isinstance(node, nir.NIRGraph):
            _each(node, change)
        else:
            change(node)
    return graph


def norse(graph: nir.NIRGraph, dt: float) -> Repair:
    """Time constants are written times dt; the jump of the current and of IF is not written."""
    told = set()

    def change(node: nir.NIRNode) -> None:
        for name in ("tau", "tau_mem", "tau_syn"):
            if hasattr(node, name):
                setattr(node, name, np.asarray(getattr(node, name), np.float64) / dt)
                told.add(f"{name} is written as dt·{name}")
        if isinstance(node, nir.CubaLIF):
            node.w_in = node.tau_syn / dt
            told.add("w_in is written as 1, it is tau_syn/dt")
        if isinstance(node, nir.IF):
            node.r = np.full_like(node.r, 1 / dt)
            told.add("r of IF is written as 1, it is 1/dt")

    return _each(graph, change), "; ".join(sorted(told))


def spyx(graph: nir.NIRGraph, dt: float) -> Repair:
    """Gains are written as β or 1, the late output and the order of Flatten not at all."""
    told = {"its spikes are those of the step before"}
    graph = copy.deepcopy(graph)

    def change(node: nir.NIRNode) -> None:
        if isinstance(node, nir.LIF | nir.LI):
            node.r = np.asarray(node.tau, np.float64) / dt
            told.add("r is written as β, it is tau/dt")
        if isinstance(node, nir.CubaLIF):
            node.r, node.w_in = node.tau_mem / dt, node.tau_syn / dt
            told.add("r and w_in are written as β and 1, they are tau/dt")
        if isinstance(node, nir.IF):
            node.r = np.full_like(node.r, 1 / dt)
            told.add("r of IF is written as 1, it is 1/dt")

    graph = _each(graph, change)
    if any(isinstance(node, nir.LI) for node in graph.nodes.values()):
        return graph, "r is written as 1, it is tau/dt"
    for name, node in graph.nodes.items():
        if isinstance(node, nir.NIRGraph):
            told.add("the input of a recurrent layer is led through w_rec")
            kinds = {type(n): k for k, n in node.nodes.items()}
            entry = kinds[nir.Input]
            target = next(k for k, n in node.nodes.items() if isinstance(n, NEURONS))
            node.edges = [(a, target) if a == entry else (a, b) for a, b in node.edges]
        if isinstance(node, nir.Flatten):
            told.add("weights after Flatten are in the order height, width, channels")
            follower = graph.nodes[next(b for a, b in graph.edges if a == name)]
            shape = np.asarray(node.input_type["input"])
            order = np.arange(np.prod(shape)).reshape(shape[1], shape[2], shape[0])
            follower.weight = follower.weight[:, np.moveaxis(order, -1, 0).reshape(-1)]
    for name in [k for k, n in graph.nodes.items() if isinstance(n, (*NEURONS, nir.NIRGraph))]:
        _wait_after(graph, name, dt)
    return graph, "; ".join(sorted(told))


def _wait_after(graph: nir.NIRGraph, name: str, dt: float) -> None:
    shape = next(iter(graph.nodes[name].output_type.values()))
    graph.nodes[f"{name}_late"] = nir.Delay(np.full(tuple(shape), dt))
    graph.edges = [(f"{name}_late" if a == name else a, b) for a, b in graph.edges]
    graph.edges.append((name, f"{name}_late"))


def sinabs(graph: nir.NIRGraph, dt: float) -> Repair:
    """ExpLeak adds its input whole, and is written as if it did not."""

    def change(node: nir.NIRNode) -> None:
        if isinstance(node, nir.LI):
            node.r = 1 / (1 - np.exp(-dt / np.asarray(node.tau, np.float64)))

    return _each(graph, change), "r of LI is written as 1, it is 1/(1−e^(−1/tau))"


def rockpool(graph: nir.NIRGraph, dt: float) -> Repair:
    """Gains are written for Euler's method, but decays are exponential."""

    def change(node: nir.NIRNode) -> None:
        if isinstance(node, nir.Input | nir.Output):
            for types in (node.input_type, node.output_type):
                types.update({key: np.asarray(shape)[-1:] for key, shape in types.items()})
        if isinstance(node, nir.CubaLIF):
            syn, mem = np.exp(-dt / node.tau_syn), np.exp(-dt / node.tau_mem)
            node.r, node.w_in = 1 / (1 - mem), syn / (1 - syn)

    told = "Input and Output have a batch axis; r and w_in are not those of exponential decays"
    return _each(graph, change), told


REPAIRS: dict[str, Callable[[nir.NIRGraph, float], Repair]] = {
    "norse": norse,
    "spyx": spyx,
    "sinabs": sinabs,
    "rockpool": rockpool,
}
