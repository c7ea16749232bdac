"""Codes of single values: each becomes a short train of steps, one after the other.

Latency, phase and burst codes take values in [0, 1] and give ``n_steps`` steps for each, as a new
last axis. They hold no memory, so that a signal coded value by value is coded as it arrives.
Rank order takes several values together, and codes which is larger.
"""

from __future__ import annotations

import math

import numpy as np

from eegsnn._validation import check_choice, check_integer, check_number
from eegsnn.errors import ConfigurationError

LATENCY_KINDS = ("linear", "logarithmic")


def check_steps(n_steps: int) -> int:
    """Refuse fewer than two steps: a window of one step has no earlier and no later."""
    count = check_integer("n_steps", n_steps)
    if count < 2:
        raise ConfigurationError(
            f"n_steps: expected a window of at least 2 steps, which a spike can be early or late "
            f"in, but got {count}."
        )
    return count


def default_time_constant(n_steps: int) -> float:
    """Time constant of the logarithmic code that puts twice the threshold on the last step."""
    return (n_steps - 1) / math.log(2.0)


def latency_code(
    x: np.ndarray,
    n_steps: int,
    kind: str = "linear",
    threshold: float = 0.01,
    tau: float | None = None,
) -> np.ndarray:
    """One spike per value, the earlier the larger the value.

    "linear": at step ``(1 − x)·(n_steps − 1)``, rounded. "logarithmic": at ``τ·ln(x / (x − θ))``,
    the time at which a leaky neuron of time constant τ driven by x reaches θ; times beyond the
    last step are put on it. Values up to θ stay silent.

    Parameters
    ----------
    x : ndarray, shape (...)
        Values in [0, 1].
    n_steps : int
        At least 2.
    kind : {"linear", "logarithmic"}
    threshold : float, default 0.01
        θ in (0, 1).
    tau : float, optional
        τ in steps. Default: ``(n_steps − 1) / ln 2``, which puts 2·θ on the last step.

    Returns
    -------
    ndarray of int8, shape (..., n_steps)

    Examples
    --------
    >>> latency_code(np.array([1.0, 0.5, 0.0]), n_steps=3)
    array([[1, 0, 0],
           [0, 1, 0],
           [0, 0, 0]], dtype=int8)
    """
    steps, silent = _latency_steps(x, check_steps(n_steps), kind, threshold, tau)
    return (np.arange(n_steps) == np.where(silent, -1, steps)[..., None]).astype(np.int8)


def latency_decode(
    spikes: np.ndarray, kind: str = "linear", threshold: float = 0.01, tau: float | None = None
) -> np.ndarray:
    """Values of the times of the first spikes (..., n_steps); 0 where there is none.

    The inverse of :func:`latency_code`, to within half a step (for "logarithmic", of time).

    Examples
    --------
    >>> latency_decode(latency_code(np.array([1.0, 0.5, 0.0]), n_steps=3))
    array([1. , 0.5, 0. ])
    """
    n_steps = check_steps(spikes.shape[-1])
    check_choice("kind", kind, LATENCY_KINDS)
    step = np.argmax(spikes != 0, axis=-1)
    if kind == "linear":
        values = 1.0 - step / (n_steps - 1)
    else:
        tau = default_time_constant(n_steps) if tau is None else tau
        with np.errstate(divide="ignore"):
            values = np.minimum(threshold / -np.expm1(-step / tau), 1.0)
    return np.where((spikes != 0).any(axis=-1), values, 0.0)


def _latency_steps(
    x: np.ndarray, n_steps: int, kind: str, threshold: float, tau: float | None
) -> tuple[np.ndarray, np.ndarray]:
    check_choice("kind", kind, LATENCY_KINDS)
    limit = check_number("threshold", threshold, low=0.0, high=1.0, low_open=True, high_open=True)
    silent = x <= limit
    if kind == "linear":
        return np.rint((1.0 - x) * (n_steps - 1)).astype(np.int64), silent
    if tau is None:
        tau = default_time_constant(n_steps)
    time_constant = check_number("tau", tau, low=0.0, low_open=True, unit="steps")
    above = np.where(silent, 1.0, x)
    times = time_constant * np.log(above / (above - limit))
    return np.minimum(np.rint(times), n_steps - 1).astype(np.int64), silent


