"""One band's code: how its signal becomes counts per bin, on a scale learned from training data.

Pure functions. :class:`~eegsnn.encoding.EEGEncoder` calls them band by band.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from eegsnn.encoding.binning import bin_sums
from eegsnn.encoding.crossing import threshold_crossing
from eegsnn.encoding.delta import level_crossing
from eegsnn.encoding.features import feature_bins, feature_series
from eegsnn.encoding.rate import poisson_spikes, regular_spikes
from eegsnn.encoding.registry import ENCODERS, make_encoder
from eegsnn.encoding.signals import SignalEncoder
from eegsnn.errors import DataError

# The first four are coded here; the others by the encoder of that name.
METHODS = ("rate", "delta", "threshold", "direct", *(name for name in ENCODERS if name != "direct"))
RATE_CODES = ("regular", "poisson")
POLARITIES = ("split", "merged", "signed", "up", "down")
NORMALIZATIONS = ("standard", "robust")

# A band signal this far below its channel holds the filter's rounding errors, nothing else.
_SILENT = 1e-10
# The median absolute deviation of a normal distribution is this fraction of its standard one.
_MAD = 0.674489750196082


@dataclass(frozen=True)
class BandCode:
    """What a band's coding depends on, besides the data.

    Attributes
    ----------
    method, feature, rate_code : str
        As in :class:`~eegsnn.encoding.EEGEncoder`.
    polarity : str
        One of :data:`POLARITIES`.
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
    normalization : str
        One of :data:`NORMALIZATIONS`.
    settings : mapping
        Of the encoder, for the methods of :data:`~eegsnn.encoding.ENCODERS`.
    """

    method: str
    feature: str
    rate_code: str
    polarity: str
    threshold: float
    hysteresis: float
    refractory: int
    spikes_per_sample: float
    quantile: float
    window: int
    causal: bool
    normalization: str = "standard"
    settings: Mapping[str, object] = field(default_factory=dict)

    @property
    def by_encoder(self) -> bool:
        """Whether an encoder of :data:`~eegsnn.encoding.ENCODERS` does the coding."""
        return self.method in ENCODERS and self.method != "direct"

    @property
    def of_bins(self) -> bool:
        """Whether a bin's value is coded, rather than samples whose spikes a bin counts."""
        return self.method == "direct" or (self.by_encoder and ENCODERS[self.method].codes_values)

    @property
    def bipolar(self) -> bool:
        """Whether there are spikes of two signs."""
        if self.by_encoder:
            return ENCODERS[self.method].bipolar and self.method != "repeat"
        return self.method != "direct" and not (self.method == "rate" and self.feature != "signal")

    @property
    def polarities(self) -> tuple[str, ...]:
        """Suffixes of the features per spike train: ("_up", "_down"), or one, maybe empty."""
        if not self.bipolar:
            return ("",)
        return {"split": ("_up", "_down"), "up": ("_up",), "down": ("_down",)}.get(
            self.polarity, ("",)
        )

    def make_encoder(self) -> SignalEncoder | None:
        """Return a fresh encoder, for the methods that have one."""
        return make_encoder(self.method, self.settings) if self.by_encoder else None


@dataclass
class BandScale:
    """What is learned from training data: an offset and a unit per channel, twice.

    Attributes
    ----------
    signal_mean, signal_std : ndarray, shape (channels,)
        Of the band signal, in the unit of the data; with ``normalization="robust"`` its median and
        its median absolute deviation, scaled to a normal distribution's standard deviation.
    offset, unit : ndarray, shape (channels,)
        Of the feature of the standardised signal: what is encoded is (feature − offset) / unit.
    encoder : SignalEncoder or None
        Fitted on that, for the methods of :data:`~eegsnn.encoding.ENCODERS`.
    """

    signal_mean: np.ndarray = field(repr=False)
    signal_std: np.ndarray = field(repr=False)
    offset: np.ndarray = field(repr=False)
    unit: np.ndarray = field(repr=False)
    encoder: SignalEncoder | None = None

    def to_arrays(self) -> dict[str, np.ndarray]:
        """By name, for saving."""
        names = ("signal_mean", "signal_std", "offset", "unit")
        return {name: getattr(self, name) for name in names}

    @property
    def units(self) -> list[str]:
        """Suffixes of the spike trains per channel; one empty where there is one train."""
        return (self.encoder._unit_names() if self.encoder is not None else []) or [""]

    @property
    def steps_per_bin(self) -> int:
        """Steps that a bin of the output holds."""
        encoder = self.encoder
        return (
            round(encoder.steps_per_sample_) if encoder is not None and encoder.codes_values else 1
        )


