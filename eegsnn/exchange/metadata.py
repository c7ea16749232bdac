"""What NIR's nodes cannot say, as metadata: plain numbers and texts beside the parameters.

Of a graph: ``dt`` (seconds), ``producer``, and where something was left out ``approximation`` and
``approximation_mismatch``. Of a node: ``layer`` (the class here), the reset and the surrogate. A
reader that knows none of these sees a plain NIR graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from eegsnn._version import __version__
from eegsnn.errors import ExchangeError
from eegsnn.neurons import RESET_MECHANISMS, SpikingNeuron
from eegsnn.surrogate import SURROGATES, Surrogate, get_surrogate

FIRING_KEYS = ("reset_mechanism", "reset_delay", "detach_reset", "surrogate", "surrogate_slope")


def graph_metadata(dt: float, **more: Any) -> dict[str, Any]:
    """Metadata of a whole graph."""
    return {"producer": f"eegsnn {__version__}", "dt": float(dt), **more}


def layer_metadata(layer: Any, **more: Any) -> dict[str, Any]:
    """Metadata of the node that stands for `layer`."""
    found = {"layer": type(layer).__name__, **more}
    if isinstance(layer, SpikingNeuron):
        firing = layer.firing
        found |= {
            "reset_mechanism": firing["reset_mechanism"],
            "reset_delay": int(firing["reset_delay"]),
            "detach_reset": int(firing["detach_reset"]),
            "surrogate": firing["surrogate"].name,
            "surrogate_slope": float(firing["surrogate"].slope),
        }
    return found


def firing_of(metadata: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Keywords of a spiking neuron, from the metadata of node `name`.

    Raises
    ------
    ExchangeError
        If a value is missing, or another than this version knows.
    """
    mechanism = text(metadata, "reset_mechanism", name, RESET_MECHANISMS)
    return {
        "reset_mechanism": mechanism,
        "reset_delay": bool(number(metadata, "reset_delay", name)),
        "detach_reset": bool(number(metadata, "detach_reset", name)),
        "surrogate": surrogate_of(metadata, name),
    }


def surrogate_of(metadata: Mapping[str, Any], name: str) -> Surrogate:
    """Surrogate gradient that the metadata name; the default one where they name none."""
    if "surrogate" not in metadata:
        return get_surrogate()
    kind = text(metadata, "surrogate", name, SURROGATES)
    return get_surrogate(kind, number(metadata, "surrogate_slope", name))


def text(
    metadata: Mapping[str, Any], key: str, name: str, allowed: tuple[str, ...] | None = None
) -> str:
    """Text in the metadata of node `name`, one of `allowed`."""
    value = metadata.get(key)
    value = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    if not isinstance(value, str) or (allowed is not None and value not in allowed):
        expected = "a text" if allowed is None else f"one of {', '.join(allowed)}"
        raise ExchangeError(f"{name}: expected metadata {key!r} as {expected}, but got {value!r}.")
    return value


def number(metadata: Mapping[str, Any], key: str, name: str) -> float:
    """Return a finite number in the metadata of node `name`."""
    try:
        value = float(np.asarray(metadata.get(key)).reshape(()))
    except (TypeError, ValueError):
        value = float("nan")
    if not np.isfinite(value):
        raise ExchangeError(
            f"{name}: expected metadata {key!r} as a number, but got {metadata.get(key)!r}."
        )
    return value


def layer_of(node: Any) -> str | None:
    """Class here that a node stands for, if its metadata name one."""
    value = node.metadata.get("layer") if isinstance(node.metadata, Mapping) else None
    value = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return value if isinstance(value, str) else None
