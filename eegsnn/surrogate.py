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

from eegsnn._validation import check_choice, check_number

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


def get_surrogate(name: str | Surrogate = "fast_sigmoid", slope: float | None = None) -> Surrogate:
    """Find a surrogate gradient by name.

    Parameters
    ----------
    name : str or Surrogate, default "fast_sigmoid"
        See the table. A :class:`Surrogate`, custom ones too, keeps its own slope unless one is
        given.
    slope : float > 0, optional
        Steepness `k`; the default is the peers' (in brackets).

    Returns
    -------
    Surrogate

    Raises
    ------
    ConfigurationError
        For an unknown name or a slope that is not positive.

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
