"""NIR files: written whole or not at all; looked over before anything of size is read.

A NIR file is HDF5. Compressed arrays can be far larger than the file, links can lead anywhere, and
groups can contain themselves. The file is therefore walked first, by its headers alone.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nir
import numpy as np

from eegsnn._files import atomic_path
from eegsnn.errors import ExchangeError
from eegsnn.exchange.graphs import MAX_DEPTH

MAX_BYTES = 2**31
"""Default of what the arrays of a file may take together: 2 GiB."""

MAX_OBJECTS = 200_000
"""Groups and arrays in a file, beyond which it is refused."""

MAX_TEXT = 2**20

# What each kind of node has to have, and may leave out.
FIELDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "Input": (("shape",), ()),
    "Output": (("shape",), ()),
    "Affine": (("weight", "bias"), ()),
    "Linear": (("weight",), ()),
    "Scale": (("scale",), ()),
    "Conv1d": (("weight", "stride", "padding", "dilation", "groups", "bias"), ("input_shape",)),
    "Conv2d": (("weight", "stride", "padding", "dilation", "groups", "bias"), ("input_shape",)),
    "SumPool2d": (("kernel_size", "stride", "padding"), ()),
    "AvgPool2d": (("kernel_size", "stride", "padding"), ()),
    "Flatten": (("start_dim", "end_dim"), ("input_type",)),
    "Delay": (("delay",), ()),
    "Threshold": (("threshold",), ()),
    "I": (("r",), ()),
    "IF": (("r", "v_threshold"), ("v_reset",)),
    "LI": (("tau", "r", "v_leak"), ()),
    "LIF": (("tau", "r", "v_leak", "v_threshold"), ("v_reset",)),
    "CubaLI": (("tau_syn", "tau_mem", "r", "v_leak"), ("w_in",)),
    "CubaLIF": (("tau_syn", "tau_mem", "r", "v_leak", "v_threshold"), ("v_reset", "w_in")),
    "NIRGraph": (("nodes", "edges"), ()),
}


def write_graph(graph: nir.NIRGraph, path: str | os.PathLike[str]) -> Path:
    """Write a graph with ``nir.write``, whole or not at all.

    Raises
    ------
    OSError
        If the disk is full, …; a file already there is intact.
    """
    with atomic_path(path) as temporary:
        nir.write(str(temporary), graph)
    return Path(path)


def read_graph(path: str | os.PathLike[str], *, max_bytes: int = MAX_BYTES) -> nir.NIRGraph:
    """Read a NIR file, after a look at what it holds.

    Parameters
    ----------
    path : path
    max_bytes : int, default 2 GiB
        What all arrays together may take in memory.

    Returns
    -------
    NIRGraph
        As ``nir.read`` gives it, without nir's own inference of shapes: that takes kernels for
        square and does not know groups (nir 1.0.8).

    Raises
    ------
    ExchangeError
        If there is no such file, it is no HDF5 or no NIR, truncated, larger than allowed, holds
        links, objects or unknown nodes, or a node lacks a parameter.
    """
    import h5py

    path = Path(path)
    if not path.is_file():
        raise ExchangeError(f"{path}: expected a NIR file, but there is none.")
    try:
        with h5py.File(path, "r") as file:
            if not isinstance(file.get("node", getlink=True), h5py.HardLink):
                raise ExchangeError(f"{path}: no NIR file: it has no group 'node'.")
            _Survey(h5py, path, max_bytes).look("node", file["node"])
            content = nir.serialization.hdf2dict(file["node"])
    except ExchangeError:
        raise
    except (OSError, KeyError, ValueError, RuntimeError, RecursionError, TypeError) as error:
        raise ExchangeError(f"{path}: truncated, damaged or no NIR (HDF5) file: {error}") from error
    except MemoryError as error:
        raise ExchangeError(f"{path}: its arrays do not fit into memory.") from error
    graph = _node("", content, str(path), 0)
    if not isinstance(graph, nir.NIRGraph):
        inner = nir.NIRGraph({"node": graph}, [], {}, type_check=False)
        return inner
    return graph


class _Survey:
    """Walks a file by its headers, and refuses what should not be read."""

    def __init__(self, h5py: Any, path: Path, max_bytes: int) -> None:
        self.h5py = h5py
        self.path = path
        self.left = max_bytes
        self.max_bytes = max_bytes
        self.objects = 0

    def look(self, name: str, item: Any, depth: int = 0) -> None:
        """Look at a group or an array, and at all below."""
        self.objects += 1
        if depth > 3 * MAX_DEPTH or self.objects > MAX_OBJECTS:
            self.refuse(name, "is nested too deeply, or the file holds too many objects")
        if isinstance(item, self.h5py.Group):
            for key in item:
                link = item.get(key, getlink=True)
                if not isinstance(link, self.h5py.HardLink):
                    self.refuse(f"{name}/{key}", "is a link to another place")
                self.look(f"{name}/{key}", item[key], depth + 1)
        elif isinstance(item, self.h5py.Dataset):
            self.measure(name, item)
        else:
            self.refuse(name, "is neither a group nor an array")

    def measure(self, name: str, data: Any) -> None:
        """Refuse an array by its kind or its size."""
        if data.is_virtual or data.external:
            self.refuse(name, "takes its values from another file")
        text = self.h5py.check_string_dtype(data.dtype)
        if text is None and data.dtype.kind not in "fiub":
            self.refuse(name, f"holds {data.dtype}, neither numbers nor text")
        if data.shape is None:
            self.refuse(name, "is empty")
        length = text.length if text is not None else data.dtype.itemsize
        needed = math.prod(data.shape) * max(length or 64, 1)
        self.left -= needed
        if needed > self.max_bytes or self.left < 0:
            raise ExchangeError(
                f"{self.path}: {name} has the shape {tuple(data.shape)}, with which the arrays of "
                f"this file take more than {self.max_bytes} bytes. Raise max_bytes to allow that."
            )
        if text is not None and math.prod(data.shape) > MAX_TEXT:
            self.refuse(name, "holds too many texts")

    def refuse(self, name: str, why: str) -> None:
        raise ExchangeError(f"{self.path}: no NIR file that can be trusted: {name} {why}.")


def _node(name: str, content: Any, path: str, depth: int) -> nir.NIRNode:
    """Node from what the file says; every complaint names it."""
    label = f"{path}: node {name!r}" if name else path
    if not isinstance(content, Mapping) or not isinstance(content.get("type"), str):
        raise ExchangeError(f"{label}: expected a NIR node, which names its type.")
    kind = content["type"]
    if kind not in FIELDS:
        raise ExchangeError(
            f"{label}: unknown kind of node {kind!r}. Known: {', '.join(sorted(FIELDS))}."
        )
    needed, optional = FIELDS[kind]
    missing = [field for field in needed if field not in content]
    if missing:
        raise ExchangeError(f"{label} ({kind}): it lacks {', '.join(missing)}.")
    metadata = content.get("metadata", {})
    known = {f: content[f] for f in (*needed, *optional) if f in content}
    try:
        if kind == "NIRGraph":
            return _graph(name, known, metadata, path, depth)
        return nir.dict2NIRNode({**_defaults(kind), **known, "type": kind, "metadata": metadata})
    except ExchangeError:
        raise
    except (AssertionError, TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
        raise ExchangeError(f"{label} ({kind}): {error or 'unusable'}") from error


def _defaults(kind: str) -> dict[str, Any]:
    return {"input_shape": None} if kind in ("Conv1d", "Conv2d") else {}


def _graph(
    name: str, content: dict[str, Any], metadata: Any, path: str, depth: int
) -> nir.NIRGraph:
    if depth > MAX_DEPTH:
        raise ExchangeError(f"{path}: graphs are nested more than {MAX_DEPTH} deep.")
    if not isinstance(content["nodes"], Mapping):
        raise ExchangeError(f"{path}: node {name!r}: expected a group of nodes.")
    nodes = {
        key: _node(f"{name}.{key}" if name else key, inner, path, depth + 1)
        for key, inner in content["nodes"].items()
    }
    edges = np.asarray(content["edges"])
    if edges.size and (edges.ndim != 2 or edges.shape[1] != 2):
        raise ExchangeError(
            f"{path}: node {name!r}: expected edges as pairs, but got shape {edges.shape}."
        )
    pairs = [(_name(a), _name(b)) for a, b in edges] if edges.size else []
    return nir.NIRGraph(nodes, pairs, dict(metadata), type_check=False)


def _name(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
