"""Input weights that make every unit of a reservoir fire at a wanted rate."""

from __future__ import annotations

import numpy as np

from eegsnn._warnings import warn_user
from eegsnn.errors import DataError, SilentNetworkWarning
from eegsnn.models.reservoir_dynamics import Reservoir, response, rest_state

_ROUNDS, _TOLERANCE = 40, 0.1
_FASTEST = 2.0  # factor by which a unit's input may change in one round
_SMALLEST, _LARGEST = 0.3, 1e3  # of a unit's input, in firing distances per standard deviation
_HELD_DOWN = 0.05  # firing distances per round
_MISSED = 0.5  # part of the target by which the mean rate may miss it without a warning

# Relative error of a mean in float64, generously.
_ROUNDING = 1e-13


def calibrated(
    reservoir: Reservoir, x: np.ndarray, *, target_rate: float, scale: float
) -> Reservoir:
    """Return the reservoir with input weights and biases for inputs like x[T, batch, features].

    A unit's drive is its drawn weights times standardised features, times a gain. Gains are found
    in rounds: a unit that fires too seldom is driven more, by the square root of what it lacks,
    since its neighbours change as well. A unit that fires too often with little input, because of
    those neighbours, gets a tonic inhibition instead.

    Parameters
    ----------
    reservoir : Reservoir
        With the weights drawn, or calibrated before: only proportions within a unit matter.
    x : ndarray of float64 [T, batch, features]
    target_rate : float
        Spikes per unit and step.
    scale : float
        Firing distance of a unit, see :func:`eegsnn.models.reservoir_building.firing_distance`.

    Raises
    ------
    DataError
        If no feature varies.

    Warns
    -----
    SilentNetworkWarning
        If the mean rate stays far from the target.
    """
    mean, deviation = x.mean(axis=(0, 1)), x.std(axis=(0, 1))
    varies = deviation > _ROUNDING * np.abs(mean)
    if not varies.any():
        raise DataError(
            "x: expected inputs that vary, but every feature is constant over steps and trials: "
            "there is nothing to calibrate the input weights on."
        )
    per_deviation = np.divide(1.0, deviation, out=np.zeros_like(deviation), where=varies)
    starts, targets, drawn, _ = reservoir.inputs
    source = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    norms = np.sqrt(np.bincount(targets, np.square(drawn), minlength=reservoir.n_units))
    unit = drawn / np.where(norms > 0, norms, 1.0)[targets] * per_deviation[source] * scale
    offset = np.bincount(targets, unit * mean[source], minlength=reservoir.n_units)

    gain, tonic = np.ones(reservoir.n_units), np.zeros(reservoir.n_units)
    at_rest, nothing = rest_state(reservoir, x.shape[1]), np.zeros(0, dtype=np.int64)
    least = 0.5 / (x.shape[0] * x.shape[1])  # a silent unit's rate, which is not known better
    for _ in range(_ROUNDS):
        reservoir = reservoir.with_input(unit * gain[targets], tonic - offset * gain)
        spikes = response(reservoir, x, at_rest, nothing).spikes
        assert spikes is not None
        rates = spikes.mean(axis=(0, 1))
        if np.abs(rates / target_rate - 1.0).mean() < _TOLERANCE:
            break
        change = np.sqrt(target_rate / np.maximum(rates, least))
        gain = np.clip(gain * np.clip(change, 1 / _FASTEST, _FASTEST), _SMALLEST, _LARGEST)
        # Nor does a unit hear its input whose neighbours alone keep it firing: it is held down.
        held = (gain == _SMALLEST) & (rates > target_rate)
        tonic = np.where(held, tonic - _HELD_DOWN * scale, tonic)
        freed = (tonic < 0) & (rates < target_rate)
        tonic = np.where(freed, np.minimum(tonic + _HELD_DOWN * scale, 0.0), tonic)
    rate = float(rates.mean())
    if abs(rate - target_rate) > _MISSED * target_rate:
        recurrent = rate > target_rate or bool(tonic.any())
        turn = "lower strength" if recurrent else "raise input_density"
        warn_user(
            f"The reservoir fires {rate:.2g} spikes per unit and step, where target_rate = "
            f"{target_rate:g}, whatever its input is made: {turn}, or change target_rate.",
            SilentNetworkWarning,
        )
    return reservoir
