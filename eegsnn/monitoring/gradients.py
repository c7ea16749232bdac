"""How large the gradients of each layer are: whether they vanish or explode on the way down."""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import mlx.nn as nn
from mlx.utils import tree_flatten

from eegsnn.errors import DataError


def gradient_norms(model: nn.Module, gradients: Any) -> dict[str, float]:
    """Euclidean norm of the gradient of each layer's own parameters.

    Parameters
    ----------
    model : mlx.nn.Module
    gradients : tree of arrays
        As ``nn.value_and_grad(model, loss)`` gives them.

    Returns
    -------
    dict
        Norm by the layer's name, ``"layers.0"`` (empty for the model's own parameters), in the
        order of the model; only layers with trainable parameters. NaN where a gradient has one.

    Raises
    ------
    DataError
        If the gradients are not those of this model's trainable parameters.

    Examples
    --------
    >>> model = nn.Linear(2, 1)
    >>> gradients = {"weight": mx.array([[3.0, 0.0]]), "bias": mx.array([4.0])}
    >>> gradient_norms(model, gradients)
    {'': 5.0}
    """
    trainable = dict(tree_flatten(model.trainable_parameters()))
    given = dict(tree_flatten(gradients))
    wrong = [name for name in trainable if name not in given] + [
        name for name, part in given.items() if _shape(trainable.get(name)) != _shape(part)
    ]
    if wrong:
        raise DataError(
            f"gradients: expected one of the same shape for each trainable parameter of the model, "
            f"but that is not so for {wrong[0]!r}. Take those of nn.value_and_grad(model, …)."
        )
    squares: dict[str, mx.array] = {}
    for name in trainable:
        layer = name.rpartition(".")[0]
        square = mx.square(given[name].astype(mx.float32)).sum()
        squares[layer] = squares.get(layer, mx.array(0.0)) + square
    norms = {layer: mx.sqrt(square) for layer, square in squares.items()}
    mx.eval(norms)
    return {layer: float(norm.item()) for layer, norm in norms.items()}  # type: ignore[arg-type]


def _shape(array: Any) -> tuple[int, ...] | None:
    return None if array is None else tuple(array.shape)
