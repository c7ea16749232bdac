"""Layers without state, both ways: Linear, convolutions, pools, Flatten."""

from __future__ import annotations

import math
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import nir
import numpy as np

from eegsnn.errors import ExchangeError
from eegsnn.exchange.elements import PaddedAfter, Reshape, StackedLinear, linear
from eegsnn.exchange.layout import Layout
from eegsnn.exchange.metadata import layer_metadata, layer_of
from eegsnn.layers import (
    AvgPool1d,
    AvgPool2d,
    Conv1d,
    Conv2d,
    Flatten,
    SumPool1d,
    SumPool2d,
)

_KEY_SEED = 0  # of weights that are replaced at once


def write_linear(layer: Any, layout: Layout) -> tuple[nir.NIRNode, Layout]:
    """Linear as Affine, or as Linear where it has no bias."""
    if len(layout.shape) != 1:
        raise ExchangeError(
            f"its input has the shape {layout.here}, and NIR's Affine takes vectors. Flatten first."
        )
    weight = array(layer.weight)
    if weight.shape[1] != layout.size:
        raise ExchangeError(
            f"it takes {weight.shape[1]} inputs, but what comes has the shape {layout.here}."
        )
    weight = layout.columns_to_nir(weight)
    out = Layout((weight.shape[0],))
    if "bias" in layer:
        return nir.Affine(weight, array(layer.bias), metadata=layer_metadata(layer)), out
    return nir.Linear(weight, metadata=layer_metadata(layer)), out


def read_linear(node: Any, layout: Layout) -> tuple[Any, Layout]:
    """Affine or Linear; its columns in the order that vectors have here."""
    weight, bias = f32(node.weight), f32(node.bias) if isinstance(node, nir.Affine) else None
    if weight.ndim == 2:
        if bias is not None and bias.size != weight.shape[0]:
            raise ExchangeError(f"expected {weight.shape[0]} biases, but got shape {bias.shape}.")
        bias = None if bias is None else bias.reshape(-1)
        return linear(layout.columns_to_here(weight), bias), Layout((weight.shape[0],))
    if weight.ndim == 3:
        return StackedLinear(weight, bias), Layout((weight.shape[0], weight.shape[1]))
    raise ExchangeError(f"expected weights of two or three axes, but got shape {weight.shape}.")


def write_conv(layer: nn.Conv1d | nn.Conv2d, layout: Layout) -> tuple[nir.NIRNode, Layout]:
    """Convolution: weights out × height × width × in become out × in × height × width."""
    axes = 1 if isinstance(layer, nn.Conv1d) else 2
    _check_rank(layout, axes)
    weight = np.moveaxis(array(layer.weight), -1, 1)
    bias = array(layer.bias) if "bias" in layer else np.zeros(weight.shape[0], np.float32)
    sizes = {n: _sizes(getattr(layer, n), axes) for n in ("stride", "padding", "dilation")}
    if layout.shape[0] != weight.shape[1] * layer.groups:
        raise ExchangeError(
            f"it takes {weight.shape[1] * layer.groups} channels, but what comes has the shape "
            f"{layout.here}."
        )
    spatial = layout.shape[1:]
    metadata = layer_metadata(layer, has_bias=int("bias" in layer))
    out = conv_output(spatial, weight.shape[2:], **sizes)
    common: dict[str, Any] = {"weight": np.ascontiguousarray(weight), "bias": bias}
    common |= {"groups": layer.groups, "metadata": metadata}
    if axes == 1:
        node = nir.Conv1d(int(spatial[0]), **common, **{n: s[0] for n, s in sizes.items()})
    else:
        node = nir.Conv2d(tuple(spatial), **common, **sizes)
    return node, Layout((weight.shape[0], *out))


def read_conv(node: Any, layout: Layout) -> tuple[Any, Layout]:
    """Conv1d or Conv2d; padding by a number, "valid" or "same"."""
    weight = f32(node.weight)
    axes = 1 if isinstance(node, nir.Conv1d) else 2
    if weight.ndim != axes + 2:
        raise ExchangeError(f"expected weights of {axes + 2} axes, but got shape {weight.shape}.")
    _check_rank(layout, axes)
    kernel = weight.shape[2:]
    groups = _sizes(node.groups, 1)[0]
    stride, dilation = _sizes(node.stride, axes), _sizes(node.dilation, axes)
    widths = _padding(node.padding, kernel, stride, dilation)
    if groups < 1 or weight.shape[0] % groups or min(*stride, *dilation) < 1:
        raise ExchangeError(
            f"impossible groups, stride or dilation: {groups}, {stride}, {dilation}."
        )
    even = all(before == after for before, after in widths)
    out = conv_output(layout.shape[1:], kernel, stride, widths, dilation)
    layer = _conv(node, weight, groups, stride, [w[0] for w in widths] if even else [0] * axes)
    layer.dilation = dilation[0] if axes == 1 else dilation
    return (layer if even else PaddedAfter(layer, widths)), Layout((weight.shape[0], *out))


