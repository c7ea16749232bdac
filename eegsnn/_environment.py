"""What environment variables say: switches and folders, each kind read in one way."""

from __future__ import annotations

import os
from pathlib import Path

from eegsnn._warnings import warn_user
from eegsnn.errors import EegsnnWarning

_ON, _OFF = {"", "1", "true", "on", "yes"}, {"0", "false", "off", "no"}


def switched_on(name: str) -> bool:
    """Whether what this variable can switch off is left on.

    Capitals do not matter. A value that says neither on nor off leaves it on, with a warning.
    """
    value = os.environ.get(name, "").strip().lower()
    if value not in _ON | _OFF:
        warn_user(
            f"{name}: expected 0, false, off or no to turn it off, or 1, true, on or yes, but got "
            f"{value!r}. It stays on.",
            EegsnnWarning,
        )
    return value not in _OFF


def named_folder(name: str) -> Path | None:
    """Return the folder that this variable names, ``~`` expanded; None if it is not set."""
    value = os.environ.get(name, "")
    return Path(value).expanduser() if value else None
