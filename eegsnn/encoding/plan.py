"""An encoder's parameters: validated, and turned into one filter and one code per band."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eegsnn._validation import (
    check_boolean,
    check_choice,
    check_integer,
    check_number,
    suggestion,
)
from eegsnn.encoding.binning import bin_starts
from eegsnn.encoding.coding import METHODS, NORMALIZATIONS, POLARITIES, RATE_CODES, BandCode
from eegsnn.encoding.features import FEATURES, power_window
from eegsnn.encoding.registry import ENCODERS, make_encoder
from eegsnn.errors import ConfigurationError
from eegsnn.filters import BandFilter, FilterBank, SpatialFilter, design_filter, resolve_bands
from eegsnn.filters.spatial import SPATIAL_METHODS

# An EEGEncoder, or the part of one that holds its parameters.
HasParameters = Any


def check_encoder_parameters(encoder: HasParameters) -> None:
    """Raise a ConfigurationError that names the first impossible parameter, if there is one."""
    FilterBank(encoder.bands, encoder.sfreq, encoder.order, encoder.phase).check_parameters()
    methods = band_methods(encoder, [band.name for band in resolve_bands(encoder.bands)])
    check_choice("feature", encoder.feature, FEATURES)
    check_choice("rate_code", encoder.rate_code, RATE_CODES)
    check_boolean("signed", encoder.signed)
    check_choice("polarity", encoder.polarity, [None, *POLARITIES])
    check_choice("normalization", encoder.normalization, NORMALIZATIONS)
    width = check_number("bin_width", encoder.bin_width, low=0.0, low_open=True, unit="s")
    if encoder.sfreq is not None and width * encoder.sfreq < 1 - 1e-9:
        bin_starts(1, encoder.sfreq, width)  # raises, naming both
    threshold = check_number("threshold", encoder.threshold, low=0.0, low_open=True, unit="σ")
    check_number("hysteresis", encoder.hysteresis, low=0.0, unit="σ")
    names = {name for name, _ in methods}
    if "threshold" in names and encoder.hysteresis > 2 * threshold:
        raise ConfigurationError(
            f"hysteresis: expected at most twice the threshold, {2 * threshold:g} σ, but got "
            f"{encoder.hysteresis:g} σ."
        )
    check_number("refractory", encoder.refractory, low=0.0, unit="s")
    check_number("quantile", encoder.quantile, low=0.5, high=1.0, low_open=True)
    if encoder.max_rate is not None:
        check_number("max_rate", encoder.max_rate, low=0.0, low_open=True, unit="spikes/s")
    check_integer("n_components", encoder.n_components, low=1)
    for name, settings in methods:
        if name in ENCODERS and name != "direct":
            # Whatever the rate, the encoder itself says what is impossible.
            make_encoder(name, {**_shared_settings(encoder, name, encoder.sfreq), **settings})
    check_steps_agree(encoder)
    spatial = make_spatial_filter(encoder)
    if spatial is not None:
        spatial.check_parameters()


def band_methods(encoder: HasParameters, names: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
    """Return the method and its own settings for every band, in the order of `names`.

    Raises
    ------
    ConfigurationError
        If a method is unknown, a band is missing or not among the bands, or settings are given
        to a method that takes its values from the encoder's own parameters.
    """
    common = _settings_of("settings", encoder.settings or {})
    if not isinstance(encoder.method, Mapping):
        return [_resolved("method", encoder.method, common)] * len(names)
    given = {str(name): value for name, value in encoder.method.items()}
    for name in given:
        if name not in names:
            raise ConfigurationError(
                f"method: there is no band {name!r}, but {', '.join(names)}."
                f"{suggestion(name, names)}"
            )
    missing = [name for name in names if name not in given]
    if missing:
        raise ConfigurationError(
            f"method: expected a method for every band, but there is none for {', '.join(missing)}."
        )
    return [_resolved(f"method of band {name}", given[name], common) for name in names]


def _resolved(where: str, value: Any, common: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    settings = dict(common)
    if isinstance(value, Mapping):
        settings |= {key: item for key, item in value.items() if key != "method"}
        value = value.get("method")
    check_choice(where, value, METHODS)
    if settings and (value not in ENCODERS or value == "direct"):
        raise ConfigurationError(
            f"settings: {value!r} has none of its own; it goes by the encoder's threshold, "
            f"max_rate, quantile, hysteresis and refractory. Got {', '.join(settings)}."
        )
    return value, settings


def _settings_of(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigurationError(
            f"{name}: expected a mapping of names to values, but got {value!r}."
        )
    return dict(value)


# Parameters of EEGEncoder that mean the same to these encoders, and theirs unless `settings` says.
_SHARED = {
    "level_crossing": ("threshold",),
    "step_forward": ("threshold",),
    "moving_window": ("threshold",),
    "threshold_crossing": ("threshold", "hysteresis", "refractory"),
    "regular": ("quantile", "spikes_per_sample"),
    "poisson": ("quantile", "spikes_per_sample"),
}


def _shared_settings(encoder: HasParameters, method: str, sfreq: float | None) -> dict[str, Any]:
    """Return what `method` takes from the parameters; times in samples, where the rate is known."""
    rate = sfreq or 1.0
    values = {
        "threshold": encoder.threshold,
        "hysteresis": encoder.hysteresis,
        "refractory": round(encoder.refractory * rate),
        "quantile": encoder.quantile,
        "spikes_per_sample": 1.0 if encoder.max_rate is None else encoder.max_rate / rate,
    }
    if sfreq is None:
        values["spikes_per_sample"] = 1.0
    return {name: values[name] for name in _SHARED.get(method, ())}


def check_steps_agree(encoder: HasParameters) -> int:
    """Return the steps of the output per bin; refuse bands whose codes differ in it."""
    names = [band.name for band in resolve_bands(encoder.bands)]
    steps = {}
    for name, (method, settings) in zip(names, band_methods(encoder, names), strict=True):
        if method in ENCODERS and ENCODERS[method].codes_values and method != "direct":
            one = make_encoder(method, {**_shared_settings(encoder, method, None), **settings})
            if getattr(one, "window", 1) != 1:
                raise ConfigurationError(
                    f"settings: the window of {method!r} is the bin; give bin_width instead of "
                    f"window."
                )
            if method == "rank_order":  # as many steps as channels, known in fit
                steps[name] = -1
                continue
            steps[name] = round(one.steps_per_sample_)
        else:
            steps[name] = 1
    if len(set(steps.values())) > 1:
        listed = ", ".join(
            f"{band}: {'one per channel' if n < 0 else n}" for band, n in steps.items()
        )
        raise ConfigurationError(
            f"method: expected codes with the same number of steps per bin in all bands, but got "
            f"{listed}. Choose n_steps or n_bits alike, or encode the bands apart."
        )
    return next(iter(steps.values()))


def band_plan(encoder: HasParameters, sfreq: float) -> list[tuple[BandFilter, BandCode]]:
    """Return the filter and the code of every band at a sampling rate (Hz)."""
    plan = []
    bands = resolve_bands(encoder.bands)
    methods = band_methods(encoder, [band.name for band in bands])
    polarity = encoder.polarity or ("split" if encoder.signed else "merged")
    for band, (method, settings) in zip(bands, methods, strict=True):
        code = BandCode(
            method=method,
            feature=encoder.feature,
            rate_code=encoder.rate_code,
            polarity=polarity,
            threshold=encoder.threshold,
            hysteresis=encoder.hysteresis,
            refractory=round(encoder.refractory * sfreq),
            spikes_per_sample=1.0 if encoder.max_rate is None else encoder.max_rate / sfreq,
            quantile=encoder.quantile,
            window=power_window(band, sfreq, encoder.bin_width),
            causal=encoder.phase == "causal",
            normalization=encoder.normalization,
            settings={**_shared_settings(encoder, method, sfreq), **settings},
        )
        plan.append((design_filter(band, sfreq, encoder.order), code))
    return plan


def make_spatial_filter(encoder: HasParameters) -> SpatialFilter | None:
    """Return a fresh, unfitted spatial filter as the parameters ask for, or None."""
    if encoder.spatial_filter is None:
        return None
    if isinstance(encoder.spatial_filter, SpatialFilter):
        return SpatialFilter(**encoder.spatial_filter.get_params())
    check_choice("spatial_filter", encoder.spatial_filter, [None, *SPATIAL_METHODS])
    return SpatialFilter(encoder.spatial_filter, encoder.n_components)
