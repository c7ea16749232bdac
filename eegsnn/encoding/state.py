"""A fitted encoder as plain values and arrays, for model files without pickle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from eegsnn.encoding.coding import BandScale
from eegsnn.encoding.plan import make_spatial_filter
from eegsnn.errors import ModelFileError
from eegsnn.filters import FrequencyBand, SpatialFilter
from eegsnn.filters.inputs import SeriesInput

if TYPE_CHECKING:
    from eegsnn.encoding.encoder import EEGEncoder

_SCALE_ARRAYS = ("signal_mean", "signal_std", "offset", "unit")


def encoder_state(encoder: EEGEncoder) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Describe a fitted encoder completely.

    Parameters
    ----------
    encoder : EEGEncoder

    Returns
    -------
    config : dict
        JSON-able: "parameters" (the constructor's, bands and spatial filter spelled out),
        "sfreq", "ch_names", "named", "seed".
    arrays : dict of str to ndarray
        ``scale.<band>.<array>``; of methods that learn more, ``code.<band>.<array>``; with spatial
        filters, ``spatial.<band>.filters`` and ``spatial.<band>.patterns``; bands by number.
    """
    from sklearn.utils.validation import check_is_fitted

    check_is_fitted(encoder)
    parameters = encoder.get_params(deep=False)
    parameters["bands"] = [band.to_dict() for band in encoder.bands_]
    parameters["random_state"] = encoder.seed_
    if isinstance(encoder.spatial_filter, SpatialFilter):
        parameters["spatial_filter"] = encoder.spatial_filter.to_dict()
    config = {
        "parameters": {name: _plain(value) for name, value in parameters.items()},
        "sfreq": encoder.sfreq_,
        "ch_names": list(encoder.ch_names_),
        "named": encoder.input_.named,
        "seed": encoder.seed_,
    }
    arrays = {}
    for index, scale in enumerate(encoder.scales_):
        for name, array in scale.to_arrays().items():
            arrays[f"scale.{index}.{name}"] = array
        if scale.encoder is not None:
            for name, array in scale.encoder.learned_arrays().items():
                arrays[f"code.{index}.{name}"] = array
    for index, spatial in enumerate(encoder.spatial_filters_):
        arrays[f"spatial.{index}.filters"] = spatial.filters_
        arrays[f"spatial.{index}.patterns"] = spatial.patterns_
    return config, arrays


def encoder_from_state(
    cls: type[EEGEncoder], config: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
) -> EEGEncoder:
    """Make the encoder that :func:`encoder_state` described.

    Raises
    ------
    ModelFileError
        If a value or array is missing, or an array has the wrong shape.
    """
    try:
        parameters = dict(config["parameters"])
        parameters["bands"] = [FrequencyBand.from_dict(band) for band in parameters["bands"]]
        if isinstance(parameters.get("spatial_filter"), Mapping):
            parameters["spatial_filter"] = SpatialFilter.from_dict(parameters["spatial_filter"])
        encoder = cls(**parameters)
        encoder.check_parameters()
        encoder.input_ = SeriesInput(
            [str(name) for name in config["ch_names"]],
            bool(config["named"]),
            float(config["sfreq"]),
        )
        encoder.seed_ = int(config["seed"])
    except (KeyError, TypeError) as error:
        raise ModelFileError(f"The description of the encoder is not complete: {error}.") from error
    encoder._describe()
    encoder.spatial_filters_, encoder.scales_ = [], []
    for index in range(len(encoder.bands_)):
        n_sources = encoder.n_channels_in_
        spatial = make_spatial_filter(encoder)
        if spatial is not None:
            spatial.filters_ = _array(arrays, f"spatial.{index}.filters", 3, n_sources)
            spatial.patterns_ = _array(arrays, f"spatial.{index}.patterns", 3, n_sources)
            spatial.n_channels_in_ = n_sources
            spatial.n_components_ = n_sources = spatial.filters_.shape[1]
            encoder.spatial_filters_.append(spatial)
        scale: dict[str, Any] = {
            name: _array(arrays, f"scale.{index}.{name}", 1, n_sources) for name in _SCALE_ARRAYS
        }
        encoder.scales_.append(BandScale(**scale))
        _restore_code(encoder, index, arrays)
    return encoder._finish()


def _restore_code(encoder: EEGEncoder, index: int, arrays: Mapping[str, np.ndarray]) -> None:
    """Restore the band's own encoder, where its method has one."""
    scale = encoder.scales_[index]
    code = encoder.plan_[index][1].make_encoder()
    if code is None:
        return
    names = encoder.source_names(index)
    prefix = f"code.{index}."
    own = {
        name.removeprefix(prefix): _array(arrays, name, 1, len(names))
        for name in arrays
        if name.startswith(prefix)
    }
    try:
        scale.encoder = code.restore(own, names, encoder.code_seed(index))
    except KeyError as error:
        raise ModelFileError(
            f"The encoder's array 'code.{index}.{error.args[0]}' is missing from the model."
        ) from error


def _array(arrays: Mapping[str, np.ndarray], name: str, ndim: int, last: int) -> np.ndarray:
    if name not in arrays:
        raise ModelFileError(f"The encoder's array {name!r} is missing from the model.")
    array = np.asarray(arrays[name], dtype=np.float64)
    if array.ndim != ndim or array.shape[-1] != last:
        raise ModelFileError(
            f"The encoder's array {name!r} has shape {array.shape}, but {ndim} axes, the last of "
            f"{last}, were expected."
        )
    return array


def _plain(value: Any) -> Any:
    """NumPy scalars as Python's, which JSON knows."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value
