"""The LIF neuron over a whole sequence in NumPy, forward and hand-written backward.

On the CPU backend each small MLX operation costs more than the arithmetic in it, and a loop over
time makes thousands of them; NumPy working in place is several times faster. The reference that
this must equal, gradients included, is the plain loop in :mod:`eegsnn.neurons.sequence`.

Only the delayed reset is here: it is the default, and its backward recursion is linear.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from eegsnn.surrogate import Surrogate

Array = np.ndarray


class LeakyGradients(NamedTuple):
    """Gradients by current, initial membrane, decay and threshold.

    The last two are summed over time, still one value per trial and neuron; None where not wanted.
    """

    x: Array
    mem: Array
    beta: Array | None
    threshold: Array | None


class LeakyRun(NamedTuple):
    """What a forward run gave and began with: all that its gradients depend on."""

    spikes: Array
    membranes: Array
    mem: Array
    beta: Array
    threshold: Array


def leaky_forward(
    x: Array, mem: Array, beta: Array, threshold: Array, reset_mechanism: str
) -> tuple[Array, Array]:
    """Spikes and membrane potentials, both [T, …], of the delayed-reset LIF."""
    membranes = np.empty_like(x)
    spikes = np.empty_like(x)
    fired = (mem > threshold).astype(x.dtype)
    scratch = np.empty_like(mem)
    for t in range(x.shape[0]):
        out = membranes[t]
        if reset_mechanism == "zero":
            np.subtract(1.0, fired, out=scratch)
            np.multiply(scratch, mem, out=scratch)
            np.multiply(beta, scratch, out=out)
            np.add(out, x[t], out=out)
        else:
            np.multiply(beta, mem, out=out)
            np.add(out, x[t], out=out)
            if reset_mechanism == "subtract":
                np.multiply(fired, threshold, out=scratch)
                np.subtract(out, scratch, out=out)
        fired = spikes[t]
        np.greater(out, threshold, out=fired, casting="unsafe")
        mem = out
    return spikes, membranes


def leaky_backward(
    run: LeakyRun,
    grad_spikes: Array,
    grad_membranes: Array,
    reset_mechanism: str,
    surrogate: Surrogate,
    wanted: tuple[bool, bool] = (True, True),
) -> LeakyGradients:
    """Gradients of a loss whose cotangents by spikes and membranes (both [T, …]) are given.

    `wanted` says whether those by decay and by threshold are needed; they cost as much as the rest.
    """
    spikes, membranes, mem, beta, threshold = run
    through_spike = np.asarray(surrogate.gradient(membranes - threshold, xp=np))
    if through_spike.dtype == grad_spikes.dtype and through_spike.shape == grad_spikes.shape:
        through_spike *= grad_spikes
    else:  # a custom formula may give booleans, or one number for all
        through_spike = through_spike * grad_spikes
    grad_x = np.add(grad_membranes, through_spike)  # turned, last step first, into d loss/d mem
    scratch = np.empty_like(mem)
    for t in range(grad_x.shape[0] - 2, -1, -1):
        np.multiply(beta, grad_x[t + 1], out=scratch)
        if reset_mechanism == "zero":
            scratch -= spikes[t] * scratch
        grad_x[t] += scratch
    fired_first = (mem > threshold).astype(mem.dtype)
    kept_first = 1.0 - fired_first if reset_mechanism == "zero" else np.ones_like(mem)
    grad_beta = grad_threshold = None
    if wanted[0]:
        grad_beta = grad_x[0] * mem * kept_first
        kept = membranes[:-1]
        if reset_mechanism == "zero":
            kept = kept * (1.0 - spikes[:-1])
        grad_beta += _sum_of_products(grad_x[1:], kept)
    if wanted[1]:
        grad_threshold = -through_spike.sum(axis=0)
        if reset_mechanism == "subtract":
            grad_threshold -= grad_x[0] * fired_first
            grad_threshold -= _sum_of_products(grad_x[1:], spikes[:-1])
    return LeakyGradients(grad_x, beta * grad_x[0] * kept_first, grad_beta, grad_threshold)


def _sum_of_products(left: Array, right: Array) -> Array:
    """Sum over time of left[t]·right[t], without an array of the full size."""
    return np.einsum("t...,t...->...", left, right)
