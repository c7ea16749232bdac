"""The structure of a NIR graph: nested graphs unfolded, cycles found, nodes put in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import nir
import numpy as np

from eegsnn.errors import ExchangeError
from eegsnn.exchange.inferred import without_wrong_shapes

Edge = tuple[str, str]

MAX_DEPTH = 16
"""Graphs nested deeper than this are refused."""

MAX_NODES, MAX_EDGES, MAX_FEEDBACK = 20_000, 100_000, 1_000
"""Larger graphs, and graphs with more edges that close cycles, are refused."""


@dataclass
class FlatGraph:
    """A graph without graphs inside; names of inner nodes are ``outer.inner``.

    Attributes
    ----------
    nodes : dict of str to NIRNode
    edges : list of (str, str)
        In the order of the file: several edges into a node are summed from left to right.
    inputs, outputs : list of str
        Where data enter and leave the whole graph.
    """

    nodes: dict[str, nir.NIRNode] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)

    def sources(self) -> dict[str, list[str]]:
        """Nodes whose outputs are summed into each node, in the order of the edges."""
        found: dict[str, list[str]] = {name: [] for name in self.nodes}
        for source, target in self.edges:
            found[target].append(source)
        return found


def flatten(graph: nir.NIRGraph, is_one_layer: Callable[[nir.NIRNode], bool]) -> FlatGraph:
    """Unfold nested graphs, but for those that `is_one_layer` says stand for one layer.

    Nodes that nothing leads to, or that lead nowhere, get an Input or Output of their own, as
    ``nir`` itself does. Shapes that ``nir`` is known to infer wrongly are not taken from it.

    Raises
    ------
    ExchangeError
        For an edge to a node that does not exist, an edge given twice, a nested graph with several
        inputs or outputs, or a graph without any node.
    """
    flat = FlatGraph()
    flat.inputs, flat.outputs = _unfold(graph, "", flat, is_one_layer, 0)
    if not flat.nodes:
        raise ExchangeError("graph: expected at least one node, but it holds none.")
    if len(flat.nodes) > MAX_NODES or len(flat.edges) > MAX_EDGES:
        raise ExchangeError(
            f"graph: expected at most {MAX_NODES} nodes and {MAX_EDGES} edges, but it has "
            f"{len(flat.nodes)} and {len(flat.edges)}."
        )
    targets = {target for _, target in flat.edges}
    starts = {source for source, _ in flat.edges}
    for name in list(flat.nodes):
        if name not in targets and name not in flat.inputs:
            flat.inputs.append(_attach(flat, name, "input"))
        if name not in starts and name not in flat.outputs:
            flat.outputs.append(_attach(flat, name, "output"))
    flat.nodes = without_wrong_shapes(flat.nodes, flat.edges)
    return flat


def _unfold(
    graph: nir.NIRGraph,
    prefix: str,
    flat: FlatGraph,
    is_one_layer: Callable[[nir.NIRNode], bool],
    depth: int,
) -> tuple[list[str], list[str]]:
    if depth > MAX_DEPTH:
        raise ExchangeError(f"{prefix.rstrip('.')}: graphs are nested more than {MAX_DEPTH} deep.")
    entries: dict[str, tuple[str, str]] = {}  # of a node: where edges into it and out of it go
    for name, node in graph.nodes.items():
        full = f"{prefix}{name}"
        if isinstance(node, nir.NIRGraph) and not is_one_layer(node):
            inputs, outputs = _unfold(node, f"{full}.", flat, is_one_layer, depth + 1)
            for kind, found in (("Input", inputs), ("Output", outputs)):
                if len(found) != 1:
                    raise ExchangeError(
                        f"{full}: expected a nested graph with one {kind}, but it has "
                        f"{len(found)}: an edge to it does not say which is meant."
                    )
            entries[name] = (inputs[0], outputs[0])
            continue
        if full in flat.nodes:
            raise ExchangeError(f"{full}: two nodes have this name.")
        flat.nodes[full] = node
        entries[name] = (full, full)
    seen = set()
    for source, target in graph.edges:
        for end in (source, target):
            if end not in entries:
                raise ExchangeError(
                    f"edge {source!r} → {target!r}: there is no node {end!r}. Nodes: "
                    f"{', '.join(sorted(entries))}."
                )
        if (source, target) in seen:
            raise ExchangeError(f"edge {source!r} → {target!r}: it is given twice.")
        seen.add((source, target))
        flat.edges.append((entries[source][1], entries[target][0]))
    kinds = ((nir.Input, 0), (nir.Output, 1))
    inputs, outputs = (
        [entries[name][end] for name, node in graph.nodes.items() if isinstance(node, kind)]
        for kind, end in kinds
    )
    return inputs, outputs


def _attach(flat: FlatGraph, name: str, kind: str) -> str:
    added = f"{kind}_{name}"
    while added in flat.nodes:
        added += "_"
    if kind == "input":
        declared = (flat.nodes[name].input_type or {}).get("input")
        if declared is None or not np.size(declared):
            raise ExchangeError(f"{name}: no edge leads to it, and it does not say its own shape.")
        flat.nodes[added] = nir.Input(np.array(declared))
        flat.edges.append((added, name))
    else:
        flat.nodes[added] = nir.Output(None)
        flat.edges.append((name, added))
    return added


@dataclass(frozen=True)
class Schedule:
    """In which order nodes are computed.

    Attributes
    ----------
    groups : list of list of str
        A group of one node is run over all steps at once; one of several nodes, or with an edge to
        itself, is a recurrence and is run step by step, its nodes in this order.
    delayed : frozenset of (str, str)
        Edges that carry the value of the step before, because they close a cycle.
    recurrent : frozenset of str
        Nodes of recurrences.
    """

    groups: list[list[str]]
    delayed: frozenset[Edge]
    recurrent: frozenset[str] = frozenset()


def schedule(
    flat: FlatGraph,
    has_state: Callable[[str], bool],
    fires: Callable[[str], bool],
    delays: Callable[[str], bool],
) -> Schedule:
    """Put nodes in order, and find the edges that have to wait for one step.

    In discrete time something on every cycle has to wait. A Delay node on the cycle does so
    itself. Otherwise it is what the last neuron (or the Threshold behind it) sends on the way back
    to where the cycle was entered: it arrives at the next step, as in every recurrent layer.

    Parameters
    ----------
    flat : FlatGraph
    has_state : callable
        Name → whether the node has a state, as every cycle needs.
    fires : callable
        Name → whether it is a Threshold: on a cycle with a state, its spikes may wait.
    delays : callable
        Name → whether it is a Delay of at least one step: its output does not depend on its input
        of the same step.

    Raises
    ------
    ExchangeError
        For a cycle of nodes that all answer at once.
    """
    following: dict[str, list[str]] = {name: [] for name in flat.nodes}
    for source, target in flat.edges:
        following[source].append(target)
    groups: list[list[str]] = []
    delayed: set[Edge] = set()
    recurrent: set[str] = set()
    for group in _components(list(flat.nodes), following):
        members = set(group)
        if len(group) == 1 and group[0] not in following[group[0]]:
            groups.append(group)
            continue
        recurrent |= members
        entries = [t for s, t in flat.edges if t in members and s not in members] or sorted(group)
        inside = {n: [t for t in following[n] if t in members and not delays(t)] for n in members}
        while True:
            cycle = _find_cycle(entries, inside)
            if cycle is None:
                break
            edge = _waiting_edge(cycle, has_state, fires)
            if len(delayed) == MAX_FEEDBACK:
                raise ExchangeError(
                    f"graph: expected at most {MAX_FEEDBACK} edges that close cycles, but it has "
                    f"more."
                )
            delayed.add(edge)
            inside[edge[0]].remove(edge[1])
        groups.append(_order(group, inside))
    return Schedule(groups, frozenset(delayed), frozenset(recurrent))


def _waiting_edge(
    cycle: list[str], has_state: Callable[[str], bool], fires: Callable[[str], bool]
) -> Edge:
    """Of a cycle, from where it was entered, the edge out of the last node that may wait."""
    if not any(has_state(name) for name in cycle):
        raise ExchangeError(
            f"cycle without delay: {' → '.join([*cycle, cycle[0]])}. Every node of it answers at "
            f"once; put a neuron or a Delay of at least one step into it."
        )
    last = max(i for i, name in enumerate(cycle) if has_state(name) or fires(name))
    return cycle[last], cycle[(last + 1) % len(cycle)]


def _find_cycle(entries: list[str], following: dict[str, list[str]]) -> list[str] | None:
    """Find a cycle, walking from the entries in depth; its first node is where it was entered."""
    done: set[str] = set()
    for start in [*entries, *sorted(following)]:
        if start in done:
            continue
        path, on_path = [start], {start: 0}
        pending = [iter(following[start])]
        while pending:
            target = next(pending[-1], None)
            if target is None:
                pending.pop()
                name = path.pop()
                del on_path[name]
                done.add(name)
            elif target in on_path:
                return path[on_path[target] :]
            elif target not in done:
                on_path[target] = len(path)
                path.append(target)
                pending.append(iter(following[target]))
    return None


def _order(group: list[str], following: dict[str, list[str]]) -> list[str]:
    """Topological order of a group whose cycles are cut."""
    waiting = dict.fromkeys(group, 0)
    for targets in following.values():
        for target in targets:
            waiting[target] += 1
    ready = [name for name in group if not waiting[name]]
    ordered = []
    while ready:
        name = ready.pop(0)
        ordered.append(name)
        for target in following[name]:
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    return ordered


def _components(names: list[str], following: dict[str, list[str]]) -> list[list[str]]:
    """Strongly connected components in topological order (Tarjan 1972, without recursion)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    found: list[list[str]] = []
    for start in names:
        if start in number:
            continue
        work = [(start, iter(following[start]))]
        number[start] = lowest[start] = len(number)
        stack.append(start)
        on_stack.add(start)
        while work:
            name, targets = work[-1]
            target = next(targets, None)
            if target is None:
                work.pop()
                if work:
                    lowest[work[-1][0]] = min(lowest[work[-1][0]], lowest[name])
                if lowest[name] == number[name]:
                    position = stack.index(name)
                    component = stack[position:]
                    del stack[position:]
                    on_stack.difference_update(component)
                    found.append(component)
            elif target not in number:
                number[target] = lowest[target] = len(number)
                stack.append(target)
                on_stack.add(target)
                work.append((target, iter(following[target])))
            elif target in on_stack:
                lowest[name] = min(lowest[name], number[target])
    return found[::-1]
