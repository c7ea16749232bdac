"""Spiking temporal-convolution network: learned dilated kernels, threshold units, firing rates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from eegsnn._validation import check_choice, check_integer, check_number
from eegsnn.layers.temporal import taps_per_sample
from eegsnn.models.base import ArchitectureConfig, Connection, NetworkOutput, check_steps
from eegsnn.models.parts import (
    SpatialMix,
    SpikingHead,
    neurons_of,
    rates_in_bins,
    sample,
)
from eegsnn.surrogate import get_surrogate, spike

UNITS: tuple[str, ...] = ("threshold", "leaky")

# Rates that the thresholds of a dilation's units start from, in units of the target rate: like
# the quantiles that MiniRocket takes its biases from.
_SPREAD = (0.4, 2.0)


@dataclass(frozen=True, kw_only=True)
class SpikingConvolutionConfig(ArchitectureConfig):
    """Spiking temporal convolutions on the raw signal: MiniRocket, stated as a network and trained.

    ::

        signal ─► spatial mixes ─► kernels of 9 taps at ─► threshold units ─► spikes in ─► readout
                                   several dilations       (or LIF)           bins

    MiniRocket's features are the proportion of steps at which a convolution exceeds a bias: the
    firing rate of a threshold unit. Here there are fewer kernels, and they are learned.

    Attributes
    ----------
    n_kernels : int, default 96
        Shared evenly among the dilations.
    kernel_size : int, default 9
        Taps; odd.
    dilations : tuple of int, optional
        None: 1, 2, 4, … as long as a kernel spans at most half a trial, six at most.
    n_mixes : int, default 8
        Spatial mixes that kernels see; never more than channels.
    max_norm : float, default 1.0
        Longest vector of spatial weights, on whitened channels.
    unit : {"threshold", "leaky"}, default "threshold"
        "threshold" has no memory beyond its kernel.
    n_bins : int, default 8
        Steps of what follows: spikes are counted in bins.
    hidden : int, default 0
        LIF neurons between counts and readout; 0 reads the counts directly.
    beta, threshold, target_rate, dropout, readout_beta, readout_gain, n_windows, surrogate, \
