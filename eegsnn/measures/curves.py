"""Fidelity against spikes: the curve of a code, its best points, and the best threshold."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from eegsnn._validation import check_banded_series, check_integer, check_number
from eegsnn.encoding import SignalEncoder, make_encoder
from eegsnn.errors import ConfigurationError, SlewLimitWarning
from eegsnn.measures.fidelity import snr
from eegsnn.measures.spiking import spikes_per_second


@dataclass(frozen=True)
class CurvePoint:
    """A code at one value of its parameter.

    Attributes
    ----------
    value : float
        Of the parameter.
    rate : float
        Spikes per second and channel, both signs together.
    snr : float
        In decibels, of all channels together, each in its own standard deviations.
    """

    value: float
    rate: float
    snr: float


def snr_rate_curve(
    X: Any,
    sfreq: float,
    method: str,
    values: Iterable[float],
    *,
    parameter: str = "threshold",
    settings: Mapping[str, Any] | None = None,
) -> list[CurvePoint]:
    """Measure a code at several values of a parameter.

    Parameters
    ----------
    X : array-like, shape (trials, channels, times)
        Signals of one band. Scales are learned from them, too.
    sfreq : float
        In Hz.
    method : str
        A name of :data:`eegsnn.encoding.ENCODERS` whose code has an inverse.
    values : iterable of float
    parameter : str, default "threshold"
        The setting that takes these values.
    settings : mapping, optional
        The other settings.

    Returns
    -------
    list of CurvePoint
        In the order of `values`.

    Raises
    ------
    ConfigurationError
        If the code is unknown, has no inverse, or no such parameter.

    Examples
    --------
    >>> X = np.sin(np.arange(5000) / 20)[None, None]
    >>> curve = snr_rate_curve(X, 250.0, "level_crossing", [0.1, 0.5])
    >>> [(point.value, round(point.snr)) for point in curve]
    [(0.1, 25), (0.5, 11)]
    """
    X = check_banded_series(X)
    points = []
    for value in values:
        encoder = make_encoder(method, {**(settings or {}), parameter: value})
        if encoder.instead_of_inverse is not None:
            raise ConfigurationError(
                f"{method!r} has no inverse, and so no signal-to-noise ratio: "
                f"{encoder.instead_of_inverse}"
            )
        points.append(_measure(encoder, X, sfreq, float(value)))
    return points


def pareto_set(rate: Any, decibels: Any) -> np.ndarray:
    """Whether no other point has as many spikes or fewer and is better, or is as good with fewer.

    Parameters
    ----------
    rate, decibels : array-like, shape (points,)

    Returns
    -------
    ndarray of bool, shape (points,)

    Examples
    --------
    >>> pareto_set([10, 20, 30, 40], [5, 9, 8, 12]).tolist()
    [True, True, False, True]
    """
    rates, values = np.asarray(rate, dtype=float), np.asarray(decibels, dtype=float)
    best = np.zeros(rates.shape, dtype=bool)
    highest, at_rate = -math.inf, math.nan
    for place in np.lexsort((-values, rates)):
        same = rates[place] == at_rate and values[place] == highest
        if values[place] > highest or same:
            best[place], highest, at_rate = True, values[place], rates[place]
    return best


def best_threshold(
    X: Any,
    sfreq: float,
    method: str,
    max_rate: float,
    *,
    parameter: str = "threshold",
    low: float = 0.01,
    high: float = 4.0,
    n_points: int = 16,
    settings: Mapping[str, Any] | None = None,
) -> CurvePoint:
    """Find the threshold with the highest signal-to-noise ratio at no more than a rate of spikes.

    A grid of equal ratios from `low` to `high`, and twice a finer one about the best point: the
    ratio of some codes has more than one maximum.

    Parameters
    ----------
    X, sfreq, method, parameter, settings
        As in :func:`snr_rate_curve`.
    max_rate : float
        Spikes per second and channel.
    low, high : float
        Range of the search, in the unit of the parameter: training standard deviations.
    n_points : int, default 16
        Of each grid.

    Returns
    -------
    CurvePoint

    Raises
    ------
    ConfigurationError
        If even the fewest spikes within the range are more than `max_rate`.

    Examples
    --------
    >>> X = np.sin(np.arange(5000) / 20)[None, None]
    >>> point = best_threshold(X, 250.0, "level_crossing", max_rate=50.0)
    >>> point.rate <= 50 and 16 < point.snr < 19
    True
    """
    limit = check_number("max_rate", max_rate, low=0.0, low_open=True, unit="spikes/s")
    bottom = check_number("low", low, low=0.0, low_open=True)
    top = check_number("high", high, low=bottom, low_open=True)
    count = check_integer("n_points", n_points, low=3)
    best: CurvePoint | None = None
    fewest = math.inf
    for _ in range(3):
        grid = np.geomspace(bottom, top, count)
        curve = snr_rate_curve(X, sfreq, method, grid, parameter=parameter, settings=settings)
        fewest = min(fewest, *(point.rate for point in curve))
        allowed = [point for point in curve if point.rate <= limit]
        if best is not None:
            allowed.append(best)
        if not allowed:
            break
        best = max(allowed, key=lambda point: point.snr)
        ratio = (top / bottom) ** (1 / (count - 1))
        bottom = max(best.value / ratio, float(low))
        top = min(best.value * ratio, float(high))
        if bottom >= top:
            break
    if best is None:
        raise ConfigurationError(
            f"max_rate: {method!r} gives {fewest:.3g} spikes/s or more at a {parameter} from "
            f"{low:g} to {high:g}, but got {limit:g}. Raise max_rate or high."
        )
    return best


def _measure(encoder: SignalEncoder, X: np.ndarray, sfreq: float, value: float) -> CurvePoint:
    with warnings.catch_warnings():
        # That a code cannot follow is what the ratio is there to tell.
        warnings.simplefilter("ignore", SlewLimitWarning)
        spikes = encoder.fit(X).transform(X)
    decoded = encoder.inverse_transform(spikes, start=X[..., 0], n_times=X.shape[-1])
    centre, unit = X.mean(axis=(0, -1))[..., None], X.std(axis=(0, -1))[..., None]
    ratio = snr(((X - centre) / unit).ravel(), ((decoded - centre) / unit).ravel())
    rates = spikes_per_second(spikes, sfreq * encoder.steps_per_sample_)["total"]
    per_channel = rates.mean() * max(encoder.n_units_, 1)
    return CurvePoint(value, float(per_channel), float(ratio))
