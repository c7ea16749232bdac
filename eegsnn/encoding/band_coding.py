"""How an encoder goes through trials band by band: filter, learn, encode, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from eegsnn._validation import check_no_flat_channel
from eegsnn.encoding.binning import bin_starts
from eegsnn.encoding.coding import BandCode, BandScale, encode_band, learn_scale
from eegsnn.encoding.plan import band_plan, check_steps_agree, make_spatial_filter
from eegsnn.errors import ConfigurationError
from eegsnn.filters import BandFilter, FrequencyBand, SpatialFilter, apply_filter
from eegsnn.filters.bands import resolve_bands
from eegsnn.filters.inputs import SeriesInput, read_training

# Samples of a band encoded at a time: intermediate arrays stay near 2 MB each.
_BLOCK_SAMPLES = 2**18


class BandCoding:
    """The inside of :class:`~eegsnn.encoding.EEGEncoder`, which holds parameters and describes."""

    bands: Any
    sfreq: float | None
    bin_width: float
    phase: str
    random_state: Any
    input_: SeriesInput
    bands_: tuple[FrequencyBand, ...]
    ch_names_: list[str]
    plan_: list[tuple[BandFilter, BandCode]]
    scales_: list[BandScale]
    spatial_filters_: list[SpatialFilter]

    def check_parameters(self) -> None:
        """Validate the constructor's values without data."""
        raise NotImplementedError

    def _begin(self, X: Any, ch_names: Sequence[str] | None, sfreq: float | None) -> np.ndarray:
        self.check_parameters()
        X, self.input_ = read_training(X, expected_sfreq=self.sfreq, ch_names=ch_names, sfreq=sfreq)
        self._describe()
        bin_starts(X.shape[2], self.sfreq_, self.bin_width)  # refuses before any work is done
        for band_filter, _ in self.plan_:
            band_filter.check_length(X.shape[2])
        check_no_flat_channel(X, self.ch_names_)
        self.seed_ = int(check_random_state(self.random_state).randint(2**31 - 1))
        self.scales_: list[BandScale] = []
        self.spatial_filters_: list[SpatialFilter] = []
        return X

    def _describe(self) -> None:
        """Derive from the input's description what does not depend on the samples."""
        self.sfreq_, self.ch_names_ = self.input_.sfreq, self.input_.ch_names
        self.n_channels_in_ = len(self.ch_names_)
        self.bands_ = resolve_bands(self.bands)
        self.plan_ = band_plan(self, self.sfreq_)

    def _finish(self) -> Any:
        self.n_features_out_ = sum(self._width(i, code) for i, (_, code) in enumerate(self.plan_))
        return self

    def _learn_band(
        self,
        X: np.ndarray,
        y: Any,
        band_filter: BandFilter,
        code: BandCode,
        channel_std: np.ndarray,
    ) -> np.ndarray:
        """Append what a band teaches, and return its signal (trials, sources, times)."""
        signal = apply_filter(X, band_filter, phase=self.phase)
        names, reference = self.ch_names_, channel_std
        spatial = make_spatial_filter(self)
        if spatial is not None:
            spatial.fit(signal[:, None], y)
            signal = spatial.transform(signal[:, None])[:, 0]
            self.spatial_filters_.append(spatial)
            names = spatial.component_names(names)
            # A component's power before the band filter: from the channels it is made of.
            reference = np.abs(spatial.filters_[0]) @ reference
        scale = learn_scale(
            signal,
            code,
            bin_starts(X.shape[2], self.sfreq_, self.bin_width),
            names=names,
            channel_std=reference,
            band=str(band_filter.band),
            seed=self.code_seed(len(self.scales_)),
        )
        self.scales_.append(scale)
        return signal

    def _encode_into(
        self,
        out: np.ndarray,
        X: np.ndarray,
        index: int,
        code: BandCode,
        starts: np.ndarray,
        band_filter: BandFilter | None,
    ) -> None:
        """Write a band's features of all trials to `out`; without a filter, X is the band."""
        for first, block, generators in self.band_blocks(X, index, band_filter):
            counts = encode_band(block, code, self.scales_[index], starts, generators, first)
            # (trials, channels, units × signs, steps) to (steps, trials, features)
            flat = counts.reshape(len(block), -1, counts.shape[-1])
            out[:, first : first + len(block)] = flat.transpose(2, 0, 1)

    def band_blocks(
        self, X: np.ndarray, index: int, band_filter: BandFilter | None
    ) -> Iterator[tuple[int, np.ndarray, list[np.random.Generator]]]:
        """Yield blocks of trials of a band: first trial, signals, and generators for its draws.

        Without a filter, X is the band already.
        """
        # One stream of draws per band and sign, in the order of trials: blocks do not matter.
        generators = [
            np.random.default_rng(np.random.SeedSequence(self.seed_, spawn_key=(index, sign)))
            for sign in range(2)
        ]
        step = max(1, _BLOCK_SAMPLES // (X.shape[1] * X.shape[2]))
        for first in range(0, len(X), step):
            block = X[first : first + step]
            if band_filter is not None:
                block = apply_filter(block, band_filter, phase=self.phase)
                if self.spatial_filters_:
                    block = self.spatial_filters_[index].transform(block[:, None])[:, 0]
            yield first, block, generators

    def source_names(self, index: int, channels: Sequence[str] | None = None) -> list[str]:
        """Names of what is encoded in a band: channels, or components of the spatial filter."""
        channels = list(self.ch_names_ if channels is None else channels)
        if self.spatial_filters_:
            return list(self.spatial_filters_[index].component_names(channels))
        return channels

    def code_seed(self, index: int) -> int:
        """Seed of the draws of a band's own encoder."""
        sequence = np.random.SeedSequence(self.seed_, spawn_key=(index, 2))
        return int(sequence.generate_state(1)[0])

    def _trains(self, index: int, channels: Sequence[str] | None = None) -> list[str]:
        band, units = self.plan_[index][0].band.name, self.scales_[index].units
        return [f"{s}_{band}{unit}" for s in self.source_names(index, channels) for unit in units]

    def _steps_per_bin(self) -> int:
        if hasattr(self, "scales_") and self.scales_:
            return self.scales_[0].steps_per_bin
        steps = check_steps_agree(self)
        if steps < 0:
            raise ConfigurationError(
                "n_steps: rank order takes as many steps as there are channels; call fit first."
            )
        return steps

    def _empty(self, starts: np.ndarray, n_trials: int, n_features: int) -> np.ndarray:
        n_steps = len(starts) * self._steps_per_bin()
        return np.empty((n_steps, n_trials, n_features), dtype=np.float32)

    def _width(self, index: int, code: BandCode) -> int:
        scale = self.scales_[index]
        return len(scale.unit) * len(scale.units) * len(code.polarities)
