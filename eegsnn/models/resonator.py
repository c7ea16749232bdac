"""Bank of resonate-and-fire neurons: units with a frequency of their own in place of filters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from eegsnn._validation import check_choice, check_integer, check_number
from eegsnn.models.base import (
    ArchitectureConfig,
    Connection,
    NetworkOutput,
    check_steps,
)
from eegsnn.models.eegnet import check_rate_of_steps, rate_of_steps
from eegsnn.models.parts import (
    SpatialMix,
    SpikingHead,
    gain_for_rate,
    rates_in_bins,
    sample,
)
from eegsnn.neurons import RESET_MECHANISMS, ResonateAndFire
from eegsnn.surrogate import get_surrogate


@dataclass(frozen=True, kw_only=True)
class ResonatorConfig(ArchitectureConfig):
    """Bank of resonators on the raw signal: (frequencies × spatial mixes) → spikes → readout.

    ::

        signal ─► spatial mixes, some for ─► resonate-and-fire ─► spikes in ─► normalise ─► [LIF]
                  each frequency             (one frequency each)   bins        ─► readout

    A resonator rings with what comes at its frequency and fires while the swing is large: its rate
    is the amplitude of a rhythm, with no filter before it. The natural unit for steady-state
    responses and for mu and alpha rhythms.

    Attributes
    ----------
    sfreq : float, optional
        Rate of the steps in Hz; :class:`~eegsnn.estimators.EEGSpikingClassifier` fills it in.
    frequencies : tuple of float, optional
        In Hz. None: `n_frequencies` spread evenly from `low` to `high`.
    n_frequencies : int, default 24
    low, high : float, default 5 and 40
        In Hz; never beyond 0.45 of the rate.
    damping : float, default 4.0
        Decay per second; the width of a resonance is about damping/π Hz.
    learn : bool, default True
        Learn frequencies, dampings and thresholds.
    n_spatial : int, default 2
        Spatial mixes for each frequency, never more than channels.
    max_norm : float, default 1.0
        Longest vector of spatial weights, on whitened channels.
    reset_mechanism : {"none", "zero", "subtract"}, default "none"
        Without a reset a unit keeps ringing, which keeps its selectivity; see
        :class:`~eegsnn.neurons.ResonateAndFire`.
    n_bins : int, default 16
        Steps of what follows: spikes are counted in bins.
    hidden : int, default 0
        LIF neurons between counts and readout; 0 reads the counts directly.
    beta, threshold, target_rate, dropout, readout_beta, readout_gain, n_windows, surrogate, \
