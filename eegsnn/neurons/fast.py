"""The bridge between MLX and the compiled kernels: one custom function around a whole sequence.

Arrays go to the kernels without a copy, and results are written straight into MLX's buffers. Where
a kernel cannot serve (on a GPU, in half precision, inside ``mx.compile`` or ``mx.vmap``, with
another reset than the default), :func:`kernel_serves` says so and the neuron goes the general way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any, NamedTuple

import mlx.core as mx
import numpy as np

from eegsnn.backend import has_values, keep_large_blocks, kernels_available, room_for
from eegsnn.neurons.sequence import State


class Kernel(NamedTuple):
    """Where the forward and backward function of a neuron are found: a module of the kernels."""

    module: str
    forward: str = "forward"
    backward: str = "backward"

    def functions(self) -> tuple[Callable, Callable]:
        """Import them: Numba is loaded here and not before."""
        keep_large_blocks()
        module = import_module(f"eegsnn.kernels.{self.module}")
        return getattr(module, self.forward), getattr(module, self.backward)


class Problem(NamedTuple):
    """One neuron over one sequence, as MLX arrays.

    `learned` names the parameters whose gradient is wanted; `firing` holds the reset and the
    surrogate of a spiking neuron, and is empty for another; `whole` names the parameters that are
    not values of single neurons, such as recurrent weights.
    """

    x: mx.array
    state: State
    parameters: State
    learned: frozenset[str]
    firing: dict[str, Any]
    whole: frozenset[str] = frozenset()


def kernel_serves(problem: Problem) -> bool:
    """Whether compiled kernels can do this sequence."""
    firing = problem.firing
    arrays = [problem.x, *problem.state.values(), *problem.parameters.values()]
    return (
        firing.get("reset_delay", True)
        and firing.get("detach_reset", True)
        and problem.x.size > 0
        and all(array.dtype == mx.float32 for array in arrays)
        and mx.default_device() == mx.Device(mx.cpu)
        and kernels_available()
        and has_values(*arrays)
    )


def run_kernel(kernel: Kernel, problem: Problem, every_state: bool) -> tuple[mx.array, State]:
    """Run a neuron: outputs [T, batch, …], and states after every step or after the last."""
    from eegsnn.kernels.run import RESETS, Gradients, Run

    forward_kernel, backward_kernel = kernel.functions()
    names, constants = list(problem.state), list(problem.parameters)
    n_states = len(names)
    reset = RESETS[problem.firing.get("reset_mechanism", "none")]
    made: list[tuple[Run, list[mx.array]]] = []

    def forward(*_: mx.array) -> tuple[mx.array, ...]:
        # Those of the problem, not the arguments, which are the same but not evaluated yet.
        x, first, values = problem.x, problem.state, problem.parameters
        outputs, *states = _new(x.shape, *(x.shape for _ in names if every_state))
        run = Run(
            x=_rows(x),
            first={name: _row(part) for name, part in first.items()},
            parameters={
                name: np.ascontiguousarray(np.asarray(value))
                if name in problem.whole
                else _spread(value, x.shape[1:])
                for name, value in values.items()
            },
            reset=reset,
            surrogate=problem.firing.get("surrogate"),
            outputs=_rows(outputs),
            states=dict(zip(names, map(_rows, states), strict=True))
            if every_state
            else _room_for_states(names, _rows(outputs)),
        )
        forward_kernel(run)
        kept = [x, *first.values(), *values.values(), outputs, *states]
        made.append((run, kept))  # the views live as long as the arrays
        last = (mx.array(run.states[name][-1].reshape(x.shape[1:])) for name in names)
        return outputs, *(states if every_state else last)

    function: Any = mx.custom_function(forward)

    @function.vjp
    def vjp(
        primals: tuple[mx.array, ...],
        cotangents: tuple[mx.array, ...],
        _: tuple[mx.array, ...],
    ) -> list[mx.array]:
        x, *rest = primals
        run = made[-1][0]
        grad_x, *grad_first = _new(*(part.shape for part in (x, *rest[:n_states])), also=cotangents)
        totals = {name: np.zeros(run.parameters[name].shape, np.float32) for name in constants}
        gradients = Gradients(
            outputs=_rows_that_differ(cotangents[0]),
            states={
                name: _rows(c) if every_state else _row(c)[None]
                for name, c in zip(names, cotangents[1:], strict=True)
            },
            wanted=problem.learned,
            x=_rows(grad_x),
            first=dict(zip(names, map(_row, grad_first), strict=True)),
            parameters=totals,
        )
        backward_kernel(run, gradients)
        by_parameter = [_gradient(totals[name], name, problem, x.shape[1:]) for name in constants]
        return [grad_x, *grad_first, *by_parameter]

    outputs, *states = function(problem.x, *problem.state.values(), *problem.parameters.values())
    return outputs, dict(zip(names, states, strict=True))


def _new(*shapes: Iterable[int], also: Iterable[mx.array] = ()) -> list[mx.array]:
    """Make arrays to be written to through their NumPy views; evaluate others with them."""
    arrays = [room_for(tuple(shape)) for shape in shapes]
    mx.eval(*arrays, *also)
    return arrays


def _rows(array: mx.array) -> np.ndarray:
    """View [T, …] as [T, columns]; copies only what is not contiguous."""
    view = np.ascontiguousarray(np.asarray(array))
    return view.reshape(array.shape[0], -1)


def _rows_that_differ(array: mx.array) -> np.ndarray:
    """View [T, …] as [T, columns], or as [1, columns] where every step is the same memory.

    A cotangent is, when the outputs are averaged over time.
    """
    view = np.asarray(array)
    view = view[:1] if view.strides[0] == 0 else view
    return np.ascontiguousarray(view).reshape(len(view), -1)


def _room_for_states(names: list[str], outputs: np.ndarray) -> dict[str, np.ndarray]:
    """Make arrays for states of which only the last is given out; spikes are the outputs anyway."""
    return {name: outputs if name == "spk" else np.empty_like(outputs) for name in names}


def _row(array: mx.array) -> np.ndarray:
    return np.ascontiguousarray(np.asarray(array)).reshape(-1)


def _spread(value: mx.array, shape: tuple[int, ...]) -> np.ndarray:
    """Give every column its own value of a parameter."""
    row = np.empty(shape, np.float32)
    row[...] = np.asarray(value)
    return row.reshape(-1)


def _gradient(total: np.ndarray, name: str, problem: Problem, shape: tuple[int, ...]) -> mx.array:
    """Gradient by a parameter from that by its value in every column, which undoes `_spread`."""
    value = problem.parameters[name]
    if name not in problem.learned:
        return mx.zeros_like(value)
    if name in problem.whole:
        return mx.array(total)
    total = total.reshape(shape)
    lacking = tuple(range(total.ndim - value.ndim))
    kept = tuple(len(lacking) + axis for axis, size in enumerate(value.shape) if size == 1)
    summed = total.sum(axis=lacking + kept, dtype=np.float64).reshape(value.shape)
    return mx.array(summed.astype(np.float32))
