"""Warnings that point at the user's line, however many of our own calls lie in between."""

from __future__ import annotations

import sys
import warnings

from eegsnn.errors import EegsnnWarning

# Libraries that call us on behalf of a user, who is who can do something about it.
_BETWEEN = {"eegsnn", "sklearn", "joblib", "contextlib", "mlx"}


def warn_user(text: str, category: type[EegsnnWarning]) -> None:
    """Warn at the nearest caller outside this package, scikit-learn and joblib."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None:
        module = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if module not in _BETWEEN:
            break
        level, frame = level + 1, frame.f_back
    warnings.warn(text, category, stacklevel=level)
