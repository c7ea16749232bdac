"""Units of potentials that files may be in."""

from __future__ import annotations

TO_VOLTS: dict[str, float] = {"V": 1.0, "mV": 1e-3, "uV": 1e-6, "nV": 1e-9}
"""Unit → what one of it is in volts."""
