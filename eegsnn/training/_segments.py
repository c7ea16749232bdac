"""Segments of a sequence whose inner activations are computed twice and kept never.

``mx.checkpoint`` is not enough here. Inside a differentiation MLX keeps the graph of every array
that is evaluated, and the compiled kernels do evaluate theirs: the graph, and with it the memory of
all segments, would live until the end. A segment is therefore run on copies that no differentiation
follows, and its own gradient is taken, evaluated and copied when the backward pass comes to it.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from typing import Any

import mlx.core as mx
import numpy as np
from mlx.utils import tree_flatten, tree_map, tree_unflatten

from eegsnn.backend import has_values
from eegsnn.training._random import random_numbers_of, random_state

_SAME_SIZE = {1: mx.uint8, 2: mx.uint16, 4: mx.uint32, 8: mx.uint64}


class Segments:
    """A model to be run segment after segment; keeps the inputs and outputs of each alone.

    Gradients flow to the input, to the state and to the model's trainable parameters. The
    parameters go through every segment unchanged: so their gradient is one running sum, and not
    one array per segment until the end.

    Parameters
    ----------
    model : mlx.nn.Module with ``run(x, state)``
    options : dict
        Passed to ``model.run``.
    """

    def __init__(self, model: Any, options: dict[str, Any]) -> None:
        self.model, self.options = model, options
        self._own = dict(tree_flatten(model.trainable_parameters()))
        self._passing = list(self._own.values())
        self._eager = has_values(*self._passing)
        self._copies = [_copy(part) for part in self._passing] if self._eager else []

    def run(self, x: mx.array, state: Any) -> tuple[mx.array, Any]:
        """Do what ``model.run(x, state)`` does for one segment."""
        first = _leaves(state)
        after: list[Any] = []

        def run(x: mx.array, *rest: mx.array) -> list[mx.array]:
            given = rest[len(first) :]
            with self._with(dict(zip(self._own, given, strict=True)), self._own):
                outputs, last = self.model.run(x, _filled(state, rest), **self.options)
            after[:] = [_hollow(last)]
            return [outputs, *_leaves(last)]

        if self._eager and has_values(x, *first):
            segment = self._recomputed(run, len(first), tracked=_is_tracked(x))
        else:  # inside mx.compile
            segment = mx.checkpoint(lambda *arrays: [*run(*arrays), *arrays[1 + len(first) :]])
        outputs, *results = segment(x, *first, *self._passing)
        n_last = len(results) - len(self._passing)
        self._passing = results[n_last:]
        return outputs, _filled(after[0], results[:n_last])

    def _recomputed(
        self, run: Callable[..., list[mx.array]], n_first: int, tracked: bool
    ) -> Callable[..., Any]:
        kept: list[Any] = []

        def forward(x: mx.array, *rest: mx.array) -> list[mx.array]:
            first = [_copy(part) for part in rest[:n_first]]
            kept[:] = [_copy(x) if tracked else x, first, random_state(), self._statistics()]
            results = run(kept[0], *first, *self._copies)
            mx.eval(self._statistics())
            return [*(_copy(result) for result in results), *self._copies]

        segment: Any = mx.custom_function(forward)

        @segment.vjp
        def vjp(_: Any, cotangents: Any, __: Any) -> list[mx.array]:
            x, first, randomness, statistics = kept
            inputs = [x, *first, *self._copies]
            n_results = len(cotangents) - len(self._copies)
            with random_numbers_of(randomness), self._with(statistics, self._statistics()):
                _, grads = _vjp(run, inputs, [_copy(part) for part in cotangents[:n_results]])
            later = cotangents[n_results:]
            own = [a + b for a, b in zip(grads[1 + n_first :], later, strict=True)]
            # The gradient of data that nobody asked for stays lazy: it is dropped, not computed.
            mx.eval(grads[1 : 1 + n_first], own, grads[0] if tracked else [])
            grad_x = _copy(grads[0]) if tracked else grads[0]
            return [grad_x, *map(_copy, grads[1 : 1 + n_first]), *map(_copy, own)]

        return segment

    def _statistics(self) -> dict[str, mx.array]:
        """Return the fixed arrays of the model: a pass in training may change them."""
        every = tree_flatten(self.model.parameters())
        return {name: array for name, array in every if name not in self._own}

    @contextlib.contextmanager
    def _with(self, given: dict[str, mx.array], after: dict[str, mx.array]) -> Iterator[None]:
        """Let the model have these arrays for a while, and those afterwards."""
        self.model.update(tree_unflatten(list(given.items())))
        try:
            yield
        finally:
            self.model.update(tree_unflatten(list(after.items())))


def _vjp(
    run: Callable[..., list[mx.array]], inputs: list[mx.array], cotangents: list[mx.array]
) -> tuple[list[mx.array], list[mx.array]]:
    """``mx.vjp`` in which counters and other integers take no part."""
    floats = [i for i, part in enumerate(inputs) if mx.issubdtype(part.dtype, mx.floating)]

    def of_floats(*chosen: mx.array) -> list[mx.array]:
        whole = list(inputs)
        for position, array in zip(floats, chosen, strict=True):
            whole[position] = array
        return run(*whole)

    results, grads = mx.vjp(of_floats, [inputs[i] for i in floats], cotangents)
    every = [mx.zeros_like(part) for part in inputs]
    for position, grad in zip(floats, grads, strict=True):
        every[position] = grad
    return results, every


def _copy(array: mx.array) -> mx.array:
    """Copy the bits of an array into one that has no past."""
    if not array.size:
        return mx.zeros(array.shape, array.dtype)
    bits = array.reshape(-1).view(_SAME_SIZE[array.dtype.size])
    return mx.array(np.asarray(bits)).view(array.dtype).reshape(array.shape)


def _is_tracked(array: mx.array) -> bool:
    """Whether a differentiation follows an array.

    MLX does not tell, but when it evaluates it keeps the graph of what it follows and drops that of
    other arrays. Gradients do not depend on the answer, only memory and time do.
    """
    probe = mx.stop_gradient(array)
    mx.eval(probe)
    graph = io.StringIO()
    try:
        mx.export_to_dot(graph, probe)
    except (RuntimeError, TypeError, ValueError):
        return True
    return "StopGradient" in graph.getvalue()


_HOLE = object()


def _leaves(state: Any) -> list[mx.array]:
    leaves: list[Any] = []
    tree_map(leaves.append, state)
    return [leaf for leaf in leaves if isinstance(leaf, mx.array)]


def _hollow(state: Any) -> Any:
    """Keep the structure of a state, and none of its arrays."""
    return tree_map(lambda part: _HOLE if isinstance(part, mx.array) else part, state)


def _filled(state: Any, leaves: Any) -> Any:
    """Put other arrays into a state, or into a hollow one; they may be more than it takes."""
    following = iter(leaves)
    return tree_map(lambda part: next(following) if part is _HOLE else part, _hollow(state))
