"""Parameters of neurons: a scalar or one value per neuron, fixed or learned within a valid range.

A learned value is kept on a scale on which every number is valid (logit, logarithm), so that no
step of an optimiser can leave the range. A fixed one is a frozen array: saved with the weights,
never trained.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from eegsnn._validation import check_choice
from eegsnn.errors import ConfigurationError

Values = float | Sequence[float] | np.ndarray | mx.array
"""What users give for a parameter."""


@dataclass(frozen=True)
class Scale:
    """The range of a parameter, and the scale on which it is learned.

    Attributes
    ----------
    suffix : str
        Ends the name of the learned array, as in ``beta_logit``; empty where the values are learned
        as they are.
    expected : str
        The range, as an error message says it.
    valid : callable
        Array of values → array of bool.
    to_free, from_free : callable
        From values (NumPy) to the learned scale, and back (MLX).
    """

    suffix: str
    expected: str
    valid: Callable[[np.ndarray], np.ndarray]
    to_free: Callable[[np.ndarray], np.ndarray]
    from_free: Callable[[mx.array], mx.array]


def _logit(values: np.ndarray) -> np.ndarray:
    inside = np.clip(values, 1e-4, 1 - 1e-4)
    return np.log(inside / (1 - inside))


UNIT = Scale("logit", "in [0, 1]", lambda v: (v >= 0) & (v <= 1), _logit, mx.sigmoid)
POSITIVE = Scale("log", "greater than 0", lambda v: v > 0, np.log, mx.exp)
NOT_NEGATIVE = Scale(
    "log", "of at least 0", lambda v: v >= 0, lambda v: np.log(np.maximum(v, 1e-4)), mx.exp
)
ABOVE_ONE = Scale(
    "logit",
    "greater than 1",
    lambda v: v > 1,
    lambda v: -np.log(np.maximum(v - 1, 1e-6)),
    lambda free: 1.0 + mx.exp(-free),
)
FREE = Scale("", "finite", np.isfinite, lambda v: v, lambda free: free)


class Parameter:
    """A parameter of a neuron, declared in its class: ``beta = Parameter(UNIT, "decays …")``.

    Reading it gives the present value as an array; setting it checks the value and keeps it
    learned or fixed, as it was.

    Parameters
    ----------
    scale : Scale
    meaning : str
        What the values are, in the plural: it ends up in error messages.
    per_neuron : bool, default True
        Whether its shape is that of neurons (a scalar or one value per neuron); False for weights.
    """

    def __init__(self, scale: Scale, meaning: str, *, per_neuron: bool = True) -> None:
        self.scale = scale
        self.meaning = meaning
        self.per_neuron = per_neuron
        self.name = self.learned_key = self.fixed_key = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        # Keys of the array in the module: while the parameter is learned, and while it is fixed.
        self.learned_key = f"{name}_{self.scale.suffix}" if self.scale.suffix else name
        self.fixed_key = f"{name}_fixed"

    def is_learned(self, module: nn.Module) -> bool:
        """Whether an optimiser may change it."""
        return self.learned_key in module

    def is_kept(self, module: nn.Module) -> bool:
        """Whether the module has it: a class may declare what only some of its neurons need."""
        return self.learned_key in module or self.fixed_key in module

    def store(self, module: nn.Module, values: Any, learn: bool) -> None:
        """Check `values` and keep them in the module, to be learned or fixed."""
        checked = self._check(values)
        if learn:
            module[self.learned_key] = mx.array(self.scale.to_free(checked).astype(np.float32))
        else:
            module[self.fixed_key] = mx.array(checked)
            module.freeze(keys=[self.fixed_key], recurse=False)

    def _check(self, values: Any) -> np.ndarray:
        expected = f"{self.name}: expected {self.meaning} {self.scale.expected}"
        if isinstance(values, mx.array):
            values = np.asarray(values.astype(mx.float32))
        try:
            given = np.asarray(values)
        except ValueError as error:  # rows of different lengths
            raise ConfigurationError(f"{expected}, but got {values!r}.") from error
        if given.dtype.kind not in "fiu":
            raise ConfigurationError(f"{expected}, but got {values!r}.")
        array = given.astype(np.float32)
        if not (np.isfinite(array).all() and np.all(self.scale.valid(array))):
            raise ConfigurationError(f"{expected}, but got {np.array2string(array)}.")
        return array

    def __get__(self, module: nn.Module | None, owner: type | None = None) -> Any:
        if module is None:
            return self
        if self.is_learned(module):
            return self.scale.from_free(module[self.learned_key])
        if self.fixed_key in module:
            return module[self.fixed_key]
        raise AttributeError(f"{type(module).__name__}: this neuron was made without {self.name}.")

    def __set__(self, module: nn.Module, values: Any) -> None:
        self.store(module, values, self.is_learned(module))


def _declared(kind: type) -> Mapping[str, Parameter]:
    return {
        name: entry
        for base in reversed(kind.__mro__)
        for name, entry in vars(base).items()
        if isinstance(entry, Parameter)
    }


_declared_once: Callable[[type], Mapping[str, Parameter]] = cache(_declared)


def parameters_of(kind: type) -> Mapping[str, Parameter]:
    """Parameters that a class of neurons declares, its bases' first."""
    return _declared_once(kind)


def to_learn(learn: Sequence[str], allowed: Sequence[str]) -> dict[str, bool]:
    """Names of the parameters to learn, as a table; refuses one that the neuron does not have."""
    if isinstance(learn, str):
        raise ConfigurationError(
            f"learn: expected a list of names, but got {learn!r}. Try [{learn!r}]."
        )
    return {check_choice("learn", name, allowed): True for name in learn}
