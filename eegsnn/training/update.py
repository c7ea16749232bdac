"""One step of gradient descent: gradient, check, clipping, weight decay, optimiser."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
from mlx.optimizers import Optimizer, clip_grad_norm
from mlx.utils import tree_map_with_path, tree_reduce

from eegsnn._validation import check_number
from eegsnn.errors import ConfigurationError
from eegsnn.training.finiteness import explain_non_finite

Gradients = Callable[..., Iterator[tuple[mx.array, Any]]]
"""``gradients(*arguments)`` → loss and tree of gradients, once for every update to make."""

Decays = Callable[[str, mx.array], bool]


def is_weight(name: str, parameter: mx.array) -> bool:
    """Whether a parameter is a matrix or kernel, and no bias, decay or gain."""
    return parameter.ndim >= 2


class GradientStep:
    """Updates of a model; nothing is changed by a loss or gradient that is not finite.

    Parameters
    ----------
    model : mlx.nn.Module
    gradients : callable
        See :data:`Gradients`, and :func:`whole_gradient`.
    optimizer : mlx.optimizers.Optimizer
    clip_norm : float, optional
        Largest norm of the gradient over all parameters together; longer ones are scaled down.
    weight_decay : float, default 0
        Share of a weight, in units of the learning rate, that each step takes off it (decoupled
        weight decay, Loshchilov & Hutter 2019).
    decays : callable, default :func:`is_weight`
        ``decays(name, array)``: which parameters that concerns.

    Raises
    ------
    ConfigurationError
        If a number is impossible, or weights are to decay by an optimiser without learning rate.
    """

    def __init__(
        self,
        model: nn.Module,
        gradients: Gradients,
        optimizer: Optimizer,
        *,
        clip_norm: float | None = None,
        weight_decay: float = 0.0,
        decays: Decays = is_weight,
    ) -> None:
        self.model, self.optimizer = model, optimizer
        self._gradients, self._decays = gradients, decays
        if clip_norm is not None:
            check_number("clip_norm", clip_norm, low=0, low_open=True)
        self._clip_norm = clip_norm
        self._weight_decay = check_number("weight_decay", weight_decay, low=0)
        if weight_decay > 0 and not isinstance(_learning_rate(optimizer), mx.array):
            raise ConfigurationError(
                f"weight_decay: expected 0 with {type(optimizer).__name__}, which has no learning "
                f"rate, but got {weight_decay}."
            )

    def __call__(self, *arguments: Any, where: str) -> float:
        """Make the step; returns the loss before it (the mean, where there are several updates).

        Parameters
        ----------
        *arguments
            For `gradients`.
        where : str
            How errors call this step, as in "epoch 2, batch 7".

        Raises
        ------
        DataError
            If the arguments hold NaN or infinity that spoil the loss or a gradient.
        TrainingError
            If a parameter, the loss or a gradient is not finite.
        """
        losses = []
        for loss, grads in self._gradients(*arguments):
            clipped, norm = self._clip(grads)
            # Looked at before the weights change: after an error they are those of the last step.
            mx.eval(loss, norm)
            value, length = float(loss), float(norm)
            if not (math.isfinite(value) and math.isfinite(length)):
                explain_non_finite(where, value, grads, arguments, self.model)
            self._decay_weights()
            self.optimizer.update(self.model, clipped)
            mx.eval(self.model.parameters(), self.optimizer.state)
            losses.append(value)
        return losses[0] if len(losses) == 1 else float(np.mean(losses))

    def _clip(self, grads: Any) -> tuple[Any, mx.array]:
        if self._clip_norm is not None:
            return clip_grad_norm(grads, self._clip_norm)
        squares = tree_reduce(lambda total, g: total + mx.square(g).sum(), grads, mx.array(0.0))
        return grads, squares

    def _decay_weights(self) -> None:
        if self._weight_decay == 0:
            return
        # At most all of a weight is taken: beyond that it would change its sign and grow.
        keep = mx.maximum(1.0 - self.optimizer.learning_rate * self._weight_decay, 0.0)
        self.model.update(
            tree_map_with_path(
                lambda name, p: p * keep if self._decays(name, p) else p,
                self.model.trainable_parameters(),
            )
        )


def whole_gradient(model: nn.Module, loss: Callable[..., mx.array]) -> Gradients:
    """Give the gradient of ``loss(*arguments)`` in the model's trainable parameters, at once."""
    differentiated = nn.value_and_grad(model, loss)

    def gradients(*arguments: Any) -> Iterator[tuple[mx.array, Any]]:
        yield differentiated(*arguments)

    return gradients


def _learning_rate(optimizer: Optimizer) -> Any:
    try:
        return optimizer.learning_rate
    except (AttributeError, KeyError):
        return None
