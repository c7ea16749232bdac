"""Backpropagation through time: whole, in recomputed segments, or through windows of a few steps.

A sequence of T steps keeps the inner activations of all its steps for the backward pass. With
`checkpoint`, only the state between segments of about √T steps is kept, and the activations of a
segment are computed a second time when the backward pass comes to it (Chen et al. 2016, "Training
deep nets with sublinear memory cost"): one more forward pass buys a memory of about 2√T steps. With
`window`, the gradient is cut between windows (truncated backpropagation through time, Williams &
Peng 1990): an approximation, unlike the former.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple, Protocol

import mlx.core as mx
import mlx.nn as nn
from mlx.utils import tree_map

from eegsnn._validation import check_boolean, check_integer
from eegsnn.errors import ConfigurationError, DataError
from eegsnn.training._segments import Segments


class StatefulModel(Protocol):
    """What `bptt_forward` takes: an ``mlx.nn`` module that runs over time with explicit state."""

    def run(self, x: mx.array, state: Any = None, **options: Any) -> tuple[mx.array, Any]:
        """[T, batch, …] and state → [T, batch, …] and the state after the last step."""


def bptt_forward(
    model: StatefulModel,
    x: mx.array,
    state: Any = None,
    *,
    checkpoint: int | str | None = None,
    window: int | None = None,
    **options: Any,
) -> tuple[mx.array, Any]:
    """Run a model over a sequence, inside a function that will be differentiated.

    Without `checkpoint` and `window` this is ``model.run(x, state)``.

    Parameters
    ----------
    model : mlx.nn.Module with ``run(x, state)``
        A neuron, a layer or a ``Sequential`` of them.
    x : array [T, batch, …]
        Input currents or spikes.
    state : optional
        What ``model.init_state`` or an earlier run gave; None starts at rest.
    checkpoint : int or "sqrt", optional
        Steps per segment; "sqrt" takes ⌈√T⌉, for which the memory is least. The activations in a
        segment are recomputed in the backward pass. Gradients (of inputs, of the state and of the
        trainable parameters) equal the plain ones up to the order of summation over segments. None
        keeps everything.
    window : int, optional
        The gradient flows through at most so many steps: at every multiple of `window` the state is
        carried over but cut. ``window >= T`` changes nothing. Must be a multiple of `checkpoint`
        where both are given as numbers.
    **options
        Passed on to every call of ``model.run``.

    Returns
    -------
    outputs : array [T, batch, …]
    state
        After the last step.

    Raises
    ------
    ConfigurationError
        If a number is impossible, or a layer of the model looks at all steps together (batch
        normalisation over time in training): it cannot go in parts.
    DataError
        If `x` is no array with at least one step.

    Notes
    -----
    The memory saved is that of activations: `x` and the outputs stay whole, so keep the last layer
    of the model narrow, or `x` in a small type. Random numbers from MLX's global generator are the
    same in the recomputation; give explicit keys as options all the same.

    Examples
    --------
    >>> from eegsnn.neurons import Leaky
    >>> lif, x = Leaky(beta=0.9, learn_beta=True), mx.ones((100, 1, 3)) * 0.2
    >>> loss = lambda x, steps: bptt_forward(lif, x, checkpoint=steps)[0].mean()
    >>> plain, saving = mx.grad(loss)(x, None), mx.grad(loss)(x, "sqrt")
    >>> mx.allclose(plain, saving).item()
    True
    """
    n_steps = _number_of_steps(x)
    length = _segment_length(checkpoint, n_steps)
    if window is not None:
        check_integer("window", window, low=1)
        if length is not None and isinstance(checkpoint, str):
            length = _segment_length(checkpoint, min(window, n_steps))
        elif length is not None and length < n_steps and window < n_steps and window % length:
            raise ConfigurationError(
                f"window: expected a multiple of the {length} steps of checkpoint, but got "
                f"{window}. Choose checkpoint='sqrt' to have it fitted."
            )
    if length is None and (window is None or window >= n_steps):
        return model.run(x, state, **options)
    _check_divisible(model)
    run: Any = partial(model.run, **options) if length is None else Segments(model, options).run
    outputs: list[mx.array] = []
    for part in _windows(x, window or n_steps):
        if outputs:
            state = _cut(state)
        for segment in _windows(part, length or part.shape[0]):
            output, state = run(segment, state)
            outputs.append(output)
    return outputs[0] if len(outputs) == 1 else mx.concatenate(outputs), state


class Window(NamedTuple):
    """One window of truncated backpropagation.

    `steps` is its slice of time, `outputs` [k, batch, …] its outputs, `state` the one after it, cut
    from its past, and `gradients` the tree that ``optimizer.update(model, gradients)`` takes.
    """

    steps: slice
    loss: mx.array
    gradients: Any
    outputs: mx.array
    state: Any


def truncated_bptt(
    model: StatefulModel,
    loss: Callable[[mx.array, slice], mx.array],
    x: mx.array,
    *,
    window: int,
    state: Any = None,
    **options: Any,
) -> Iterator[Window]:
    """Go through a sequence in windows, each with its own gradient; weights may change in between.

    Nothing but the state outlives a window, so that the memory is that of `window` steps however
    long the sequence is.

    Parameters
    ----------
    model : mlx.nn.Module with ``run(x, state)``
    loss : callable
        ``loss(outputs, steps)`` → scalar, of the outputs [k, batch, …] of the steps in the slice
        `steps`.
    x : array [T, batch, …]
    window : int
        Steps per window; the last may be shorter. ``window >= T`` is one window: the full gradient.
    state : optional
        Before the first step; None starts at rest.
    **options
        Passed on to ``model.run``.

    Yields
    ------
    Window

    Examples
    --------
    >>> from mlx.optimizers import SGD
    >>> from eegsnn.neurons import LeakyIntegrator
    >>> model, optimizer = LeakyIntegrator(beta=0.5, learn_beta=True), SGD(0.1)
    >>> target = mx.ones((10, 1, 1))
    >>> for part in truncated_bptt(
    ...     model,
    ...     lambda outputs, steps: mx.square(outputs - target[steps]).mean(),
    ...     mx.ones((10, 1, 1)),
    ...     window=4,
    ... ):
    ...     optimizer.update(model, part.gradients)
    ...     print(part.steps.start, part.steps.stop)
    0 4
    4 8
    8 10
    """
    n_steps = _number_of_steps(x)
    check_integer("window", window, low=1)
    if window < n_steps:
        _check_divisible(model)

    def forward(part: mx.array, state: Any, steps: slice) -> tuple[mx.array, mx.array, Any]:
        outputs, state = model.run(part, state, **options)
        return loss(outputs, steps), outputs, state

    gradient = nn.value_and_grad(model, forward)
    start = 0
    for part in _windows(x, window):
        steps = slice(start, start + part.shape[0])
        (value, outputs, after), gradients = gradient(part, state, steps)
        state, start = _cut(after), steps.stop
        # Evaluated here: a lazy state would keep the whole past alive.
        mx.eval(value, gradients, outputs, state)
        yield Window(steps, value, gradients, outputs, state)


class WindowedLoss:
    """Truncated backpropagation for :func:`~eegsnn.training.fit`: an update after every window.

    Parameters
    ----------
    loss : callable
        ``loss(outputs, batch, steps)`` → scalar, of the outputs [k, batch, …] of the steps in the
        slice `steps`.
    window : int
        Steps per window.
    inputs : callable, default the first entry
        Picks the model's input [T, batch, …] out of a batch.
    with_key : bool, default False
        Pass the key of the step to ``model.run`` (as `key`, for dropout), the same in all windows.

    Examples
    --------
    >>> windowed = WindowedLoss(lambda outputs, batch, steps: outputs.mean(), window=50)
    """

    def __init__(
        self,
        loss: Callable[[mx.array, Any, slice], mx.array],
        window: int,
        *,
        inputs: Callable[[Any], mx.array] = lambda batch: batch[0],
        with_key: bool = False,
    ) -> None:
        self.loss = loss
        self.window = check_integer("window", window, low=1)
        self.inputs = inputs
        self.with_key = check_boolean("with_key", with_key)

    def gradients(
        self, model: StatefulModel, batch: Any, key: mx.array
    ) -> Iterator[tuple[mx.array, Any]]:
        """Loss and gradients of each window of a batch, in turn."""

        def loss(outputs: mx.array, steps: slice) -> mx.array:
            return self.loss(outputs, batch, steps)

        options = {"key": key} if self.with_key else {}
        x = self.inputs(batch)
        for part in truncated_bptt(model, loss, x, window=self.window, **options):
            yield part.loss, part.gradients


def _number_of_steps(x: mx.array) -> int:
    if not isinstance(x, mx.array) or x.ndim < 2 or not x.shape[0]:
        got = f"shape {tuple(x.shape)}" if isinstance(x, mx.array) else type(x).__name__
        raise DataError(
            f"x: expected an MLX array [T, batch, …] of at least one time step, but got {got}."
        )
    return x.shape[0]


def _segment_length(checkpoint: int | str | None, n_steps: int) -> int | None:
    if checkpoint is None:
        return None
    if isinstance(checkpoint, str):
        if checkpoint != "sqrt":
            raise ConfigurationError(
                f"checkpoint: expected a number of steps, 'sqrt' or None, but got {checkpoint!r}."
            )
        return math.isqrt(n_steps - 1) + 1
    return check_integer("checkpoint", checkpoint, low=1)


def _windows(x: mx.array, length: int) -> list[mx.array]:
    """Cut [T, …] into parts of `length` steps; one split, whose gradient is linear in T."""
    if length >= x.shape[0]:
        return [x]
    return list(mx.split(x, list(range(length, x.shape[0], length))))


def _cut(state: Any) -> Any:
    return tree_map(lambda part: mx.stop_gradient(part), state)


def _check_divisible(model: Any) -> None:
    """Refuse layers whose result for a step depends on the other steps."""
    for name, layer in model.named_modules():
        over_time = getattr(layer, "over_time", False) and not getattr(layer, "any_length", False)
        if over_time or (isinstance(layer, nn.BatchNorm) and layer.training):
            raise ConfigurationError(
                f"checkpoint, window: layer {name or type(layer).__name__!r} "
                f"({type(layer).__name__}) looks at all time steps together, so that the sequence "
                f"cannot be run in parts. Leave both at None, or take a layer that works per step."
            )
