"""The gated recurrent unit over whole sequences: continuous units, to compare spiking ones with."""

from __future__ import annotations

import math
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from eegsnn.backend import has_values
from eegsnn.neurons.sequence import State, scan


class GatedRecurrent(nn.Module):
    """A layer of gated recurrent units (GRU).

    ::

        r = σ(W_r x + U_r h + b_r)
        z = σ(W_z x + U_z h + b_z)
        n = tanh(W_n x + b_n + r ⊙ (U_n h + c_n))
        h ← (1 − z) ⊙ n + z ⊙ h

    The numbers are those of ``mlx.nn.GRU``; initial weights come from a key, the gradient costs
    time linear in T, and on a CPU the loop over time is done in NumPy, whose small products are
    an order of magnitude faster.

    Parameters
    ----------
    n_inputs, n_units : int
    key : array
        Random key for the initial weights.

    References
    ----------
    Cho et al. (2014), Learning phrase representations using RNN encoder–decoder.
    """

    def __init__(self, n_inputs: int, n_units: int, *, key: mx.array) -> None:
        super().__init__()
        from_input, from_units = mx.random.split(key)
        self.weight = mx.random.normal((3 * n_units, n_inputs), key=from_input)
        self.weight = self.weight / math.sqrt(n_inputs)
        bound = 1 / math.sqrt(n_units)
        self.recurrent_weight = mx.random.uniform(
            -bound, bound, (3 * n_units, n_units), key=from_units
        )
        self.bias = mx.zeros((3 * n_units,))
        self.recurrent_bias = mx.zeros((n_units,))

    def project(self, x: mx.array) -> mx.array:
        """Products of the inputs [T, batch, inputs] with the weights: [T, batch, 3 units]."""
        return mx.addmm(self.bias, x, self.weight.T)

    def run(self, x: mx.array, state: State | None = None) -> tuple[mx.array, State]:
        """Run over x[T, batch, inputs].

        Parameters
        ----------
        x : array [T, batch, inputs]
        state : dict, optional
            ``{"h": [batch, units]}`` before the first step; zeros if not given.

        Returns
        -------
        outputs : array [T, batch, units]
        state : dict
            After the last step.
        """
        return self.run_projected(self.project(x), state)

    def run_projected(
        self, projected: mx.array, state: State | None = None
    ) -> tuple[mx.array, State]:
        """As :meth:`run`, from what :meth:`project` gave."""
        n_units = len(self.recurrent_bias)
        if state is None:
            state = {"h": mx.zeros((projected.shape[1], n_units))}
        parameters = {"weight": self.recurrent_weight, "bias": self.recurrent_bias}
        arrays = (projected, state["h"], *parameters.values())
        if _numpy_serves(*arrays):
            outputs = _in_numpy()(*arrays)
        else:
            outputs, _ = scan(gated_step, projected, state, parameters)
        return outputs, {"h": outputs[-1]}


def gated_step(x: mx.array, state: State, parameters: State) -> tuple[mx.array, State]:
    """One step: x[batch, 3 units] holds the products with the inputs; the reference.

    Parameters
    ----------
    x : array [batch, 3 units]
        For the gates r and z and the candidate n, in this order.
    state : dict
        ``h`` [batch, units].
    parameters : dict
        ``weight`` [3 units, units], ``bias`` [units].
    """
    before = state["h"]
    n = before.shape[-1]
    recurrent = before @ parameters["weight"].T
    gates = mx.sigmoid(x[:, : 2 * n] + recurrent[:, : 2 * n])
    reset, keep = gates[:, :n], gates[:, n:]
    candidate = mx.tanh(x[:, 2 * n :] + reset * (recurrent[:, 2 * n :] + parameters["bias"]))
    after = (1 - keep) * candidate + keep * before
    return after, {"h": after}


def _numpy_serves(*arrays: mx.array) -> bool:
    return (
        mx.default_device() == mx.Device(mx.cpu)
        and all(array.dtype == mx.float32 for array in arrays)
        and has_values(*arrays)
    )


def _in_numpy() -> Any:
    """Return a function of (x, h, weight, bias) → outputs that knows its gradient."""
    kept: list[tuple[np.ndarray, ...]] = []

    def forward(*arrays: mx.array) -> mx.array:
        mx.eval(list(arrays))
        outputs, parts = _forward(*(np.asarray(array) for array in arrays))
        kept.append(parts)
        return mx.array(outputs)

    function: Any = mx.custom_function(forward)

    @function.vjp
    def vjp(primals: tuple[mx.array, ...], cotangent: mx.array, _: mx.array) -> list[mx.array]:
        mx.eval(cotangent)
        arrays = [np.asarray(array) for array in primals]
        return [mx.array(grad) for grad in _backward(np.asarray(cotangent), *arrays, *kept[-1])]

    return function


def _forward(
    x: np.ndarray, first: np.ndarray, weight: np.ndarray, bias: np.ndarray
) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    n_steps, batch, n = *x.shape[:2], len(bias)
    outputs = np.empty((n_steps, batch, n), dtype=np.float32)
    gates = np.empty((n_steps, batch, 2 * n), dtype=np.float32)
    candidates, inner = np.empty_like(outputs), np.empty_like(outputs)
    h = first
    for t in range(n_steps):
        recurrent = h @ weight.T
        # A sigmoid that cannot overflow.
        gates[t] = 0.5 + 0.5 * np.tanh(0.5 * (x[t, :, : 2 * n] + recurrent[:, : 2 * n]))
        reset, keep = gates[t, :, :n], gates[t, :, n:]
        inner[t] = recurrent[:, 2 * n :] + bias
        candidates[t] = np.tanh(x[t, :, 2 * n :] + reset * inner[t])
        h = candidates[t] + keep * (h - candidates[t])
        outputs[t] = h
    return outputs, (outputs, gates, candidates, inner)


def _backward(
    cotangent: np.ndarray,
    x: np.ndarray,
    first: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray,
    outputs: np.ndarray,
    gates: np.ndarray,
    candidates: np.ndarray,
    inner: np.ndarray,
) -> tuple[np.ndarray, ...]:
    n = len(bias)
    grad_x = np.empty_like(x)
    grad_recurrent = np.empty_like(x)
    flowing = np.zeros_like(first)
    for t in range(len(x) - 1, -1, -1):
        before = outputs[t - 1] if t else first
        reset, keep, candidate = gates[t, :, :n], gates[t, :, n:], candidates[t]
        flowing = flowing + cotangent[t]
        by_candidate = flowing * (1 - keep) * (1 - candidate * candidate)
        grad_x[t, :, :n] = by_candidate * inner[t] * reset * (1 - reset)
        grad_x[t, :, n : 2 * n] = flowing * (before - candidate) * keep * (1 - keep)
        grad_x[t, :, 2 * n :] = by_candidate
        grad_recurrent[t] = grad_x[t]
        grad_recurrent[t, :, 2 * n :] *= reset
        flowing = flowing * keep + grad_recurrent[t] @ weight
    before = np.concatenate([first[None], outputs[:-1]]).reshape(-1, n)
    flat = grad_recurrent.reshape(-1, 3 * n)
    return grad_x, flowing, flat.T @ before, flat[:, 2 * n :].sum(axis=0)
