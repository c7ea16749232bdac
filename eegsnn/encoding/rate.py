"""Rate coding: a value in [0, 1] becomes spikes at a rate in proportion, time kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import signal

from eegsnn._sharing import share
from eegsnn._validation import check_choice, check_number
from eegsnn.encoding._rows import per_row, run_kernel
from eegsnn.encoding._ties import TIE

_DRAWS_AT_ONCE = 16384  # they stay in the processor's cache until they are compared

KERNELS = ("boxcar", "exponential", "gaussian")


def regular_spikes(x: np.ndarray, spikes_per_sample: float = 1.0) -> np.ndarray:
    """Integrate x and fire whenever the integral passes half a unit more than a whole number.

    The deterministic rate code: it adds no noise, and the spikes fired until any time differ from
    the integral by half a spike at most.

    Parameters
    ----------
    x : ndarray, shape (..., times)
        Values in [0, 1].
    spikes_per_sample : float
        Spikes per sample at x = 1; above 1, samples hold more than one spike.

    Returns
    -------
    ndarray of int32, shape (..., times)
        Number of spikes at each sample.

    Examples
    --------
    >>> regular_spikes(np.full(8, 0.25))
    array([0, 1, 0, 0, 0, 1, 0, 0], dtype=int32)
    """
    integral = np.cumsum(x, axis=-1, dtype=np.float64)
    integral *= spikes_per_sample
    fired = np.floor(integral + (0.5 + TIE))
    return np.diff(fired, axis=-1, prepend=0.0).astype(np.int32)


def regular_spikes_chunk(
    x: np.ndarray, spikes_per_sample: float = 1.0, integral: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Do what :func:`regular_spikes` does, for the next samples.

    `integral` (..., 1) is that of the samples before, as the last call returned it.

    Examples
    --------
    >>> spikes, integral = regular_spikes_chunk(np.full(3, 0.25))
    >>> spikes, regular_spikes_chunk(np.full(5, 0.25), integral=integral)[0]
    (array([0, 1, 0], dtype=int32), array([0, 0, 1, 0, 0], dtype=int32))
    """
    if integral is None:
        integral = np.zeros((*x.shape[:-1], 1))
    summed = np.cumsum(np.concatenate([integral, x], axis=-1), axis=-1)
    fired = np.floor(summed * spikes_per_sample + (0.5 + TIE))
    return np.diff(fired, axis=-1).astype(np.int32), summed[..., -1:].copy()


def poisson_spikes(
    x: np.ndarray, generator: np.random.Generator, spikes_per_sample: float = 1.0
) -> np.ndarray:
    """Draw a spike at each sample with probability x · spikes_per_sample, at most 1.

    Parameters
    ----------
    x : ndarray, shape (..., times)
        Values in [0, 1].
    generator : numpy.random.Generator
        The only source of randomness.
    spikes_per_sample : float
        Probability of a spike at x = 1; there is no more than one spike per sample.

    Returns
    -------
    ndarray of int32, shape (..., times)

    Examples
    --------
    >>> spikes = poisson_spikes(np.full(10_000, 0.3), np.random.default_rng(0))
    >>> round(float(spikes.mean()), 1)
    0.3
    """
    probability = np.minimum(x * spikes_per_sample, 1.0)
    return (generator.random(x.shape) < probability).astype(np.int32)