surrogate_slope
        See :class:`ArchitectureConfig`; `beta` is that of hidden neurons.

    References
    ----------
    Izhikevich (2001), Resonate-and-fire neurons, Neural Networks 14; Higuchi, Kairat, Bohté &
    Otte (2024), Balanced resonate-and-fire neurons, ICML.
    """

    name: ClassVar[str] = "resonator"
    raw: ClassVar[bool] = True

    sfreq: float | None = None
    frequencies: tuple[float, ...] | None = None
    n_frequencies: int = 24
    low: float = 5.0
    high: float = 40.0
    damping: float = 4.0
    learn: bool = True
    n_spatial: int = 2
    max_norm: float = 1.0
    reset_mechanism: str = "none"
    n_bins: int = 16
    hidden: int = 0

    def __post_init__(self) -> None:
        """Validate every field."""
        super().__post_init__()
        check_rate_of_steps(self.sfreq)
        if self.frequencies is not None:
            checked = [
                check_number("frequencies", value, low=0, low_open=True, unit="Hz")
                for value in self.frequencies
            ]
            self._keep(frequencies=tuple(checked))
        for name in ("n_frequencies", "n_spatial", "n_bins"):
            check_integer(name, getattr(self, name), low=1)
        check_integer("hidden", self.hidden, low=0)
        low = check_number("low", self.low, low=0, low_open=True, unit="Hz")
        check_number("high", self.high, low=low, unit="Hz")
        check_number("damping", self.damping, low=0, low_open=True)
        check_number("max_norm", self.max_norm, low=0, low_open=True)
        check_choice("reset_mechanism", self.reset_mechanism, RESET_MECHANISMS)

    @property
    def layer_names(self) -> tuple[str, ...]:
        """The resonators, and hidden neurons if there are any."""
        return ("resonators", "hidden1") if self.hidden else ("resonators",)

    def build(self, n_inputs: int, n_classes: int, n_steps: int, *, key: mx.array) -> Any:
        """Make a network with the weights that it starts from."""
        return ResonatorNetwork(self, n_inputs, n_classes, n_steps, key=key)

    def bank(self, rate: float) -> np.ndarray:
        """Frequencies in Hz that the resonators start from."""
        if self.frequencies is not None:
            return np.array(self.frequencies)
        high = min(self.high, 0.45 * rate)
        return np.linspace(min(self.low, high), high, self.n_frequencies)

    def _product_sizes(self, n_inputs: int, n_classes: int) -> list[int]:
        given = self.n_frequencies if self.frequencies is None else len(self.frequencies)
        return [n_inputs, given * self.n_spatial, self.hidden or n_classes]


class ResonatorNetwork(nn.Module):
    """Network of a :class:`ResonatorConfig`; inputs [T, batch, channels] at ``sfreq``."""

    def __init__(
        self,
        config: ResonatorConfig,
        n_inputs: int,
        n_classes: int,
        n_steps: int,
        *,
        key: mx.array,
    ) -> None:
        super().__init__()
        self._config = config
        rate = rate_of_steps(config)
        frequencies = np.repeat(config.bank(rate), min(config.n_spatial, n_inputs))
        size = len(frequencies)
        keys = mx.random.split(key, 2)
        self.mix = SpatialMix(n_inputs, size, config.max_norm, key=keys[0])
        self.gain = mx.ones((size,))
        self.neurons = ResonateAndFire(
            frequencies,
            np.full(size, config.damping),
            1.0 / rate,
            np.full(size, config.threshold),
            learn=("frequency", "damping", "threshold") if config.learn else (),
            reset_mechanism=config.reset_mechanism,
            surrogate=get_surrogate(config.surrogate, config.surrogate_slope),
        )
        self.head = SpikingHead(
            config, size, n_classes, hidden=config.hidden, normalised=True, key=keys[1]
        )

    def __call__(
        self, x: mx.array, *, n_steps: int | None = None, dropout_key: mx.array | None = None
    ) -> NetworkOutput:
        """Class scores and spikes of x[T, batch, channels]; a key means training."""
        check_steps(self._config.name, x, 8)
        spikes = self.neurons.run(self.mix(x) * self.gain)[0]
        logits, hidden = self.head(rates_in_bins(spikes, self._config.n_bins), dropout_key)
        return NetworkOutput(logits, [spikes, *hidden])

    def calibrate(self, x: mx.array, *, n_steps: int | None = None) -> None:
        """Whiten the channels and set each resonator's gain, on x[T, batch, channels]."""
        self.mix.calibrate(x)
        current = self.mix(sample(x))
        self.gain = gain_for_rate(
            lambda gain: self.neurons.run(current * gain)[0],
            current.shape[-1],
            self._config.target_rate,
        )
        spikes = self.neurons.run(self.mix(x) * self.gain)[0]
        self.head.calibrate(rates_in_bins(spikes, self._config.n_bins))
        mx.eval(self.parameters())

    def connections(self, x: mx.array, *, n_steps: int | None = None) -> list[Connection]:
        """Run it and give what arrives: analog mixes and turns, then spikes."""
        current = self.mix(x) * self.gain
        spikes = self.neurons.run(current)[0]
        n_bins = min(self._config.n_bins, len(x))
        first, *rest = self.head.connections(rates_in_bins(spikes, n_bins), n_bins)
        return [
            Connection("spatial", "SpatialMix", x, float(current.shape[-1]), len(x)),
            # A turn of the complex plane: four products a step, analog although it is a neuron.
            Connection("resonators", "ResonateAndFire", current, 4.0, len(x)),
            first._replace(arriving=spikes),
            *rest,
        ]
