"""Layers with weights: dense and convolutional. As in ``mlx.nn``, but with an explicit key.

The layers of ``mlx.nn`` draw their first weights from a global generator, so that they depend on
all that was drawn before. These are the same layers (subclasses; weights have the same names and
shapes) with weights that depend on the key alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import mlx.core as mx
import mlx.nn as nn

from eegsnn._validation import check_boolean, check_integer
from eegsnn.errors import ConfigurationError
from eegsnn.layers.base import check_key


class Linear(nn.Linear):
    """Dense connection, ``x @ weight.T + bias``: [N, …, inputs] → [N, …, outputs].

    Parameters
    ----------
    input_dims, output_dims : int
    bias : bool, default True
    key : array
        Random key of the first weights: uniform in ±1/√inputs, biases too (the scale of
        ``mlx.nn`` and PyTorch).

    Raises
    ------
    ConfigurationError
        If a size is not a positive integer, or `key` not a key.

    Examples
    --------
    >>> layer = Linear(3, 2, key=mx.random.key(0))
    >>> layer(mx.zeros((5, 3))).shape
    (5, 2)
    """

    def __init__(
        self, input_dims: int, output_dims: int, bias: bool = True, *, key: mx.array
    ) -> None:
        nn.Module.__init__(self)  # nn.Linear's own would use the global generator
        n_in = check_integer("input_dims", input_dims, low=1)
        n_out = check_integer("output_dims", output_dims, low=1)
        weight_key, bias_key = mx.random.split(check_key(key))
        self.weight = _uniform((n_out, n_in), n_in, weight_key)
        if check_boolean("bias", bias):
            self.bias = _uniform((n_out,), n_in, bias_key)


class Conv1d(nn.Conv1d):
    """Convolution over one axis: [N, length, channels] → [N, length', channels'].

    Parameters
    ----------
    in_channels, out_channels, kernel_size : int
    stride : int, default 1
    padding : int, default 0
        Zeros added at both ends.
    dilation, groups : int, default 1
    bias : bool, default True
    key : array
        Random key of the first weights: uniform in ±1/√(inputs of an output). Biases start at 0.

    Raises
    ------
    ConfigurationError
        If a size is impossible, or `groups` does not divide the channels.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        dilation: int = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        key: mx.array,
    ) -> None:
        nn.Module.__init__(self)
        (size,) = _sizes("kernel_size", kernel_size, 1, 1)
        (self.stride,) = _sizes("stride", stride, 1, 1)
        (self.padding,) = _sizes("padding", padding, 1, 0)
        (self.dilation,) = _sizes("dilation", dilation, 1, 1)
        self.groups = _check_groups(groups, in_channels, out_channels)
        n_in = in_channels // groups
        self.weight = _uniform((out_channels, size, n_in), size * n_in, check_key(key))
        if check_boolean("bias", bias):
            self.bias = mx.zeros((out_channels,))


class Conv2d(nn.Conv2d):
    """Convolution over two axes: [N, height, width, channels] → [N, height', width', channels'].

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size, stride, padding, dilation : int or (int, int)
        As in :class:`Conv1d`; a pair is (height, width).
    groups, bias, key
        As in :class:`Conv1d`.

    Raises
    ------
    ConfigurationError
        As in :class:`Conv1d`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] = 0,
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        key: mx.array,
    ) -> None:
        nn.Module.__init__(self)
        size = _sizes("kernel_size", kernel_size, 2, 1)
        self.stride = _sizes("stride", stride, 2, 1)
        self.padding = _sizes("padding", padding, 2, 0)
        self.dilation = _sizes("dilation", dilation, 2, 1)
        self.groups = _check_groups(groups, in_channels, out_channels)
        n_in = in_channels // groups
        fan_in = size[0] * size[1] * n_in
        self.weight = _uniform((out_channels, *size, n_in), fan_in, check_key(key))
        if check_boolean("bias", bias):
            self.bias = mx.zeros((out_channels,))


def _uniform(shape: tuple[int, ...], fan_in: int, key: mx.array) -> mx.array:
    bound = 1.0 / math.sqrt(fan_in)
    return mx.random.uniform(-bound, bound, shape, key=key)


def _sizes(name: str, value: int | Sequence[int], axes: int, low: int) -> tuple[int, ...]:
    values = tuple(value) if isinstance(value, Sequence) else (value,) * axes
    if len(values) != axes:
        raise ConfigurationError(f"{name}: expected {axes} sizes, but got {value!r}.")
    return tuple(check_integer(name, size, low=low) for size in values)


def _check_groups(groups: int, in_channels: int, out_channels: int) -> int:
    check_integer("groups", groups, low=1)
    for name, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
        check_integer(name, channels, low=1)
        if channels % groups:
            raise ConfigurationError(
                f"{name}: expected a multiple of groups = {groups}, but got {channels}."
            )
    return groups
