"""One NIR node → one layer here: what it computes, and the shape of what comes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import nir
import numpy as np

from eegsnn.errors import EegsnnError, ExchangeError
from eegsnn.exchange.composite import read_composite
from eegsnn.exchange.elements import Delay, Scale, Threshold
from eegsnn.exchange.euler import steps_of
from eegsnn.exchange.layout import Layout
from eegsnn.exchange.metadata import layer_of, surrogate_of, text
from eegsnn.exchange.neuron import NIRNeuron
from eegsnn.exchange.plain import (
    euler_values,
    read_integrator,
    read_lapicque,
    read_leaky,
    read_parametric,
    read_synaptic,
)
from eegsnn.exchange.stateless import (
    f32,
    read_conv,
    read_flatten,
    read_linear,
    read_pool,
    read_pool_1d,
)
from eegsnn.neurons import Leaky, LeakyIntegrator, Synaptic

NEURONS = nir.I | nir.IF | nir.LI | nir.LIF | nir.CubaLI | nir.CubaLIF
WITH_TIME = NEURONS | nir.Delay
"""Nodes that are described in seconds."""

MAX_VALUES = 2**28
"""Values of one trial at one step, at any node, beyond which a graph is refused."""

# Of r·dt/τ in float32, where a gain of one was meant.
_ROUNDING = 3e-7


@dataclass(frozen=True)
class Convention:
    """What a library means by a NIR neuron, where NIR itself leaves it open or it differs.

    Attributes
    ----------
    reset : {"value", "subtract", "none"}, default "value"
        NIR's own sets the membrane to ``v_reset``.
    reset_delay : bool, default False
        Whether the reset comes one step after the spike.
    decay : {"euler", "exponential"}, default "euler"
        ``1 − dt/τ``, or ``exp(−dt/τ)``.
    current : {"new", "old"}, default "new"
        Whether a membrane sees its synaptic current after or before the input of the same step.
    """

    reset: str = "value"
    reset_delay: bool = False
    decay: str = "euler"
    current: str = "new"


CONVENTIONS: dict[str, Convention] = {
    "nir": Convention(),
    "snntorch": Convention(reset="subtract", reset_delay=True),
    "spikingjelly": Convention(),
    "sinabs": Convention(reset="subtract", decay="exponential"),
}
"""By name; see :class:`Convention`. A reset that stands in a node's metadata goes before it.

