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
    from eegsnn.encoding import (
        ENCODERS,
        BOLDEncoder,
        EEGEncoder,
        EncoderUnion,
        delta_encode,
        direct_encode,
        latency_encode,
        make_encoder,
        rate_encode,
        repeat_encode,
    )
    from eegsnn.estimators import (
        EEGSpikingClassifier,
        LiquidStateClassifier,
        SpikingClassifier,
        load_model,
    )
    from eegsnn.filters import BAND_SETS, FilterBank, FrequencyBand, SpatialFilter
    from eegsnn.layers import (
        BNTT,
        AvgPool1d,
        AvgPool2d,
        Conv1d,
        Conv2d,
        Dropout,
        Flatten,
        Linear,
        MaxPool1d,
        MaxPool2d,
        Residual,
        Sequential,
        SumPool1d,
        SumPool2d,
        TdBN,
    )
    from eegsnn.measures import compare_encoders
    from eegsnn.models import LiquidStateMachine, ReservoirConfig
    from eegsnn.monitoring import count_operations, gradient_norms, record
    from eegsnn.neurons import (
        ALIF,
        IF,
        RALIF,
        AdEx,
        Alpha,
        DualExponential,
        Izhikevich,
        Lapicque,
        Leaky,
        LeakyIntegrator,
        ParametricLeaky,
        ResonateAndFire,
        RLeaky,
        RSynaptic,
        Synaptic,
    )
    from eegsnn.recordings import (
        EEGDataset,
        Preprocessing,
        drop_summary,
        make_epochs,
        read_recording,
    )
    from eegsnn.surrogate import custom_surrogate, get_surrogate
    from eegsnn.training import (
        ArrayBatches,
        Callback,
        Checkpoints,
        EarlyStopping,
        bptt_forward,
        fit,
        truncated_bptt,
    )

_HOMES = {
    "ALIF": "neurons",
    "AdEx": "neurons",
    "Alpha": "neurons",
    "ArrayBatches": "training",
    "AvgPool1d": "layers",
    "AvgPool2d": "layers",
    "BAND_SETS": "filters",
    "BOLDEncoder": "encoding",
    "BNTT": "layers",
    "Callback": "training",
    "Checkpoints": "training",
    "Conv1d": "layers",
    "Conv2d": "layers",
    "Dropout": "layers",
    "DualExponential": "neurons",
    "EEGDataset": "recordings",
    "EEGEncoder": "encoding",
    "EEGSpikingClassifier": "estimators",
    "ENCODERS": "encoding",
    "EarlyStopping": "training",
    "EncoderUnion": "encoding",
    "FilterBank": "filters",
    "Flatten": "layers",
    "FrequencyBand": "filters",
    "IF": "neurons",
    "Izhikevich": "neurons",
    "Lapicque": "neurons",
    "Leaky": "neurons",
    "LeakyIntegrator": "neurons",
    "Linear": "layers",
    "LiquidStateClassifier": "estimators",
    "LiquidStateMachine": "models",
    "MaxPool1d": "layers",
    "MaxPool2d": "layers",
    "ParametricLeaky": "neurons",
    "Preprocessing": "recordings",
    "RALIF": "neurons",
    "RLeaky": "neurons",
    "RSynaptic": "neurons",
    "ReservoirConfig": "models",
    "Residual": "layers",
    "ResonateAndFire": "neurons",
    "Sequential": "layers",
    "SpatialFilter": "filters",
    "SpikingClassifier": "estimators",
    "SumPool1d": "layers",
    "SumPool2d": "layers",
    "Synaptic": "neurons",
    "TdBN": "layers",
    "bptt_forward": "training",
    "compare_encoders": "measures",
    "count_operations": "monitoring",
    "custom_surrogate": "surrogate",
    "delta_encode": "encoding",
    "direct_encode": "encoding",
    "drop_summary": "recordings",
    "fit": "training",
    "get_surrogate": "surrogate",
    "gradient_norms": "monitoring",
    "latency_encode": "encoding",
    "list_datasets": "datasets",
    "load_dataset": "datasets",
    "load_model": "estimators",
    "make_encoder": "encoding",
    "make_epochs": "recordings",
    "rate_encode": "encoding",
    "read_recording": "recordings",
    "record": "monitoring",
    "repeat_encode": "encoding",
    "truncated_bptt": "training",
}

# Rooms that are used by name: eegsnn.functional.lif_step, eegsnn.training.ce_rate_loss.
_ROOMS = ("functional", "layers", "monitoring", "neurons", "plots", "surrogate", "training")

__all__ = [
    "ALIF",
    "BAND_SETS",
    "BNTT",
    "ENCODERS",
    "IF",
    "RALIF",
    "AdEx",
    "Alpha",
    "ArrayBatches",
    "AvgPool1d",
    "AvgPool2d",
    "BOLDEncoder",
    "Callback",
    "Checkpoints",
    "Conv1d",
    "Conv2d",
    "Dropout",
    "DualExponential",
    "EEGDataset",
    "EEGEncoder",
    "EEGSpikingClassifier",
    "EarlyStopping",
    "EncoderUnion",
    "FilterBank",
    "Flatten",
    "FrequencyBand",
    "Izhikevich",
    "Lapicque",
    "Leaky",
    "LeakyIntegrator",
    "Linear",
    "LiquidStateClassifier",
    "LiquidStateMachine",
    "MaxPool1d",
    "MaxPool2d",
    "ParametricLeaky",
    "Preprocessing",
    "RLeaky",
    "RSynaptic",
    "ReservoirConfig",
    "Residual",
    "ResonateAndFire",
    "Sequential",
    "SpatialFilter",
    "SpikingClassifier",
    "SumPool1d",
    "SumPool2d",
    "Synaptic",
    "TdBN",
    "__version__",
    "bptt_forward",
    "compare_encoders",
    "count_operations",
    "custom_surrogate",
    "delta_encode",
    "direct_encode",
    "drop_summary",
    "fit",
    "get_surrogate",
    "gradient_norms",
    "latency_encode",
    "list_datasets",
    "load_dataset",
    "load_model",
    "make_encoder",
    "make_epochs",
    "rate_encode",
    "read_recording",
    "record",
    "repeat_encode",
    "truncated_bptt",
]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"eegsnn.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'eegsnn' has no attribute {name!r}")
    return getattr(import_module(f"eegsnn.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
