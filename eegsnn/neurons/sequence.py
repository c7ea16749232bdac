"""Neurons over a whole sequence [T, batch, …], with gradients whose cost is linear in T.

Indexing ``x[t]`` inside a differentiated loop costs O(T²) in MLX, because the gradient of every
index is an array of the full size. Here the loop sits inside a custom function over the sequence:
:func:`leaky_loop` is the plain reference, :func:`leaky_sequence` the one to use.
"""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import numpy as np

from eegsnn._validation import check_choice
from eegsnn.errors import ConfigurationError, DataError
from eegsnn.neurons._leaky_kernel import LeakyRun, leaky_backward, leaky_forward
from eegsnn.neurons.functional import RESET_MECHANISMS, leaky_step
from eegsnn.surrogate import Surrogate, get_surrogate


def leaky_loop(
    x: mx.array,
    mem: mx.array,
    *,
    beta: float | mx.array,
    threshold: float | mx.array = 1.0,
    reset_mechanism: str = "subtract",
    reset_delay: bool = True,
    surrogate: Surrogate | None = None,
) -> tuple[mx.array, mx.array]:
    """Run :func:`~eegsnn.neurons.functional.leaky_step` over x[T, batch, …], step by step.

    The reference: every other path must equal it, gradients included. Parameters, results and
    errors are those of :func:`leaky_sequence`.
    """
    _check_shapes(x, mem, beta, threshold)
    spikes, membranes = [], []
    for current in mx.split(x, x.shape[0]):
        fired, mem = leaky_step(
            current[0],
            mem,
            beta=beta,
            threshold=threshold,
            reset_mechanism=reset_mechanism,
            reset_delay=reset_delay,
            surrogate=surrogate,
        )
        spikes.append(fired)
        membranes.append(mem)
    return mx.stack(spikes), mx.stack(membranes)


def leaky_sequence(
    x: mx.array,
    mem: mx.array,
    *,
    beta: float | mx.array,
    threshold: float | mx.array = 1.0,
    reset_mechanism: str = "subtract",
    reset_delay: bool = True,
    surrogate: Surrogate | None = None,
) -> tuple[mx.array, mx.array]:
    """LIF over a whole sequence, forward and backward in time linear in T.

    Equal to :func:`leaky_loop`. On the CPU, in float32 and with the delayed reset, it runs as a
    NumPy kernel; otherwise as the loop itself.

    Parameters
    ----------
    x : array [T, batch, …]
        Input currents.
    mem : array [batch, …]
        Membrane potential before the first step.
    beta, threshold : float or array
        As in :func:`~eegsnn.neurons.functional.leaky_step`; arrays, of any shape that broadcasts
        to one step of `x`, get gradients.
    reset_mechanism, reset_delay, surrogate
        As in :func:`~eegsnn.neurons.functional.leaky_step`.

    Returns
    -------
    spikes, membranes : arrays [T, batch, …]
        The last membrane is the state to go on with.

    Raises
    ------
    DataError
        If `x` has no step, or `mem` has not the shape of one.
    ConfigurationError
        For an unknown `reset_mechanism`, or a parameter that fits no step of `x`.
    """
    _check_shapes(x, mem, beta, threshold)
    check_choice("reset_mechanism", reset_mechanism, RESET_MECHANISMS)
    surrogate = surrogate or get_surrogate()
    single = all(
        array.dtype == mx.float32
        for array in (x, mem, beta, threshold)
        if isinstance(array, mx.array)
    )
    if not (reset_delay and single and mx.default_device() == mx.Device(mx.cpu)):
        return leaky_loop(
            x,
            mem,
            beta=beta,
            threshold=threshold,
            reset_mechanism=reset_mechanism,
            reset_delay=reset_delay,
            surrogate=surrogate,
        )
    return _leaky_by_kernel(x, mem, beta, threshold, reset_mechanism, surrogate)


def _check_shapes(
    x: mx.array, mem: mx.array, beta: float | mx.array, threshold: float | mx.array
) -> None:
    step = tuple(x.shape[1:])
    if x.ndim < 2 or not x.shape[0]:
        raise DataError(
            f"x: expected at least one time step, as [T, batch, …], but got shape {tuple(x.shape)}."
        )
    if tuple(mem.shape) != step:
        raise DataError(
            f"The state belongs to another batch: expected membrane shape {step}, "
            f"but got {tuple(mem.shape)}. Start anew with init_state."
        )
    for name, parameter in (("beta", beta), ("threshold", threshold)):
        shape = tuple(np.shape(parameter))
        sizes = zip(shape[::-1], step[::-1], strict=False)
        if len(shape) > len(step) or any(size not in (1, full) for size, full in sizes):
            raise ConfigurationError(
                f"{name}: expected a scalar or one value per neuron, which fits a step of shape "
                f"{step}, but got shape {shape}."
            )


def _leaky_by_kernel(
    x: mx.array,
    mem: mx.array,
    beta: float | mx.array,
    threshold: float | mx.array,
    reset_mechanism: str,
    surrogate: Surrogate,
) -> tuple[mx.array, mx.array]:
    # Only MLX arrays can be differentiated by; a plain number needs no gradient.
    wanted = (isinstance(beta, mx.array), isinstance(threshold, mx.array))

    def forward(*primals: mx.array) -> tuple[mx.array, mx.array]:
        x, mem, beta, threshold = _as_numpy(*primals)
        spikes, membranes = leaky_forward(x, mem, beta, threshold, reset_mechanism)
        return mx.array(spikes), mx.array(membranes)

    run: Any = mx.custom_function(forward)

    @run.vjp
    def run_vjp(
        primals: tuple[mx.array, ...],
        cotangents: tuple[mx.array, ...],
        outputs: tuple[mx.array, ...],
    ) -> tuple[mx.array, ...]:
        _, mem, beta, threshold = primals
        arrays = _as_numpy(*outputs, mem, beta, threshold, *cotangents)
        grads = leaky_backward(
            LeakyRun(*arrays[:5]), arrays[5], arrays[6], reset_mechanism, surrogate, wanted
        )
        return (
            mx.array(grads.x),
            mx.array(grads.mem),
            _sum_to_shape(grads.beta, beta),
            _sum_to_shape(grads.threshold, threshold),
        )

    return run(x, mem, mx.array(beta), mx.array(threshold))


def _as_numpy(*arrays: mx.array) -> list[np.ndarray]:
    """View evaluated arrays as NumPy, without a copy where the layout allows it."""
    mx.eval(arrays)
    return [np.asarray(array) for array in arrays]


def _sum_to_shape(gradient: np.ndarray | None, parameter: mx.array) -> mx.array:
    """Undo the broadcast of a parameter: sum its gradient over every axis that it lacks."""
    if gradient is None:
        return mx.zeros_like(parameter)
    lacking = tuple(range(gradient.ndim - parameter.ndim))
    kept = tuple(len(lacking) + axis for axis, size in enumerate(parameter.shape) if size == 1)
    summed = gradient.sum(axis=lacking + kept, dtype=np.float64).reshape(parameter.shape)
    return mx.array(summed.astype(np.float32))
