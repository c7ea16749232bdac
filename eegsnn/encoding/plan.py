"""An encoder's parameters: validated, and turned into one filter and one code per band."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eegsnn._validation import check_boolean, check_choice, check_integer, check_number
from eegsnn.encoding.binning import bin_starts
from eegsnn.encoding.coding import METHODS, RATE_CODES, BandCode
from eegsnn.encoding.features import FEATURES, power_window
from eegsnn.errors import ConfigurationError
from eegsnn.filters import BandFilter, FilterBank, SpatialFilter, design_filter, resolve_bands
from eegsnn.filters.spatial import SPATIAL_METHODS

if TYPE_CHECKING:
    from eegsnn.encoding.encoder import EEGEncoder


def check_encoder_parameters(encoder: EEGEncoder) -> None:
    """Raise a ConfigurationError that names the first impossible parameter, if there is one."""
    FilterBank(encoder.bands, encoder.sfreq, encoder.order, encoder.phase).check_parameters()
    check_choice("method", encoder.method, METHODS)
    check_choice("feature", encoder.feature, FEATURES)
    check_choice("rate_code", encoder.rate_code, RATE_CODES)
    check_boolean("signed", encoder.signed)
    width = check_number("bin_width", encoder.bin_width, low=0.0, low_open=True, unit="s")
    if encoder.sfreq is not None and width * encoder.sfreq < 1 - 1e-9:
        bin_starts(1, encoder.sfreq, width)  # raises, naming both
    threshold = check_number("threshold", encoder.threshold, low=0.0, low_open=True, unit="σ")
    check_number("hysteresis", encoder.hysteresis, low=0.0, unit="σ")
    if encoder.method == "threshold" and encoder.hysteresis > 2 * threshold:
        raise ConfigurationError(
            f"hysteresis: expected at most twice the threshold, {2 * threshold:g} σ, but got "
            f"{encoder.hysteresis:g} σ."
        )
    check_number("refractory", encoder.refractory, low=0.0, unit="s")
    check_number("quantile", encoder.quantile, low=0.5, high=1.0, low_open=True)
    if encoder.max_rate is not None:
        check_number("max_rate", encoder.max_rate, low=0.0, low_open=True, unit="spikes/s")
    check_integer("n_components", encoder.n_components, low=1)
    spatial = make_spatial_filter(encoder)
    if spatial is not None:
        spatial.check_parameters()


def band_plan(encoder: EEGEncoder, sfreq: float) -> list[tuple[BandFilter, BandCode]]:
    """Return the filter and the code of every band at a sampling rate (Hz)."""
    plan = []
    for band in resolve_bands(encoder.bands):
        code = BandCode(
            method=encoder.method,
            feature=encoder.feature,
            rate_code=encoder.rate_code,
            signed=encoder.signed,
            threshold=encoder.threshold,
            hysteresis=encoder.hysteresis,
            refractory=round(encoder.refractory * sfreq),
            spikes_per_sample=1.0 if encoder.max_rate is None else encoder.max_rate / sfreq,
            quantile=encoder.quantile,
            window=power_window(band, sfreq, encoder.bin_width),
            causal=encoder.phase == "causal",
        )
        plan.append((design_filter(band, sfreq, encoder.order), code))
    return plan


def make_spatial_filter(encoder: EEGEncoder) -> SpatialFilter | None:
    """Return a fresh, unfitted spatial filter as the parameters ask for, or None."""
    if encoder.spatial_filter is None:
        return None
    if isinstance(encoder.spatial_filter, SpatialFilter):
        return SpatialFilter(**encoder.spatial_filter.get_params())
    check_choice("spatial_filter", encoder.spatial_filter, [None, *SPATIAL_METHODS])
    return SpatialFilter(encoder.spatial_filter, encoder.n_components)
