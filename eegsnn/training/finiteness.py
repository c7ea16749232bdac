"""NaN and infinity in training: found at once, and told with place, cause and cure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
from mlx.utils import tree_flatten

from eegsnn.errors import DataError, TrainingError


def check_batch(where: str, batch: Any) -> None:
    """Refuse NaN and infinity in the arrays of a batch.

    Raises
    ------
    DataError
        Naming the array, its shape and the index of the first such value.
    """
    for name, array in _float_arrays(batch):
        if not _all_finite(array):
            index = tuple(int(i) for i in np.argwhere(~np.isfinite(_as_numpy(array)))[0])
            raise DataError(
                f"{where}: the batch contains NaN or infinity, in array {name or 0} of shape "
                f"{tuple(array.shape)}, the first at index {index}. Drop or interpolate these "
                f"samples first."
            )


def explain_non_finite(
    where: str, loss: float, grads: Any, arguments: Any, model: nn.Module
) -> None:
    """Raise the error that tells why a loss or gradient is not finite.

    Returns if all of them are: then only the sum of squares of a large gradient has overflowed.
    """
    bad = [name for name, grad in _float_arrays(grads) if not _all_finite(grad)]
    if np.isfinite(loss) and not bad:
        return
    check_batch(where, arguments)
    for name, parameter in _float_arrays(model.parameters()):
        if not _all_finite(parameter):
            raise TrainingError(
                f"{where}: parameter {name} is NaN or infinite already before this step. Start "
                f"from other initial weights, or lower the learning rate."
            )
    if not np.isfinite(loss):
        raise TrainingError(
            f"{where}: the loss is {loss}, although inputs and parameters are finite. Lower the "
            f"learning rate, set clip_norm, or look in the loss for a logarithm or quotient of 0."
        )
    raise TrainingError(
        f"{where}: the loss is finite, but the gradient is not, of {_first(bad)}. Take a surrogate "
        f"with a smaller slope, lower the learning rate, or look in the loss for a square root or "
        f"norm of 0."
    )


def _first(names: list[str], most: int = 3) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _float_arrays(tree: Any) -> Iterator[tuple[str, Any]]:
    for name, leaf in tree_flatten(tree):
        if isinstance(leaf, mx.array):
            if mx.issubdtype(leaf.dtype, mx.floating):
                yield name, leaf
        elif isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f":
            yield name, leaf


def _all_finite(array: Any) -> bool:
    """Whether every value is finite, in one pass without a temporary of the array's size."""
    if isinstance(array, mx.array) and array.dtype != mx.float32:
        return bool(mx.isfinite(array).all().item())
    flat = np.asarray(array).reshape(-1)
    # A sum of squares is finite only when every term is; the slow look is for large values.
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(np.dot(flat, flat)) or np.isfinite(flat).all())


def _as_numpy(array: Any) -> np.ndarray:
    return np.asarray(array.astype(mx.float32) if isinstance(array, mx.array) else array)
