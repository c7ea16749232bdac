"""Penalties on the activity of a layer, to be added to a loss: spikes [T, batch, …]."""

from __future__ import annotations

import mlx.core as mx

from eegsnn._validation import check_number
from eegsnn.errors import ConfigurationError, DataError


def _check(spikes: mx.array) -> None:
    if not isinstance(spikes, mx.array) or spikes.ndim < 2:
        got = tuple(spikes.shape) if isinstance(spikes, mx.array) else type(spikes).__name__
        raise DataError(f"spikes: expected an MLX array [T, batch, …], but got {got}.")


def l1_rate_penalty(spikes: mx.array) -> mx.array:
    """Mean spike count of a neuron in a trial, ``mean_{b,i} Σ_t s``: pulls all activity down.

    Parameters
    ----------
    spikes : array [T, batch, …]

    Returns
    -------
    array, scalar

    Notes
    -----
    ``l1_spike_loss`` of the mlx-snn documentation. snnTorch's ``l1_rate_sparsity`` is the *sum*
    over trials and neurons times 1e-5: see :func:`l1_rate_sparsity`.
    """
    _check(spikes)
    return mx.abs(spikes).sum(axis=0).mean()


def l2_rate_penalty(spikes: mx.array) -> mx.array:
    """Mean squared spike count, ``mean_{b,i} (Σ_t s)²``: pulls the most active neurons down most.

    ``l2_spike_loss`` of the mlx-snn documentation.
    """
    _check(spikes)
    return mx.square(spikes.sum(axis=0)).mean()


def l1_rate_sparsity(spikes: mx.array, strength: float = 1e-5) -> mx.array:
    """`strength` times the number of spikes, summed over steps, trials and neurons.

    ``l1_rate_sparsity`` of snnTorch 1.0.0 (`strength` is its ``Lambda``). It grows with the batch:
    :func:`l1_rate_penalty` does not.
    """
    _check(spikes)
    return check_number("strength", strength, low=0) * spikes.sum()


def rate_target_penalty(spikes: mx.array, target_rate: float = 0.1) -> mx.array:
    """Mean squared distance of firing rates from a wanted one, ``mean_{b,i} (1/T Σ_t s − r)²``.

    Parameters
    ----------
    spikes : array [T, batch, …]
    target_rate : float in [0, 1], default 0.1
        Spikes per step.

    Notes
    -----
    ``activity_reg_loss`` of the mlx-snn documentation.
    """
    _check(spikes)
    rate = check_number("target_rate", target_rate, low=0, high=1)
    return mx.square(spikes.mean(axis=0) - rate).mean()


def rate_range_penalty(spikes: mx.array, low: float = 0.01, high: float = 0.5) -> mx.array:
    """Squared distance of each neuron's rate from the range [low, high], as a mean over neurons.

    Rates are means over steps and trials: a neuron may be silent in a trial, but not in all of
    them. Within the range nothing is penalised, so that rates can carry information.

    Parameters
    ----------
    spikes : array [T, batch, …]
    low, high : float in [0, 1], default 0.01 and 0.5
        Spikes per step.

    Raises
    ------
    ConfigurationError
        If `low` is above `high`, or one is outside [0, 1].
    """
    _check(spikes)
    low = check_number("low", low, low=0, high=1)
    high = check_number("high", high, low=0, high=1)
    if low > high:
        raise ConfigurationError(f"low: expected at most high = {high:g}, but got {low:g}.")
    rates = spikes.mean(axis=(0, 1))
    return (mx.square(mx.maximum(low - rates, 0)) + mx.square(mx.maximum(rates - high, 0))).mean()
