"""What a baseline must know of the data before it sees them, and what it refuses on that ground."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from eegsnn._validation import check_number
from eegsnn.errors import ConfigurationError, DependencyError

Edges = tuple[float, float]


@dataclass(frozen=True)
class Signal:
    """What a baseline must know of the data before it sees them.

    Parameters
    ----------
    sfreq : float or None
        Sampling rate in hertz; None for tables of features.
    n_channels : int
        1 for tables.
    n_times : int, optional
        Samples of a trial; without it, nothing is refused for being too short before fitting.
    classes : tuple, optional
        The labels; without them, nothing is refused for its labels before fitting.
    """

    sfreq: float | None
    n_channels: int
    n_times: int | None = None
    classes: tuple[Any, ...] = ()

    @classmethod
    def of(cls, dataset: Any) -> Signal:
        """Read it from a data set."""
        sfreq = getattr(dataset, "sfreq", None)
        classes = tuple(dataset.classes)
        if sfreq is None:
            return cls(None, 1, classes=classes)
        return cls(sfreq, int(dataset.X.shape[1]), int(dataset.X.shape[2]), classes)


def check_time_series(name: str, signal: Signal) -> float:
    """Return the sampling rate in hertz; refuse tables of features."""
    if signal.sfreq is None:
        raise ConfigurationError(
            f"Baseline {name!r} reads time series, but the data are a table of features. "
            f"Use 'logistic'."
        )
    return signal.sfreq


def check_channels(name: str, signal: Signal) -> float:
    """Return the sampling rate in hertz; refuse fewer than two channels, and tables."""
    sfreq = check_time_series(name, signal)
    if signal.n_channels < 2:
        raise ConfigurationError(
            f"Baseline {name!r} needs at least two channels, but the data have one. "
            f"Use 'lda-windows' or 'band-power-lda'."
        )
    return sfreq


def check_length(name: str, signal: Signal, needed: int, why: str) -> None:
    """Refuse trials of fewer than `needed` samples."""
    if signal.n_times is not None and signal.n_times < needed:
        raise ConfigurationError(
            f"Baseline {name!r} needs trials of at least {needed} samples ({why}), but they have "
            f"{signal.n_times}. Use longer trials or another baseline."
        )


def check_edges(name: str, low: Any, high: Any, sfreq: float) -> Edges:
    """Return one band in hertz, below the Nyquist frequency and with the low edge below the high.

    Parameters
    ----------
    name : str
        Of the baseline, for messages.
    low, high : float
    sfreq : float
    """
    high = check_number(f"{name}: high", high, low=0, high=sfreq / 2, high_open=True, unit="Hz")
    low = check_number(
        f"{name}: low", low, low=0, high=high, low_open=True, high_open=True, unit="Hz"
    )
    return low, high


def filter_bank(name: str, signal: Signal, bands: Any) -> list[Edges]:
    """Return the bands of a filter bank in hertz, as (low, high).

    Parameters
    ----------
    name : str
        Of the baseline, for messages.
    signal : Signal
    bands : str, mapping or list
        See :func:`~eegsnn.filters.resolve_bands`. Of a *named* set, the bands are left out that
        reach the Nyquist frequency, and those whose lower edge makes fewer than two periods in a
        trial; bands that are given one by one are meant, and refused where they cannot be had.

    Raises
    ------
    ConfigurationError
        If a band that is given cannot be had, or none of a named set can.
    """
    from eegsnn.filters import BAND_SETS, resolve_bands

    sfreq = check_time_series(name, signal)
    named = isinstance(bands, str) and bands in BAND_SETS
    edges: list[Edges] = []
    for band in resolve_bands(bands):
        low, high = band.low, band.high
        if low is None or high is None:
            raise ConfigurationError(
                f"{name}: bands: expected two edges for every band, but got {band}."
            )
        reason = _cannot_have(low, high, sfreq, signal.n_times)
        if reason is None:
            edges.append((low, high))
        elif not named:
            raise ConfigurationError(f"{name}: bands: {band} {reason}. Give other bands.")
    if not edges:
        raise ConfigurationError(
            f"{name}: bands: none of {bands!r} can be had at {sfreq:g} Hz in trials of "
            f"{signal.n_times} samples. Use longer trials, or give bands."
        )
    return edges


def check_extra(name: str, extra: str, *modules: str) -> None:
    """Refuse a baseline of whose libraries one is not installed, or cannot be imported.

    Parameters
    ----------
    name : str
        Of the baseline, for messages.
    extra : str
        The extra of this package that installs the libraries.
    *modules : str
        What is imported of them.

    Raises
    ------
    DependencyError
        Naming the extra.
    """
    libraries = [module.partition(".")[0] for module in modules]
    missing = [library for library in libraries if find_spec(library) is None]
    if missing:
        raise DependencyError(
            f"Baseline {name!r} needs {' and '.join(missing)}, not installed here: "
            f"pip install 'eegsnn[{extra}]'."
        )
    for module in modules:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what they say of each other is no news to users
                import_module(module)
        except Exception as error:  # libraries that do not fit each other fail in many ways
            reason = str(error).partition("\n")[0]
            raise DependencyError(
                f"Baseline {name!r} needs {module}, which is installed but cannot be imported: "
                f"{type(error).__name__}: {reason} Reinstall it: pip install 'eegsnn[{extra}]'."
            ) from error


def _cannot_have(low: float, high: float, sfreq: float, n_times: int | None) -> str | None:
    if high >= sfreq / 2:
        return f"ends at or beyond half the sampling rate of {sfreq:g} Hz"
    if n_times is not None and low * n_times / sfreq < 2:
        return f"makes fewer than two periods in a trial of {n_times / sfreq:g} s"
    return None