snnTorch writes v_reset = 0 for its default reset by subtraction. Sinabs counts time in steps: give
dt = 1. Norse, Spyx and Rockpool write other values than they compute with; see docs/nir.md.
"""

_EXACT: dict[str, tuple[Any, Callable[..., Any]]] = {
    "Leaky": (nir.LIF | nir.IF, read_leaky),
    "IF": (nir.IF, read_leaky),
    "Synaptic": (nir.CubaLIF, read_synaptic),
    "LeakyIntegrator": (nir.LI | nir.I, read_integrator),
    "ParametricLeaky": (nir.LIF, read_parametric),
    "Lapicque": (nir.LIF, read_lapicque),
}


def expected_shape(node: nir.NIRNode) -> tuple[int | None, ...] | None:
    """Shape that a node expects, channels first; None for "any", as a whole or for an axis."""
    if isinstance(node, nir.Affine | nir.Linear):
        weight = np.shape(node.weight)
        return (*weight[:-2], weight[-1])
    if isinstance(node, nir.Conv1d | nir.Conv2d):
        weight, groups = np.shape(node.weight), int(np.asarray(node.groups).reshape(()))
        known = np.asarray([] if node.input_shape is None else node.input_shape).reshape(-1)
        spatial = [int(size) for size in known] if known.size else [None] * (len(weight) - 2)
        return (weight[1] * groups, *spatial)
    if isinstance(node, nir.SumPool2d | nir.AvgPool2d):
        return (None, None, None)
    if isinstance(node, nir.Scale):
        return _open(np.shape(node.scale))
    if isinstance(node, nir.Threshold):
        return _open(np.shape(node.threshold))
    if isinstance(node, nir.Delay):
        return _open(np.shape(node.delay))
    if isinstance(node, nir.I):
        return _open(np.shape(node.r))
    if isinstance(node, NEURONS):
        return _open(
            np.broadcast_shapes(np.shape(node.r), np.shape(node.v_leak))
            if not isinstance(node, nir.IF)
            else np.shape(node.v_threshold)
        )
    declared = (node.input_type or {}).get("input")
    if declared is None or isinstance(node, nir.NIRGraph):
        return None
    return shape_of(declared)


def shape_of(declared: Any) -> tuple[int, ...]:
    """Shape as a tuple; refuses what is none."""
    try:
        sizes = np.asarray(declared).reshape(-1)
        whole = tuple(int(size) for size in sizes)
    except (TypeError, ValueError, OverflowError) as error:
        raise ExchangeError(f"expected a shape, but got {declared!r}.") from error
    if any(size < 1 for size in whole) or any(w != s for w, s in zip(whole, sizes, strict=True)):
        raise ExchangeError(f"expected a shape of sizes above 0, but got {whole}.")
    return whole


def _open(shape: tuple[int, ...]) -> tuple[int | None, ...] | None:
    """Of parameters: a single value fits any shape, and an axis of 1 any size."""
    if int(np.prod(shape)) == 1 and len(shape) < 2:
        return None
    return tuple(None if size == 1 and len(shape) > 1 else size for size in shape)


def fits(shape: tuple[int, ...], expected: tuple[int | None, ...] | None) -> bool:
    """Whether data of this shape may go where `expected` is expected."""
    return expected is None or (
        len(shape) == len(expected)
        and all(want in (None, size) for size, want in zip(shape, expected, strict=True))
    )


def read_node(
    name: str, node: nir.NIRNode, layout: Layout, dt: float, convention: Convention
) -> tuple[Any, Layout]:
    """Layer that computes a node, and the layout of what comes out.

    Parameters
    ----------
    name : str
        For messages.
    node : NIRNode
        Of any kind but a nested graph, unless that stands for one neuron.
    layout : Layout
        Of what comes in; it fits :func:`expected_shape`.
    dt : float
        Seconds per step.
    convention : Convention
        For neurons without metadata of their own.

    Returns
    -------
    layer : module or None
        None for Input and Output, which compute nothing.
    layout : Layout

    Raises
    ------
    ExchangeError
        If it cannot be computed exactly: the message names the node.
    """
    try:
        layer, out = _read(name, node, layout, dt, convention)
    except ExchangeError as error:
        said = str(error)
        raise ExchangeError(said if said.startswith(f"{name}: ") else f"{name}: {said}") from error
    except (EegsnnError, ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise ExchangeError(f"{name}: unusable {type(node).__name__} node: {error}") from error
    if out.size > MAX_VALUES:
        raise ExchangeError(
            f"{name}: expected at most {MAX_VALUES} values per step, but its output has the shape "
            f"{out.shape}."
        )
    return layer, out


def _read(
    name: str, node: Any, layout: Layout, dt: float, convention: Convention
) -> tuple[Any, Layout]:
    if isinstance(node, nir.Input | nir.Output):
        return None, layout
    if isinstance(node, nir.NIRGraph):
        layer = read_composite(node, layout, dt, name)
        if layer is None:
            raise ExchangeError(
                f"its metadata say {layer_of(node)}, but its nodes hold values that such a neuron "
                f"cannot have. Take the entry 'layer' out of its metadata to run its nodes."
            )
        return layer, layout
    if isinstance(node, NEURONS):
        return _neuron(name, node, layout, dt, convention), layout
    if isinstance(node, nir.Affine | nir.Linear):
        return read_linear(node, layout)
    if isinstance(node, nir.Conv1d | nir.Conv2d):
        if isinstance(node, nir.Conv1d) and layer_of(node) in ("SumPool1d", "AvgPool1d"):
            pool = read_pool_1d(node, layout)
            if pool is not None:
                return pool
        return read_conv(node, layout)
    if isinstance(node, nir.SumPool2d | nir.AvgPool2d):
        return read_pool(node, layout)
    if isinstance(node, nir.Flatten):
        return read_flatten(node, layout)
    if isinstance(node, nir.Scale):
        return Scale(layout.to_here(f32(node.scale))), layout
    if isinstance(node, nir.Threshold):
        surrogate = surrogate_of(node.metadata, name)
        return Threshold(layout.to_here(f32(node.threshold)), surrogate), layout
    if isinstance(node, nir.Delay):
        return Delay(
            _check_delay(layout.to_here(steps_of(f32(node.delay), dt, name)), layout)
        ), layout
    raise ExchangeError(f"unknown kind of node {type(node).__name__}.")


def _check_delay(steps: np.ndarray, layout: Layout) -> np.ndarray:
    if int(steps.max(initial=0)) * layout.size > MAX_VALUES:
        raise ExchangeError(f"its delay of {int(steps.max())} steps takes too much memory.")
    return steps


def _neuron(name: str, node: Any, layout: Layout, dt: float, convention: Convention) -> Any:
    kinds, reader = _EXACT.get(layer_of(node) or "", ((), None))
    if reader is not None and isinstance(node, kinds):
        layer = reader(node, layout, dt, name)
        if layer is not None:
            return layer
    metadata = node.metadata or {}
    reset, delay = convention.reset, convention.reset_delay
    if "reset_mechanism" in metadata:
        mechanism = text(metadata, "reset_mechanism", name, ("subtract", "zero", "none", "value"))
        reset = {"zero": "value"}.get(mechanism, mechanism)
        delay = bool(np.asarray(metadata.get("reset_delay", False)))
    p = euler_values(node, layout, dt, name, exponential=convention.decay == "exponential")
    surrogate = surrogate_of(metadata, name)
    known = _known_neuron(p, reset, delay, convention.current, surrogate)
    if known is not None:
        return known
    p.setdefault("bias", np.zeros((), np.float32))
    return NIRNeuron(
        **p, reset=reset, reset_delay=delay, current=convention.current, surrogate=surrogate
    )


def _known_neuron(
    p: dict[str, np.ndarray], reset: str, delay: bool, current: str, surrogate: Any
) -> Any | None:
    """Neuron of this package that does exactly this, faster and open to training."""
    plain = not np.any(p.get("bias", 0)) and not np.any(p.get("v_reset", 0))
    gains = [p["gain"], p.get("syn_gain", np.ones(()))]
    if not plain or any(np.any(abs(gain - 1) > _ROUNDING) for gain in gains):
        return None
    if "threshold" not in p:
        return LeakyIntegrator(p["beta"]) if "alpha" not in p else None
    if not np.all(p["threshold"] > 0) or current == "old":
        return None
    at_once = reset == "value" and not delay
    later = reset == "subtract" and delay
    if not (at_once or later):
        return None
    keywords = {
        "reset_mechanism": "zero" if at_once else "subtract",
        "reset_delay": delay,
        "surrogate": surrogate,
    }
    if "alpha" in p:
        return Synaptic(p["alpha"], p["beta"], p["threshold"], **keywords)
    return Leaky(p["beta"], p["threshold"], **keywords)
