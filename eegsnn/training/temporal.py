"""Losses on the time of the first spikes, which has a gradient of its own.

A spike time is an index of a step and as such has no derivative. As in snnTorch 1.0.0, the
derivative of a time by the spike at it is taken as −1: more drive, earlier spike. All other spikes
get none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mlx.core as mx

from eegsnn._validation import check_choice, check_integer, check_number
from eegsnn.errors import ConfigurationError, DataError
from eegsnn.training.outputs import check_classes, check_outputs, cross_entropy, targets_for

INVERSES: tuple[str, ...] = ("negate", "reciprocal")
"""How an early spike becomes a high class score: −time, or 1/(time + 1)."""


def spike_times(spikes: mx.array, n_spikes: int = 1) -> mx.array:
    """Step of the first, second, … spike of each output, differentiable.

    Parameters
    ----------
    spikes : array [T, batch, outputs]
        Zeros and ones.
    n_spikes : int, default 1
        How many spikes of each output are timed.

    Returns
    -------
    array of floats [n_spikes, batch, outputs]
        Steps from 0 to T − 1; a spike that never comes counts as one at the last step. The
        derivative by the spike at that step is −1 (for a missing spike, by the last step), by all
        others 0.

    Raises
    ------
    DataError
        If `spikes` are not floats [T, batch, outputs].

    Examples
    --------
    >>> spikes = mx.array([[[0.0, 0.0]], [[1.0, 0.0]], [[1.0, 0.0]]])
    >>> spike_times(spikes).tolist()
    [[[1.0, 2.0]]]
    """
    check_outputs(spikes)
    n_spikes = check_integer("n_spikes", n_spikes, low=1)

    def times(spikes: mx.array) -> mx.array:
        """Count the steps before the running count of spikes reaches 1, 2, and so on."""
        counts = mx.cumsum((spikes > 0).astype(mx.int32), axis=0)
        before = [(counts < number).sum(axis=0) for number in range(1, n_spikes + 1)]
        return mx.minimum(mx.stack(before), len(spikes) - 1).astype(spikes.dtype)

    function: Any = mx.custom_function(times)

    @function.vjp
    def times_vjp(spikes: mx.array, cotangent: mx.array, found: mx.array) -> mx.array:
        steps = mx.arange(len(spikes)).reshape(-1, 1, 1)
        gradient = mx.zeros_like(spikes)
        for time, flowing in zip(found, cotangent, strict=True):
            gradient = gradient - mx.where(steps == time, flowing, 0.0)
        return gradient

    return function(spikes)


def ce_temporal_loss(
    spikes: mx.array,
    targets: Any,
    *,
    inverse: str = "negate",
    class_weight: mx.array | None = None,
) -> mx.array:
    """Cross entropy of the times of the first spikes: the correct output is to spike first.

    ``CE(−t, y)`` for "negate" and ``CE(1/(t + 1), y)`` for "reciprocal", t the step of the first
    spike, as a mean over trials.

    Parameters
    ----------
    spikes : array [T, batch, outputs]
    targets : array of int [batch]
        Class of each trial.
    inverse : {"negate", "reciprocal"}, default "negate"
    class_weight : array [outputs], optional
        Weight of each class; divided by the sum of the trials' weights, other than in the losses
        on rates and counts (snnTorch differs between them, and so do we).

    Returns
    -------
    array, scalar

    Raises
    ------
    DataError
        If shapes or dtypes are others, or a class has no output.
    ConfigurationError
        For another `inverse`.

    Notes
    -----
    ``ce_temporal_loss`` of snnTorch 1.0.0, gradient included; see :func:`spike_times`.
    """
    check_choice("inverse", inverse, INVERSES)
    times = spike_times(spikes)[0]
    scores = -times if inverse == "negate" else 1.0 / (times + 1.0)
    loss = cross_entropy(scores, targets, class_weight)
    if class_weight is None:
        return loss
    return loss / mx.array(class_weight)[mx.array(targets)].mean()


def mse_temporal_loss(
    spikes: mx.array,
    targets: Any,
    *,
    on_target: int | Sequence[int] = 0,
    off_target: int | Sequence[int] = -1,
    tolerance: float = 0,
) -> mx.array:
    """Squared distance of the times of spikes from wanted ones, both in parts of the trial.

    ``L = mean ((t − t*)/T)²`` over trials and outputs (and spikes, where several are timed).

    Parameters
    ----------
    spikes : array [T, batch, outputs]
    targets : array of int [batch], or of numbers [batch, outputs] or [n_spikes, batch, outputs]
        Class of each trial, whose output is to spike at step `on_target` and the others at
        `off_target`; or the wanted steps themselves (snnTorch's ``target_is_time=True``).
        Negative steps count from the end.
    on_target, off_target : int or sequence of int, default 0 and −1
        Steps; several ones for the first, second, … spike (snnTorch's ``multi_spike=True``).
    tolerance : number of steps, default 0
        A spike that is less than this away from its target counts as on time.

    Returns
    -------
    array, scalar

    Raises
    ------
    DataError
        If shapes or dtypes are others, or a class has no output.
    ConfigurationError
        If a wanted step is outside the trial, or `on_target` and `off_target` differ in length.

    Notes
    -----
    ``mse_temporal_loss`` of snnTorch 1.0.0, gradient included (see :func:`spike_times`), but for
    two things. Where `on_target` is the higher number, snnTorch takes 0 for a negative
    `off_target`: with its defaults of 0 and −1 every output is to spike at step 0, whatever the
    class. Here −1 is the last step, as snnTorch's documentation says. And with several spikes,
    snnTorch removes a spike that it has timed from all outputs and trials of that step; here it is
    removed from its own output only.
    """
    n_steps, batch, n_outputs = check_outputs(spikes)
    tolerance = check_number("tolerance", tolerance, low=0)
    times = mx.array(targets)
    if times.ndim > 1:
        wanted = times[None] if times.ndim == 2 else times
        if wanted.ndim != 3 or wanted.shape[1:] != (batch, n_outputs):
            raise DataError(
                f"targets: expected classes ({batch},) or steps ({batch}, {n_outputs}), but got "
                f"shape {tuple(times.shape)}."
            )
    else:
        classes = check_classes(targets, batch, n_outputs)
        pairs = _pairs(on_target, off_target, n_steps)
        wanted = mx.stack([targets_for(classes, n_outputs, on, off) for on, off in pairs])
    wanted = mx.where(wanted < 0, wanted + n_steps, wanted)
    found = spike_times(spikes, len(wanted))
    distance = found - wanted
    if tolerance:
        distance = mx.where(mx.abs(distance) < tolerance, 0.0, distance)
    return mx.square(distance / n_steps).mean()


def _pairs(on_target: Any, off_target: Any, n_steps: int) -> list[tuple[int, int]]:
    on, off = (
        [check_integer(name, step, low=-n_steps, high=n_steps - 1) for step in _listed(steps)]
        for name, steps in (("on_target", on_target), ("off_target", off_target))
    )
    if len(on) != len(off) or not on:
        raise ConfigurationError(
            f"on_target, off_target: expected as many steps for the correct output as for the "
            f"others, but got {len(on)} and {len(off)}."
        )
    return list(zip(on, off, strict=True))


def _listed(steps: Any) -> list[Any]:
    return list(steps) if isinstance(steps, Sequence) else [steps]
