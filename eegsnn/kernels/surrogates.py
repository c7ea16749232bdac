"""Surrogate gradients inside kernels: a row at a time, the formulas of :mod:`eegsnn.surrogate`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np

from eegsnn._compiling import compiled
from eegsnn.surrogate import SURROGATES, Surrogate, get_surrogate

_CUSTOM = -1
_PLACEHOLDER = np.zeros((1, 1), np.float32)


@cache
def _formulas() -> dict[str, Callable]:
    return {name: get_surrogate(name).formula for name in SURROGATES}


class CompiledSurrogate(NamedTuple):
    """What a kernel needs of a surrogate: number of the formula and slope; or its values.

    For a custom formula `values` [T, columns] holds the gradient at every membrane, worked out in
    NumPy beforehand; otherwise it is a placeholder.
    """

    kind: int
    slope: np.float32
    values: np.ndarray


def compiled_surrogate(
    surrogate: Surrogate, membranes: np.ndarray, threshold: np.ndarray
) -> CompiledSurrogate:
    """Find the compiled formula of a surrogate, or evaluate a custom one."""
    if surrogate.formula is _formulas().get(surrogate.name):
        kind = SURROGATES.index(surrogate.name)
        return CompiledSurrogate(kind, np.float32(surrogate.slope), _PLACEHOLDER)
    gradient = np.asarray(surrogate.gradient(membranes - threshold, xp=np), dtype=np.float32)
    values = np.ascontiguousarray(np.broadcast_to(gradient, membranes.shape))
    return CompiledSurrogate(_CUSTOM, np.float32(surrogate.slope), values)


@compiled
def surrogate_row(kind, slope, values, t, first, membrane, threshold, out):  # type: ignore[no-untyped-def]
    """Write the surrogate gradient at membrane − threshold to `out`, one branch per formula.

    The branch stands outside the loops so that each loop is vectorised.
    """
    one, half = np.float32(1.0), np.float32(0.5)
    n = out.size
    if kind == 0:  # fast sigmoid
        for j in range(n):
            grown = one + slope * abs(membrane[j] - threshold[j])
            out[j] = one / (grown * grown)
    elif kind == 1:  # arctan
        scale = np.float32(np.pi * slope / 2.0)
        for j in range(n):
            u = scale * (membrane[j] - threshold[j])
            out[j] = slope * half / (one + u * u)
    elif kind == 2:  # sigmoid
        for j in range(n):
            decay = np.exp(-slope * abs(membrane[j] - threshold[j]))
            out[j] = slope * decay / ((one + decay) * (one + decay))
    elif kind == 3:  # straight-through
        for j in range(n):
            out[j] = one
    elif kind == 4:  # boxcar
        for j in range(n):
            out[j] = one if abs(membrane[j] - threshold[j]) * slope <= half else np.float32(0.0)
    elif kind == 5:  # triangular
        for j in range(n):
            out[j] = max(one - slope * abs(membrane[j] - threshold[j]), np.float32(0.0))
    elif kind == 6:  # tanh
        for j in range(n):
            decay = np.exp(np.float32(-2.0) * slope * abs(membrane[j] - threshold[j]))
            out[j] = np.float32(4.0) * decay / ((one + decay) * (one + decay))
    else:
        for j in range(n):
            out[j] = values[t, first + j]
