"""Spikes kept as events, and the linear layer that they drive at the cost of the spikes alone.

A rate-coded image or a spike-coded recording is mostly zeros: the product of such an input with the
weights needs one addition per spike and output, a dense product one multiply-add per input and
output. The reference is the dense product of :meth:`SparseSpikes.dense`; a test compares the two,
gradients included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mlx.core as mx
import numpy as np

from eegsnn.backend import kernels_available, room_for
from eegsnn.errors import DataError

if TYPE_CHECKING:  # importing a kernel loads Numba
    from eegsnn.kernels.events import Events

# Above this share of spikes the dense product is faster.
WORTHWHILE_DENSITY = 0.25


class SparseSpikes:
    """Spikes [T, batch, inputs], zeros and ones, as events.

    Parameters
    ----------
    shape : (int, int, int)
        T, batch, inputs.
    events : Events
        See :mod:`eegsnn.kernels.events`.

    Examples
    --------
    >>> spikes = SparseSpikes.from_dense(np.array([[[0, 1]], [[1, 1]]]))
    >>> spikes.shape, spikes.density
    ((2, 1, 2), 0.75)
    """

    def __init__(self, shape: tuple[int, int, int], events: Events) -> None:
        self.shape = shape
        self.events = events

    @classmethod
    def from_dense(cls, spikes: np.ndarray | mx.array) -> SparseSpikes:
        """Find the events of an array [T, batch, inputs].

        Raises
        ------
        DataError
            If it has another rank, or values other than 0 and 1.
        """
        from eegsnn.kernels.events import dense_events

        array = np.asarray(spikes)
        if array.ndim != 3 or not ((array == 0) | (array == 1)).all():
            raise DataError(
                f"spikes: expected zeros and ones [T, batch, inputs], but got {array.dtype} "
                f"{array.shape}{'' if array.ndim != 3 else ' with other values'}."
            )
        return cls(array.shape, dense_events(array != 0))

    @classmethod
    def drawn(
        cls,
        levels: np.ndarray,
        n_steps: int,
        random: np.random.Generator,
        *,
        same_draws: bool = False,
    ) -> SparseSpikes:
        """Draw them: see :func:`eegsnn.kernels.events.draw_events`."""
        from eegsnn.kernels.events import draw_events

        events = draw_events(levels, n_steps, random, same_draws=same_draws)
        return cls((n_steps, *levels.shape[1:]), events)

    @property
    def density(self) -> float:
        """Share of ones."""
        return len(self.events.row_inputs) / max(1, int(np.prod(self.shape)))

    def dense(self) -> mx.array:
        """Return the same spikes as a float32 array [T, batch, inputs]."""
        n_steps, batch, n_inputs = self.shape
        dense = np.zeros((n_steps * batch, n_inputs), np.float32)
        rows = np.repeat(np.arange(len(dense)), np.diff(self.events.row_starts))
        dense[rows, self.events.row_inputs] = 1.0
        return mx.array(dense.reshape(self.shape))


def sparse_serves(n_elements: int) -> bool:
    """Whether events are worth making for an input of so many elements on this machine."""
    on_cpu = mx.default_device() == mx.Device(mx.cpu)
    return on_cpu and n_elements >= 1 << 14 and kernels_available()


def sparse_linear(spikes: SparseSpikes, weight: mx.array, bias: mx.array) -> mx.array:
    """``spikes @ weight.T + bias``, with gradients by weight and bias.

    Parameters
    ----------
    spikes : SparseSpikes [T, batch, inputs]
    weight : array (outputs, inputs)
    bias : array (outputs,)

    Returns
    -------
    array [T, batch, outputs]
        Float32. The sums are taken in another order than by a dense product, and equal it to
        rounding.

    Raises
    ------
    DataError
        If the weights are for another number of inputs.
    """
    from eegsnn.kernels.events import columns, product, weight_gradient

    n_steps, batch, n_inputs = spikes.shape
    if weight.shape[1] != n_inputs:
        raise DataError(
            f"spikes: expected {weight.shape[1]} inputs, as the weights have, but got {n_inputs}."
        )

    def forward(weight: mx.array, bias: mx.array) -> mx.array:
        out = room_for((n_steps, batch, weight.shape[0]))
        mx.eval(weight, bias, out)
        by_input = columns(np.asarray(weight), spikes.events)
        product(spikes.events, by_input, np.asarray(bias), np.asarray(out).reshape(-1, len(bias)))
        return out

    function: Any = mx.custom_function(forward)

    @function.vjp
    def vjp(
        primals: tuple[mx.array, mx.array], cotangent: mx.array, _: mx.array
    ) -> tuple[mx.array, mx.array]:
        mx.eval(cotangent)
        gradient = np.ascontiguousarray(np.asarray(cotangent))
        by_input = np.zeros(primals[0].shape[::-1], np.float32)
        weight_gradient(spikes.events, gradient, by_input)
        ones = np.ones(n_steps * batch, np.float32)
        by_weight = mx.array(np.ascontiguousarray(by_input.T))
        return by_weight, mx.array(ones @ gradient.reshape(len(ones), -1))

    return function(weight, bias)
