"""Population code: a value is the pattern of activity of units with bell-shaped tuning."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from eegsnn._validation import check_integer, check_number
from eegsnn.errors import ConfigurationError


class ReceptiveFields(NamedTuple):
    """Gaussian tuning curves: where each unit's is centred, and their common width."""

    centres: np.ndarray
    width: float


def receptive_fields(
    n_units: int, low: float = 0.0, high: float = 1.0, beta: float = 1.5
) -> ReceptiveFields:
    """Spread Gaussian receptive fields over an interval.

    Unit i of m, from 1, has its centre at ``low + (2i − 3)/2·(high − low)/(m − 2)`` and the width
    ``(high − low)/(β·(m − 2))``: the outermost centres lie half a step beyond the interval, so
    that its ends are between two units as its inside is.

    Parameters
    ----------
    n_units : int
        m, at least 3: the formula divides by m − 2.
    low, high : float
    beta : float, default 1.5
        Larger: narrower fields, that overlap less.

    References
    ----------
    .. [1] S. M. Bohte, J. N. Kok, H. La Poutré (2002), "Error-backpropagation in temporally
       encoded networks of spiking neurons", Neurocomputing 48, 17–37.

    Examples
    --------
    >>> receptive_fields(4, 0.0, 1.0).centres
    array([-0.25,  0.25,  0.75,  1.25])
    """
    units = check_integer("n_units", n_units)
    if units < 3:
        raise ConfigurationError(
            f"n_units: expected at least 3 units, for the fields of a population are spread over "
            f"n_units − 2 steps, but got {units}."
        )
    sharpness = check_number("beta", beta, low=0.0, low_open=True)
    if not low < high:
        raise ConfigurationError(f"low, high: expected low < high, but got {low:g} and {high:g}.")
    step = (high - low) / (units - 2)
    centres = low + (2 * np.arange(1, units + 1) - 3) / 2 * step
    return ReceptiveFields(centres, step / sharpness)


def population_activity(x: np.ndarray, fields: ReceptiveFields) -> np.ndarray:
    """Activity of every unit in (0, 1]: values (..., times) to (..., units, times).

    Examples
    --------
    >>> population_activity(np.array([0.25]), receptive_fields(4)).round(2).ravel()
    array([0.32, 1.  , 0.32, 0.01])
    """
    away = (np.asarray(x)[..., None, :] - fields.centres[:, None]) / fields.width
    return np.exp(-(away**2) / 2)


def population_decode(activity: np.ndarray, fields: ReceptiveFields) -> np.ndarray:
    """Mean of the centres weighted by activity (..., units, times); NaN where all are silent."""
    total = activity.sum(axis=-2)
    weighted = np.einsum("...ut,u->...t", activity, fields.centres)
    return np.divide(weighted, total, out=np.full(total.shape, np.nan), where=total > 0)
