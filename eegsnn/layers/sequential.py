"""Layers one after the other, over whole sequences: what has no state gets all steps at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import mlx.core as mx
import mlx.nn as nn

from eegsnn._validation import check_integer
from eegsnn.errors import ConfigurationError, DataError, EegsnnError
from eegsnn.layers.base import (
    Layer,
    check_features,
    check_key,
    check_sequence,
    features_after,
    fold_time,
    has_state,
    looks_over_time,
)
from eegsnn.layers.containers import Container, LayerStates, LayerTrace

_Apply = Callable[[Any, mx.array, Any, "mx.array | None"], tuple[mx.array, Any]]


class Sequential(Container):
    """Layers one after the other, for sequences [T, batch, …].

    A layer without state is given all steps at once, folded into the batch: one matrix product
    instead of T. A layer with state, and one over time, is run over the sequence. Plain layers of
    ``mlx.nn`` and plain functions work inside as well.

    Parameters
    ----------
    *layers : modules or functions
        At least one. See :mod:`eegsnn.layers.base` for what makes a layer have state.

    Raises
    ------
    ConfigurationError
        If there is no layer, or one cannot be called.

    Notes
    -----
    - ``state = model.init_state(batch, features)``; ``out, state = model(x, state)`` is one step,
      ``out, state = model.run(x)`` all of them, and equal to the loop over steps, gradients
      included.
    - The state is a list with an entry for each layer: ``state[1]["mem"]`` is the membrane of the
      second layer.
    - ``key=…`` switches dropout on; each layer gets its own part of it. With the same key, the
      steps or parts of a trial get the same masks.
    - ``nn.Dropout`` of ``mlx.nn`` draws a new mask for every step, from the global generator; use
      :class:`~eegsnn.layers.Dropout`.

    Examples
    --------
    >>> from eegsnn.layers import Linear
    >>> from eegsnn.neurons import Leaky
    >>> first, second = mx.random.split(mx.random.key(0))
    >>> model = Sequential(Linear(4, 8, key=first), Leaky(), Linear(8, 2, key=second), Leaky())
    >>> spikes, state = model.run(mx.ones((25, 3, 4)))
    >>> spikes.shape, state[1]["mem"].shape
    ((25, 3, 2), (3, 8))
    """

    def __init__(self, *layers: Layer) -> None:
        super().__init__()
        if not layers:
            raise ConfigurationError("layers: expected at least one layer, but got none.")
        for index, layer in enumerate(layers):
            if not callable(layer):
                raise ConfigurationError(
                    f"layers: expected modules or functions, but layer {index} is {layer!r}."
                )
        self.layers: list[Any] = list(layers)

    def init_state(self, batch: int, features: int | Sequence[int]) -> LayerStates:
        """State of every layer at rest, for inputs [batch, *features].

        Raises
        ------
        DataError
            If a layer cannot take what the one before it gives: the message names it.
        """
        check_integer("batch", batch, low=1)
        shape, states = check_features(features), []
        for index, layer in enumerate(self.layers):
            with self._named(index, f"input of one trial and step {shape}"):
                states.append(layer.init_state(batch, shape) if has_state(layer) else {})
                shape = features_after(layer, shape)
        return states

    def output_features(self, features: int | Sequence[int]) -> tuple[int, ...]:
        """Shape of one trial's output at one step, for inputs of shape `features`."""
        shape = check_features(features)
        for index, layer in enumerate(self.layers):
            with self._named(index, f"input of one trial and step {shape}"):
                shape = features_after(layer, shape)
        return shape

    def __call__(
        self, x: mx.array, state: LayerStates, *, key: mx.array | None = None
    ) -> tuple[mx.array, LayerStates]:
        """One step: [batch, …] and state → [batch, …] and state.

        Parameters
        ----------
        x : array [batch, …]
        state : list
            From :meth:`init_state` or an earlier call.
        key : array, optional
            Random key for dropout: the same one for all steps of a trial.

        Raises
        ------
        DataError
            If the state is not one of this model, or a layer refuses its input: the message names
            the layer and the shapes.
        """
        if state is None:
            raise DataError(
                "Sequential: expected a state, but got None. Start with init_state, or use run."
            )
        return self._each(x, state, key, _step)

    def run(
        self, x: mx.array, state: LayerStates | None = None, *, key: mx.array | None = None
    ) -> tuple[mx.array, LayerStates]:
        """All steps: [T, batch, …] → [T, batch, …] and the state after the last.

        Parameters
        ----------
        x : array [T, batch, …]
        state : list, optional
            None starts at rest.
        key : array, optional
            Random key: dropout is applied where it is given (in training).

        Raises
        ------
        DataError
            As in :meth:`__call__`.
        """
        check_sequence("Sequential", x)
        return self._each(x, state, key, _run)

    def trace(
        self, x: mx.array, state: LayerStates | None = None, *, key: mx.array | None = None
    ) -> list[LayerTrace]:
        """As :meth:`run`, with the input, output and states of every layer.

        Layers inside a layer come before it; the last entry's output is that of the model.
        """
        check_sequence("Sequential", x)
        traces: list[LayerTrace] = []

        def visit(
            layer: Any, x: mx.array, state: Any, key: mx.array | None
        ) -> tuple[mx.array, Any]:
            name = f"layers.{len(positions)}"
            positions.append(name)
            if isinstance(layer, Container):
                inside = layer.trace(x, state, key=key)
                traces.extend(part._replace(name=f"{name}.{part.name}") for part in inside)
                out, states = inside[-1].output, {}
            elif callable(getattr(layer, "trace", None)):
                out, states = layer.trace(x, state)
            else:
                out, states = _run(layer, x, state, key)[0], {}
            traces.append(LayerTrace(name, layer, x, out, states))
            return out, {}

        positions: list[str] = []
        self._each(x, state, key, visit)
        return traces

    def output_gradients(
        self,
        loss: Callable[[mx.array], mx.array],
        x: mx.array,
        state: LayerStates | None = None,
        *,
        key: mx.array | None = None,
    ) -> list[mx.array]:
        """Differentiate ``loss(outputs)`` by the output of every layer: [T, batch, …] each.

        Parameters
        ----------
        loss : callable
            Scalar of the model's outputs [T, batch, …].
        x, state, key
            As in :meth:`run`.
        """
        check_sequence("Sequential", x)
        features, shifts = tuple(x.shape[2:]), []
        for index, layer in enumerate(self.layers):
            with self._named(index, f"input of one trial and step {features}"):
                features = features_after(layer, features)
            shifts.append(mx.zeros((*x.shape[:2], *features)))

        def shifted_loss(shifts: list[mx.array]) -> mx.array:
            """Loss with something added to every output: its derivative is that by the output."""
            following = iter(shifts)

            def apply(
                layer: Any, x: mx.array, state: Any, key: mx.array | None
            ) -> tuple[mx.array, Any]:
                out, after = _run(layer, x, state, key)
                return out + next(following), after

            return loss(self._each(x, state, key, apply)[0])

        return mx.grad(shifted_loss)(shifts)

    def unfreeze(self, *args: Any, **kwargs: Any) -> nn.Module:
        """As in ``mlx.nn``, but what a layer keeps fixed (statistics, parameters) stays fixed."""
        for layer in self.layers:
            if isinstance(layer, nn.Module) and kwargs.get("recurse", True):
                layer.unfreeze(*args, **kwargs)
        return self

    def _each(
        self, x: mx.array, state: LayerStates | None, key: mx.array | None, apply: _Apply
    ) -> tuple[mx.array, LayerStates]:
        count = len(self.layers)
        before = [None] * count if state is None else self._check_state(state)
        keys: Any = [None] * count if key is None else mx.random.split(check_key(key), count)
        after = []
        for index, (layer, own) in enumerate(zip(self.layers, before, strict=True)):
            with self._named(index, f"input of shape {tuple(x.shape)}"):
                x, own = apply(layer, x, own, keys[index])
            after.append(own)
        return x, after

    def _check_state(self, state: Any) -> LayerStates:
        if not isinstance(state, list | tuple) or len(state) != len(self.layers):
            listed = isinstance(state, list | tuple)
            got = f"{len(state)} entries" if listed else type(state).__name__
            raise DataError(
                f"Sequential: expected a state with an entry for each of {len(self.layers)} "
                f"layers, but got {got}. Start with init_state."
            )
        return list(state)

    @contextmanager
    def _named(self, index: int, given: str) -> Iterator[None]:
        """Tell which layer an error comes from, and what it was given."""
        try:
            yield
        except ValueError as error:
            kind = type(error) if isinstance(error, EegsnnError) else DataError
            name = type(self.layers[index]).__name__
            raise kind(f"Layer {index} ({name}), {given}: {error}") from error


def _run(layer: Any, x: mx.array, state: Any, key: mx.array | None) -> tuple[mx.array, Any]:
    """Run one layer over [T, batch, …], whatever its kind."""
    if isinstance(layer, Container):
        return layer.run(x, state, key=key)
    if has_state(layer):
        return layer.run(x, state)
    if looks_over_time(layer):
        return layer(x, key=key), {}
    return fold_time(layer, x), {}


def _step(layer: Any, x: mx.array, state: Any, key: mx.array | None) -> tuple[mx.array, Any]:
    """Run one layer for one step, [batch, …], whatever its kind."""
    if isinstance(layer, Container):
        return layer(x, state, key=key)
    if has_state(layer):
        return layer(x, state)
    if looks_over_time(layer):
        return layer.step(x, key=key), {}
    return layer(x), {}
