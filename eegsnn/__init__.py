"""Classify EEG recordings with spiking neural networks, on Apple's MLX.

The names below are all that most scripts need; each is imported when it is first used, so that
``import eegsnn`` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from eegsnn._version import __version__

if TYPE_CHECKING:
    from eegsnn.datasets import list_datasets, load_dataset
    from eegsnn.encoding import EEGEncoder, EncoderUnion
    from eegsnn.estimators import EEGSpikingClassifier, SpikingClassifier, load_model
    from eegsnn.filters import BAND_SETS, FilterBank, FrequencyBand, SpatialFilter
    from eegsnn.recordings import (
        EEGDataset,
        Preprocessing,
        drop_summary,
        make_epochs,
        read_recording,
    )

_HOMES = {
    "BAND_SETS": "filters",
    "EEGDataset": "recordings",
    "EEGEncoder": "encoding",
    "EEGSpikingClassifier": "estimators",
    "EncoderUnion": "encoding",
    "FilterBank": "filters",
    "FrequencyBand": "filters",
    "Preprocessing": "recordings",
    "SpatialFilter": "filters",
    "SpikingClassifier": "estimators",
    "drop_summary": "recordings",
    "list_datasets": "datasets",
    "load_dataset": "datasets",
    "load_model": "estimators",
    "make_epochs": "recordings",
    "read_recording": "recordings",
}

__all__ = [
    "BAND_SETS",
    "EEGDataset",
    "EEGEncoder",
    "EEGSpikingClassifier",
    "EncoderUnion",
    "FilterBank",
    "FrequencyBand",
    "Preprocessing",
    "SpatialFilter",
    "SpikingClassifier",
    "__version__",
    "drop_summary",
    "list_datasets",
    "load_dataset",
    "load_model",
    "make_epochs",
    "read_recording",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'eegsnn' has no attribute {name!r}")
    return getattr(import_module(f"eegsnn.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
