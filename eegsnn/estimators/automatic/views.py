"""Which features are tried on a recording, how much is expected of each, and what they cost.

The priors say what is known before the data are seen, from the comparisons that the field has
published: covariance methods lead for rhythms with few trials (MOABB's benchmark), slow and evoked
potentials are linear in windows, power tells states apart. They are coarse, and the same for every
data set.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eegsnn.features import (
    BandPower,
    EvokedTangentSpace,
    FilterBankCSP,
    KernelRates,
    OscillationCorrelations,
    PowerCourse,
    TangentSpace,
    TrialFeatures,
    WhitenedBandPower,
    WhitenedWindowMeans,
    WindowMeans,
)

_RHYTHMS = (
    (1.0, 4.0),
    (4.0, 8.0),
    (8.0, 13.0),
    (13.0, 20.0),
    (20.0, 30.0),
    (30.0, 45.0),
    (45.0, 70.0),
)
_RHYTHMS_IN_TIME = _RHYTHMS[1:-1]  # of which half a second holds enough, and the scalp shows
# What electrodes on the brain see best; on the scalp muscles are seen.
_HIGH_GAMMA = ((70.0, 110.0), (110.0, 160.0))
_RATE_FOR_HIGH_GAMMA = 400.0  # Hz
_CYCLES = 1.5  # of a band's lower edge that a trial must hold for the band to be tried
_SHORTEST_WITH_DELAY = 0.5  # seconds
_MOST_CHANNELS = 128  # for matrices of all channels in each of many bands
_FEWEST_UNITS = 500
_LONGEST = 4096  # samples that kernels are given; longer trials are averaged in pairs, threes, …
_HERTZ = re.compile(r"(\d+(?:\.\d+)?)\s*hz", re.IGNORECASE)


@dataclass(frozen=True)
class Trials:
    """What is known of the recordings before anything is tried.

    Attributes
    ----------
    n_trials, n_channels, n_times, n_classes : int
    sfreq : float
        In Hz.
    frequencies : tuple of float
        Stimulus frequencies in Hz, if any.
    """

    n_trials: int
    n_channels: int
    n_times: int
    n_classes: int
    sfreq: float
    frequencies: tuple[float, ...] = ()

    @property
    def samples(self) -> float:
        """Numbers in all trials together."""
        return float(self.n_trials) * self.n_channels * self.n_times


@dataclass(frozen=True)
class View:
    """One way to look at trials.

    Attributes
    ----------
    name : str
        As reports give it.
    prior : float
        Share of the decision that is expected to be its, before the data are seen.
    features : TrialFeatures
        Unfitted.
    seconds : float
        What it is expected to cost, selection included, on the two cores it was measured on.
    spiking : bool, default False
        Whether the features are firing rates themselves.
    """

    name: str
    prior: float
    features: TrialFeatures
    seconds: float
    spiking: bool = False


def stimulus_frequencies(classes: Sequence[Any]) -> tuple[float, ...]:
    """Frequencies that class names give, in Hz: "13Hz", "17.5 Hz"; none if fewer than two do.

    Examples
    --------
    >>> stimulus_frequencies(["13Hz", "17Hz", "rest"])
    (13.0, 17.0)
    """
    found = [_HERTZ.fullmatch(str(label).strip()) for label in classes]
    frequencies = tuple(float(match.group(1)) for match in found if match)
    return frequencies if len(frequencies) > 1 else ()


def possible_views(trials: Trials, seed: int, n_folds: int) -> list[View]:
    """List the views that trials of this kind allow, cheapest first among those of one prior."""
    makers: list[Callable[[Trials, int, int], View | None]] = [
        _tangent_space,
        _windows,
        _rhythm_tangent_space,
        _delayed_tangent_space,
        _spatial_patterns,
        _power,
        _high_gamma,
        _power_course,
        _kernels,
        _filter_bank_csp,
        _kernels_of_changes,
        _evoked,
        _oscillations,
        _stimulus,
    ]
    views = [maker(trials, seed, n_folds) for maker in makers]
    return sorted(
        (view for view in views if view is not None), key=lambda view: (-view.prior, view.seconds)
    )


def _bands(trials: Trials, candidates: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    seconds = trials.n_times / trials.sfreq
    return [
        (low, high)
        for low, high in candidates
        if high < 0.475 * trials.sfreq and low * seconds >= _CYCLES
    ]


# Seconds per number filtered, per product in a matrix of channels, per matrix element of an
# eigenvalue problem and so on: measured coarsely, where two views share two cores. They are
# constants so that the same data give the same plan on every machine.
_FILTERING, _PRODUCT, _EIGEN = 1.5e-8, 1.2e-10, 2e-8
_READOUT, _FACTOR, _ELEMENT = 1e-10, 1.5e-11, 5e-8


def _covariance_seconds(
    trials: Trials, n_bands: int, n_matrices: float = 8.0, most: int = 48
) -> float:
    size = min(trials.n_channels, most)
    filtering = _FILTERING * trials.samples + _PRODUCT * trials.samples * trials.n_channels
    return n_bands * (filtering + n_matrices * _EIGEN * trials.n_trials * size**2 * (1 + size / 8))


def _readout_seconds(trials: Trials, n_features: int, n_folds: int) -> float:
    smaller = min(n_features, trials.n_trials)
    products = _READOUT * trials.n_trials * n_features * smaller
    return products + (n_folds + 1) * (_FACTOR * smaller**3 + _ELEMENT * smaller**2)


def _tangent_space(trials: Trials, seed: int, n_folds: int) -> View | None:
    bands = _bands(trials, [(8.0, 30.0)])
    if trials.n_channels < 2 or not bands:
        return None
    features = TangentSpace(trials.sfreq, bands)
    n_features = min(48, trials.n_channels) ** 2 // 2
    seconds = _covariance_seconds(trials, 1) + _readout_seconds(trials, n_features, n_folds)
    return View("tangent space 8–30 Hz", 0.6, features, seconds)


def _rhythm_tangent_space(trials: Trials, seed: int, n_folds: int) -> View | None:
    # Many bands of many channels: fewer components each keep numbers and time within bounds.
    return _tangent_spaces("tangent spaces of rhythms", trials, n_folds, 24, 0.0)


def _delayed_tangent_space(trials: Trials, seed: int, n_folds: int) -> View | None:
    # Shorter trials hold few cycles besides those that the delay takes.
    if trials.n_times / trials.sfreq <= _SHORTEST_WITH_DELAY:
        return None
    return _tangent_spaces("tangent spaces of delayed rhythms", trials, n_folds, 12, 0.25)


def _tangent_spaces(
    name: str, trials: Trials, n_folds: int, most: int, delay_cycles: float
) -> View | None:
    bands = _bands(trials, _RHYTHMS)
    if trials.n_channels < 2 or len(bands) < 2:
        return None
    features = TangentSpace(trials.sfreq, bands, most, delay_cycles)
    n_rows = min(most, trials.n_channels) * (2 if delay_cycles else 1)
    seconds = _covariance_seconds(trials, len(bands), most=n_rows)
    seconds += _readout_seconds(trials, len(bands) * n_rows**2 // 2, n_folds)
    return View(name, 0.3, features, seconds)


def _windows(trials: Trials, seed: int, n_folds: int) -> View:
    kind = WindowMeans if trials.n_channels < 2 else WhitenedWindowMeans
    features = kind(trials.sfreq)
    n_features = features.n_windows * trials.n_channels
    seconds = _PRODUCT * trials.samples + _readout_seconds(trials, n_features, n_folds)
    return View("slow potentials", 0.6, features, seconds)


def _power(trials: Trials, seed: int, n_folds: int) -> View | None:
    return _power_in("band power", 0.4, trials, _bands(trials, _RHYTHMS))


def _high_gamma(trials: Trials, seed: int, n_folds: int) -> View | None:
    if trials.sfreq < _RATE_FOR_HIGH_GAMMA:
        return None
    return _power_in("high gamma power", 0.2, trials, _bands(trials, _HIGH_GAMMA))


def _power_in(
    name: str, prior: float, trials: Trials, bands: list[tuple[float, float]]
) -> View | None:
    if not bands:
        return None
    seconds = 4e-8 * trials.samples
    if 2 <= trials.n_channels <= _MOST_CHANNELS:
        features: TrialFeatures = WhitenedBandPower(trials.sfreq, bands)
        seconds += _PRODUCT * trials.samples * trials.n_channels
    else:
        features = BandPower(trials.sfreq, bands)
    return View(name, prior, features, seconds)


def _power_course(trials: Trials, seed: int, n_folds: int) -> View | None:
    n_windows, length = PowerCourse(trials.sfreq).windows(trials.n_times)
    bands = _bands(dataclasses.replace(trials, n_times=length), _RHYTHMS_IN_TIME)
    if n_windows < 2 or trials.n_channels > _MOST_CHANNELS or not bands:
        return None
    n_features = n_windows * len(bands) * trials.n_channels
    seconds = 1e-7 * trials.samples + 2 * _PRODUCT * trials.samples * trials.n_channels
    seconds += _readout_seconds(trials, n_features, n_folds)
    return View("power over time", 0.2, PowerCourse(trials.sfreq, bands), seconds)


def _spatial_patterns(trials: Trials, seed: int, n_folds: int) -> View | None:
    bands = _bands(trials, [(8.0, 30.0)])
    if not 2 <= trials.n_channels <= _MOST_CHANNELS or not bands:
        return None
    features = FilterBankCSP(trials.sfreq, bands, n_components=2 * trials.n_classes)
    seconds = _covariance_seconds(trials, 1, n_matrices=1.0)
    return View("common spatial patterns 8–30 Hz", 0.6, features, seconds)


def _kernels(trials: Trials, seed: int, n_folds: int) -> View:
    # Few trials cannot weigh many units, and many trials can.
    wanted = int(np.clip(40 * trials.n_trials, 2000, 10000))
    n_units, seconds = _as_many_units(trials, wanted, 20.0, n_folds)
    features = KernelRates(trials.sfreq, n_units, seed=seed, max_samples=_LONGEST)
    return View("spiking kernels", 0.3, features, seconds, spiking=True)


def _kernels_of_changes(trials: Trials, seed: int, n_folds: int) -> View:
    wanted = int(np.clip(20 * trials.n_trials, 1000, 5000))
    n_units, seconds = _as_many_units(trials, wanted, 10.0, n_folds)
    features = KernelRates(
        trials.sfreq, n_units, seed=seed + 1, max_samples=_LONGEST, differences=True
    )
    return View("spiking kernels of changes", 0.2, features, seconds, spiking=True)


def _as_many_units(trials: Trials, n_units: int, most: float, n_folds: int) -> tuple[int, float]:
    """Take half of the units, and half again, until they cost no more than `most` seconds.

    Thousands of long trials would else be looked at without any: fewer do nearly as well.
    """
    length = min(trials.n_times, _LONGEST)
    while True:
        readouts = _readout_seconds(trials, n_units, n_folds)
        seconds = 0.2 + 7e-10 * trials.n_trials * length * n_units + readouts
        if seconds <= most or n_units <= _FEWEST_UNITS:
            return n_units, seconds
        n_units //= 2


def _filter_bank_csp(trials: Trials, seed: int, n_folds: int) -> View | None:
    bands = _bands(trials, [(float(low), low + 4.0) for low in range(4, 40, 4)])
    if not 2 <= trials.n_channels <= _MOST_CHANNELS or not bands:
        return None
    seconds = _covariance_seconds(trials, len(bands), n_matrices=1.0)
    return View("filter-bank CSP", 0.3, FilterBankCSP(trials.sfreq, bands), seconds)


def _evoked(trials: Trials, seed: int, n_folds: int) -> View | None:
    low = max(1.0, _CYCLES * trials.sfreq / trials.n_times)
    high = min(20.0, 0.45 * trials.sfreq)
    if trials.n_channels < 2 or low > high / 3:
        return None
    # Matrices of twice as many rows as there are components of all classes: at most 24.
    n_components = max(1, min(4, trials.n_channels, 12 // trials.n_classes))
    features = EvokedTangentSpace(trials.sfreq, low, high, n_components)
    per_class = 2 * n_components * trials.n_classes
    eigen = _EIGEN * trials.n_trials * per_class**2 * (1 + per_class / 8)
    learning = (n_folds + 1) * 1e-9 * trials.samples  # a mean for each fold
    seconds = _FILTERING * trials.samples + learning + 20 * n_folds * eigen
    return View("evoked responses", 0.4, features, seconds)


def _oscillations(trials: Trials, seed: int, n_folds: int) -> View | None:
    # A shorter trial cannot tell frequencies half a hertz apart.
    if trials.n_channels < 2 or trials.sfreq < 30 or trials.n_times / trials.sfreq < 1.0:
        return None
    features = OscillationCorrelations(trials.sfreq)
    seconds = _FILTERING * trials.samples + 80 * 2 * _PRODUCT * trials.samples
    return View("oscillations 6–45 Hz", 0.2, features, seconds)


def _stimulus(trials: Trials, seed: int, n_folds: int) -> View | None:
    frequencies = [f for f in trials.frequencies if f < 0.45 * trials.sfreq]
    if len(frequencies) < 2 or trials.n_channels < 2:
        return None
    features = OscillationCorrelations(trials.sfreq, frequencies, n_harmonics=3, n_subbands=3)
    seconds = 3 * _FILTERING * trials.samples + 40 * _PRODUCT * trials.samples
    # Whoever names frequencies shows lights: nothing else is expected to tell as much.
    return View("stimulus frequencies", 4.0, features, seconds)
