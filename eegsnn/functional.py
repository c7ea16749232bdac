"""The function names of the mlx-snn documentation, with the arguments and meanings given there.

For code that is moved here and for quick experiments: thin wrappers on our own steps
(:mod:`eegsnn.neurons.functional`) and losses (:mod:`eegsnn.training`), which have more arguments.
Some losses of snnTorch have the same names and other definitions; those are in
:mod:`eegsnn.training`, and ``docs/migration.md`` puts them side by side.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import mlx.core as mx
import numpy as np

from eegsnn.errors import DataError
from eegsnn.neurons.functional import leaky_step
from eegsnn.surrogate import Surrogate, get_surrogate, spike
from eegsnn.training.losses_counts import ce_count_loss
from eegsnn.training.losses_membranes import ce_membrane_loss
from eegsnn.training.losses_membranes import mse_membrane_loss as _mse_membrane_loss
from eegsnn.training.outputs import check_outputs, cross_entropy, spike_counts
from eegsnn.training.regularisation import (
    l1_rate_penalty,
    l2_rate_penalty,
    rate_target_penalty,
)

__all__ = [
    "activity_reg_loss",
    "ce_count_loss",
    "ce_rate_loss",
    "custom_surrogate",
    "fire",
    "if_step",
    "l1_spike_loss",
    "l2_spike_loss",
    "lif_step",
    "membrane_loss",
    "mse_count_loss",
    "mse_membrane_loss",
    "rate_coding_loss",
    "reset_subtract",
    "reset_zero",
    "spike_count",
    "spike_rate",
]

SurrogateLike = str | Surrogate | Callable[[mx.array], mx.array]
"""A name, a :class:`~eegsnn.surrogate.Surrogate`, or a function whose derivative is taken."""


def lif_step(
    x: mx.array,
    mem: mx.array,
    beta: float | mx.array = 0.9,
    threshold: float | mx.array = 1.0,
    reset_mechanism: str = "subtract",
    surrogate_fn: SurrogateLike = "fast_sigmoid",
    surrogate_scale: float | None = None,
) -> tuple[mx.array, mx.array]:
    """One step of a leaky integrate-and-fire neuron, ``mem' = beta·mem + x − S·threshold``.

    S is the spike of the step before, read off `mem`; the reset is detached from the gradient.

    Parameters
    ----------
    x : array [batch, …]
        Input current.
    mem : array, same shape
        Membrane potential after the step before.
    beta : float or array, default 0.9
        Decay of the membrane per step, in [0, 1].
    threshold : float or array, default 1.0
    reset_mechanism : {"subtract", "zero", "none"}, default "subtract"
    surrogate_fn : str, Surrogate or callable, default "fast_sigmoid"
        A name of :data:`eegsnn.surrogate.SURROGATES`; or a function of the membrane minus the
        threshold whose derivative is taken (the spike itself is the exact step in every case).
    surrogate_scale : float, optional
        Slope of a named surrogate; default its own (25 for the fast sigmoid, 2 for arctan).

    Returns
    -------
    spikes, mem : arrays, same shape as `x`

    Raises
    ------
    ConfigurationError
        For an unknown name.

    See Also
    --------
    eegsnn.neurons.leaky_step : the same with every choice of reset.

    Notes
    -----
    mlx-snn 0.5.0 documents this update but resets at once, lets the gradient through the reset,
    and has a fast sigmoid of 12.5 times the gradient.

    Examples
    --------
    >>> spikes, mem = lif_step(mx.array([0.6]), mx.array([0.6]))
    >>> spikes.item(), round(mem.item(), 4)
    (1.0, 1.14)
    """
    return leaky_step(
        x,
        mem,
        beta=beta,
        threshold=threshold,
        reset_mechanism=reset_mechanism,
        surrogate=_surrogate(surrogate_fn, surrogate_scale),
    )


def if_step(
    x: mx.array,
    mem: mx.array,
    threshold: float | mx.array = 1.0,
    reset_mechanism: str = "subtract",
    surrogate_fn: SurrogateLike = "fast_sigmoid",
    surrogate_scale: float | None = None,
) -> tuple[mx.array, mx.array]:
    """One step of an integrate-and-fire neuron: :func:`lif_step` with ``beta = 1``."""
    return lif_step(x, mem, 1.0, threshold, reset_mechanism, surrogate_fn, surrogate_scale)


def fire(
    mem: mx.array,
    threshold: float | mx.array = 1.0,
    surrogate_fn: SurrogateLike = "fast_sigmoid",
) -> mx.array:
    """Spikes of a membrane, ``1 where mem > threshold``, with a surrogate gradient.

    Parameters
    ----------
    mem : array of floats, any shape
    threshold : float or array, default 1.0
    surrogate_fn : str, Surrogate or callable
        As in :func:`lif_step`.
    """
    return spike(mem - threshold, _surrogate(surrogate_fn, None))


def reset_subtract(mem: mx.array, spk: mx.array, threshold: float | mx.array = 1.0) -> mx.array:
    """Take the threshold off the membrane where there is a spike: ``mem − spk·threshold``."""
    return mem - spk * threshold


def reset_zero(mem: mx.array, spk: mx.array) -> mx.array:
    """Empty the membrane where there is a spike: ``mem·(1 − spk)``."""
    return mem * (1.0 - spk)


def rate_coding_loss(spk_out: mx.array, targets: Any) -> mx.array:
    """Cross entropy of the spike counts; the same as :func:`ce_count_loss`.

    Parameters
    ----------
    spk_out : array [T, batch, classes]
    targets : array of int [batch]
    """
    return ce_count_loss(spk_out, targets)


def ce_rate_loss(spk_out: mx.array, targets: Any) -> mx.array:
    """Cross entropy of the mean firing rates, ``CE(1/T Σ_t spk[t], y)``, as a mean over trials.

    Not the ``ce_rate_loss`` of snnTorch, which averages the cross entropy of every step: that is
    :func:`eegsnn.training.ce_rate_loss`.

    Parameters
    ----------
    spk_out : array [T, batch, classes]
    targets : array of int [batch]
    """
    check_outputs(spk_out, "spk_out")
    return cross_entropy(spk_out.mean(axis=0), targets)


def membrane_loss(mem: mx.array, targets: Any) -> mx.array:
    """Cross entropy of the membranes after the last step, as a mean over trials.

    Parameters
    ----------
    mem : array [T, batch, classes]
    targets : array of int [batch]
    """
    return ce_membrane_loss(mem, targets)


def mse_count_loss(spk_out: mx.array, targets: mx.array) -> mx.array:
    """Mean squared distance of the spike counts from wanted counts.

    Not the ``mse_count_loss`` of snnTorch, which is given classes and rates and divides by T: that
    is :func:`eegsnn.training.mse_count_loss`.

    Parameters
    ----------
    spk_out : array [T, batch, classes]
    targets : array [batch, classes]
        Wanted counts.

    Raises
    ------
    DataError
        If the shapes do not fit.
    """
    counts = spike_counts(spk_out)
    wanted = mx.array(targets)
    if wanted.shape != counts.shape:
        raise DataError(
            f"targets: expected a wanted count for each trial and class, shape "
            f"{tuple(counts.shape)}, but got {tuple(wanted.shape)}."
        )
    return mx.square(counts - wanted).mean()


def mse_membrane_loss(
    mem: mx.array, targets: Any, on_target: float = 1.0, off_target: float = 0.0
) -> mx.array:
    """Mean squared distance of membranes from `on_target` at the class and `off_target` elsewhere.

    Parameters
    ----------
    mem : array [batch, classes], or [T, batch, classes]
        Membranes of one step (usually the last), or of all.
    targets : array of int [batch]
    on_target, off_target : float, default 1 and 0
    """
    if isinstance(mem, mx.array) and mem.ndim == 2:
        mem = mem[None]
    return _mse_membrane_loss(mem, targets, on_target=on_target, off_target=off_target)


def activity_reg_loss(spk_out: mx.array, target_rate: float = 0.1) -> mx.array:
    """Mean squared distance of firing rates from `target_rate`; spikes [T, batch, …]."""
    return rate_target_penalty(spk_out, target_rate)


def l1_spike_loss(spk_out: mx.array) -> mx.array:
    """Mean spike count of a neuron in a trial; spikes [T, batch, …]."""
    return l1_rate_penalty(spk_out)


def l2_spike_loss(spk_out: mx.array) -> mx.array:
    """Mean squared spike count of a neuron in a trial; spikes [T, batch, …]."""
    return l2_rate_penalty(spk_out)


def spike_rate(spk_out: mx.array) -> mx.array:
    """Mean over time: [T, batch, …] → [batch, …]."""
    return spk_out.mean(axis=0)


def spike_count(spk_out: mx.array) -> mx.array:
    """Sum over time: [T, batch, …] → [batch, …]."""
    return spk_out.sum(axis=0)


def custom_surrogate(approx_fn: Callable[[mx.array], mx.array]) -> Surrogate:
    """Surrogate gradient that is the derivative of a smooth function of membrane − threshold.

    Parameters
    ----------
    approx_fn : callable
        Elementwise on MLX arrays and differentiable, such as ``lambda u: mx.sigmoid(50 * u)``.

    Returns
    -------
    Surrogate
        For ``surrogate=`` of every neuron. The spike itself is the exact step.

    Examples
    --------
    >>> custom_surrogate(lambda u: mx.sigmoid(4 * u)).gradient(mx.array([0.0])).tolist()
    [1.0]
    """

    def derivative(u: Any, _: float, xp: ModuleType) -> Any:
        at = mx.array(u)
        gradient = mx.vjp(approx_fn, [at], [mx.ones_like(at)])[1][0]
        return gradient if xp is mx else np.asarray(gradient)

    return Surrogate("custom", 1.0, derivative)


def _surrogate(surrogate_fn: SurrogateLike, scale: float | None) -> Surrogate:
    if callable(surrogate_fn):
        return custom_surrogate(surrogate_fn)
    return get_surrogate(surrogate_fn, scale)
