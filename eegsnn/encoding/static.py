"""Codes for still inputs, such as images: values in [0, 1] to spikes [T, batch, …], time first.

The names and arguments are those that users of snnTorch (``spikegen``) and mlx-snn know; random
draws take an explicit `random_state`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from eegsnn._validation import check_boolean, check_integer, check_number, check_signal
from eegsnn.encoding.frames import check_steps
from eegsnn.errors import ConfigurationError, DataError


def rate_encode(
    x: Any,
    num_steps: int,
    *,
    gain: float = 1.0,
    offset: float = 0.0,
    first_spike_time: int = 0,
    random_state: Any = None,
) -> np.ndarray:
    """Spikes drawn at every step with probability ``clip(gain·x + offset, 0, 1)``.

    Parameters
    ----------
    x : array-like, shape (batch, ...)
    num_steps : int
        T.
    gain, offset : float
    first_spike_time : int, default 0
        No spike before this step.
    random_state : int, RandomState or None
        The source of the draws; None: another one at every call.

    Returns
    -------
    ndarray of float32, shape (T, batch, ...)

    Examples
    --------
    >>> spikes = rate_encode(np.array([[0.0, 1.0]]), num_steps=3, random_state=0)
    >>> spikes.shape, spikes.sum(axis=0)
    ((3, 1, 2), array([[0., 3.]], dtype=float32))
    """
    values = check_signal(x, name="x")
    steps = check_integer("num_steps", num_steps, low=1)
    first = check_integer("first_spike_time", first_spike_time, low=0, high=steps - 1)
    probability = check_number("gain", gain) * values + check_number("offset", offset)
    # float32 draws take half the time; their resolution of 2⁻²⁴ is finer than an image's grey.
    generator = np.random.default_rng(check_random_state(random_state).randint(2**31 - 1))
    draws = generator.random((steps, *values.shape), dtype=np.float32)
    spikes = (draws < probability.astype(np.float32)).astype(np.float32)
    spikes[:first] = 0.0
    return spikes


def latency_encode(
    x: Any,
    num_steps: int,
    *,
    threshold: float = 0.01,
    tau: float = 1.0,
    first_spike_time: int = 0,
    linear: bool = False,
    normalize: bool = False,
    clip: bool = False,
) -> np.ndarray:
    """One spike per value, the earlier the larger it is.

    At ``τ·ln(x / (x − θ))``, or with `linear` at ``τ·(1 − x)``, rounded to a step.

    Parameters
    ----------
    x : array-like, shape (batch, ...)
        Values in [0, 1].
    num_steps : int
        T, at least 2.
    threshold : float, default 0.01
        θ; values below fire at the last time there is, or with `clip` not at all.
    tau : float, default 1
        τ in steps.
    first_spike_time : int, default 0
    linear : bool, default False
    normalize : bool, default False
        Stretch the times so that the latest is the last step.
    clip : bool, default False

    Returns
    -------
    ndarray of float32, shape (T, batch, ...)

    Raises
    ------
    ConfigurationError
        If a parameter is impossible, or a time lies beyond the last step.
    DataError
        If a value is not in [0, 1].

    Examples
    --------
    >>> latency_encode([0.02, 0.5, 1.0], 5, linear=True, normalize=True).argmax(axis=0)
    array([4, 2, 0])
    """
    values = check_signal(x, name="x")
    if values.min() < 0 or values.max() > 1:
        raise DataError(
            f"x: expected values in [0, 1], but got [{values.min():g}, {values.max():g}]. Scale "
            f"them first."
        )
    steps = check_steps(num_steps)
    limit = check_number("threshold", threshold, low=0.0, high=1.0, low_open=True, high_open=True)
    tau = check_number("tau", tau, low=0.0, low_open=True, unit="steps")
    first = check_integer("first_spike_time", first_spike_time, low=0, high=steps - 1)
    room = steps - 1 - first
    if check_boolean("linear", linear):
        times = (room if normalize else tau) * (1.0 - np.maximum(values, limit))
    else:
        above = np.maximum(values, limit + 1e-7)
        times = tau * np.log(above / (above - limit))
        if check_boolean("normalize", normalize) and times.max() > 0:
            times *= room / times.max()
    silent = (values < limit) & check_boolean("clip", clip)
    at = np.rint(times).astype(np.int64) + first
    if (at >= steps)[~silent].any():
        raise ConfigurationError(
            f"num_steps: the latest spike is at step {at[~silent].max()}, but there are {steps} "
            f"steps. Give more steps, a smaller tau, or normalize=True."
        )
    time = np.arange(steps).reshape(-1, *[1] * values.ndim)
    return ((time == at) & ~silent).astype(np.float32)


def delta_encode(
    x: Any, threshold: float = 0.1, *, padding: bool = False, off_spike: bool = False
) -> np.ndarray:
    """Spikes where a series changes by at least `threshold` from one step to the next.

    Parameters
    ----------
    x : array-like, shape (T, batch, ...)
        Time first.
    threshold : float, default 0.1
        In the unit of x.
    padding : bool, default False
        What stands before the first step: False, zero; True, the first step itself.
    off_spike : bool, default False
        Whether falls by as much give −1; else they give nothing.

    Returns
    -------
    ndarray of float32, shape (T, batch, ...)

    Examples
    --------
    >>> delta_encode([1.0, 2.0, 0.0, 2.0, 2.9], threshold=1.0, off_spike=True)
    array([ 1.,  1., -1.,  1.,  0.], dtype=float32)
    """
    values = check_signal(x, name="x")
    limit = check_number("threshold", threshold, low=0.0, low_open=True)
    before = values[:1] if check_boolean("padding", padding) else np.zeros_like(values[:1])
    change = np.diff(values, axis=0, prepend=before)
    spikes = (change >= limit).astype(np.float32)
    if check_boolean("off_spike", off_spike):
        spikes -= change <= -limit
    return spikes


def direct_encode(x: Any, num_steps: int) -> np.ndarray:
    """Give the values themselves at every step, as a current.

    Parameters
    ----------
    x : array-like, shape (batch, ...)
    num_steps : int
        T.

    Returns
    -------
    ndarray of float32, shape (T, batch, ...)
        A read-only view: all steps are one array.

    Examples
    --------
    >>> direct_encode([[0.5, 1.0]], num_steps=2).tolist()
    [[[0.5, 1.0]], [[0.5, 1.0]]]
    """
    values = check_signal(x, name="x").astype(np.float32)
    steps = check_integer("num_steps", num_steps, low=1)
    return np.broadcast_to(values, (steps, *values.shape))


def repeat_encode(x: Any, num_repeats: int) -> np.ndarray:
    """Play a pattern again and again.

    Parameters
    ----------
    x : array-like, shape (T, batch, ...)
        Time first.
    num_repeats : int

    Returns
    -------
    ndarray of float32, shape (num_repeats · T, batch, ...)

    Examples
    --------
    >>> repeat_encode([[1.0], [0.0]], num_repeats=2).ravel().tolist()
    [1.0, 0.0, 1.0, 0.0]
    """
    values = check_signal(x, name="x").astype(np.float32)
    repeats = check_integer("num_repeats", num_repeats, low=1)
    return np.tile(values, (repeats, *[1] * (values.ndim - 1)))
