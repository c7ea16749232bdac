"""Surrogate gradients: the forward pass is the exact Heaviside step, the backward pass is smooth.

A neuron spikes when ``u = membrane − threshold > 0``. That step has no useful derivative, so the
gradient of another function stands in for it (Neftci, Mostafa & Zenke, 2019). Each surrogate here
is a formula of `u` alone that works on MLX and on NumPy arrays, so that the plain and the fast
paths share one definition.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import mlx.core as mx
import numpy as np

from eegsnn._validation import check_choice, check_number
from eegsnn.errors import ConfigurationError, DataError

Formula = Callable[[Any, float, ModuleType], Any]


def _fast_sigmoid(u: Any, slope: float, xp: ModuleType) -> Any:
    return 1.0 / xp.square(1.0 + slope * xp.abs(u))


def _arctan(u: Any, slope: float, xp: ModuleType) -> Any:
    return (slope / 2.0) / (1.0 + xp.square((xp.pi * slope / 2.0) * u))


def _sigmoid(u: Any, slope: float, xp: ModuleType) -> Any:
    decay = xp.exp(-slope * xp.abs(u))  # the derivative is even: |u| keeps exp from overflowing
    return slope * decay / xp.square(1.0 + decay)


def _straight_through(u: Any, slope: float, xp: ModuleType) -> Any:
    return xp.ones_like(u)


def _boxcar(u: Any, slope: float, xp: ModuleType) -> Any:
    return (xp.abs(u) * slope <= 0.5).astype(u.dtype)


def _triangular(u: Any, slope: float, xp: ModuleType) -> Any:
    return xp.maximum(1.0 - slope * xp.abs(u), 0.0)


def _tanh(u: Any, slope: float, xp: ModuleType) -> Any:
    decay = xp.exp(-2.0 * slope * xp.abs(u))
    return 4.0 * decay / xp.square(1.0 + decay)


_FORMULAS: dict[str, tuple[Formula, float]] = {
    "fast_sigmoid": (_fast_sigmoid, 25.0),
    "arctan": (_arctan, 2.0),
    "sigmoid": (_sigmoid, 25.0),
    "straight_through": (_straight_through, 1.0),
    "boxcar": (_boxcar, 1.0),
    "triangular": (_triangular, 1.0),
    "tanh": (_tanh, 1.0),
}

SURROGATES: tuple[str, ...] = tuple(_FORMULAS)
"""Names that :func:`get_surrogate` knows."""


@dataclass(frozen=True)
class Surrogate:
    """A surrogate gradient: a name, a slope and a formula.

    Attributes
    ----------
    name : str
        One of :data:`SURROGATES`, or any name for a custom formula.
    slope : float
        Steepness; its meaning is in the table of :func:`get_surrogate`.
    formula : callable
        ``formula(u, slope, xp) → gradient``, elementwise, with ``xp`` being ``mlx.core`` or
        ``numpy``.
    """

    name: str
    slope: float
    formula: Formula

    def gradient(self, u: Any, xp: ModuleType = mx) -> Any:
        """Surrogate derivative at `u` = membrane − threshold, same shape and dtype."""
        return self.formula(u, self.slope, xp)


@dataclass(frozen=True)
class _OfDistance:
    """A user's function of u, as a formula: any result is brought to the shape and type of u."""

    function: Callable[[mx.array], Any]

    def __call__(self, u: Any, slope: float, xp: ModuleType) -> Any:
        distance = u if isinstance(u, mx.array) else mx.array(u)
        result = mx.array(self.function(distance)).astype(distance.dtype)
        if result.shape not in ((), distance.shape):
            raise DataError(
                f"surrogate: expected the custom function to return one gradient for each of its "
                f"inputs, shape {tuple(distance.shape)}, but got {tuple(result.shape)}."
            )
        gradient = mx.broadcast_to(result, distance.shape)
        return gradient if isinstance(u, mx.array) else np.asarray(gradient, dtype=u.dtype)


