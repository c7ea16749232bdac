"""How large the gradients of each layer are: whether they vanish or explode on the way down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mlx.core as mx
import mlx.nn as nn
from mlx.utils import tree_flatten

from eegsnn.errors import DataError
from eegsnn.layers import Sequential


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


def output_gradients(
    model: Sequential,
    loss: Callable[[mx.array], mx.array],
    x: mx.array,
    state: Any = None,
    *,
    key: mx.array | None = None,
) -> dict[str, mx.array]:
    """Gradient of a loss by the outputs of each layer, step by step: how far back it reaches.

    Where surrogate gradients are narrow it vanishes from layer to layer; where membranes forget
    fast, from step to step.

    Parameters
    ----------
    model : Sequential
    loss : callable
        ``loss(outputs)`` → scalar, of the model's outputs [T, batch, …].
    x : array [T, batch, …]
    state, key : optional
        As in ``model.run``.

    Returns
    -------
    dict
        Gradients [T, batch, …] by the layer's name, ``"layers.1"``.

    Raises
    ------
    DataError
        As in ``model.run``.

    Examples
    --------
    >>> from eegsnn.neurons import LeakyIntegrator
    >>> model = Sequential(lambda x: 2 * x, LeakyIntegrator(beta=0.5))
    >>> gradients = output_gradients(model, lambda out: out[-1].sum(), mx.ones((3, 1, 1)))
    >>> gradients["layers.0"].reshape(-1).tolist()
    [0.25, 0.5, 1.0]
    """
    gradients = model.output_gradients(loss, x, state, key=key)
    mx.eval(gradients)
    return {f"layers.{index}": gradient for index, gradient in enumerate(gradients)}


def _shape(array: Any) -> tuple[int, ...] | None:
    return None if array is None else tuple(array.shape)