def _conv(node: Any, weight: np.ndarray, groups: int, stride: Any, padding: Any) -> Any:
    axes = len(stride)
    kind = Conv1d if axes == 1 else Conv2d
    has_bias = node.bias is not None and bool(
        np.any(np.asarray(node.metadata.get("has_bias", 1)) if node.metadata else 1)
    )
    layer: Any = kind(groups, groups, 1, groups=groups, bias=has_bias, key=mx.random.key(_KEY_SEED))
    layer.weight = mx.array(np.ascontiguousarray(np.moveaxis(weight, 1, -1)))
    if has_bias:
        bias = f32(node.bias)
        if bias.size != weight.shape[0]:
            raise ExchangeError(f"expected {weight.shape[0]} biases, but got shape {bias.shape}.")
        layer.bias = mx.array(bias.reshape(-1))
    layer.stride = stride[0] if axes == 1 else tuple(stride)
    layer.padding = padding[0] if axes == 1 else tuple(padding)
    return layer


def conv_output(
    spatial: tuple[int, ...], kernel: Any, stride: Any, padding: Any, dilation: Any
) -> tuple[int, ...]:
    """Sizes after a window has gone over `spatial`.

    Raises
    ------
    ExchangeError
        If the window does not fit into the padded input.
    """
    sizes = []
    for size, k, s, p, d in zip(spatial, kernel, stride, padding, dilation, strict=True):
        before, after = p if isinstance(p, tuple) else (p, p)
        room = size + before + after - d * (k - 1) - 1
        if room < 0:
            raise ExchangeError(
                f"its window of {k} (dilation {d}) does not fit into {size} + padding {p}."
            )
        sizes.append(room // s + 1)
    return tuple(sizes)


def write_pool(layer: Any, layout: Layout) -> tuple[nir.NIRNode, Layout]:
    """Sum or average pooling; over one axis, which NIR lacks, as a convolution per channel."""
    kernel, stride = tuple(layer._kernel_size), tuple(layer._stride)
    padding = tuple(p[0] for p in layer._padding)
    axes = len(kernel)
    _check_rank(layout, axes)
    out = conv_output(layout.shape[1:], kernel, stride, padding, (1,) * axes)
    is_sum = isinstance(layer, SumPool1d | SumPool2d)
    metadata = layer_metadata(layer)
    channels = layout.shape[0]
    if axes == 2:
        kind = nir.SumPool2d if is_sum else nir.AvgPool2d
        node = kind(np.array(kernel), np.array(stride), np.array(padding), metadata=metadata)
        return node, Layout((channels, *out))
    value = 1.0 if is_sum else 1.0 / kernel[0]
    node = nir.Conv1d(
        int(layout.shape[1]),
        np.full((channels, 1, kernel[0]), value, np.float32),
        stride[0],
        padding[0],
        1,
        channels,
        np.zeros(channels, np.float32),
        metadata=metadata,
    )
    return node, Layout((channels, *out))


def read_pool(node: Any, layout: Layout) -> tuple[Any, Layout]:
    """SumPool2d or AvgPool2d."""
    _check_rank(layout, 2)
    kernel, stride, padding = (
        _sizes(value, 2) for value in (node.kernel_size, node.stride, node.padding)
    )
    if min(*kernel, *stride) < 1 or min(padding) < 0:
        raise ExchangeError(f"impossible window {kernel}, stride {stride} or padding {padding}.")
    out = conv_output(layout.shape[1:], kernel, stride, padding, (1, 1))
    kind = SumPool2d if isinstance(node, nir.SumPool2d) else AvgPool2d
    return kind(kernel, stride, padding), Layout((layout.shape[0], *out))


def read_pool_1d(node: Any, layout: Layout) -> tuple[Any, Layout] | None:
    """Pooling over one axis that :func:`write_pool` wrote as a convolution; None if it is not."""
    kind = {"SumPool1d": SumPool1d, "AvgPool1d": AvgPool1d}[layer_of(node) or ""]
    weight = f32(node.weight)
    if weight.ndim != 3 or not weight.size or len(layout.shape) != 2:
        return None
    size = weight.shape[2]
    value = np.float32(1.0 if kind is SumPool1d else 1.0 / size)
    (stride,), (padding,) = _sizes(node.stride, 1), _sizes(node.padding, 1)
    if not (weight == value).all() or np.any(f32(node.bias)) or padding < 0 or stride < 1:
        return None
    if not _sizes(node.groups, 1)[0] == weight.shape[0] == layout.shape[0]:
        return None
    out = conv_output(layout.shape[1:], (size,), (stride,), (padding,), (1,))
    return kind(size, stride, padding), Layout((layout.shape[0], *out))


def write_flatten(layer: Any, layout: Layout) -> tuple[nir.NIRNode, Layout]:
    """Flatten: each side in its own order, which the layout remembers."""
    node = nir.Flatten(np.array(layout.shape), 0, -1, metadata=layer_metadata(layer))
    return node, layout.flattened()


def read_flatten(node: Any, layout: Layout) -> tuple[Any, Layout]:
    """Flatten of some or all axes."""
    rank = len(layout.shape)
    start, end = (int(np.asarray(v).reshape(())) for v in (node.start_dim, node.end_dim))
    start, end = (v + rank if v < 0 else v for v in (start, end))
    if not (0 <= start < max(rank, 1) and start <= end < max(rank, 1)):
        raise ExchangeError(
            f"start_dim and end_dim {node.start_dim}, {node.end_dim} do not fit an input of shape "
            f"{layout.shape}."
        )
    if start == 0 and end == rank - 1:
        return Flatten(), layout.flattened()
    if start == end:
        return Reshape(layout.shape, (start, end)), layout
    merged = math.prod(layout.shape[start : end + 1])
    shape = (*layout.shape[:start], merged, *layout.shape[end + 1 :])
    return Reshape(shape, (start, end)), Layout(shape)


def write_reshape(layer: Reshape, layout: Layout) -> tuple[nir.NIRNode, Layout]:
    """Flatten of some axes."""
    start, end = layer.merged
    merged = math.prod(layout.shape[start : end + 1])
    out = Layout((*layout.shape[:start], merged, *layout.shape[end + 1 :]))
    return nir.Flatten(np.array(layout.shape), start, end), out


def write_stacked(layer: StackedLinear, layout: Layout) -> tuple[nir.NIRNode, Layout]:
    """Affine or Linear with weights of three axes."""
    weight = array(layer.weight)
    out = Layout(weight.shape[:2])
    if "bias" in layer:
        return nir.Affine(weight, array(layer.bias)), out
    return nir.Linear(weight), out


def write_padded(layer: PaddedAfter, layout: Layout) -> tuple[nir.NIRNode, Layout]:
    """Convolution with padding "same", whose output is of the size of its input."""
    node, out = write_conv(layer.layer, layout)
    node.padding = "same"
    return node, Layout((out.shape[0], *layout.shape[1:]))


def array(value: mx.array) -> np.ndarray:
    """Weights as single-precision NumPy; bfloat16 has to be cast first."""
    return np.array(value.astype(mx.float32))


def f32(value: Any) -> np.ndarray:
    """Weights of a file in single precision.

    Raises
    ------
    ExchangeError
        If they are no numbers, or not finite (in single precision).
    """
    try:
        with np.errstate(over="ignore"):
            values = np.asarray(value).astype(np.float32)
    except (TypeError, ValueError) as error:
        raise ExchangeError(f"expected numbers, but got {value!r}.") from error
    if not np.isfinite(values).all():
        bad = int((~np.isfinite(values)).sum())
        raise ExchangeError(f"{bad} of {values.size} values are NaN or infinite.")
    return values


def _sizes(value: Any, axes: int) -> tuple[int, ...]:
    try:
        sizes = np.asarray(value).reshape(-1)
        whole = [int(size) for size in sizes]
    except (TypeError, ValueError) as error:
        raise ExchangeError(f"expected whole numbers, but got {value!r}.") from error
    if len(whole) not in (1, axes) or any(w != s for w, s in zip(whole, sizes, strict=True)):
        raise ExchangeError(f"expected {axes} whole numbers, but got {value!r}.")
    return tuple(whole * axes if len(whole) == 1 else whole)


def _padding(
    padding: Any, kernel: tuple[int, ...], stride: Any, dilation: Any
) -> list[tuple[int, int]]:
    """Zeros before and after each axis; "same" as in PyTorch, the odd one after."""
    if isinstance(padding, bytes):
        padding = padding.decode("utf-8", "replace")
    if not isinstance(padding, str):
        sizes = _sizes(padding, len(kernel))
        if min(sizes) < 0:
            raise ExchangeError(f"expected padding of at least 0, but got {padding!r}.")
        return [(size, size) for size in sizes]
    if padding == "valid":
        return [(0, 0)] * len(kernel)
    if padding != "same" or max(stride) > 1:
        raise ExchangeError(
            f"expected padding as numbers, 'valid', or 'same' with stride 1, but got {padding!r} "
            f"with stride {tuple(stride)}."
        )
    totals = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
    return [(total // 2, total - total // 2) for total in totals]


def _check_rank(layout: Layout, axes: int) -> None:
    if len(layout.shape) != axes + 1:
        raise ExchangeError(
            f"expected an input of {axes} axes and channels, but it has the shape {layout.shape} "
            f"(channels first)."
        )