def signed_rate_chunk(
    rows: np.ndarray,
    spikes_per_sample: float,
    integrals: np.ndarray | None = None,
    offset: float | np.ndarray = 0.0,
    unit: float | np.ndarray = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Regular spikes of the half-waves of (rows, times): positive ones count up, negative down.

    Parameters
    ----------
    rows : ndarray of float64, shape (rows, times)
        What is coded is ``(rows − offset) / unit``, one number or one per row, within [−1, 1].
    spikes_per_sample : float
    integrals : ndarray, shape (rows, 2), optional
        Of both half-waves, up to the samples before.
    offset, unit : float or ndarray, shape (rows,)

    Returns
    -------
    spikes : ndarray of int32, shape (rows, times)
    integrals : ndarray, shape (rows, 2)
    """
    integrals = np.zeros((len(rows), 2)) if integrals is None else integrals.copy()
    spikes = np.empty(rows.shape, dtype=np.int32)
    states = [per_row(offset, rows), per_row(1.0 / unit, rows), integrals]
    run_kernel("signed_rate", rows, [float(spikes_per_sample)], states, spikes)
    return spikes, integrals


def signed_rate_reference(x: np.ndarray, spikes_per_sample: float) -> np.ndarray:
    """Do what :func:`signed_rate_chunk` does by a plain loop over time, for tests."""
    spikes = np.zeros(x.shape, dtype=np.int32)
    for sign in (1.0, -1.0):
        integral, fired = np.zeros(x.shape[:-1]), np.zeros(x.shape[:-1])
        for t in range(x.shape[-1]):
            integral = integral + np.maximum(sign * np.clip(x[..., t], -1.0, 1.0), 0.0)
            now = np.floor(integral * spikes_per_sample + (0.5 + TIE))
            spikes[..., t] += (sign * (now - fired)).astype(np.int32)
            fired = now
    return spikes


def signed_poisson_chunk(
    rows: np.ndarray,
    spikes_per_sample: float,
    generators: Sequence[np.random.Generator],
    offset: float | np.ndarray = 0.0,
    unit: float | np.ndarray = 1.0,
) -> np.ndarray:
    """Poisson spikes of the half-waves of (rows, times), one generator a row; int8.

    With a generator for each row a spike depends on the row and the sample alone, not on how many
    other rows there are nor on how time is cut into chunks. Offset and unit are those of
    :func:`signed_rate_chunk`.
    """
    from eegsnn.encoding._kernels import signed_poisson

    offset, inverse = per_row(offset, rows), per_row(1.0 / unit, rows)
    spikes = np.empty(rows.shape, dtype=np.int8)

    def work(first: int, last: int) -> None:
        draws = np.empty(min(_DRAWS_AT_ONCE, rows.shape[1]))
        for row in range(first, last):
            for start in range(0, rows.shape[1], _DRAWS_AT_ONCE):
                piece = rows[row, start : start + _DRAWS_AT_ONCE]
                drawn = draws[: piece.size]
                generators[row].random(out=drawn)
                out = spikes[row, start : start + _DRAWS_AT_ONCE]
                signed_poisson(
                    piece, drawn, float(spikes_per_sample), offset[row], inverse[row], out
                )

    share(work, len(rows), rows.size)
    return spikes


def signed_poisson_reference(
    x: np.ndarray, spikes_per_sample: float, generators: Sequence[np.random.Generator]
) -> np.ndarray:
    """Do what :func:`signed_poisson_chunk` does in plain NumPy, for tests."""
    draws = np.stack([generator.random(x.shape[1]) for generator in generators])
    return (np.sign(x) * (draws < np.minimum(np.abs(x), 1.0) * spikes_per_sample)).astype(np.int8)


def smoothing_kernel(kind: str, width: float) -> np.ndarray:
    """Return the weights κ, of sum 1, by which a rate code is read.

    Parameters
    ----------
    kind : {"boxcar", "exponential", "gaussian"}
        "exponential" looks back only; the others are centred.
    width : float
        Samples: length of the boxcar (made odd), time constant, or standard deviation.

    Examples
    --------
    >>> smoothing_kernel("boxcar", 3)
    array([0.33333333, 0.33333333, 0.33333333])
    """
    check_choice("kernel", kind, KERNELS)
    size = check_number("width", width, low=0.0, low_open=True, unit="samples")
    if kind == "boxcar":
        weights = np.ones(2 * round((size - 1) / 2) + 1 if size > 1 else 1)
    else:
        reach = int(np.ceil((8 if kind == "exponential" else 4) * size))
        lag = np.arange(-reach, reach + 1) / size
        weights = np.exp(-lag) * (lag >= 0) if kind == "exponential" else np.exp(-(lag**2) / 2)
    return weights / weights.sum()


def smooth(spikes: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Convolve (..., times) with a centred kernel of odd length.

    Where the kernel reaches beyond the ends, the weights within are scaled up to a sum of 1.
    """
    n_times, half = spikes.shape[-1], len(kernel) // 2
    padded = np.zeros((*spikes.shape[:-1], n_times + 2 * half))
    padded[..., half : half + n_times] = spikes
    inside = np.zeros(n_times + 2 * half)
    inside[half : half + n_times] = 1.0
    return _convolved(padded, kernel) / _convolved(inside, kernel)


def _convolved(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    shape = [1] * (x.ndim - 1) + [len(kernel)]
    return signal.oaconvolve(x, kernel.reshape(shape), mode="valid", axes=-1)


def rate_decode(spikes: np.ndarray, spikes_per_sample: float, kernel: np.ndarray) -> np.ndarray:
    """Read a rate code: ``(z∗κ) / (spikes_per_sample·Σκ)``.

    Parameters
    ----------
    spikes : ndarray, shape (..., times)
        Signed.
    spikes_per_sample : float
        Of the encoder, at full scale.
    kernel : ndarray
        κ, see :func:`smoothing_kernel`.

    Examples
    --------
    >>> spikes = regular_spikes(np.full(1000, 0.25))
    >>> decoded = rate_decode(spikes, 1.0, smoothing_kernel("boxcar", 41))
    >>> round(float(decoded[500]), 2)
    0.24
    """
    return smooth(spikes, kernel) / spikes_per_sample
