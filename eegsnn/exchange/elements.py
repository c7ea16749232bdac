"""What NIR has and the other rooms have not: Scale, Threshold, Delay, and layouts' odd cases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from eegsnn.layers import Linear
from eegsnn.neurons import State
from eegsnn.surrogate import Surrogate, get_surrogate, spike


class Scale(nn.Module):
    """Product with one value for each entry (or one for all): [N, …] → [N, …].

    Parameters
    ----------
    scale : ndarray
        Broadcasts to a trial at one step, channels last.
    """

    def __init__(self, scale: np.ndarray) -> None:
        super().__init__()
        self.scale = mx.array(np.asarray(scale, dtype=np.float32))

    def __call__(self, x: mx.array) -> mx.array:
        """Scaled input."""
        return x * self.scale


class Threshold(nn.Module):
    """Heaviside step, 1 where an entry exceeds its threshold: [N, …] → [N, …].

    Parameters
    ----------
    threshold : ndarray
        Broadcasts to a trial at one step, channels last.
    surrogate : Surrogate, optional
        Stands in for the derivative.
    """

    def __init__(self, threshold: np.ndarray, surrogate: Surrogate | None = None) -> None:
        super().__init__()
        self.threshold = mx.array(np.asarray(threshold, dtype=np.float32))
        self.freeze(keys=["threshold"], recurse=False)
        self._surrogate = surrogate or get_surrogate()

    @property
    def surrogate(self) -> Surrogate:
        """What stands in for the derivative."""
        return self._surrogate

    def unfreeze(self, *args: Any, **kwargs: Any) -> nn.Module:
        """As in ``mlx.nn``, but the threshold stays fixed."""
        return self

    def __call__(self, x: mx.array) -> mx.array:
        """Spikes."""
        return spike(x - self.threshold, self._surrogate)


class Delay(nn.Module):
    """Input of some steps ago, zeros before the first: ``y[t] = x[t − steps]``.

    Parameters
    ----------
    steps : ndarray of int
        At least 0; one value, or one for each entry of a trial at one step, channels last.
    """

    def __init__(self, steps: np.ndarray) -> None:
        super().__init__()
        self._steps = np.asarray(steps, dtype=np.int64)

    @property
    def steps(self) -> np.ndarray:
        """Steps of delay, one value or one for each entry."""
        return self._steps

    @property
    def longest(self) -> int:
        """Steps that have to be remembered."""
        return int(self._steps.max(initial=0))

    @property
    def always_waits(self) -> bool:
        """Whether no output depends on the input of the same step."""
        return bool((self._steps > 0).all())

    def init_state(self, batch: int, features: int | Sequence[int]) -> State:
        """Nothing has come in yet: zeros [longest, batch, *features]."""
        shape = (features,) if isinstance(features, int) else tuple(features)
        return {"past": mx.zeros((self.longest, batch, *shape))}

    def run(self, x: mx.array, state: State | None = None) -> tuple[mx.array, State]:
        """All steps: [T, batch, …] → [T, batch, …] and the inputs that are still on their way."""
        if state is None:
            state = self.init_state(x.shape[1], x.shape[2:])
        known = mx.concatenate([state["past"].astype(x.dtype), x])
        past = known[x.shape[0] :]
        if self._steps.size == 1:
            first = self.longest - int(self._steps.reshape(()))
            return known[first : first + x.shape[0]], {"past": past}
        starts = mx.array(self.longest - self._steps)
        index = starts + mx.arange(x.shape[0]).reshape(-1, *[1] * (x.ndim - 1))
        return mx.take_along_axis(known, mx.broadcast_to(index, x.shape), axis=0), {"past": past}

    def trace(self, x: mx.array, state: State | None = None) -> tuple[mx.array, State]:
        """As :meth:`run`; the state after every step is not told."""
        return self.run(x, state)[0], {}

    def __call__(self, x: mx.array, state: State) -> tuple[mx.array, State]:
        """One step."""
        out, state = self.run(x[None], state)
        return out[0], state

    def peek(self, state: State) -> mx.array:
        """Output of the coming step, where it does not depend on the input of that step."""
        return self(mx.zeros_like(state["past"][0]), state)[0]


class StackedLinear(nn.Module):
    """One matrix for each leading index: NIR's Linear and Affine with weights of three axes.

    Parameters
    ----------
    weight : ndarray (n, outputs, inputs)
    bias : ndarray, optional
        Broadcasts to (n, outputs).

    Notes
    -----
    Takes [N, inputs, n] and gives [N, outputs, n]: what NIR counts first comes last here.
    """

    def __init__(self, weight: np.ndarray, bias: np.ndarray | None) -> None:
        super().__init__()
        self.weight = mx.array(weight)
        if bias is not None:
            self.bias = mx.array(bias)

    def __call__(self, x: mx.array) -> mx.array:
        """Product."""
        out = mx.moveaxis(x, -1, 1)[:, :, None] @ mx.swapaxes(self.weight, -1, -2)
        out = out[:, :, 0]
        return mx.moveaxis(out + self.bias if "bias" in self else out, 1, -1)


class Reshape(nn.Module):
    """A reshape as NIR means it, of channels first: [N, …, channels] → [N, …].

    Parameters
    ----------
    shape : tuple of int
        Of the result, as NIR has it.
    merged : (int, int)
        First and last axis that it merges, as NIR counts them.
    """

    def __init__(self, shape: tuple[int, ...], merged: tuple[int, int]) -> None:
        super().__init__()
        self._shape = shape
        self._merged = merged

    @property
    def merged(self) -> tuple[int, int]:
        """First and last axis that it merges, as NIR counts them."""
        return self._merged

    def __call__(self, x: mx.array) -> mx.array:
        """Reshaped input."""
        first = mx.moveaxis(x, -1, 1) if x.ndim > 2 else x
        out = first.reshape(x.shape[0], *self._shape)
        return mx.moveaxis(out, 1, -1) if out.ndim > 2 else out


class PaddedAfter(nn.Module):
    """A layer over axes that are padded unevenly: NIR's padding "same" with even kernels.

    Parameters
    ----------
    layer : module
        Without padding of its own.
    widths : sequence of (int, int)
        Zeros before and after, for each axis between batch and channels.
    """

    def __init__(self, layer: nn.Module, widths: Sequence[tuple[int, int]]) -> None:
        super().__init__()
        self.layer = layer
        self._widths = [(0, 0), *widths, (0, 0)]

    def __call__(self, x: mx.array) -> mx.array:
        """Pad, then the layer."""
        return self.layer(mx.pad(x, self._widths))


def linear(weight: np.ndarray, bias: np.ndarray | None) -> Linear:
    """Make a Linear with these weights (outputs, inputs) and biases."""
    layer = Linear(1, 1, bias is not None, key=mx.random.key(0))
    layer.weight = mx.array(weight)
    if bias is not None:
        layer.bias = mx.array(bias)
    return layer