def learn_scale(
    s: np.ndarray,
    code: BandCode,
    starts: np.ndarray,
    *,
    names: list[str],
    channel_std: np.ndarray,
    band: str,
    seed: int = 0,
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
    seed : int, default 0
        Of the encoder, where its code is random.

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
    if code.normalization == "robust":
        mean = np.median(s, axis=(0, 2))
        spread = np.median(np.abs(s - mean[:, None]), axis=(0, 2)) / _MAD
        # Where most of a channel is one value the deviation's median is zero.
        std = np.where(spread > _SILENT * std, spread, std)
    z = (s - mean[:, None]) / std[:, None]
    values = _values(z, code, starts)
    if code.method != "rate":
        offset, unit = values.mean(axis=(0, 2)), values.std(axis=(0, 2))
    elif code.feature == "signal":
        unit = _quantiles(np.abs(values), code.quantile)
        offset = np.zeros_like(unit)
    else:
        offset = _quantiles(values, 1 - code.quantile)
        unit = _quantiles(values, code.quantile) - offset
    # A feature that does not vary (one trial of one bin, say) stays at zero.
    scale = BandScale(mean, std, offset, np.where(unit > _SILENT, unit, 1.0))
    encoder = code.make_encoder()
    if encoder is not None:
        scale.encoder = encoder.fit(standard_values(values, scale), ch_names=names)
        encoder.seed_ = seed
    return scale


def encode_band(
    s: np.ndarray,
    code: BandCode,
    scale: BandScale,
    starts: np.ndarray,
    generators: Sequence[np.random.Generator] = (),
    first_trial: int = 0,
) -> np.ndarray:
    """Encode a band: (trials, channels, times) to (trials, channels, units × polarities, steps).

    Counts of spikes per bin, currents for "direct" and "repeat", or the steps of a value's train.
    Poisson spikes of "rate" are drawn from one generator per polarity, so that the draws go on over
    blocks of trials; an encoder draws by the number of the trial.
    """
    trains = spike_trains(s, code, scale, starts, generators, first_trial)
    return trains if code.of_bins else bin_sums(trains, starts)


def spike_trains(
    s: np.ndarray,
    code: BandCode,
    scale: BandScale,
    starts: np.ndarray,
    generators: Sequence[np.random.Generator] = (),
    first_trial: int = 0,
) -> np.ndarray:
    """Do what :func:`encode_band` does, before spikes are counted in bins."""
    z = standard_signal(s, scale)
    values = standard_values(_values(z, code, starts), scale)
    if code.method == "direct":
        return values[:, :, None]
    if scale.encoder is not None:
        return by_train(scale.encoder.encode_trials(values, first_trial), code)
    if code.method == "rate":

        def fire(x: np.ndarray, number: int) -> np.ndarray:
            if code.rate_code == "poisson":
                return poisson_spikes(x, generators[number], code.spikes_per_sample)
            return regular_spikes(x, code.spikes_per_sample)

        return rate_trains(values, code, fire)
    if code.method == "delta":
        return by_train(level_crossing(values, code.threshold), code)
    return by_train(
        threshold_crossing(values, code.threshold, code.hysteresis, code.refractory), code
    )


def standard_signal(s: np.ndarray, scale: BandScale) -> np.ndarray:
    """Return a band signal (trials, channels, times) in training standard deviations."""
    return (s - scale.signal_mean[:, None]) / scale.signal_std[:, None]


def standard_values(values: np.ndarray, scale: BandScale) -> np.ndarray:
    """Return a feature (trials, channels, times or bins) as it is coded."""
    return (values - scale.offset[:, None]) / scale.unit[:, None]


def by_train(spikes: np.ndarray, code: BandCode) -> np.ndarray:
    """Signed (trials, channels, [units,] steps) to (trials, channels, units × polarities, steps).

    Units, within them polarities.
    """
    if spikes.ndim == 3:
        spikes = spikes[:, :, None]
    parts = np.stack(_by_polarity(spikes, code), axis=3)
    n_trains = parts.shape[2] * parts.shape[3]
    return parts.reshape(*spikes.shape[:2], n_trains, spikes.shape[-1])


def rate_trains(
    values: np.ndarray, code: BandCode, fire: Callable[[np.ndarray, int], np.ndarray]
) -> np.ndarray:
    """Spikes of "rate" for values (trials, channels, times), laid out as by :func:`by_train`.

    `fire` makes spikes of what is within [0, 1], and is told whether of the first polarity (0) or
    the second (1).
    """
    if not code.bipolar:
        # Power below the scale's lower end is silence; a signal below zero the other half-wave.
        parts = [np.maximum(values, 0.0)]
    elif code.polarity == "signed":
        parts = [np.maximum(values, 0.0), np.maximum(-values, 0.0)]
    else:
        parts = _by_polarity(values, code)
    fired = [fire(np.minimum(part, 1.0), number) for number, part in enumerate(parts)]
    if code.bipolar and code.polarity == "signed":
        fired = [fired[0] - fired[1]]
    return np.stack(fired, axis=2)


def _values(z: np.ndarray, code: BandCode, starts: np.ndarray) -> np.ndarray:
    """Feature of the standardised signal, at every sample or in every bin."""
    if code.of_bins:
        return feature_bins(z, code.feature, starts)
    return feature_series(z, code.feature, code.window, causal=code.causal)


def _by_polarity(values: np.ndarray, code: BandCode) -> list[np.ndarray]:
    """One array for each of the code's polarities."""
    if not code.bipolar or code.polarity == "signed":
        return [values]
    if code.polarity == "merged":
        return [np.abs(values)]
    sides = {"_up": np.maximum(values, 0), "_down": np.maximum(-values, 0)}
    return [sides[polarity] for polarity in code.polarities]


def _quantiles(values: np.ndarray, quantile: float) -> np.ndarray:
    by_channel = np.moveaxis(values, 1, 0).reshape(values.shape[1], -1)
    return np.quantile(by_channel, quantile, axis=1)