def phase_code(x: np.ndarray, n_bits: int) -> np.ndarray:
    """Write a value in [0, 1) as bits: a spike at step k weighs ``2^−(1 + k)``.

    Parameters
    ----------
    x : ndarray, shape (...)
        Values in [0, 1]; 1 is written as the largest number there is, ``1 − 2^−n_bits``.
    n_bits : int
        Steps per value, 1 to 30.

    Returns
    -------
    ndarray of int8, shape (..., n_bits)

    References
    ----------
    .. [1] J. Kim, H. Kim, S. Huh, J. Lee, K. Choi (2018), "Deep neural networks with weighted
       spikes", Neurocomputing 311, 373–386.

    Examples
    --------
    >>> phase_code(np.array([0.625, 1.0]), n_bits=3)
    array([[1, 0, 1],
           [1, 1, 1]], dtype=int8)
    """
    bits = check_integer("n_bits", n_bits, low=1, high=30)
    whole = np.minimum(np.floor(np.asarray(x) * 2.0**bits), 2.0**bits - 1).astype(np.int64)
    return ((whole[..., None] >> np.arange(bits - 1, -1, -1)) & 1).astype(np.int8)


def phase_decode(spikes: np.ndarray) -> np.ndarray:
    """Add the weights of the spikes of (..., n_bits): the inverse, to within ``2^−n_bits``.

    Examples
    --------
    >>> phase_decode(np.array([[1, 0, 1]]))
    array([0.625])
    """
    return spikes @ 0.5 ** np.arange(1, spikes.shape[-1] + 1)


def burst_code(x: np.ndarray, n_steps: int, max_spikes: int = 5) -> np.ndarray:
    """Write a value as a burst: larger ones have more spikes, closer together.

    ``N = ceil(max_spikes·x)`` spikes from the first step on, at intervals of
    ``ceil(T_max − x·(T_max − 1))`` steps, T_max the longest at which they fit.

    Parameters
    ----------
    x : ndarray, shape (...)
        Values in [0, 1].
    n_steps : int
    max_spikes : int, default 5
        At most n_steps.

    Returns
    -------
    ndarray of int8, shape (..., n_steps)

    References
    ----------
    .. [1] S. Park, S. Kim, H. Choe, S. Yoon (2019), "Fast and efficient information transmission
       with burst spikes in deep spiking neural networks", DAC.

    Examples
    --------
    >>> burst_code(np.array([1.0, 0.5, 0.0]), n_steps=5, max_spikes=3)
    array([[1, 1, 1, 0, 0],
           [1, 0, 1, 0, 0],
           [0, 0, 0, 0, 0]], dtype=int8)
    """
    steps = check_steps(n_steps)
    most = check_integer("max_spikes", max_spikes, low=1, high=steps)
    longest = (steps - 1) // max(most - 1, 1)
    count = np.ceil(np.asarray(x) * most - 1e-9).astype(np.int64)[..., None]
    gap = np.ceil(longest - np.asarray(x) * (longest - 1) - 1e-9).astype(np.int64)[..., None]
    time = np.arange(steps)
    return ((time % gap == 0) & (time // gap < count)).astype(np.int8)


def burst_decode(spikes: np.ndarray, max_spikes: int = 5) -> np.ndarray:
    """Values of the numbers of spikes of (..., n_steps): the middle of what gives that number.

    Examples
    --------
    >>> burst_decode(burst_code(np.array([1.0, 0.5, 0.0]), n_steps=5, max_spikes=3), 3).round(2)
    array([0.83, 0.5 , 0.  ])
    """
    count = spikes.sum(axis=-1, dtype=np.int64)
    return np.where(count > 0, (count - 0.5) / max_spikes, 0.0)


def rank_order_code(x: np.ndarray) -> np.ndarray:
    """One spike for each of several values, in the order of their size, the largest first.

    Parameters
    ----------
    x : ndarray, shape (..., values)

    Returns
    -------
    ndarray of int8, shape (..., values, steps)
        As many steps as values. Of equal values the first comes first.

    References
    ----------
    .. [1] S. Thorpe, J. Gautrais (1998), "Rank order coding", Computational Neuroscience: Trends
       in Research, 113–118.

    Examples
    --------
    >>> rank_order_code(np.array([0.2, 0.9, 0.5]))
    array([[0, 0, 1],
           [1, 0, 0],
           [0, 1, 0]], dtype=int8)
    """
    order = np.argsort(-np.asarray(x), axis=-1, kind="stable")
    rank = np.argsort(order, axis=-1)
    return (rank[..., None] == np.arange(x.shape[-1])).astype(np.int8)


def rank_order_decode(spikes: np.ndarray, by_rank: np.ndarray) -> np.ndarray:
    """Give every value the mean that its rank had in training, `by_rank`: the table of Thorpe.

    Examples
    --------
    >>> rank_order_decode(rank_order_code(np.array([0.2, 0.9, 0.5])), np.array([1.0, 0.4, 0.1]))
    array([0.1, 1. , 0.4])
    """
    return np.asarray(spikes) @ by_rank
