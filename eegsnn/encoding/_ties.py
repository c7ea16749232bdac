"""How close counts as equal, so that the unit of the data decides nothing."""

from __future__ import annotations

import numpy as np

# A level missed by rounding counts as reached, so that volts and microvolts spike alike.
TIE = 1e-9


def snap(u: np.ndarray) -> np.ndarray:
    """Round values within a billionth of a whole number to it.

    Examples
    --------
    >>> snap(np.array([0.5, 2.9999999999, 3.001]))
    array([0.5  , 3.   , 3.001])
    """
    near = np.round(u)
    return np.where(np.abs(u - near) < TIE * np.maximum(1.0, np.abs(u)), near, u)
