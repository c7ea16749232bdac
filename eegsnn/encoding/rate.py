"""Rate coding: a value in [0, 1] becomes spikes at a rate in proportion, time kept."""

from __future__ import annotations

import numpy as np

# Added before rounding down, so that a sum meant to reach a whole number does.
_TIE = 1e-9


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
    fired = np.floor(integral + (0.5 + _TIE))
    return np.diff(fired, axis=-1, prepend=0.0).astype(np.int32)


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