def custom_surrogate(function: Callable[[mx.array], Any], name: str = "custom") -> Surrogate:
    """Make a surrogate gradient of a function of one's own.

    Parameters
    ----------
    function : callable
        ``function(u) → gradient`` with `u` = membrane − threshold, an MLX array, and MLX
        operations; elementwise, so that the gradient has the shape of `u` (or is one number).
    name : str, default "custom"
        What it is called in settings and plots; none of :data:`SURROGATES`.

    Returns
    -------
    Surrogate
        Its slope is 1 and plays no part: put constants into the function.

    Raises
    ------
    ConfigurationError
        If `function` cannot be called, or `name` is that of another surrogate.
    DataError
        When it is used, if the function returns another shape.

    Examples
    --------
    >>> bell = custom_surrogate(lambda u: mx.exp(-4.0 * u * u), "bell")
    >>> mx.grad(lambda u: spike(u, bell).sum())(mx.array([0.0, 3.0])).tolist()[0]
    1.0
    """
    if not callable(function):
        raise ConfigurationError(f"function: expected a function of u, but got {function!r}.")
    if not isinstance(name, str) or not name or name in SURROGATES:
        raise ConfigurationError(
            f"name: expected a name of its own, none of {', '.join(SURROGATES)}, but got {name!r}."
        )
    return Surrogate(name, 1.0, _OfDistance(function))


SurrogateLike = str | Surrogate | Callable[[mx.array], Any]
"""What :func:`get_surrogate` takes: a name, a surrogate, or a function of u."""


def get_surrogate(name: SurrogateLike = "fast_sigmoid", slope: float | None = None) -> Surrogate:
    """Find a surrogate gradient by name.

    Parameters
    ----------
    name : str, Surrogate or callable, default "fast_sigmoid"
        See the table. A :class:`Surrogate`, custom ones too, keeps its own slope unless one is
        given. A function of u is taken as by :func:`custom_surrogate`, and has no slope.
    slope : float > 0, optional
        Steepness `k`; the default is the peers' (in brackets).

    Returns
    -------
    Surrogate

    Raises
    ------
    ConfigurationError
        For an unknown name, a slope that is not positive, or one beside a function.

    Notes
    -----
    ================  ============================  ==================  =====================
    name              gradient at u                 peak                half width at half peak
    ================  ============================  ==================  =====================
    fast_sigmoid      1 / (1 + k·|u|)²   (k = 25)   1                   (√2 − 1)/k
    arctan            (k/2) / (1 + (πku/2)²) (2)    k/2                 2/(πk)
    sigmoid           k·e^{−ku} / (1 + e^{−ku})² (25)  k/4              1.763/k
    straight_through  1                             1                   ∞
    boxcar            1 where k·|u| ≤ ½   (1)       1                   1/(2k)
    triangular        max(0, 1 − k·|u|)   (1)       1                   1/(2k)
    tanh              4 / (e^{ku} + e^{−ku})² (1)   1                   0.881/k
    ================  ============================  ==================  =====================

    Sources: fast sigmoid, Zenke & Ganguli (2018); arctan, Fang et al. (2021); definitions and
    defaults as in snnTorch 1.0 and Spyx 1.0.

    Examples
    --------
    >>> get_surrogate("arctan").slope
    2.0
    """
    if slope is not None:
        slope = check_number("surrogate_slope", slope, low=0, low_open=True)
    if isinstance(name, Surrogate):
        return name if slope is None else replace(name, slope=slope)
    if callable(name):
        if slope is not None:
            raise ConfigurationError(
                f"surrogate_slope: expected none beside a custom function, but got {slope!r}. Put "
                f"it into the function."
            )
        return custom_surrogate(name)
    check_choice("surrogate", name, SURROGATES)
    formula, default = _FORMULAS[name]
    return Surrogate(name, default if slope is None else slope, formula)


def spike(u: mx.array, surrogate: Surrogate) -> mx.array:
    """Exact Heaviside step, ``1 where u > 0``, with a surrogate gradient.

    Parameters
    ----------
    u : array of floats, any shape
        Membrane potential minus threshold.
    surrogate : Surrogate
        Stands in for the derivative.

    Returns
    -------
    array
        Zeros and ones in the dtype of `u`; exact for every value, infinite and half-precision too.
        NaN gives 0.

    Examples
    --------
    >>> spike(mx.array([-1.0, 0.0, 1e-30, float("inf")]), get_surrogate()).tolist()
    [0.0, 0.0, 1.0, 1.0]
    """

    def heaviside(u: mx.array) -> mx.array:
        return (u > 0).astype(u.dtype)

    step: Any = mx.custom_function(heaviside)

    @step.vjp
    def step_vjp(primal: mx.array, cotangent: mx.array, _: mx.array) -> mx.array:
        return cotangent * surrogate.gradient(primal)

    return step(u)