surrogate_slope
        See :class:`ArchitectureConfig`.

    References
    ----------
    Dempster, Schmidt & Webb (2021), MiniRocket, KDD; Bai, Kolter & Koltun (2018), An empirical
    evaluation of generic convolutional and recurrent networks for sequence modeling.
    """

    name: ClassVar[str] = "convolution"
    raw: ClassVar[bool] = True

    n_kernels: int = 96
    kernel_size: int = 9
    dilations: tuple[int, ...] | None = None
    n_mixes: int = 8
    max_norm: float = 1.0
    unit: str = "threshold"
    n_bins: int = 8
    hidden: int = 0

    def __post_init__(self) -> None:
        """Validate every field."""
        super().__post_init__()
        for name in ("n_kernels", "kernel_size", "n_mixes", "n_bins"):
            check_integer(name, getattr(self, name), low=1)
        check_integer("hidden", self.hidden, low=0)
        if self.dilations is not None:
            checked = tuple(check_integer("dilations", d, low=1) for d in self.dilations)
            self._keep(dilations=checked)
        check_number("max_norm", self.max_norm, low=0, low_open=True)
        check_choice("unit", self.unit, UNITS)

    @property
    def layer_names(self) -> tuple[str, ...]:
        """The units behind kernels, and hidden neurons if there are any."""
        return ("kernels", "hidden1") if self.hidden else ("kernels",)

    def dilations_for(self, n_steps: int) -> tuple[int, ...]:
        """Dilations for trials of so many steps."""
        if self.dilations is not None:
            return self.dilations
        longest = max(n_steps // 2 // max(self.kernel_size - 1, 1), 1)
        return tuple(2**power for power in range(6) if 2**power <= longest)

    def build(self, n_inputs: int, n_classes: int, n_steps: int, *, key: mx.array) -> Any:
        """Make a network with the weights that it starts from."""
        return SpikingConvolutionNetwork(self, n_inputs, n_classes, n_steps, key=key)

    def _product_sizes(self, n_inputs: int, n_classes: int) -> list[int]:
        n_mixes = min(self.n_mixes, n_inputs)
        return [n_inputs, n_mixes * self.kernel_size, self.n_kernels, self.hidden or n_classes]


class SpikingConvolutionNetwork(nn.Module):
    """Network of a :class:`SpikingConvolutionConfig`; inputs [T, batch, channels]."""

    def __init__(
        self,
        config: SpikingConvolutionConfig,
        n_inputs: int,
        n_classes: int,
        n_steps: int,
        *,
        key: mx.array,
    ) -> None:
        super().__init__()
        self._config = config
        self._dilations = config.dilations_for(n_steps)
        self._surrogate = get_surrogate(config.surrogate, config.surrogate_slope)
        n_mixes = min(config.n_mixes, n_inputs)
        keys = mx.random.split(key, 3)
        self.mix = SpatialMix(n_inputs, n_mixes, config.max_norm, key=keys[0])
        sizes = [len(part) for part in np.array_split(np.arange(config.n_kernels), self._n_groups)]
        self.kernels = [
            _zero_sum(size, config.kernel_size, n_mixes, k)
            for size, k in zip(sizes, mx.random.split(keys[1], self._n_groups), strict=True)
            if size
        ]
        self.bias = mx.zeros((config.n_kernels,))
        if config.unit == "leaky":
            self.neurons = neurons_of(config, config.n_kernels)
        self.head = SpikingHead(
            config,
            config.n_kernels,
            n_classes,
            hidden=config.hidden,
            normalised=True,
            key=keys[2],
        )

    @property
    def _n_groups(self) -> int:
        return len(self._dilations)

    def __call__(
        self, x: mx.array, *, n_steps: int | None = None, dropout_key: mx.array | None = None
    ) -> NetworkOutput:
        """Class scores and spikes of x[T, batch, channels]; a key means training."""
        check_steps(self._config.name, x, 2)
        spikes = self._fire(self._convolved(self.mix(x)) + self.bias)
        logits, hidden = self.head(rates_in_bins(spikes, self._config.n_bins), dropout_key)
        return NetworkOutput(logits, [spikes, *hidden])

    def _convolved(self, x: mx.array) -> mx.array:
        """Give all kernels' outputs [T, batch, kernels], of signals [T, batch, mixes]."""
        return mx.concatenate(
            [
                _frames(x, self._config.kernel_size, dilation) @ kernels.T
                for dilation, kernels in zip(self._dilations, self.kernels, strict=False)
            ],
            axis=-1,
        )

    def _fire(self, current: mx.array) -> mx.array:
        if "neurons" in self:
            return self.neurons.run(current)[0]
        return spike(current - self._config.threshold, self._surrogate)

    def calibrate(self, x: mx.array, *, n_steps: int | None = None) -> None:
        """Whiten the channels; give outputs a spread of a threshold, and units their rates."""
        self.mix.calibrate(x)
        config, signals = self._config, self.mix(sample(x))
        scaled = []
        for dilation, kernels in zip(self._dilations, self.kernels, strict=False):
            out = _frames(signals, config.kernel_size, dilation) @ kernels.T
            deviation = mx.sqrt(mx.var(out, axis=(0, 1)))
            gain = mx.where(deviation > 1e-6, config.threshold / deviation, 1.0)
            scaled.append(kernels * gain[:, None])
        self.kernels = scaled
        out = self._convolved(signals)
        # Rates differ from unit to unit within each dilation, about the target.
        low, high = (min(factor * config.target_rate, 0.5) for factor in _SPREAD)
        rates = np.concatenate([np.geomspace(low, high, len(part)) for part in self.kernels])
        values = np.sort(np.asarray(out).reshape(-1, out.shape[-1]), axis=0)
        at = np.minimum(((1 - rates) * len(values)).astype(int), len(values) - 1)
        level = values[at, np.arange(len(rates))]
        self.bias = mx.array(config.threshold - level, mx.float32)
        if "neurons" in self:  # a memory adds up what arrives: the search is by firing
            self.bias = self._biases_for(out, rates)
        spikes = self._fire(self._convolved(self.mix(x)) + self.bias)
        self.head.calibrate(rates_in_bins(spikes, config.n_bins))
        mx.eval(self.parameters())

    def _biases_for(self, out: mx.array, rates: np.ndarray) -> mx.array:
        """Bisect the bias of each LIF neuron until it fires at its rate."""
        low, high = np.full(len(rates), -8.0), np.full(len(rates), 8.0)
        for _ in range(14):
            middle = (low + high) / 2
            fired = self._fire(out + mx.array(middle, mx.float32)).mean(axis=(0, 1))
            too_low = np.asarray(fired) < rates
            low, high = np.where(too_low, middle, low), np.where(too_low, high, middle)
        return mx.array((low + high) / 2, mx.float32)

    def connections(self, x: mx.array, *, n_steps: int | None = None) -> list[Connection]:
        """Run it and give what arrives: analog mixes and kernels, then spikes."""
        mixed = self.mix(x)
        spikes = self._fire(self._convolved(mixed) + self.bias)
        n_bins = min(self._config.n_bins, len(x))
        first, *rest = self.head.connections(rates_in_bins(spikes, n_bins), n_bins)
        reach = sum(
            len(kernels) * taps_per_sample(len(x), self._config.kernel_size, dilation)
            for dilation, kernels in zip(self._dilations, self.kernels, strict=False)
        )
        return [
            Connection("spatial", "SpatialMix", x, float(mixed.shape[-1]), len(x)),
            Connection("kernels", "dilated kernels", mixed, reach, len(x)),
            first._replace(arriving=spikes),
            *rest,
        ]


def _frames(x: mx.array, n_taps: int, dilation: int) -> mx.array:
    """Put what each kernel reaches side by side: [T, batch, taps·mixes], zeros beyond the ends."""
    reach = n_taps // 2 * dilation
    padded = mx.pad(x, [(reach, (n_taps - 1) * dilation - reach), (0, 0), (0, 0)])
    return mx.concatenate(
        [padded[tap * dilation : tap * dilation + x.shape[0]] for tap in range(n_taps)], axis=-1
    )


def _zero_sum(n_kernels: int, n_taps: int, n_mixes: int, key: mx.array) -> mx.array:
    """Random kernels [kernels, taps·mixes] that do not answer to a constant, as MiniRocket's."""
    drawn = mx.random.normal((n_kernels, n_taps, n_mixes), key=key)
    if n_taps > 1:
        drawn = drawn - drawn.mean(axis=1, keepdims=True)
    return drawn.reshape(n_kernels, n_taps * n_mixes)
