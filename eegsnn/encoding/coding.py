"""One band's code: how its signal becomes counts per bin, on a scale learned from training data.

Pure functions. :class:`~eegsnn.encoding.EEGEncoder` calls them band by band.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import numpy as np

from eegsnn.encoding.binning import bin_sums
from eegsnn.encoding.crossing import threshold_crossing
from eegsnn.encoding.delta import level_crossing
from eegsnn.encoding.features import feature_bins, feature_series
from eegsnn.encoding.rate import poisson_spikes, regular_spikes
from eegsnn.errors import DataError

METHODS = ("rate", "delta", "threshold", "direct")
RATE_CODES = ("regular", "poisson")

# A band signal this far below its channel holds the filter's rounding errors, nothing else.
_SILENT = 1e-10


@dataclass(frozen=True)
class BandCode:
    """What a band's coding depends on, besides the data.

    Attributes
    ----------
    method, feature, rate_code : str
        As in :class:`~eegsnn.encoding.EEGEncoder`.
    signed : bool
    threshold, hysteresis : float
        In training standard deviations.
    refractory : int
        Samples.
    spikes_per_sample : float
        Of the rate code, at full scale.
    quantile : float
        The training quantile that is full scale for the rate code.
    window : int
        Samples over which power is averaged.
    causal : bool
        Whether that average looks back only.
    """

    method: str
    feature: str
    rate_code: str
    signed: bool
    threshold: float
    hysteresis: float
    refractory: int
    spikes_per_sample: float
    quantile: float
    window: int
    causal: bool

    @property
    def polarities(self) -> tuple[str, ...]:
        """Suffixes of the features per channel: ("_up", "_down"), or one without a suffix."""
        positive = self.feature != "signal" and self.method == "rate"
        two = self.signed and self.method != "direct" and not positive
        return ("_up", "_down") if two else ("",)


@dataclass
class BandScale:
    """What is learned from training data: an offset and a unit per channel, twice.

    Attributes
    ----------
    signal_mean, signal_std : ndarray, shape (channels,)
        Of the band signal, in the unit of the data.
    offset, unit : ndarray, shape (channels,)
        Of the feature of the standardised signal: what is encoded is (feature − offset) / unit.
    """

    signal_mean: np.ndarray = field(repr=False)
    signal_std: np.ndarray = field(repr=False)
    offset: np.ndarray = field(repr=False)
    unit: np.ndarray = field(repr=False)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """By name, for saving."""
        return {item.name: getattr(self, item.name) for item in fields(self)}


def learn_scale(
    s: np.ndarray,
    code: BandCode,
    starts: np.ndarray,
    *,
    names: list[str],
    channel_std: np.ndarray,
    band: str,
) -> BandScale:
    """Learn a band's scale from training trials.

    Parameters
    ----------
    s : ndarray, shape (trials, channels, times)
        Band signal.
    code : BandCode
    starts : ndarray
        First sample of every bin.
    names : list of str
        Of the channels, for errors.
    channel_std : ndarray, shape (channels,)
        Standard deviation before the band filter, to tell a silent band from a small unit.
    band : str
        For errors.

    Raises
    ------
    DataError
        If a channel holds nothing in this band.
    """
    mean, std = s.mean(axis=(0, 2)), s.std(axis=(0, 2))
    silent = np.flatnonzero(std <= _SILENT * channel_std)
    if silent.size:
        raise DataError(
            f"No signal in band {band} in the training data: channel "
            f"{', '.join(names[i] for i in silent)}. Drop the channel or the band."
        )
    z = (s - mean[:, None]) / std[:, None]
    if code.method == "direct":
        values = feature_bins(z, code.feature, starts)
        offset, unit = values.mean(axis=(0, 2)), values.std(axis=(0, 2))
    else:
        values = feature_series(z, code.feature, code.window, causal=code.causal)
        if code.method != "rate":
            offset, unit = values.mean(axis=(0, 2)), values.std(axis=(0, 2))
        elif code.feature == "signal":
            unit = _quantiles(np.abs(values), code.quantile)
            offset = np.zeros_like(unit)
        else:
            offset = _quantiles(values, 1 - code.quantile)
            unit = _quantiles(values, code.quantile) - offset
    # A feature that does not vary (one trial of one bin, say) stays at zero.
    return BandScale(mean, std, offset, np.where(unit > _SILENT, unit, 1.0))


def encode_band(
    s: np.ndarray,
    code: BandCode,
    scale: BandScale,
    starts: np.ndarray,
    generators: Sequence[np.random.Generator] = (),
) -> np.ndarray:
    """Encode a band: (trials, channels, times) to (trials, channels, polarities, bins).

    Counts of spikes per bin, or the mean current per bin for "direct". Poisson spikes are drawn
    from one generator per polarity, so that the draws go on over blocks of trials.
    """
    z = (s - scale.signal_mean[:, None]) / scale.signal_std[:, None]
    if code.method == "direct":
        values = feature_bins(z, code.feature, starts)
        return ((values - scale.offset[:, None]) / scale.unit[:, None])[:, :, None]
    values = feature_series(z, code.feature, code.window, causal=code.causal)
    values = (values - scale.offset[:, None]) / scale.unit[:, None]
    if code.method == "rate":
        # Power below the scale's lower end is silence; a signal below zero is the other half-wave.
        signal = code.feature == "signal"
        parts = _halves(values, code.polarities) if signal else [np.maximum(values, 0.0)]
        return np.stack(
            [
                bin_sums(_rate_spikes(part, code, generators, i), starts)
                for i, part in enumerate(parts)
            ],
            axis=2,
        )
    if code.method == "delta":
        spikes = level_crossing(values, code.threshold)
    else:
        spikes = threshold_crossing(values, code.threshold, code.hysteresis, code.refractory)
    parts = _halves(spikes, code.polarities)
    return np.stack([bin_sums(part, starts) for part in parts], axis=2)


def _halves(values: np.ndarray, polarities: tuple[str, ...]) -> list[np.ndarray]:
    if len(polarities) == 2:
        return [np.maximum(values, 0), np.maximum(-values, 0)]
    return [np.abs(values)]


def _rate_spikes(
    part: np.ndarray, code: BandCode, generators: Sequence[np.random.Generator], polarity: int
) -> np.ndarray:
    x = np.minimum(part, 1.0)
    if code.rate_code == "poisson":
        return poisson_spikes(x, generators[polarity], code.spikes_per_sample)
    return regular_spikes(x, code.spikes_per_sample)


def _quantiles(values: np.ndarray, quantile: float) -> np.ndarray:
    by_channel = np.moveaxis(values, 1, 0).reshape(values.shape[1], -1)
    return np.quantile(by_channel, quantile, axis=1)
