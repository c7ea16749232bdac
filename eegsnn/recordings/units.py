"""Units of potentials that files may be in."""

from __future__ import annotations

from eegsnn._validation import check_choice

TO_VOLTS: dict[str, float] = {"V": 1.0, "mV": 1e-3, "uV": 1e-6, "nV": 1e-9}
"""Unit → what one of it is in volts."""

ARBITRARY = "a.u."
"""What is written where the unit is not known: numbers stay as they are."""

_MICRO = {"µV": "uV", "μV": "uV"}  # the micro sign, and the Greek letter


def in_volts(unit: str) -> float:
    """Return what one of a unit is in volts; 1 for "a.u.".

    Raises
    ------
    ConfigurationError
        If it is none of them.

    Examples
    --------
    >>> in_volts("uV"), in_volts("µV"), in_volts("a.u.")
    (1e-06, 1e-06, 1.0)
    """
    unit = _MICRO.get(unit, unit)
    check_choice("unit", unit, [*TO_VOLTS, ARBITRARY])
    return TO_VOLTS.get(unit, 1.0)
