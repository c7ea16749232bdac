"""What a reservoir tells apart and what it remembers: separation, ranks, memory capacity.

All take arrays: inputs and states of any system, spiking or not.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from eegsnn._validation import check_integer, check_number, check_sequence
from eegsnn.errors import DataError

_CHANCE = 1e-4
_RIDGE = 1e-12  # of the mean variance: keeps exact copies of a state from dividing by zero


class Separation(NamedTuple):
    """Distances of pairs of trials, and how one follows from the other.

    Attributes
    ----------
    pairs : ndarray of int (pairs, 2)
        Trials compared.
    inputs : ndarray (pairs,)
        Distance of the inputs.
    states : ndarray (pairs,)
        Distance of the liquid states.
    slope : float
        Of the states' distance over that of the inputs, through the origin.
    correlation : float
        Between the two (NaN where one of them does not vary).
    """

    pairs: np.ndarray
    inputs: np.ndarray
    states: np.ndarray
    slope: float
    correlation: float


class MemoryCapacity(NamedTuple):
    """How well the inputs of 1, 2, … steps ago can be read from the present state.

    Attributes
    ----------
    total : float
        Sum over the delays.
    by_delay : ndarray (delays,)
        Squared correlation on held-out steps; 0 where it is no better than chance.
    """

    total: float
    by_delay: np.ndarray


class Ranks(NamedTuple):
    """Kernel quality, generalisation rank, and the difference, which should be large."""

    kernel: int
    generalisation: int
    difference: int


def filtered_distance(first: Any, second: Any, time_constant: float) -> np.ndarray:
    """Distance of sequences [T, trials, features] after exponential filtering, by trial.

    The root of the mean over steps of the squared Euclidean distance: for spike trains a distance
    that grows with shifts and with spikes that only one has, continuously.

    Parameters
    ----------
    first, second : array [T, trials, features]
    time_constant : float
        Of the filter ``s' = s·exp(−1/time_constant) + x``, in steps.

    Returns
    -------
    ndarray (trials,)

    References
    ----------
    Maass, Natschläger & Markram (2002), where the filter is a Gaussian of 5 ms; van Rossum (2001),
    "A novel spike distance", for the exponential one.

    Examples
    --------
    >>> a, b = np.zeros((2, 50, 1, 1))
    >>> a[10], b[12] = 1, 1
    >>> near = filtered_distance(a, b, 5.0)
    >>> b[12], b[30] = 0, 1
    >>> bool(near < filtered_distance(a, b, 5.0))
    True
    """
    a = check_sequence(first, name="first")
    b = check_sequence(second, name="second")
    if a.shape != b.shape:
        raise DataError(
            f"first, second: expected sequences of one shape, but got {a.shape} and {b.shape}."
        )
    decay = np.exp(-1.0 / check_number("time_constant", time_constant, low=0, low_open=True))
    total, trace = np.zeros(a.shape[1]), np.zeros(a.shape[1:])
    for x, z in zip(a, b, strict=True):
        trace = decay * trace + (x - z)
        total += np.square(trace).sum(axis=1)
    return np.sqrt(total / len(a))


def separation(
    inputs: Any, states: Any, *, time_constant: float = 5.0, n_pairs: int = 1000, seed: int = 0
) -> Separation:
    """How far apart the states of trials are, as a function of how far apart their inputs are.

    Parameters
    ----------
    inputs : array [T, trials, features]
    states : array (times, trials, units) or (trials, units)
        Liquid states of the same trials at one or several steps.
    time_constant : float, default 5.0
        Of the filter in the distance of inputs (:func:`filtered_distance`), in steps.
    n_pairs : int, default 1000
        Pairs drawn, where there are more.
    seed : int, default 0
        Of that draw.

    Returns
    -------
    Separation
        Distances of states are Euclidean, the root of the mean over times and units.

    Raises
    ------
    DataError
        If an array is no finite one of that shape, there are fewer than two trials, their number
        differs, or all inputs are the same.

    References
    ----------
    Maass, Natschläger & Markram (2002), figure 2 (the separation property).

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(50, 20, 3))
    >>> separation(x, x[-1], time_constant=1e-3).slope > 0
    True
    """
    x = check_sequence(inputs, name="inputs")
    liquid = np.asarray(states)
    liquid = check_sequence(liquid[None] if liquid.ndim == 2 else liquid, name="states")
    n_trials = x.shape[1]
    if liquid.shape[1] != n_trials or n_trials < 2:
        raise DataError(
            f"inputs, states: expected the same two or more trials, but got {n_trials} and "
            f"{liquid.shape[1]}."
        )
    pairs = _draw_pairs(n_trials, check_integer("n_pairs", n_pairs, low=1), seed)
    a, b = pairs.T
    between_inputs = filtered_distance(x[:, a], x[:, b], time_constant)
    between_states = np.sqrt(np.square(liquid[:, a] - liquid[:, b]).mean(axis=(0, 2)))
    if not between_inputs.any():
        raise DataError("inputs: expected trials that differ, but all are the same.")
    slope = float(between_inputs @ between_states / (between_inputs @ between_inputs))
    vary = between_inputs.std() > 0 and between_states.std() > 0
    correlation = float(np.corrcoef(between_inputs, between_states)[0, 1]) if vary else np.nan
    return Separation(pairs, between_inputs, between_states, slope, correlation)


def state_rank(states: Any, tolerance: float = 0.01) -> int:
    """Linearly independent states: the rank of (trials, units), ignoring what is noise.

    Parameters
    ----------
    states : array (trials, units)
    tolerance : float, default 0.01
        Singular values below this part of the largest do not count.

    Examples
    --------
    >>> state_rank(np.eye(5)), state_rank(np.ones((5, 5)))
    (5, 1)
    """
    matrix = _matrix("states", states)
    part = check_number("tolerance", tolerance, low=0, high=1, high_open=True)
    values = np.linalg.svd(matrix, compute_uv=False)
    return int((values > part * values[0]).sum()) if values[0] > 0 else 0


def kernel_quality(different: Any, similar: Any, tolerance: float = 0.01) -> Ranks:
    """How many inputs a linear readout could tell apart at will, and how many it should not.

    Parameters
    ----------
    different : array (trials, units)
        States after as many different inputs. Their rank is the kernel quality: any labelling of
        that many inputs can be learned by a linear readout.
    similar : array (trials, units)
        States after noisy versions of one input. Their rank is the generalisation rank: small
        where noise does not matter.
    tolerance : float
        As in :func:`state_rank`.

    References
    ----------
    Legenstein & Maass (2007), "Edge of chaos and prediction of computational performance for
    neural circuit models".

    Examples
    --------
    >>> kernel_quality(np.eye(4), np.ones((4, 4)))
    Ranks(kernel=4, generalisation=1, difference=3)
    """
    kernel, general = state_rank(different, tolerance), state_rank(similar, tolerance)
    return Ranks(kernel, general, kernel - general)


def memory_capacity(
    inputs: Any,
    states: Any,
    *,
    max_delay: int | None = None,
    washout: int = 100,
    train_fraction: float = 0.5,
) -> MemoryCapacity:
    """Sum over delays of how well the delayed input is linearly read from the present state.

    For each delay k = 1, 2, … the input of k steps ago is regressed on the states (and a constant)
    of the first part of the run; on the rest, the squared correlation of the reconstruction
    counts. A system of N units has a capacity of N at the most, a delay line of N just that.

    Parameters
    ----------
    inputs : array (T,)
        Independent random numbers: with inputs that are correlated in time, what looks like
        memory is prediction.
    states : array (T, units)
        State after each step; row t may know ``inputs[t]``.
    max_delay : int, optional
        Largest delay. Default: twice the units, or what a tenth of the steps allows.
    washout : int, default 100
        First steps left out.
    train_fraction : float, default 0.5
        Part of the steps left on which readouts are fitted; there must be more than twice the
        units, for a readout that fits noise remembers nothing.

    Returns
    -------
    MemoryCapacity
        A delay whose correlation a state without memory would exceed with probability 0.0001, or
        that is negative, counts 0: many small chances would else add up to a memory.

    Raises
    ------
    DataError
        If the arrays do not belong together, are not finite, too short, or the input is constant.
    ConfigurationError
        If `max_delay` is longer than the washout and steps allow.

    References
    ----------
    Jaeger (2001), "Short term memory in echo state networks"; the threshold is that of Dambre et
    al. (2012), "Information processing capacity of dynamical systems".

    Examples
    --------
    >>> u = np.random.default_rng(0).uniform(size=2000)
    >>> line = np.stack([np.roll(u, k) for k in range(1, 8)], axis=1)  # seven steps of memory
    >>> round(memory_capacity(u, line).total, 6)
    7.0
    """
    u = _matrix("inputs", np.asarray(inputs)[:, None] if np.ndim(inputs) == 1 else inputs)[:, 0]
    x = _matrix("states", states)
    if np.ndim(inputs) != 1 or len(u) != len(x):
        raise DataError(
            f"inputs, states: expected shapes (T,) and (T, units), but got {np.shape(inputs)} and "
            f"{x.shape}."
        )
    n_units = x.shape[1]
    longest = max(1, min(2 * n_units, len(u) // 10)) if max_delay is None else max_delay
    longest = check_integer("max_delay", longest, low=1)
    begin = max(check_integer("washout", washout, low=0), longest)
    fraction = check_number(
        "train_fraction", train_fraction, low=0, high=1, low_open=True, high_open=True
    )
    middle = begin + int(fraction * (len(u) - begin))
    if middle - begin <= 2 * n_units or len(u) - middle < 20:
        raise DataError(
            f"states: expected more than {2 * n_units} steps to fit readouts of {n_units} units on "
            f"and 20 to judge them, but after {begin} steps (washout, max_delay) there are "
            f"{middle - begin} and {len(u) - middle}. Give a longer run."
        )
    delayed = np.stack([u[begin - k : len(u) - k] for k in range(1, longest + 1)], axis=1)
    rebuilt, truth = _rebuild(x[begin:], delayed, middle - begin)
    if not truth.std(axis=0).all():
        raise DataError("inputs: expected random numbers, but the input is constant.")
    by_delay = _better_than_chance(rebuilt, truth)
    return MemoryCapacity(float(by_delay.sum()), by_delay)


def _rebuild(
    states: np.ndarray, targets: np.ndarray, n_train: int
) -> tuple[np.ndarray, np.ndarray]:
    """Fit targets on the first rows of states; return reconstruction and truth of the rest."""
    centre, level = states[:n_train].mean(axis=0), targets[:n_train].mean(axis=0)
    own = states[:n_train] - centre
    spread = own.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    own = own / scale
    # Rank-deficient states (silent units, copies) are no error: directions without variance go.
    left, values, right = np.linalg.svd(own, full_matrices=False)
    kept = values > np.sqrt(_RIDGE) * max(values[0], np.finfo(float).tiny)
    weights = right[kept].T @ ((left[:, kept].T @ (targets[:n_train] - level)) / values[kept, None])
    return (states[n_train:] - centre) / scale @ weights, targets[n_train:]


def _better_than_chance(rebuilt: np.ndarray, truth: np.ndarray) -> np.ndarray:
    a, b = rebuilt - rebuilt.mean(axis=0), truth - truth.mean(axis=0)
    power = np.sqrt(np.square(a).sum(axis=0) * np.square(b).sum(axis=0))
    correlation = np.divide((a * b).sum(axis=0), power, out=np.zeros(a.shape[1]), where=power > 0)
    n = len(a)
    quantile = stats.t.isf(_CHANCE, n - 2)
    least = quantile / np.sqrt(n - 2 + quantile**2)
    return np.where(correlation > least, np.square(correlation), 0.0)


def _draw_pairs(n_trials: int, n_pairs: int, seed: int) -> np.ndarray:
    a, b = np.triu_indices(n_trials, 1)
    if len(a) > n_pairs:
        generator = np.random.default_rng(check_integer("seed", seed, low=0))
        chosen = np.sort(generator.choice(len(a), n_pairs, replace=False))
        a, b = a[chosen], b[chosen]
    return np.stack([a, b], axis=1)


def _matrix(name: str, values: Any) -> np.ndarray:
    array = np.asarray(values)
    if array.dtype.kind not in "fiub" or array.ndim != 2 or 0 in array.shape:
        raise DataError(
            f"{name}: expected real numbers of two dimensions, none of them 0, but got dtype "
            f"{array.dtype} and shape {array.shape}."
        )
    array = array.astype(np.float64)
    if not np.isfinite(array).all():
        row = int(np.argwhere(~np.isfinite(array))[0][0])
        raise DataError(f"{name} contains NaN or infinity, first in row {row}. Drop it first.")
    return array
