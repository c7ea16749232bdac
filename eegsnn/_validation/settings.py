"""Values of parameters: choices, numbers, folders."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np

from eegsnn.errors import ConfigurationError


def check_choice(name: str, value: Any, allowed: Iterable[Any]) -> Any:
    """Refuse a `value` that is not among `allowed`; suggests the nearest name."""
    options = list(allowed)
    if any(
        value is option or (type(value) is type(option) and value == option) for option in options
    ):
        return value
    near = get_close_matches(str(value), [str(option) for option in options], n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ConfigurationError(
        f"{name}: expected one of {', '.join(map(repr, options))}, but got {value!r}.{hint}"
    )


def suggestion(given: Any, allowed: Iterable[Any]) -> str:
    """Return ``" Did you mean …?"`` for a misspelt name, or nothing where none is near."""
    near = get_close_matches(str(given), [str(option) for option in allowed], n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def check_number(
    name: str,
    value: Any,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    low_open: bool = False,
    high_open: bool = False,
    unit: str = "",
) -> float:
    """Refuse what is not a finite real number within the interval; returns a float."""
    bounds = _interval(low, high, low_open, high_open, unit)
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        raise ConfigurationError(f"{name}: expected a number{bounds}, but got {value!r}.")
    number = float(value)
    too_low = number <= low if low_open else number < low
    too_high = number >= high if high_open else number > high
    if not math.isfinite(number) or too_low or too_high:
        raise ConfigurationError(f"{name}: expected a number{bounds}, but got {value!r}.")
    return number


def check_integer(name: str, value: Any, *, low: int | None = None, high: int | None = None) -> int:
    """Refuse what is not an integer within [low, high]; returns an int."""
    bounds = _interval(
        -math.inf if low is None else low, math.inf if high is None else high, False, False, ""
    )
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Integral):
        raise ConfigurationError(f"{name}: expected an integer{bounds}, but got {value!r}.")
    number = int(value)
    if (low is not None and number < low) or (high is not None and number > high):
        raise ConfigurationError(f"{name}: expected an integer{bounds}, but got {value!r}.")
    return number


def check_boolean(name: str, value: Any) -> bool:
    """Refuse what is not True or False."""
    if not isinstance(value, bool | np.bool_):
        raise ConfigurationError(f"{name}: expected true or false, but got {value!r}.")
    return bool(value)


def check_folder(name: str, path: Path) -> Path:
    """Refuse a path that is, or lies below, something other than a folder; it need not exist."""
    there = next((place for place in (path, *path.parents) if place.exists()), path)
    if there.exists() and not there.is_dir():
        raise ConfigurationError(f"{name}: expected a folder, but {there} is a file.")
    return path


def _interval(low: float, high: float, low_open: bool, high_open: bool, unit: str) -> str:
    suffix = f" {unit}" if unit else ""
    if math.isinf(low) and math.isinf(high):
        return f" (in{suffix})" if unit else ""
    if math.isinf(high):
        return f" {'>' if low_open else '≥'} {low:g}{suffix}"
    if math.isinf(low):
        return f" {'<' if high_open else '≤'} {high:g}{suffix}"
    return f" in {'(' if low_open else '['}{low:g}, {high:g}{')' if high_open else ']'}{suffix}"
