"""Spiking EEGNet: learned band-pass filters, spatial filters, power and potential, then spikes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from eegsnn._validation import check_choice, check_integer, check_number
from eegsnn.errors import ConfigurationError
from eegsnn.layers.temporal import filter_over_time, taps_per_sample
from eegsnn.models.base import (
    ArchitectureConfig,
    Connection,
    NetworkOutput,
    check_steps,
)
from eegsnn.models.parts import SpatialMix, SpikingHead, pool, pooling_matrix

NEURONS: tuple[str, ...] = ("leaky", "plif")

# Relative to the power of a whitened, filtered signal: silence is not minus infinity.
_POWER_FLOOR = 1e-3


@dataclass(frozen=True, kw_only=True)
class SpikingEEGNetConfig(ArchitectureConfig):
    """Spiking network on the raw signal, after EEGNet and ShallowConvNet.

    ::

        signal ─► spatial filters ─► band-pass filters ─► square, average, log ─┐
           │      (learned, depthwise: a few for each band-pass filter)         ├► normalise ─► LIF
           └────► spatial filters ─► average (slow potentials) ─────────────────┘      ─► readout

    The filters are learned; they begin as band-passes spread over `low` to `high`, so that few
    trials suffice. Power is averaged in bins before anything spikes: the spiking part has about
    `n_bins` steps. A spatial filter and a filter over time may be exchanged, both being linear; the
    spatial one goes first because that is cheaper.

    Attributes
    ----------
    sfreq : float, optional
        Rate of the steps in Hz; :class:`~eegsnn.estimators.EEGSpikingClassifier` fills it in.
    n_filters : int, default 8
        Filters over time.
    n_spatial : int, default 4
        Spatial filters for each of them, never more than channels.
    n_slow : int, default 4
        Spatial filters whose signed average is used, for slow potentials; never more than channels.
        0 leaves them out.
    low, high : float, default 4 and 40
        Range in Hz of the first centre frequencies; never beyond 0.45 of the rate.
    filter_seconds : float, default 0.5
        Length of the filters over time.
    n_bins : int, default 32
        Steps of the spiking part.
    pool_seconds : float, default 0.25
        Window that power is averaged over; windows overlap where bins are shorter.
    slow_seconds : float, default 0.5
        Window that slow potentials are averaged over, which overlap likewise.
    max_norm : float, default 1.0
        Longest vector of spatial weights, on whitened channels.
    hidden : int, default 48
        Spiking neurons.
    neuron : {"leaky", "plif"}, default "plif"
    readout_gain, n_windows : default 2 and 4
        Trials are mostly cut about events, and when something happens tells classes apart.
    beta, threshold, target_rate, dropout, readout_beta, surrogate, surrogate_slope
        See :class:`ArchitectureConfig`.

    References
    ----------
    Lawhern et al. (2018), EEGNet, J. Neural Eng. 15; Schirrmeister et al. (2017), Deep learning
    with convolutional neural networks for EEG decoding, Hum. Brain Mapp. 38; PLIF: Fang et al.
    (2021), ICCV.
    """

    name: ClassVar[str] = "eegnet"
    raw: ClassVar[bool] = True

    sfreq: float | None = None
    n_filters: int = 8
    n_spatial: int = 4
    n_slow: int = 4
    low: float = 4.0
    high: float = 40.0
    filter_seconds: float = 0.5
    n_bins: int = 32
    pool_seconds: float = 0.25
    slow_seconds: float = 0.5
    max_norm: float = 1.0
    hidden: int = 48
    neuron: str = "plif"
    readout_gain: float = 2.0
    n_windows: int = 4

    def __post_init__(self) -> None:
        """Validate every field."""
        super().__post_init__()
        check_rate_of_steps(self.sfreq)
        for name in ("n_filters", "n_spatial", "n_bins", "hidden"):
            check_integer(name, getattr(self, name), low=1)
        check_integer("n_slow", self.n_slow, low=0)
        low = check_number("low", self.low, low=0, low_open=True, unit="Hz")
        check_number("high", self.high, low=low, unit="Hz")
        for name in ("filter_seconds", "pool_seconds", "slow_seconds"):
            check_number(name, getattr(self, name), low=0, low_open=True, unit="s")
        check_number("max_norm", self.max_norm, low=0, low_open=True)
        check_choice("neuron", self.neuron, NEURONS)

    @property
    def layer_names(self) -> tuple[str, ...]:
        """One spiking layer."""
        return ("hidden1",)

    def build(self, n_inputs: int, n_classes: int, n_steps: int, *, key: mx.array) -> Any:
        """Make a network with the weights that it starts from."""
        return SpikingEEGNet(self, n_inputs, n_classes, n_steps, key=key)

    def _product_sizes(self, n_inputs: int, n_classes: int) -> list[int]:
        return [n_inputs, self.n_filters * self.n_spatial + self.n_slow, 1]


class SpikingEEGNet(nn.Module):
    """Network of a :class:`SpikingEEGNetConfig`; inputs [T, batch, channels] at ``sfreq``."""

    def __init__(
        self,
        config: SpikingEEGNetConfig,
        n_inputs: int,
        n_classes: int,
        n_steps: int,
        *,
        key: mx.array,
    ) -> None:
        super().__init__()
        self._config = config
        rate = rate_of_steps(config)
        # More mixes of a filter than channels would be copies of each other.
        self._n_spatial = min(config.n_spatial, n_inputs)
        n_units = config.n_filters * self._n_spatial
        n_slow = min(config.n_slow, n_inputs)
        keys = mx.random.split(key, 3)
        self.mix = SpatialMix(n_inputs, n_units, config.max_norm, key=keys[0])
        self.filters = mx.array(
            band_passes(config.n_filters, config.filter_seconds, rate, config.low, config.high)
        )
        if n_slow:
            self.slow = SpatialMix(n_inputs, n_slow, config.max_norm, key=keys[1])
        self.head = SpikingHead(
            config,
            n_units + n_slow,
            n_classes,
            hidden=config.hidden,
            neuron=config.neuron,
            normalised=True,
            key=keys[2],
        )

    def __call__(
        self, x: mx.array, *, n_steps: int | None = None, dropout_key: mx.array | None = None
    ) -> NetworkOutput:
        """Class scores and spikes of x[T, batch, channels]; a key means training."""
        return NetworkOutput(*self.head(self._features(x), dropout_key))

    def _features(self, x: mx.array) -> mx.array:
        """Logarithm of power in bins, and slow potentials: [bins, batch, units]."""
        config = self._config
        check_steps(config.name, x, 8)
        rate = rate_of_steps(config)
        mixed = filter_over_time(self.mix(x), mx.repeat(self.filters, self._n_spatial, axis=0))
        windows = pooling_matrix(x.shape[0], config.n_bins, config.pool_seconds * rate)
        power = mx.log(pool(windows, mx.square(mixed)) + _POWER_FLOOR)
        if "slow" not in self:
            return power
        return mx.concatenate([power, self.slow(self._slow_potentials(x))], axis=-1)

    def _slow_potentials(self, x: mx.array) -> mx.array:
        """Average channels over windows: [bins, batch, channels]."""
        width = self._config.slow_seconds * rate_of_steps(self._config)
        return pool(pooling_matrix(len(x), self._config.n_bins, width), x)

    def calibrate(self, x: mx.array, *, n_steps: int | None = None) -> None:
        """Whiten the channels, then set normalisation and gains, on x[T, batch, channels]."""
        self.mix.calibrate(x)
        if "slow" in self:
            self.slow.calibrate(self._slow_potentials(x))
        self.head.calibrate(self._features(x))
        mx.eval(self.parameters())

    def connections(self, x: mx.array, *, n_steps: int | None = None) -> list[Connection]:
        """Run it and give what arrives: three analog layers, then the spiking ones."""
        n_units, n_taps = self.mix.weight.shape[0], self.filters.shape[1]
        mixed, features = self.mix(x), self._features(x)
        passes, reached = len(features), taps_per_sample(len(x), n_taps)
        counted = [
            Connection("spatial", "SpatialMix", x, float(n_units), len(x)),
            Connection("temporal", "filters over time", mixed, reached, len(x)),
        ]
        if "slow" in self:
            slow, reach = self._slow_potentials(x), float(len(self.slow.weight))
            counted.append(Connection("slow", "SpatialMix", slow, reach, passes))
        return [*counted, *self.head.connections(features, passes)]


def band_passes(
    n_filters: int, seconds: float, sfreq: float, low: float, high: float
) -> np.ndarray:
    """Cosines under a window, centre frequencies spread evenly on a logarithmic scale.

    Windows hold at least three periods where `seconds` allow, so that bandwidth goes with
    frequency; phases alternate between cosine and sine. Each has a gain of 1 at its centre.

    Returns
    -------
    ndarray, float32 (filters, taps)
        Odd number of taps.
    """
    n_taps = 2 * max(round(seconds * sfreq / 2), 1) + 1
    time = (np.arange(n_taps) - n_taps // 2) / sfreq
    high = min(high, 0.45 * sfreq)
    centres = np.geomspace(min(low, high), high, n_filters)
    deviation = np.minimum(seconds / 5, 0.75 / centres)[:, None]
    window = np.exp(-0.5 * (time / deviation) ** 2)
    phase = np.where(np.arange(n_filters) % 2, np.pi / 2, 0.0)[:, None]
    carrier = np.exp(1j * (2 * np.pi * centres[:, None] * time))
    kernels = window * (carrier * np.exp(1j * phase)).real
    kernels -= window * (kernels.sum(axis=1) / window.sum(axis=1))[:, None]  # no response to DC
    gain = np.abs((kernels * carrier.conj()).sum(axis=1, keepdims=True))
    return (kernels / gain).astype(np.float32)


def check_rate_of_steps(sfreq: Any) -> None:
    """Refuse a rate that is none; None waits to be filled in."""
    if sfreq is not None:
        check_number("sfreq", sfreq, low=0, low_open=True, unit="Hz")


def rate_of_steps(config: Any) -> float:
    """Rate of the steps in Hz.

    Raises
    ------
    ConfigurationError
        If nobody has said it.
    """
    if config.sfreq is None:
        raise ConfigurationError(
            f"architecture.sfreq: {config.name!r} has filters in Hz and needs the rate of the "
            f"signal. Give {type(config).__name__}(sfreq=…), or use EEGSpikingClassifier with "
            f"sfreq=…, which fills it in."
        )
    return float(config.sfreq)
