"""A network that runs any NIR graph: branches, sums, delays, recurrence; over whole sequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from eegsnn._validation import check_integer
from eegsnn.errors import DataError
from eegsnn.exchange.elements import Delay
from eegsnn.exchange.graphs import FlatGraph, Schedule
from eegsnn.exchange.layout import Layout
from eegsnn.layers import LayerTrace
from eegsnn.layers.base import fold_time, has_state

GraphState = dict[str, dict[str, Any]]
"""``{"layers": state of each node that has one, "before": last value of what waits a step}``."""

Given = mx.array | Mapping[str, mx.array]


@dataclass(frozen=True)
class Wiring:
    """How the nodes of a graph are put together.

    Attributes
    ----------
    graph : FlatGraph
    schedule : Schedule
    layouts : dict of str to Layout
        Of what comes out of each node.
    dt : float
        Seconds per step.
    given : dict of str to Layout
        Of what comes into each node.
    gathers : dict of (str, str) to ndarray
        For edges whose two ends order the same vector differently: indices.
    metadata : dict
        Of the graph.
    """

    graph: FlatGraph
    schedule: Schedule
    layouts: dict[str, Layout]
    dt: float
    given: dict[str, Layout] = field(default_factory=dict)
    gathers: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)


class GraphModel(nn.Module):
    """A NIR graph as a network: [T, batch, …] → [T, batch, …].

    Made by :func:`~eegsnn.exchange.from_nir`. What has no state, and neurons outside of cycles, are
    given all steps at once, as in :class:`~eegsnn.layers.Sequential`; cycles run step by step.
    Several edges into a node are summed in their order in the graph. Images and sequences have
    their channels last here, (…, channels), and first in NIR; a vector made by Flatten is in the
    order of this side.

    Attributes
    ----------
    layers : dict of str to module
        By the name of the node; Input and Output have none.
    wiring : Wiring
        Nodes, edges, order, shapes, dt.
    """

    def __init__(self, layers: dict[str, Any], wiring: Wiring) -> None:
        super().__init__()
        self.layers = layers
        self._wiring = wiring
        self._sources = wiring.graph.sources()

    @property
    def wiring(self) -> Wiring:
        """Nodes, edges, order, shapes, dt."""
        return self._wiring

    @property
    def dt(self) -> float:
        """Seconds per step."""
        return self._wiring.dt

    @property
    def input_features(self) -> dict[str, tuple[int, ...]]:
        """Shape of one trial at one step, channels last, of each input."""
        graph = self._wiring.graph
        return {name: self._wiring.layouts[name].here for name in graph.inputs}

    def output_features(self, features: Any = None) -> tuple[int, ...]:
        """Shape of one trial at one step, channels last, of the first output."""
        return self._wiring.layouts[self._wiring.graph.outputs[0]].here

    def init_state(self, batch: int, features: int | Sequence[int] | None = None) -> GraphState:
        """State at rest; the graph knows the shapes, `features` is not used."""
        check_integer("batch", batch, low=1)
        layouts = self._wiring.layouts
        states = {
            name: layer.init_state(batch, layouts[name].here)
            for name, layer in self.layers.items()
            if has_state(layer)
        }
        waiting = {source for source, _ in self._wiring.schedule.delayed}
        before = {name: mx.zeros((batch, *layouts[name].here)) for name in sorted(waiting)}
        return {"layers": states, "before": before}

    def __call__(self, x: Given, state: GraphState) -> tuple[Any, GraphState]:
        """One step: [batch, …] and state → [batch, …] and state."""
        given = {name: value[None] for name, value in self._inputs(x, 1).items()}
        outputs, state = self.run(given, state)
        if isinstance(outputs, dict):
            return {name: value[0] for name, value in outputs.items()}, state
        return outputs[0], state

    def run(self, x: Given, state: GraphState | None = None) -> tuple[Any, GraphState]:
        """All steps: [T, batch, …] → [T, batch, …] and the state after the last.

        Parameters
        ----------
        x : array, or dict of arrays by the name of the input where there are several
        state : dict, optional
            Of :meth:`init_state` or an earlier call; None starts at rest.

        Returns
        -------
        output : array, or dict of arrays by name where there are several outputs
        state : dict

        Raises
        ------
        DataError
            If an input is missing or has another shape than the graph's.
        """
        values, state, _ = self._run(x, state, traced=False)
        outputs = {name: values[name] for name in self._wiring.graph.outputs}
        return (outputs if len(outputs) > 1 else next(iter(outputs.values()))), state

    def trace(self, x: Given, state: GraphState | None = None) -> list[LayerTrace]:
        """As :meth:`run`, with the output and states of every node, in the order computed."""
        values, _, states = self._run(x, state, traced=True)
        traces = []
        for group in self._wiring.schedule.groups:
            for name in group:
                layer = self.layers.get(name)
                given = values.get(f"→ {name}", values[name])
                traces.append(LayerTrace(name, layer, given, values[name], states.get(name, {})))
        return traces

    def unfreeze(self, *args: Any, **kwargs: Any) -> nn.Module:
        """As in ``mlx.nn``, but what a layer keeps fixed stays fixed."""
        for layer in self.layers.values():
            if kwargs.get("recurse", True):
                layer.unfreeze(*args, **kwargs)
        return self

    def _run(
        self, x: Given, state: GraphState | None, traced: bool
    ) -> tuple[dict[str, mx.array], GraphState, dict[str, Any]]:
        values = dict(self._inputs(x, 2))
        first = next(iter(values.values()))
        if any(value.shape[:2] != first.shape[:2] for value in values.values()):
            raise DataError("inputs: expected the same number of steps and trials in each.")
        if state is None:
            state = self.init_state(first.shape[1])
        self._check_state(state, first)
        after: GraphState = {"layers": dict(state["layers"]), "before": dict(state["before"])}
        states: dict[str, Any] = {}
        for group in self._wiring.schedule.groups:
            if group[0] in self._wiring.schedule.recurrent:
                self._loop(group, values, after, states if traced else None)
                continue
            name = group[0]
            if name in values:
                continue
            given = self._gathered(name, values)
            if traced:
                values[f"→ {name}"] = given
            values[name] = self._whole(name, given, after, states if traced else None)
        return values, after, states

    def _whole(
        self, name: str, given: mx.array, after: GraphState, states: dict[str, Any] | None
    ) -> mx.array:
        """All steps of one node that is in no cycle."""
        layer = self.layers.get(name)
        if layer is None:
            return given
        if not has_state(layer):
            return fold_time(layer, given)
        before = after["layers"][name]
        out, after["layers"][name] = layer.run(given, before)
        if states is not None:
            states[name] = layer.trace(given, before)[1]
        return out

    def _loop(
        self,
        group: list[str],
        values: dict[str, mx.array],
        after: GraphState,
        states: dict[str, Any] | None,
    ) -> None:
        """All steps of the nodes of a cycle, one step after the other."""
        members = set(group)
        outside = {s for name in group for s in self._sources[name] if s not in members}
        n_steps = next(iter(values.values())).shape[0]
        # Split, not indexed: the gradient of an index is an array of the full size.
        pieces = {name: mx.split(values[name], n_steps) for name in sorted(outside)}
        outputs: dict[str, list[mx.array]] = {name: [] for name in group}
        seen: dict[str, list[Any]] = {name: [] for name in group}
        given: dict[str, list[mx.array]] = {name: [] for name in group}
        for step in range(n_steps):
            now = {name: pieces[name][step][0] for name in pieces}
            for name, value in self._one_step(group, now, after, given).items():
                outputs[name].append(value)
                seen[name].append(after["layers"].get(name, {}))
        for name in group:
            values[name] = mx.stack(outputs[name])
            if states is None:
                continue
            values[f"→ {name}"] = mx.stack(given[name])
            keys = {} if isinstance(self.layers.get(name), Delay) else seen[name][0]
            states[name] = {key: mx.stack([s[key] for s in seen[name]]) for key in keys}

    def _one_step(
        self,
        group: list[str],
        now: dict[str, mx.array],
        after: GraphState,
        given: dict[str, list[mx.array]],
    ) -> dict[str, mx.array]:
        waiting = [n for n in group if _waits(self.layers.get(n))]
        for name in waiting:  # what leaves a Delay was put in earlier
            now[name] = self.layers[name].peek(after["layers"][name])
        for name in group:
            if name in waiting:
                continue
            x = self._gathered(name, now, after["before"])
            given[name].append(x)
            layer = self.layers.get(name)
            if layer is None:
                now[name] = x
            elif has_state(layer):
                now[name], after["layers"][name] = layer(x, after["layers"][name])
            else:
                now[name] = layer(x)
        for name in waiting:
            x = self._gathered(name, now, after["before"])
            given[name].append(x)
            _, after["layers"][name] = self.layers[name](x, after["layers"][name])
        for name in after["before"]:
            if name in group:
                after["before"][name] = now[name]
        return {name: now[name] for name in group}

    def _gathered(
        self, name: str, values: dict[str, mx.array], before: dict[str, mx.array] | None = None
    ) -> mx.array:
        """Sum of all that comes into a node, in the order of the edges."""
        total: mx.array | None = None
        for source in self._sources[name]:
            waits = before is not None and (source, name) in self._wiring.schedule.delayed
            value = before[source] if waits and before is not None else values[source]
            gather = self._wiring.gathers.get((source, name))
            if gather is not None:
                value = mx.take(value, mx.array(gather), axis=-1)
            total = value if total is None else total + value
        assert total is not None  # a node without edges into it is an Input
        return total

    def _inputs(self, x: Given, leading: int) -> dict[str, mx.array]:
        names = self._wiring.graph.inputs
        given = dict(x) if isinstance(x, Mapping) else {names[0]: x}
        if set(given) != set(names):
            raise DataError(
                f"x: expected an array for each of the inputs {', '.join(names)}, but got "
                f"{', '.join(given)}."
            )
        for name, value in given.items():
            expected = self._wiring.layouts[name].here
            shape = tuple(value.shape) if isinstance(value, mx.array) else None
            if shape is None or len(shape) < leading or shape[leading:] != expected or not shape[0]:
                lead = "[T, batch, …]" if leading == 2 else "[batch, …]"
                raise DataError(
                    f"{name}: expected an MLX array {lead} that ends with the shape {expected} "
                    f"(channels last), but got {shape if shape else type(value).__name__}."
                )
        return given

    def _check_state(self, state: Any, x: mx.array) -> None:
        expected = self.init_state(x.shape[1])
        for part, entries in expected.items():
            if not isinstance(state, Mapping) or set(state.get(part, ())) != set(entries):
                raise DataError("state: expected one of this graph. Start with init_state.")


def _waits(layer: Any) -> bool:
    return isinstance(layer, Delay) and layer.always_waits
