"""What layers that are made of layers have in common."""

from __future__ import annotations

from typing import Any, NamedTuple

import mlx.core as mx
import mlx.nn as nn

LayerStates = list[Any]
"""One entry for each layer: the state of one that has some, ``{}`` for one that has none."""


class LayerTrace(NamedTuple):
    """What went into a layer and what came out, over a whole sequence.

    Attributes
    ----------
    name : str
        Where the layer stands in the model, as in the keys of its weights: ``"layers.1"``.
    layer : module or function
    input, output : array [T, batch, …]
    states : dict of arrays [T, batch, …]
        After every step; empty for a layer without state.
    """

    name: str
    layer: Any
    input: mx.array
    output: mx.array
    states: dict[str, mx.array]


class Container(nn.Module):
    """Base of layers that are made of layers: they pass keys on, and tell what is inside."""

    def run(
        self, x: mx.array, state: Any = None, *, key: mx.array | None = None
    ) -> tuple[mx.array, Any]:
        """All steps: [T, batch, …] → [T, batch, …] and the state after the last."""
        raise NotImplementedError

    def trace(
        self, x: mx.array, state: Any = None, *, key: mx.array | None = None
    ) -> list[LayerTrace]:
        """As :meth:`run`, with the input, output and states of every layer."""
        raise NotImplementedError
