"""Shapes that ``nir`` infers wrongly, told from those that a graph declares."""

from __future__ import annotations

import copy
from typing import Any

import nir
import numpy as np

# What computes on any shape and has none but a declared one, which nir may have inferred.
_SHAPELESS = (
    nir.Conv1d | nir.Conv2d | nir.SumPool2d | nir.AvgPool2d | nir.Flatten | nir.Input | nir.Output
)


def without_wrong_shapes(
    nodes: dict[str, nir.NIRNode], edges: list[tuple[str, str]]
) -> dict[str, nir.NIRNode]:
    """Nodes with what ``nir`` infers wrongly mended or left open; those given stay as they are.

    ``nir`` takes a kernel's height for its width too, and writes what follows from that into the
    nodes after it: ``NIRGraph.from_list`` gives an Output, and a graph that is checked gives
    convolutions and Flatten, a shape that nothing here has. It also forgets groups when it counts
    the channels that a convolution takes. Weights and parameters are never inferred.
    """
    following: dict[str, list[str]] = {name: [] for name in nodes}
    for source, target in edges:
        following[source].append(target)
    mended = dict(nodes)
    for name in _after_uneven_kernels(nodes, following):
        mended[name] = _open(nodes[name])
    for name, node in nodes.items():
        if isinstance(node, nir.Input) and len(following[name]) == 1:
            mended[name] = _with_groups(mended[name], nodes[following[name][0]])
    return mended


def _after_uneven_kernels(
    nodes: dict[str, nir.NIRNode], following: dict[str, list[str]]
) -> set[str]:
    """Nodes whose shape follows from a kernel that is not square, and from nothing between."""
    pending = [name for name, node in nodes.items() if _has_uneven_kernel(node)]
    found: set[str] = set()
    while pending:
        for target in following[pending.pop()]:
            if target not in found and isinstance(nodes[target], _SHAPELESS):
                found.add(target)
                pending.append(target)
    return found


def _has_uneven_kernel(node: nir.NIRNode) -> bool:
    return isinstance(node, nir.Conv2d) and len(set(np.shape(node.weight)[2:])) > 1


def _open(node: Any) -> Any:
    """Copy of a node that declares no shape."""
    node = copy.copy(node)
    node.input_type = {"input": None}
    if isinstance(node, nir.Conv1d | nir.Conv2d):
        node.input_shape = None
    return node


def _with_groups(node: Any, target: Any) -> Any:
    """Input of a convolution: the channels of all groups, where those of one were taken."""
    if not isinstance(target, nir.Conv1d | nir.Conv2d) or target.input_shape is None:
        return node
    try:
        group, *spatial = np.shape(target.weight)[1], *np.reshape(target.input_shape, -1)
        groups = int(np.reshape(target.groups, ()))
    except (TypeError, ValueError, IndexError):
        return node  # unusable, as reading it will say
    declared = np.asarray((node.input_type or {}).get("input"))
    if groups < 2 or not np.array_equal(declared, [group, *spatial]):
        return node
    return nir.Input(np.array([group * groups, *spatial]))
