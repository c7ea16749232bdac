"""What happens inside a network: spikes, membranes, gradients per layer, and what they cost."""

from eegsnn.monitoring.gradients import gradient_norms, output_gradients
from eegsnn.monitoring.operations import (
    ACCUMULATE_ENERGY,
    MULTIPLY_ACCUMULATE_ENERGY,
    LayerOperations,
    Operations,
    count_connections,
    count_operations,
    fan_out,
)
from eegsnn.monitoring.recording import LayerRecord, Recording, record

__all__ = [
    "ACCUMULATE_ENERGY",
    "MULTIPLY_ACCUMULATE_ENERGY",
    "LayerOperations",
    "LayerRecord",
    "Operations",
    "Recording",
    "count_connections",
    "count_operations",
    "fan_out",
    "gradient_norms",
    "output_gradients",
    "record",
]
