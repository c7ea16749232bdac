"""Spikes as lists of events: when, which unit, which sign."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eegsnn.encoding.binning import bin_starts
from eegsnn.encoding.coding import BandCode, BandScale, spike_trains
from eegsnn.errors import ConfigurationError, DataError

if TYPE_CHECKING:
    from eegsnn.encoding.encoder import EEGEncoder


@dataclass(frozen=True)
class SpikeEvents:
    """The spikes of one trial, in the order of time, and of units where times are equal.

    Several spikes at one sample are as many events.

    Attributes
    ----------
    time : ndarray of float64, shape (events,)
        Seconds since the trial's first sample.
    unit : ndarray of int32, shape (events,)
    polarity : ndarray of int8, shape (events,)
        +1 or −1.
    """

    time: np.ndarray
    unit: np.ndarray
    polarity: np.ndarray

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.time)


def spike_events(spikes: np.ndarray, times: np.ndarray) -> SpikeEvents:
    """List the spikes of signed counts (units, steps), whose steps are at `times` in seconds.

    Raises
    ------
    DataError
        If the counts are no whole numbers: currents have no events.

    Examples
    --------
    >>> events = spike_events(np.array([[0, 2, 0], [-1, 0, 0]]), np.array([0.0, 0.5, 1.0]))
    >>> events.time, events.unit, events.polarity
    (array([0. , 0.5, 0.5]), array([1, 0, 0], dtype=int32), array([-1,  1,  1], dtype=int8))
    """
    spikes = np.asarray(spikes)
    if spikes.dtype.kind not in "iub":
        raise DataError(f"spikes: expected whole numbers, but got dtype {spikes.dtype}.")
    step, unit = np.nonzero(spikes.T)
    count = spikes[unit, step]
    repeats = np.abs(count.astype(np.int64))
    return SpikeEvents(
        np.repeat(np.asarray(times, dtype=np.float64)[step], repeats),
        np.repeat(unit.astype(np.int32), repeats),
        np.repeat(np.sign(count).astype(np.int8), repeats),
    )


def encoder_events(encoder: EEGEncoder, X: np.ndarray) -> list[SpikeEvents]:
    """Do what :meth:`EEGEncoder.events` does, of trials known to fit."""
    starts = bin_starts(X.shape[2], encoder.sfreq_, encoder.bin_width)
    found: list[list[SpikeEvents]] = [[] for _ in X]
    first_unit = 0
    for index, (band_filter, code) in enumerate(encoder.plan_):
        scale = encoder.scales_[index]
        if code.method in ("direct", "repeat"):
            raise ConfigurationError(
                f"method: {code.method!r} gives currents, which have no events. Use transform, or "
                f"a code that spikes."
            )
        n_units = len(scale.unit) * len(scale.units)
        for first, block, generators in encoder.band_blocks(X, index, band_filter):
            trains = spike_trains(block, code, scale, starts, generators, first)
            times = _step_times(encoder, code, scale, trains.shape[-1])
            for trial, train in enumerate(_signed(trains, code), start=first):
                events = spike_events(train, times)
                unit = events.unit + np.int32(first_unit)
                found[trial].append(SpikeEvents(events.time, unit, events.polarity))
        first_unit += n_units
    return [_merged(parts) for parts in found]


def _signed(trains: np.ndarray, code: BandCode) -> np.ndarray:
    """(trials, channels, units × polarities, steps) to signed counts (trials, units, steps)."""
    by_sign = trains.reshape(len(trains), -1, len(code.polarities), trains.shape[-1])
    if len(code.polarities) == 2:
        # A unit may spike both ways within a sample; what is left over is what counts.
        return by_sign[:, :, 0].astype(np.int32) - by_sign[:, :, 1].astype(np.int32)
    sign = -1 if code.polarities == ("_down",) else 1
    return sign * by_sign[:, :, 0].astype(np.int32)


def _step_times(encoder: EEGEncoder, code: BandCode, scale: BandScale, n_steps: int) -> np.ndarray:
    if not code.of_bins:
        return np.arange(n_steps) / encoder.sfreq_
    return np.arange(n_steps) * (encoder.bin_width / scale.steps_per_bin)


def _merged(parts: list[SpikeEvents]) -> SpikeEvents:
    time = np.concatenate([part.time for part in parts])
    unit = np.concatenate([part.unit for part in parts])
    polarity = np.concatenate([part.polarity for part in parts])
    order = np.lexsort((unit, time))
    return SpikeEvents(time[order], unit[order], polarity[order])
