"""MATLAB files of version 7.3, which are HDF5, as ``scipy.io.loadmat`` would return older ones.

Readers that exist drop axes of length one, with which trials of one channel could not be told from
one trial of many. Layout: attributes ``MATLAB_class``, ``MATLAB_empty``, ``MATLAB_object_decode``
that MATLAB writes beside each variable; axes are in reverse order.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np


def load_matlab_hdf5(path: Path) -> dict[str, Any]:
    """Read the variables of a ``.mat`` file of version 7.3.

    Numbers are arrays with their axes as in MATLAB, texts arrays of a text per row, cell arrays
    arrays of objects, structures structured arrays; what NumPy cannot hold (objects, function
    handles, sparse matrices) is None.

    Raises
    ------
    OSError
        The file is no HDF5, or damaged.
    """
    with h5py.File(path, "r") as file:
        # "#refs#" holds the contents of cells, "#subsystem#" those of objects.
        return {name: _value(node) for name, node in file.items() if not name.startswith("#")}


def _value(node: h5py.Dataset | h5py.Group) -> Any:
    kind = bytes(node.attrs.get("MATLAB_class", b"")).decode()
    unreadable = {"MATLAB_object_decode", "MATLAB_sparse"} & set(node.attrs)
    if unreadable or kind == "function_handle":
        return None
    if isinstance(node, h5py.Group):
        return _structure(node)
    if "MATLAB_empty" in node.attrs:  # its content is its shape
        shape = (0,) if kind == "char" else tuple(int(size) for size in node[()])
        return np.empty(shape, {"char": "U1", "cell": object}.get(kind, float))
    if h5py.check_ref_dtype(node.dtype) is not None:
        return _dereferenced(node)
    values = node[()].T
    if values.dtype.names == ("real", "imag"):
        values = values["real"] + 1j * values["imag"]
    return _texts(values) if kind == "char" else values


def _structure(group: h5py.Group) -> np.ndarray:
    """Return a structure; the fields of several are arrays of references without a class."""
    fields = {
        name: _dereferenced(node) if _is_one_of_many(node) else _value(node)
        for name, node in group.items()
    }
    many = any(map(_is_one_of_many, group.values()))
    shape = next(iter(fields.values())).shape if many else (1, 1)
    structure = np.empty(shape, dtype=[(name, object) for name in fields])
    for name, value in fields.items():
        if many:
            structure[name] = value
        else:
            structure[name][0, 0] = value
    return structure


def _is_one_of_many(node: h5py.Dataset | h5py.Group) -> bool:
    return (
        isinstance(node, h5py.Dataset)
        and "MATLAB_class" not in node.attrs
        and h5py.check_ref_dtype(node.dtype) is not None
    )


def _dereferenced(node: h5py.Dataset) -> np.ndarray:
    references = node[()]
    cells = np.empty(references.shape, dtype=object)
    for place, reference in np.ndenumerate(references):
        cells[place] = _value(node.file[reference])
    return cells.T


def _texts(codes: np.ndarray) -> np.ndarray:
    """Return a text per row of a matrix of UTF-16 code units."""
    rows = np.ascontiguousarray(np.atleast_2d(codes), dtype="<u2")
    return np.array([row.tobytes().decode("utf-16-le", "replace") for row in rows])
