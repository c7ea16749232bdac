"""What tells layers apart: those with state, those that look at all steps, and all others.

- A layer with state has ``init_state(batch, features)``, ``__call__(x, state)`` for one step and
  ``run(x, state=None)`` for all: neurons, :class:`~eegsnn.layers.BNTT`, containers.
- A layer over time (:class:`OverTime`) is given [T, batch, …] whole.
- Anything else maps [N, …] → [N, …], every row by itself: steps and trials are one long batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from eegsnn._validation import check_integer
from eegsnn.errors import ConfigurationError, DataError

Layer = Callable[..., Any]
"""A module of ``mlx.nn`` or a plain function of an array."""


class OverTime(nn.Module):
    """Base of layers that see all steps of a trial at once: [T, batch, …] → [T, batch, …]."""

    over_time = True

    @property
    def any_length(self) -> bool:
        """Whether a sequence may be given in parts, with the same result."""
        return True

    def __call__(self, x: mx.array, *, key: mx.array | None = None) -> mx.array:
        """All steps; `key` is for layers that draw random numbers."""
        raise NotImplementedError

    def step(self, x: mx.array, *, key: mx.array | None = None) -> mx.array:
        """One step, [batch, …] → [batch, …]."""
        return self(x[None], key=key)[0]


class Connection(NamedTuple):
    """One set of connections in a run, as operations are counted from it.

    Attributes
    ----------
    name, kind : str
    arriving : array [T, batch, …]
        Spikes, or numbers of them; or analog values.
    reach : float or ndarray
        Outputs that each input reaches at one step.
    passes : int
        Passes that a network without spikes needs for a trial: one for each step of a series.
    """

    name: str
    kind: str
    arriving: mx.array
    reach: float | np.ndarray
    passes: int


def has_state(layer: Any) -> bool:
    """Whether a layer carries something from step to step."""
    return callable(getattr(layer, "init_state", None))


def looks_over_time(layer: Any) -> bool:
    """Whether a layer has to be given all steps at once."""
    return bool(getattr(layer, "over_time", False))


def fold_time(layer: Layer, x: mx.array) -> mx.array:
    """Apply a layer without state to [T, batch, …], all steps and trials as one batch.

    Raises
    ------
    DataError
        If the layer does not keep the number of rows.
    """
    n_steps, batch = x.shape[:2]
    out = layer(x.reshape(n_steps * batch, *x.shape[2:]))
    if out.shape[:1] != (n_steps * batch,):
        raise DataError(
            f"expected one row out for each of {n_steps * batch} rows in, but got shape "
            f"{tuple(out.shape)}."
        )
    return out.reshape(n_steps, batch, *out.shape[1:])


def features_after(layer: Any, features: tuple[int, ...]) -> tuple[int, ...]:
    """Shape of one trial's output of a layer for one step, without computing it."""
    if hasattr(layer, "output_features"):
        return tuple(layer.output_features(features))
    if has_state(layer) or looks_over_time(layer):
        return features
    modes = [(m, m.training) for m in layer.modules()] if isinstance(layer, nn.Module) else []
    if modes:
        layer.eval()  # no statistics are kept, no random numbers drawn
    try:
        return tuple(layer(mx.zeros((1, *features))).shape[1:])  # lazy: shapes only
    finally:
        for module, training in modes:  # parents come before their children
            module.train(training)


def check_features(features: int | Sequence[int]) -> tuple[int, ...]:
    """Shape of a trial at one step, from a number of neurons or a shape."""
    sizes = (features,) if isinstance(features, int) else tuple(features)
    return tuple(check_integer("features", size, low=1) for size in sizes)


def check_sequence(name: str, x: mx.array) -> None:
    """Refuse what is not [T, batch, …] with at least one step."""
    if not isinstance(x, mx.array) or x.ndim < 2 or not x.shape[0]:
        got = f"shape {tuple(x.shape)}" if isinstance(x, mx.array) else type(x).__name__
        raise DataError(
            f"{name}: expected an MLX array [T, batch, …] of at least one time step, but got {got}."
        )


def check_key(key: mx.array) -> mx.array:
    """Refuse what is not a random key, as ``mx.random.key(seed)`` makes one."""
    if not isinstance(key, mx.array) or key.dtype != mx.uint32 or key.shape != (2,):
        raise ConfigurationError(
            f"key: expected a random key such as mx.random.key(0), but got {key!r}."
        )
    return key
